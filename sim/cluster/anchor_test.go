package cluster

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios/anchor"
)

// TestFaultsCanWaitForWhatProcessesTell holds the list of scenarios, which do
// not know the trace, against it.
func TestFaultsCanWaitForWhatProcessesTell(t *testing.T) {
	told := []trace.Kind{trace.Started, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused, trace.Resumed}
	for _, k := range noteKinds {
		if k != "" {
			told = append(told, k)
		}
	}
	var can []trace.Kind
	for _, k := range anchor.Kinds() {
		can = append(can, trace.Kind(k))
	}
	slices.Sort(told)
	slices.Sort(can)
	require.Equal(t, told, can)
}
