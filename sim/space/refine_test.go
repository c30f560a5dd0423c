package space_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/checker/refine"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/sim/space"
	"github.com/simctl/simctl/sim/space/judge"
)

// Paths of the explored world are behaviours of the abstract protocol, whatever
// order things happen in. SIMCTL_WALKS=N takes N of them.
func TestPathsRefineTheAbstractProtocol(t *testing.T) {
	steps, walks := 0, uint64(8)
	if v := os.Getenv("SIMCTL_WALKS"); v != "" {
		_, err := fmt.Sscan(v, &walks)
		require.NoError(t, err)
	}
	for n := range walks {
		sys, err := space.New(space.Config{
			Masters: 2, Workers: 2, Clients: 1, Jobs: 1, RunFor: 3 * time.Second, Supervise: n%2 == 0,
			Crashes: 2, Cuts: 1, Expiries: 1, Drops: 1, Late: 2, Horizon: 60 * time.Second, Settled: n%5 != 0, Policy: policy.Hardened,
		})
		require.NoError(t, err)
		path, _ := walk(sys, n, 400)
		events, _ := sys.Run(path)
		f := suite.Judge([]checker.Property{refine.Refines}, events)[0]
		require.Equal(t, checker.Pass, f.Verdict, "walk %d: %s", n, f.Detail)
		for i := range events {
			if events[i].Kind == "recovered" || events[i].Kind == "accepted" {
				steps++
			}
		}
	}
	require.Greater(t, steps, int(walks), "walks that reach no failover prove nothing")
}

// Every state of small worlds is one of the abstract protocol, whatever led there;
// and Spark's are not: a job is launched before its record says so.
func TestStatesRefineTheAbstractProtocol(t *testing.T) {
	tracked := refine.Refines
	tracked.New = func() checker.Monitor { return refine.NewTracker() }
	for _, c := range []struct {
		policy policy.Policy
		says   string
	}{
		{policy.Hardened, ""},
		{policy.Spark, "expected: place"},
	} {
		sys, err := space.New(space.Config{
			Masters: 2, Workers: 1, Clients: 1, Jobs: 1, RunFor: 3 * time.Second, Crashes: 1, Crash: "m", Horizon: 24 * time.Second,
			Settled: true, InOrder: true, Grain: space.Reads, Policy: c.policy, Monitors: judge.Of([]checker.Property{tracked}),
		})
		require.NoError(t, err)
		r, err := explore.Search(context.Background(), explore.System[*space.World](sys), explore.Options{Cores: 2})
		require.NoError(t, err)
		require.Equal(t, c.says == "", r.Complete)
		if c.says == "" {
			require.Greater(t, r.Distinct, uint64(1000))
			continue
		}
		require.Len(t, r.Findings, 1)
		require.Contains(t, r.Findings[0].Detail, c.says)
		events, _ := sys.Run(r.Findings[0].Path)
		require.Equal(t, r.Findings[0].Detail, suite.Judge([]checker.Property{refine.Refines}, events)[0].Detail)
	}
}
