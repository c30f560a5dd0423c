package simctl_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
)

// soakBinary builds the program whose processes a soak starts. The tests that
// need it take a minute and a real ZooKeeper: they run where that is asked for.
func soakBinary(t *testing.T) string {
	t.Helper()
	if os.Getenv("SIMCTL_REQUIRE_ZK") == "" {
		t.Skip("runs real processes on a real ZooKeeper for a minute: set SIMCTL_REQUIRE_ZK=1")
	}
	bin := filepath.Join(t.TempDir(), "simctl")
	out, err := exec.Command("go", "build", "-o", bin, "./cmd/simctl").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}

// leftOver are the processes of a program that still run.
func leftOver(t *testing.T, binary string) (found []string) {
	t.Helper()
	procs, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, name := range procs {
		text, err := os.ReadFile(name)
		if line := strings.ReplaceAll(string(text), "\x00", " "); err == nil && strings.HasPrefix(line, binary+" ") {
			found = append(found, line)
		}
	}
	return found
}

func TestSoakOfTheHardenedClusterLosesNothing(t *testing.T) {
	bin := soakBinary(t)
	faults := 0
	r, err := simctl.Soak(context.Background(), simctl.SoakOptions{
		Binary: bin, For: 45 * time.Second, Policy: policy.Hardened, Seed: 1,
	}, func(f reports.SoakFault) {
		faults++
		t.Logf("%s: %+v", f.Fault, f.Failover)
	})
	require.NoError(t, err)
	require.Empty(t, leftOver(t, bin))
	dir := filepath.Join(t.TempDir(), "bundle")
	require.NoError(t, r.Save(dir))
	require.Empty(t, r.Violations())
	require.Empty(t, r.Short)
	require.Equal(t, checker.Pass, r.Verdict)
	require.Zero(t, r.Lost)
	require.NotEqual(t, "unknown", r.ZK)
	require.NoError(t, r.Scenario.Check())
	for _, cause := range []string{"stop", "kill", "pause", "partition"} {
		require.Positive(t, r.ByCause()[cause], cause)
	}
	require.Len(t, r.Applied, faults)
	_, again, err := simctl.Check(dir)
	require.NoError(t, err)
	require.Equal(t, r.Findings, again.Findings, "a bundle is judged again to the same end")
	require.Equal(t, int64(r.Acked), r.Line(dir).Acked)
}

// TestStaleMasterIsCaughtLive plants one: without fencing and without a lease,
// a master that stood still or was cut off until another was elected goes on
// where it was. Its store blocks, so the news of the lost session waits behind
// the retries of a write, which then commits in a new session, and behind the
// questions of clients, which are answered from memory.
func TestStaleMasterIsCaughtLive(t *testing.T) {
	bin := soakBinary(t)
	p, err := policy.Parse("hardened,term-fencing=off,suspended=exit,blocking-store=on")
	require.NoError(t, err)
	r, err := simctl.Soak(context.Background(), simctl.SoakOptions{
		Binary: bin, For: 2 * time.Minute, Clients: 8, Policy: p, Seed: 3,
		Causes: []scenarios.Class{scenarios.Pause, scenarios.Partition}, FailFast: true,
	}, func(f reports.SoakFault) { t.Log(f.Fault) })
	require.NoError(t, err)
	require.Empty(t, leftOver(t, bin))
	require.Equal(t, checker.Violation, r.Verdict)
	f := r.Violations()[0]
	require.Equal(t, "at-most-one-acting-master", f.Property)
	require.Regexp(t, `of term \d+, zxid \w+, c.* after zxid \w+ created term|acted without a decision after term \d+ was created|had seen term \d+ and obeyed term \d+`, f.Detail)
	t.Log(f.Detail)
}

func TestInterruptedSoakLeavesNoProcessAndItsEvents(t *testing.T) {
	bin := soakBinary(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, err := simctl.Soak(ctx, simctl.SoakOptions{Binary: bin, For: time.Hour, Policy: policy.Hardened, Seed: 2}, func(reports.SoakFault) { cancel() })
	require.NoError(t, err)
	require.Empty(t, leftOver(t, bin))
	require.True(t, r.Interrupted)
	require.Empty(t, r.Violations())
	require.Equal(t, checker.Inconclusive, r.Verdict)
	require.Contains(t, r.Short, "interrupted")
	require.NotEmpty(t, r.Events)
}

// everything is a scenario with each class of fault that real processes can
// have, one of them where it waits for an event.
const everything = `scenario failover/everything
doc every fault of a live run
topology masters=3 workers=3 clients=2 servers=3 cores=8 memory=4096
timers fast
safety 45s
restart 1s..2s
work jobs=12 cores=1 memory=64 run=200ms..2s kill=15% supervised=30% fail=10% status=300ms..1s
op at=9s c1 submit in-the-gap for=1s
probe p1
op at=4s p1 create /a data=one => ok
op at=5s p1 get /a => one
at=0s for=6s stop m3
at=8s for=3s kill active outputs=any
at=6s on=m2:state/Standby#1 clock-jump masters by=-40s
at=12s for=3s slow-disk zk-follower by=40ms
at=12s for=4s lossy workers | masters n=60
at=13s drop KillDriver masters | workers
at=13s for=2s slow-op write active by=200ms
at=14s duplicate LaunchDriver masters | workers by=1s
at=14s for=2s drain clients | masters by=30ms
at=16s expire active
at=17s for=2s pause busy-worker
at=21s for=6s host-loss active
at=22s for=2s stall standby | servers
at=23s for=2s slow workers | masters by=200ms
at=30s for=7s partition active | rest
at=31s for=3s one-way masters | w1
at=32s reset clients | masters
at=38s zk-leader-loss
at=40s for=1s pause zk-follower
must failover-happened
must two-failovers
must session-expired
`

func TestScenarioIsRunByRealProcesses(t *testing.T) {
	bin := soakBinary(t)
	s, err := scenarios.Parse("everything", []byte(everything))
	require.NoError(t, err)
	require.NoError(t, simctl.RunsLive(&s))
	r, err := simctl.Soak(context.Background(), simctl.SoakOptions{
		Binary: bin, Embedded: true, Scenario: &s, Policy: policy.Hardened, Seed: 1,
	}, func(f reports.SoakFault) {
		t.Logf("%s: %+v", f.Fault, f.Failover)
	})
	require.NoError(t, err)
	require.Empty(t, leftOver(t, bin))
	for _, f := range r.Findings {
		require.Equal(t, checker.Pass, f.Verdict, "%s: %s", f.Property, f.Detail)
	}
	require.Equal(t, checker.Pass, r.Verdict)
	require.Empty(t, r.Short)
	require.Equal(t, s.String(), r.Scenario.String())
	require.Equal(t, "failover/everything", r.Line("").Scenario)
	require.GreaterOrEqual(t, len(r.Applied), 17, "%v", r.Applied)
	by := r.ByCause()
	require.Positive(t, by["kill"], "%v", by)
	require.Positive(t, by["host-loss"], "%v", by)
	require.Positive(t, by["expire"]+by["session-expired"], "%v: the first if no other fault accounts for it too", by)
}

func TestSoakRefusesWhatItCannotStart(t *testing.T) {
	_, err := simctl.Soak(context.Background(), simctl.SoakOptions{Policy: policy.Hardened}, nil)
	require.EqualError(t, err, "soak: for 0s: want more than nothing")
	_, err = simctl.Soak(context.Background(), simctl.SoakOptions{For: time.Second, Masters: 1}, nil)
	require.EqualError(t, err, "soak: 1 masters: want at least 2")
}
