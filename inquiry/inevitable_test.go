package inquiry_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/inquiry"
	"github.com/simctl/simctl/reports/knee"
	"github.com/simctl/simctl/scenarios"
)

// curveOf traces D-03: a master that is cut off and replaced writes late.
func curveOf(t *testing.T, o inquiry.Odds) *knee.Curve {
	list, err := scenarios.Lookup("defect/D-03-late-write")
	require.NoError(t, err)
	target := &simctl.Target{Scenario: list[0], Seed: 1, Options: simctl.Options{Policy: policy.Spark}}
	c, err := inquiry.Inevitable(context.Background(), target, o)
	require.NoError(t, err)
	return c
}

// The partition at 8 s is what makes the late write inevitable: before it, with
// the partition at another moment, it seldom comes; behind it, always. If the
// partition is certain to come when it came, the write is certain from the start.
func TestTheKneeOfALateWriteIsThePartition(t *testing.T) {
	o := inquiry.Odds{Property: "at-most-one-acting-master", Redraws: 10, Grid: 4, More: 12}
	c := curveOf(t, o)
	require.NotNil(t, c.Knee)
	require.Contains(t, c.Knee.Text, "fault: at=8s for=5s partition m1 | z1 z2 z3")
	require.Equal(t, c.Knee.From.Step+1, c.Knee.To.Step)
	o.Jobs = 1
	require.Equal(t, c, curveOf(t, o), "the curve does not depend on how many runs are made at once")

	kept := curveOf(t, inquiry.Odds{Property: "at-most-one-acting-master", Redraws: 6, Grid: 2, Faults: inquiry.KeepFaults})
	require.Equal(t, 6, kept.Points[0].Violated)
	without := curveOf(t, inquiry.Odds{Property: "at-most-one-acting-master", Redraws: 6, Grid: 2, Faults: inquiry.NoFaults})
	require.Equal(t, 0, without.Points[0].Violated)
	require.Equal(t, 6, without.Points[1].Violated)
}
