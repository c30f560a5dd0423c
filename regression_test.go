package simctl_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/scenarios"
)

// TestARegressionIsRunAsItSays runs regressions without a test binary around
// them.
func TestARegressionIsRunAsItSays(t *testing.T) {
	world := func(name string) string {
		list, err := scenarios.Lookup(name)
		require.NoError(t, err)
		s := list[0]
		s.Expect, s.ExpectUnder = "", ""
		return s.String()
	}
	g := simctl.Regression{World: world("defect/D-03-late-write"), Seed: 1, Policy: "spark", Property: "at-most-one-acting-master"}
	f := &fakeTB{}
	g.Hold(f)
	require.Len(t, f.failures, 1)
	require.Contains(t, f.failures[0], "at-most-one-acting-master is violated")
	g.Property = "acked-is-recovered"
	f = &fakeTB{}
	g.Hold(f)
	require.Empty(t, f.failures)
	for what, g := range map[string]simctl.Regression{
		"unknown key":    {World: "nonsense"},
		"policy":         {World: g.World, Policy: "soft"},
		"no grain":       {World: g.World, Grain: "fine"},
		"spark.no.thing": {World: g.World, Conf: map[string]string{"spark.no.thing": "1"}},
	} {
		f := &fakeTB{}
		g.Hold(f)
		require.Len(t, f.failures, 1, what)
		require.Contains(t, f.failures[0], what)
	}
}

// fakeTB keeps what a test is told.
type fakeTB struct{ failures []string }

func (*fakeTB) Helper() {}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}
