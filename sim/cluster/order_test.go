package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// An order is a line of the scenario, so that a run's text holds it: what
// travels arrives at the ends of windows, and nothing else waits for them.
func TestAnOrderMovesDeliveriesToTheEndsOfWindows(t *testing.T) {
	run := func(line string) (fingerprint uint64, off, on int) {
		s, err := scenarios.Parse("x", []byte(`scenario x
topology masters=2 workers=2 clients=1 servers=3 cores=4 memory=1024
timers fast
safety 12s
delay 200us..2ms tail=1000ppm:50ms
work jobs=4 run=1s..2s
at=7s for=4s kill active
`+line+"\n"))
		require.NoError(t, err)
		o := Options{Seed: 3, Policy: policy.Hardened, Ensemble: true, OnStep: func(s *trace.Step) {
			switch {
			case s.Kind != "message" && s.Kind != "connected":
			case s.At%4_000_000 == 0:
				on++
			default:
				off++
			}
		}}
		r, err := Run(s, o)
		require.NoError(t, err)
		return r.Fingerprint, off, on
	}
	plain, off, on := run("")
	require.Greater(t, off, 500)
	require.Less(t, on, off/100)
	seen := map[uint64]string{plain: ""}
	for _, line := range []string{"order pos window=4ms", "order pct depth=1 steps=500 window=4ms", "order pct depth=3 steps=500 window=4ms"} {
		fingerprint, off, on := run(line)
		require.Greater(t, on, 500, line)
		require.Zero(t, off, line)
		again, _, _ := run(line)
		require.Equal(t, fingerprint, again, "%s: two runs of one seed", line)
		require.NotContains(t, seen, fingerprint, "%s is the run of %q", line, seen[fingerprint])
		seen[fingerprint] = line
	}
}
