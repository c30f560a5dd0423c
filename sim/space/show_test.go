package space_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/sim/space"
)

// TestStatesInWords takes choices from the beginning of two candidates and shows
// the state.
func TestStatesInWords(t *testing.T) {
	sys, err := space.New(space.Config{Candidates: 2, Policy: policy.Hardened, Horizon: time.Minute, Cuts: 1})
	require.NoError(t, err)
	datadriven.RunTest(t, "testdata/show.txt", func(t *testing.T, d *datadriven.TestData) string {
		w, out := sys.Initial()[0], ""
		for _, arg := range d.CmdArgs {
			var n int
			_, err := fmt.Sscan(arg.Key, &n)
			require.NoError(t, err)
			a := sys.Actions(w, nil)[n]
			out += sys.Describe(w, a) + "\n"
			w = sys.Apply(w, a)
		}
		return out + w.String()
	})
}

// TestEveryStateCanBeShown: of whole processes, on a way with faults, twice the same.
func TestEveryStateCanBeShown(t *testing.T) {
	sys, err := space.New(space.Config{Masters: 2, Workers: 1, Clients: 1, Jobs: 1, RunFor: time.Second, Policy: policy.Hardened,
		Crashes: 2, Cuts: 2, Expiries: 1, Late: 2, Horizon: 2 * time.Minute, Settled: true})
	require.NoError(t, err)
	w := sys.Initial()[0]
	for i := range 400 {
		actions := sys.Actions(w, nil)
		if len(actions) == 0 {
			break
		}
		a := actions[0]
		if i%13 == 12 {
			a = actions[(i*7)%len(actions)]
		}
		require.NotEqual(t, "?", sys.Describe(w, a))
		w = sys.Apply(w, a)
		require.Equal(t, w.String(), w.String())
	}
	require.Contains(t, w.String(), fmt.Sprintf("left\n  %v of", 2*time.Minute-w.Now()+shift(sys)))
}

// shift is the time that has passed when a system begins.
func shift(sys explore.System[*space.World]) time.Duration { return sys.Initial()[0].Now() }
