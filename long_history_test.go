package simctl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/linear"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// longHistory is ten clients that ask without rest while the active master is
// lost six times.
const longHistory = `scenario long/history
topology masters=3 workers=6 clients=10 servers=3 cores=8 memory=8192
timers fast
safety 100s
restart 2s..6s
delay 200us..2ms tail=1000ppm:50ms
drift 100ppm
work jobs=12 cores=2 memory=64 run=1s..6s kill=20% supervised=30% fail=10% status=200ms..600ms
at=10s for=3s kill active
at=25s for=3s kill active
at=40s for=3s kill active
at=55s for=3s kill active
at=70s for=3s kill active
at=85s for=3s kill active
must failover-happened
`

// longRun makes a long history, and holds it to be one.
func longRun(t testing.TB, p policy.Policy, seed uint64) *simctl.Result {
	s, err := scenarios.Parse("long/history", []byte(longHistory))
	require.NoError(t, err)
	r, err := simctl.Run(t.Context(), s, seed, simctl.Options{Policy: p})
	require.NoError(t, err)
	require.GreaterOrEqual(t, r.Calls, 1000, "operations")
	require.GreaterOrEqual(t, len(r.Failovers), 5, "failovers")
	return r
}

// judgeAlone judges a history with a budget of steps for each job and worker.
func judgeAlone(events []trace.Event, budget int) checker.Finding {
	j := linear.New(budget)
	for i := range events {
		j.Observe(&events[i])
	}
	return j.Finding()
}

// A thousand operations of ten clients over five failovers are judged: hardened
// masters are acquitted, and what spark's tell is never left undecided. The steps
// of the search are counted: all of a history has what one job has else, which is
// about a second of work. How long it takes is told and not asserted; the machine
// may be busy.
func TestHistoriesOfAThousandOperationsAreJudged(t *testing.T) {
	for _, p := range []struct {
		name   string
		policy policy.Policy
		want   []checker.Verdict
	}{
		{"hardened", policy.Hardened, []checker.Verdict{checker.Pass}},
		{"spark", policy.Spark, []checker.Verdict{checker.Pass, checker.Violation}},
	} {
		for seed := uint64(1); seed <= 2; seed++ {
			r := longRun(t, p.policy, seed)
			watch := simctl.NewStopwatch()
			f := judgeAlone(r.Events, linear.Budget/parts(r.Events))
			took := watch.Elapsed()
			require.Contains(t, p.want, f.Verdict, "seed %d: %s", seed, f.Detail)
			t.Logf("%s seed %d: %d operations, %d acknowledged, %d failovers, %s in %s", p.name, seed, r.Calls, r.Acked, len(r.Failovers), f.Verdict, took)
		}
	}
}

// parts counts the jobs and workers of a run, each of which is judged alone.
func parts(run []trace.Event) int {
	seen := map[string]bool{}
	for i := range run {
		switch e := &run[i]; e.Kind {
		case trace.Call:
			seen["job "+e.Subject] = true
		case trace.Registered:
			seen["worker "+e.Subject] = true
		}
	}
	return len(seen)
}

func BenchmarkJudgeOfALongHistory(b *testing.B) {
	for _, p := range []struct {
		name   string
		policy policy.Policy
	}{{"hardened", policy.Hardened}, {"spark", policy.Spark}} {
		b.Run(p.name, func(b *testing.B) {
			r := longRun(b, p.policy, 1)
			b.ReportMetric(float64(r.Calls), "ops/history")
			b.ResetTimer()
			for b.Loop() {
				judgeAlone(r.Events, linear.Budget)
			}
		})
	}
}
