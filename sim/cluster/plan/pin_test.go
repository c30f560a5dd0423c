package plan_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/cluster/plan"
	"github.com/simctl/simctl/sim/kernel"
)

// TestPinnedClientsDoTheSame holds what clients do from a seed against what
// they do when it stands there as operations, for every scenario.
func TestPinnedClientsDoTheSame(t *testing.T) {
	pinned := 0
	for _, s := range scenarios.All() {
		for seed := uint64(1); seed <= 5; seed++ {
			k := kernel.New(seed, nil)
			drawn := scenarios.Draw(s, func(string, uint64) uint64 { return 0 })
			p := plan.Pin(seed, drawn)
			require.NoError(t, p.Check(), "%s seed %d", s.Name, seed)
			require.Zero(t, p.Work, s.Name)
			for c := range s.Clients {
				name := fmt.Sprintf("c%d", c+1)
				want := plan.Of(k, &drawn, name)
				for i := range want {
					if want[i].Kind != client.Submit {
						want[i].At = min(want[i].At, s.Safety)
					}
				}
				require.Equal(t, want, plan.Of(kernel.New(99, nil), &p, name), "%s seed %d %s", s.Name, seed, name)
				pinned += len(want)
			}
		}
	}
	require.Greater(t, pinned, 1000)
}
