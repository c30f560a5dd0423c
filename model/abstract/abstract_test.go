package abstract_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/abstract"
)

// explore visits every state that y can reach, breadth first, by comparing whole
// states: a count that owes nothing to digests.
func explore(y *abstract.System, most int) (states int, broken string, trace []string) {
	type from struct {
		state  abstract.State
		action abstract.Action
	}
	seen := map[abstract.State]from{}
	var queue []abstract.State
	visit := func(s abstract.State, f from) bool {
		if _, ok := seen[s]; ok {
			return false
		}
		seen[s] = f
		queue = append(queue, s)
		broken, _ = y.Check(s)
		return broken != ""
	}
	back := func(s abstract.State) []string {
		for seen[s].state != (abstract.State{}) {
			trace = append([]string{y.Describe(s, seen[s].action)}, trace...)
			s = seen[s].state
		}
		return trace
	}
	for _, s := range y.Initial() {
		visit(s, from{})
	}
	for i := 0; i < len(queue) && i < most; i++ {
		for _, a := range y.Actions(queue[i], nil) {
			if n := y.Apply(queue[i], a); visit(n, from{queue[i], a}) {
				return len(seen), broken, back(n)
			}
		}
	}
	return len(seen), "", nil
}

func TestCounts(t *testing.T) {
	for _, y := range []abstract.System{
		{Masters: 2, Workers: 0, Jobs: 0, Budget: abstract.Budget{Crashes: 1, Expiries: 1}},
		{Masters: 3, Workers: 0, Jobs: 0, Budget: abstract.Budget{Crashes: 2, Expiries: 2}},
		{Masters: 1, Workers: 1, Jobs: 1, Attempts: 1},
		{Masters: 2, Workers: 1, Jobs: 1, Attempts: 1, Budget: abstract.Budget{Crashes: 1}},
		{Masters: 2, Workers: 1, Jobs: 1, Attempts: 2, Budget: abstract.Budget{Cuts: 1}},
		{Masters: 2, Workers: 1, Jobs: 1, Attempts: 1, Budget: abstract.Budget{Crashes: 1, Expiries: 1, Cuts: 1}},
		{Masters: 2, Workers: 2, Jobs: 1, Attempts: 2, Budget: abstract.Budget{Crashes: 1}},
		{Masters: 2, Workers: 2, Jobs: 1, Attempts: 2, Budget: abstract.Budget{Cuts: 1}},
	} {
		n, b, tr := explore(&y, 3_000_000)
		fmt.Println(y, n, b, tr)
		require.Empty(t, b)
	}
}

func TestMistakes(t *testing.T) {
	for _, m := range abstract.Mistakes() {
		y := abstract.System{Masters: 2, Workers: 2, Jobs: 1, Attempts: 2, Broken: m, Budget: abstract.Budget{Crashes: 1, Expiries: 1, Cuts: 1}}
		n, b, tr := explore(&y, 1_000_000)
		fmt.Println(m, n, b, tr)
	}
}
