package bound

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/scenarios"
)

func world() World {
	return World{Timers: scenarios.TimersFor(scenarios.Fast), Tick: 500 * time.Millisecond, Restart: 6 * time.Second, Masters: 3}
}

// A bound is the sum of what it prints, and what more there is to wait for
// makes it longer.
func TestBoundsAreSumsOfWhatThereIsToWaitFor(t *testing.T) {
	of := func(w World) map[string]time.Duration {
		out := map[string]time.Duration{}
		for _, b := range w.AtHealing() {
			out[b.Property] = b.Total()
			var sum time.Duration
			for _, part := range b.terms {
				require.Contains(t, b.String(), part.d.String()+" "+part.why)
				sum += part.d
			}
			require.Equal(t, sum, b.Total())
		}
		return out
	}
	plain := of(world())
	require.Less(t, plain["recovery-ends"], plain["worker-rejoins"])
	require.Less(t, plain["worker-rejoins"], plain["runnable-runs"])
	require.NotContains(t, plain, "quorum-serves")

	busy := world()
	busy.Pending, busy.Longest, busy.PlanLeft = 3, 4*time.Second, time.Second
	require.Equal(t, plain["recovery-ends"], of(busy)["recovery-ends"])
	require.Equal(t, plain["runnable-runs"]+time.Second+3*(busy.Longest+2*busy.Timers.Terminate+800*time.Millisecond), of(busy)["runnable-runs"])

	served := world()
	served.Ours, served.Noting, served.Blocking = true, 3, true
	require.Equal(t, plain["recovery-ends"]+ServerBegin+7*served.Timers.StoreRetry, of(served)["recovery-ends"])
	require.Contains(t, of(served), "quorum-serves")
}

func TestAGracefulStopPaysNeitherSessionNorLease(t *testing.T) {
	by := map[string]time.Duration{}
	for _, b := range world().OfFailovers() {
		require.Equal(t, Within, b.Property)
		by[b.Cause] = b.Total()
	}
	w := world()
	require.Equal(t, by["stop"]+w.Timers.Granted()+2*w.Tick+w.Timers.Lease, by["kill"])
	require.Less(t, by["kill"], by["server-loss"])
	require.Len(t, by, 7)
	require.Less(t, w.Outage().Total(), w.Timers.WorkerLease)
}
