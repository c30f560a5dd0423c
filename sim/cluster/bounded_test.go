package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// A run that takes too many steps is stopped at the next checkpoint, before it is
// healed if it comes to that, and says so; one that takes as many as it may is not.
func TestARunIsBounded(t *testing.T) {
	list, err := scenarios.Lookup("failover/kill")
	require.NoError(t, err)
	run := func(most uint64) *Recording {
		r, err := Run(list[0], Options{Seed: 1, Policy: policy.Hardened, Ensemble: true, Most: most})
		require.NoError(t, err)
		return r
	}
	whole := run(0)
	require.Empty(t, whole.Events[len(whole.Events)-1].Value)
	require.Equal(t, whole.Fingerprint, run(whole.Steps).Fingerprint)
	cut := run(1500)
	require.Equal(t, trace.Event{Step: 2048, At: cut.SimulatedNs, Kind: trace.Ended, Value: trace.Overrun}, cut.Events[len(cut.Events)-1])
	require.Less(t, cut.SimulatedNs, int64(cut.Scenario.Safety))
	require.Equal(t, whole.Checkpoints[:2], cut.Checkpoints)
}
