package bound_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/timers"
	"github.com/simctl/simctl/sim/cluster/bound"
)

// What was lost five times on a lossy link is sent again after 6.2 s, what a cut held
// up after 3 s: every bound that waits for it says so.
func TestBoundsWaitForWhatLinksSendAgain(t *testing.T) {
	list, err := scenarios.Lookup("failover/kill")
	require.NoError(t, err)
	w := bound.World{Scenario: list[0], Timers: timers.For(list[0].Timers), Servers: 3}
	lossy := w
	f, err := scenarios.ParseFault("at=8s for=4s lossy workers | masters")
	require.NoError(t, err)
	lossy.Scenario.Faults = append(lossy.Scenario.Faults[:0:0], f)
	require.NotEmpty(t, w.Quorum())
	for _, all := range [][2][]bound.Bound{{w.Healed(), lossy.Healed()}, {w.Quorum(), lossy.Quorum()}} {
		for i, b := range all[0] {
			require.Contains(t, b.String(), "3s held messages are sent again", b.Property)
			require.Contains(t, all[1][i].String(), "6.2s lost messages are sent again", b.Property)
			require.Equal(t, int64(3200*time.Millisecond), all[1][i].Total()-b.Total(), b.Property)
		}
	}
}
