package calibration_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/calibration"
)

// TestFailoversOfZooKeeperTakeAsLongAsMeasured holds the simulated servers
// against real ones: every median within 15 per cent.
func TestFailoversOfZooKeeperTakeAsLongAsMeasured(t *testing.T) {
	seeds := func(yield func(uint64) bool) {
		for seed := uint64(1); seed <= 41 && yield(seed); seed++ {
		}
	}
	rows, err := calibration.Measure(context.Background(), seeds, 0)
	require.NoError(t, err)
	require.Len(t, rows, 28)
	for _, r := range rows {
		require.GreaterOrEqual(t, len(r.Samples), 30, r.Label())
		t.Logf("%-75s %v real %v: %+.1f %% of %d", r.Label(), r.Simulated(), r.Real, r.Off(), len(r.Samples))
		assert.LessOrEqual(t, math.Abs(r.Off()), 15.0, r.Label())
	}
}
