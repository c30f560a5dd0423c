package seen

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// Only a run that was stopped for its steps has a finding, by which it is no pass.
func TestARunThatWasStoppedIsInconclusive(t *testing.T) {
	end := trace.Event{Step: 2048, At: 8_000_000_000, Kind: trace.Ended}
	for _, events := range [][]trace.Event{nil, {{Kind: trace.Started}}, {end}} {
		_, ok := Bounded(events)
		require.False(t, ok, "%v", events)
	}
	end.Value = trace.Overrun
	f, ok := Bounded([]trace.Event{end})
	require.True(t, ok)
	require.Equal(t, checker.Finding{
		Property: "run-is-bounded", Verdict: checker.Inconclusive, Step: 2048,
		Detail: "2048 steps in 8s are more than a run may take: it was stopped, and not judged to its end",
	}, f)
}
