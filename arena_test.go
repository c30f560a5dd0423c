package simctl

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/cluster"
)

func TestARunInUsedMemoryIsTheSameRun(t *testing.T) {
	list, err := scenarios.Lookup(MainScenario)
	require.NoError(t, err)
	a := &cluster.Arena{}
	for seed := uint64(1); seed <= 5; seed++ {
		o := Options{Policy: policy.Hardened}
		fresh, err := Run(context.Background(), list[0], seed, o)
		require.NoError(t, err)
		used, err := runIn(context.Background(), a, list[0], seed, o)
		require.NoError(t, err)
		require.True(t, len(fresh.Events) > 0 && &fresh.Events[0] != &used.Events[0], "each has its own memory")
		fresh.Wall, used.Wall = 0, 0
		require.Equal(t, fresh.Fingerprint, used.Fingerprint, "seed %d", seed)
		require.True(t, reflect.DeepEqual(fresh, used), "seed %d", seed) // not Equal: a difference would fill screens
	}
}
