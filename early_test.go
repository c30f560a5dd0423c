package simctl_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
)

func TestACancelledRunKeepsWhatThereIs(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := simctl.Options{Policy: policy.Hardened, Steps: true, OnStep: func(s *trace.Step) {
		if s.N == 700 {
			cancel()
		}
	}}
	r, err := simctl.Twice(ctx, scenario(t, "failover/kill"), 42, o)
	require.NoError(t, err)
	require.True(t, r.Interrupted)
	require.Equal(t, uint64(768), r.Steps, "it is asked after every 256 steps")
	require.Len(t, r.Trace, 768)
	dir := t.TempDir() + "/partial"
	require.NoError(t, r.Save(dir))
	b, err := reports.ReadBundle(dir)
	require.NoError(t, err)
	require.True(t, b.Run.Partial)

	whole := run(t, "failover/kill", 42, simctl.Options{Policy: policy.Hardened, Steps: true})
	require.Equal(t, whole.Trace[:768], r.Trace, "what there is is the beginning of the whole")
	require.NotEqual(t, checker.Violation, r.Verdict, "a run that was cut short is not blamed for it: %v", r.Violations())

	_, err = simctl.Run(ctx, scenario(t, "failover/kill"), 42, simctl.Options{Policy: policy.Hardened})
	require.ErrorIs(t, err, context.Canceled)
}

func TestASweepEndsWhereItIsStopped(t *testing.T) {
	seen := 0
	o := simctl.SweepOptions{Options: simctl.Options{Policy: policy.Hardened}, Stop: func(r *simctl.Result) bool {
		seen++
		return r.Seed == 3
	}}
	s, err := simctl.Sweep(context.Background(), []scenarios.Scenario{scenario(t, "failover/graceful")}, simctl.Seeds(1, 50), o, nil)
	require.NoError(t, err)
	require.Equal(t, 3, s.Runs)
	require.Equal(t, 3, seen)
}

func TestOneFindingIsSummedUpAlone(t *testing.T) {
	r := run(t, "failover/kill", 42, simctl.Options{Policy: policy.Hardened})
	require.False(t, r.Only("no-such-property"))
	require.Len(t, r.Findings, len(simctl.Properties()))
	require.True(t, r.Only("jobs-linearizable"))
	require.Len(t, r.Findings, 1)
	require.Equal(t, checker.Pass, r.Verdict)
}

func TestAStoryTellsFewViolations(t *testing.T) {
	r := run(t, "failover/kill", 42, simctl.Options{Policy: policy.Hardened})
	text, err := r.Story()
	require.NoError(t, err)
	require.Contains(t, text, "is Alive in term 2")
	require.NotContains(t, text, "VIOLATION")
	for range 5 {
		r.Findings = append(r.Findings, checker.Finding{Property: "planted", Verdict: checker.Violation, Step: 10, Detail: "why"})
	}
	text, err = r.Story()
	require.NoError(t, err)
	require.Regexp(t, `(?s)(VIOLATION  planted.*){3}`, text)
	require.NotRegexp(t, `(?s)(VIOLATION  planted.*){4}`, text)
}
