package abstract_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/abstract"
)

// A state in words: behind a way, and with everything that may be broken.
func TestAStateInWords(t *testing.T) {
	y := abstract.System{Masters: 2, Workers: 1, Jobs: 1, Attempts: 1, Budget: abstract.Budget{Expiries: 1}}
	s := y.Initial()[1]
	for _, step := range []string{"acquire m1", "elect m1", "act m1", "register m1 w1", "follow m1 w1", "grant m1 w1", "create m1 job 1", "place m1 w1 job 1", "launch m1 job 1", "expire m1"} {
		actions := y.Actions(s, nil)
		i := slices.IndexFunc(actions, func(a abstract.Action) bool { return y.Describe(s, a) == step })
		require.GreaterOrEqual(t, i, 0, step)
		s = y.Apply(s, actions[i])
	}
	s.Late, s.Stale = true, true
	require.Equal(t, `coordination
  term 1
  latch of nobody
masters
  m1 Alive, term 1
  m2 Standby, term 0
workers
  w1 up, reachable, lease, in the store, highest term 1
job 1, supervised
  record RUNNING, attempt 1 on w1, not to be killed, written in term 1
  client has no answer yet; does not want it killed
  attempt 1 on w1 not started, launches of terms 1 under way
faults left
  0 crashes, 0 expiries, 0 cuts
broken
  a write of an older term was accepted
  a worker obeyed an older term than it had seen
`, y.Text(s))
}
