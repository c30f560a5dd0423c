package space_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/sim/space"
)

// Depth-first with sleep sets sees the states and the violations that breadth-first
// sees, by fewer transitions. Every kept state is asked whether what is said to
// commute does. Sleep sets leave one way to each state at least, which is the most
// that they can save; faults, timers and starts commute with nothing.
func TestSleepSetsSeeWhatPlainSearchSees(t *testing.T) {
	datadriven.RunTest(t, "testdata/sleep.txt", func(t *testing.T, d *datadriven.TestData) string {
		sys, err := space.New(config(t, d))
		require.NoError(t, err)
		run := func(m explore.Method, check int) explore.Result {
			r, err := explore.Search(context.Background(), explore.System[*space.World](sys), explore.Options{Method: m, KeepGoing: true, SelfCheck: check})
			require.NoError(t, err)
			require.True(t, r.Complete, "%v: %s %v", m, r.Why, r.Findings)
			return r
		}
		plain, sleep := run(explore.Breadth, -1), run(explore.Sleep, 16)
		require.Equal(t, plain.Distinct, sleep.Distinct)
		names := func(r explore.Result) string {
			var all []string
			for _, f := range r.Findings {
				all = append(all, f.Property)
			}
			if all == nil {
				return "nothing"
			}
			return strings.Join(all, " ")
		}
		require.ElementsMatch(t, strings.Fields(names(plain)), strings.Fields(names(sleep)))
		return fmt.Sprintf("states %d, transitions %d, with sleep sets %d: %.2fx, of at most %.2fx; violated %s\n", plain.Distinct, plain.Transitions, sleep.Transitions,
			float64(plain.Transitions)/float64(sleep.Transitions), float64(plain.Transitions)/float64(plain.Distinct-1), names(plain))
	})
}
