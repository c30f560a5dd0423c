package cluster

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// A fault of a process strikes that process and none of its relations, and the
// schedule that it leaves, which names it, is the same run.
func TestFaultsStrikeSingleProcesses(t *testing.T) {
	for fault, want := range map[string][]trace.Kind{
		"at=9s kill any-driver":                {trace.KilledOff},
		"at=9s kill any-driver outputs=3":      {trace.KilledOff},
		"at=9s stop any-driver":                {trace.Exited},
		"at=9s for=500ms pause any-driver":     {trace.Paused, trace.Resumed},
		"at=9s pause any-driver":               {trace.Paused, trace.Resumed}, // until the healing
		"at=9s kill any-executor":              nil,                           // nobody plays that role here
		"at=9s kill w1/driver-of-nobody#1":     nil,
		"at=9s for=1s partition m1 | w1":       nil,
		"at=9s for=1s pause w1/driver-gone#17": nil,
	} {
		s, err := scenarios.Parse("x", []byte(`scenario x
topology masters=1 workers=1 clients=1 servers=1 cores=4 memory=1024
timers fast
safety 12s
delay 200us..2ms
op at=6s c1 submit a for=60s
`+fault+"\n"))
		require.NoError(t, err)
		for _, ensemble := range []bool{false, true} {
			run := func(schedule []scenarios.Fault) *Recording {
				r, err := Run(s, Options{Seed: 3, Policy: policy.Hardened, Ensemble: ensemble, Schedule: schedule})
				require.NoError(t, err)
				return r
			}
			r := run(nil)
			var got []trace.Kind
			for _, e := range r.Events {
				if !strings.Contains(e.Process, "/") || e.At > 12_500_000_000 {
					continue
				}
				switch e.Kind {
				case trace.KilledOff, trace.Exited, trace.Paused, trace.Resumed, trace.HostLost:
					require.True(t, strings.HasPrefix(e.Process, "w1/driver-"), e.Process)
					got = append(got, e.Kind)
				default:
				}
			}
			require.Equal(t, want, got, fault)
			if want != nil {
				require.True(t, strings.HasPrefix(r.Applied[0].Groups[0][0], "w1/driver-"), fault)
			}
			require.Equal(t, r.Fingerprint, run(r.Applied).Fingerprint, fault)
		}
	}
}
