package simctl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// Two masters that are both Alive for ever break one-alive-after-heal,
// worker-rejoins and, with this seed, runnable-runs too: a run passes only if what its scenario demands is violated,
// and nothing that it does not name.
func TestARunPassesOnlyIfWhatIsExpectedIsViolated(t *testing.T) {
	list, err := scenarios.Lookup("config/different-zk-dir")
	require.NoError(t, err)
	s := list[0]
	for _, c := range []struct {
		expect string
		want   checker.Verdict
	}{
		{s.Expect, checker.Pass},
		{"", checker.Violation},
		{"at-most-one-alive-master", checker.Violation},
		{"at-most-one-alive-master allowing one-alive-after-heal or worker-rejoins or runnable-runs or refines-abstract", checker.Pass},
		{"kill-sticks or at-most-one-alive-master and one-alive-after-heal and worker-rejoins and runnable-runs and refines-abstract", checker.Pass},
		{"at-most-one-alive-master and kill-sticks allowing one-alive-after-heal or worker-rejoins or runnable-runs or refines-abstract", checker.Inconclusive},
		{"kill-sticks allowing at-most-one-alive-master or one-alive-after-heal or worker-rejoins or runnable-runs or refines-abstract", checker.Inconclusive},
	} {
		s.Expect = c.expect
		r, err := simctl.Run(t.Context(), s, 1, simctl.Options{Policy: policy.Hardened})
		require.NoError(t, err)
		require.Equal(t, c.want, r.Verdict, "%s: %v", c.expect, r.Violations())
	}
}

// A run that was stopped for its steps is no pass, whatever else was found: it was
// not judged to its end.
func TestARunThatWasStoppedForItsStepsIsInconclusive(t *testing.T) {
	list, err := scenarios.Lookup("failover/graceful")
	require.NoError(t, err)
	r, err := simctl.Run(t.Context(), list[0], 1, simctl.Options{Policy: policy.Hardened})
	require.NoError(t, err)
	require.Equal(t, checker.Pass, r.Verdict)
	r.Events[len(r.Events)-1].Value = trace.Overrun
	dir := t.TempDir()
	require.NoError(t, r.Save(dir))
	_, again, err := simctl.Check(dir)
	require.NoError(t, err)
	require.Equal(t, checker.Inconclusive, again.Verdict)
	require.Equal(t, "run-is-bounded", again.Findings[len(again.Findings)-1].Property)
}
