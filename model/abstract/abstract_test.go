package abstract_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/abstract"
)

// from is how a state was reached first.
type from struct {
	state  abstract.State
	action abstract.Action
}

// explore visits every state that y can reach, breadth first, by comparing whole
// states: a count that owes nothing to digests. It ends at the first violation.
func explore(y *abstract.System) (seen map[abstract.State]from, broken string, at abstract.State) {
	seen = map[abstract.State]from{}
	queue := y.Initial()
	for _, s := range queue {
		seen[s] = from{}
	}
	var actions []abstract.Action
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		if broken, _ = y.Check(s); broken != "" {
			return seen, broken, s
		}
		actions = y.Actions(s, actions[:0])
		for _, a := range actions {
			n := y.Apply(s, a)
			if _, ok := seen[n]; !ok {
				seen[n] = from{s, a}
				queue = append(queue, n)
			}
		}
	}
	return seen, "", abstract.State{}
}

// way is how a state was reached, a line a step.
func way(y *abstract.System, seen map[abstract.State]from, s abstract.State) string {
	var out []string
	for f := seen[s]; f != (from{}); f = seen[s] {
		out = append(out, y.Describe(f.state, f.action))
		s = f.state
	}
	slices.Reverse(out)
	return strings.Join(out, "\n")
}

// TLC counts the same for Failover.tla (./tlc), and the explorer by digests.
func TestTheStatesAreAsManyAsCounted(t *testing.T) {
	counts, err := os.ReadFile("testdata/counts")
	require.NoError(t, err)
	explored := 0
	for line := range strings.Lines(string(counts)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		y, states, err := abstract.ParseSize(line)
		require.NoError(t, err)
		if states > 16_000 {
			continue
		}
		explored++
		seen, broken, s := explore(&y)
		require.Empty(t, broken, way(&y, seen, s))
		require.Equal(t, states, len(seen), line)
	}
	require.GreaterOrEqual(t, explored, 5)
}

// Each invariant is there for a reason: a safeguard left out breaks it.
func TestEveryMistakeBreaksItsInvariant(t *testing.T) {
	expiry, cut := abstract.Budget{Expiries: 1}, abstract.Budget{Cuts: 1}
	broken := map[string]bool{}
	for _, m := range abstract.Mistakes() {
		y := abstract.System{Masters: 2, Workers: 1, Jobs: 1, Attempts: 1, Broken: m, Budget: expiry}
		switch m {
		case abstract.NoHold, abstract.NoWorkerLease, abstract.KeepLaunches:
			y.Masters, y.Workers, y.Attempts, y.Budget = 1, 2, 2, cut
		case abstract.ReviveEnded:
			y.Budget.Cuts = 1
		}
		seen, property, s := explore(&y)
		require.Equal(t, m.Breaks(), property, "%v: %s", m, way(&y, seen, s))
		broken[property] = true
	}
	require.Len(t, broken, 8, "an invariant that nothing breaks proves nothing: %v", broken)
}

func TestAnActionIsTheSameStepInEveryState(t *testing.T) {
	y := abstract.System{Masters: 2, Workers: 2, Jobs: 1, Attempts: 2}
	seen, _, _ := explore(&abstract.System{Masters: 1, Workers: 1, Jobs: 1, Attempts: 1})
	names := map[abstract.Action]string{}
	for s := range seen {
		ids := map[abstract.Action]bool{}
		for _, a := range y.Actions(s, nil) {
			require.False(t, ids[a])
			ids[a] = true
			if names[a] == "" {
				names[a] = y.Describe(s, a)
			}
			require.Equal(t, names[a], y.Describe(s, a))
		}
	}
	require.Len(t, names, len(uniq(names)))
}

func uniq(names map[abstract.Action]string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}
