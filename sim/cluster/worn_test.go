package cluster

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// What wears out is told by what it makes late, and by who ends: each fault is
// compared with the same run without it, and is over when its time is.
func TestLinesAndDisksWearOut(t *testing.T) {
	type seen struct{ heartbeats, syncs, ended, restarts int }
	run := func(fault string) (s seen, fingerprint uint64) {
		sc, err := scenarios.Parse("x", []byte(`scenario x
topology masters=1 workers=1 clients=1 servers=3 cores=4 memory=1024
timers fast
safety 20s
restart 500ms
core all
delay 200us..2ms
work jobs=12 run=1s..2s
`+fault+"\n"))
		require.NoError(t, err)
		r, err := Run(sc, Options{Seed: 5, Policy: policy.Hardened, Ensemble: true, OnStep: func(st *trace.Step) {
			if st.At < 8_000_000_000 || st.At > 14_000_000_000 {
				return
			}
			switch {
			case st.Kind == "disk" && strings.HasPrefix(st.Actor, "z"):
				s.syncs++
			case st.Kind == "message" && st.What == "Heartbeat":
				s.heartbeats++
			}
		}})
		require.NoError(t, err)
		for _, e := range r.Events {
			if e.Kind == trace.Exited && strings.HasPrefix(e.Process, "z") {
				s.ended++
			}
			if e.Kind == trace.Started && e.Inc > 1 && strings.HasPrefix(e.Process, "z") && e.At > 14_000_000_000 {
				s.restarts++
			}
		}
		require.False(t, r.Unsettled, fault)
		return s, r.Fingerprint
	}
	well, _ := run("")
	require.Zero(t, well.ended)
	for fault, worse := range map[string]func(s seen) bool{
		"at=8s for=6s lossy w1 | m1 n=900":      func(s seen) bool { return s.heartbeats < well.heartbeats-2 },
		"at=8s for=6s drain w1 | m1 by=3s":      func(s seen) bool { return s.heartbeats < well.heartbeats-2 },
		"at=8s for=6s slow-disk servers by=1s":  func(s seen) bool { return s.syncs < well.syncs*2/3 && s.ended == 0 },
		"at=8s for=6s disk-full z1":             func(s seen) bool { return s.ended > 0 && s.restarts > 0 },
		"at=8s for=6s disk-full z1 z2 z3":       func(s seen) bool { return s.ended >= 3 && s.restarts >= 2 },
		"at=8s for=6s slow-disk zk-leader by=9": nil,
	} {
		if worse == nil {
			_, err := scenarios.ParseFault(fault)
			require.Error(t, err, "a time needs a unit")
			continue
		}
		s, fingerprint := run(fault)
		require.True(t, worse(s), "%s: %+v, else %+v", fault, s, well)
		_, again := run(fault)
		require.Equal(t, fingerprint, again, fault)
	}
}
