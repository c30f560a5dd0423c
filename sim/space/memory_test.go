package space

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/policy"
)

// What is remembered is what would have happened: along many paths, states made
// with a memory are those made without, in what is digested and in what is not.
func TestWhatIsRememberedIsWhatWouldHappen(t *testing.T) {
	usual := Config{
		Masters: 2, Workers: 1, Clients: 1, Jobs: 1, RunFor: 3 * time.Second, Crashes: 1, Cuts: 1, Expiries: 1, Late: 1,
		Horizon: 40 * time.Second, Settled: true, Policy: policy.Hardened,
	}
	spark, again := usual, usual // again: one child after another has the same place
	spark.Policy = policy.Spark
	again.Masters, again.Fail, again.Supervise = 1, true, true
	for _, c := range []Config{usual, spark, again} {
		sys, err := New(c)
		require.NoError(t, err)
		for seed := range uint64(30) {
			w := sys.Initial()[0]
			bare := w
			for range 150 {
				actions := sys.Actions(w, nil)
				if len(actions) == 0 {
					break
				}
				seed = seed*6364136223846793005 + 1442695040888963407
				a := actions[seed>>33%uint64(len(actions))]
				w = sys.Apply(w, a)
				next := bare.begin()
				next.memory = nil
				next.apply(a)
				bare = next.end()
				require.Equal(t, bare.sum, w.sum)
				require.Equal(t, sys.Actions(bare, nil), sys.Actions(w, nil))
				for i, q := range bare.procs {
					require.Equal(t, q.rawSum(), w.procs[i].rawSum())
				}
			}
		}
		require.Greater(t, len(sys.memory.calls), 100)
	}
}
