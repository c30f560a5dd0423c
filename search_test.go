package simctl_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/strategy"
)

// swept are the runs of a sweep of seeds 1-20 on two families.
func swept(t *testing.T, st simctl.Strategy, jobs int) (runs []*simctl.Result, s *simctl.Summary) {
	list, err := scenarios.Lookup(scenarios.Swarm)
	require.NoError(t, err)
	kill, err := scenarios.Lookup("failover/two-masters")
	require.NoError(t, err)
	seeds, err := simctl.ParseSeeds("1-20", nil)
	require.NoError(t, err)
	o := simctl.SweepOptions{Options: simctl.Options{Policy: policy.Hardened, Strategy: st, Grain: simctl.GrainService}, Jobs: jobs}
	s, err = simctl.Sweep(context.Background(), append(list, kill...), seeds.All(), o, func(r *simctl.Result) {
		kept := *r
		kept.Events = nil
		runs = append(runs, &kept)
	})
	require.NoError(t, err)
	require.Len(t, runs, 40)
	return runs, s
}

func TestASearchIsTheSameHoweverManyRunsAreMadeAtATime(t *testing.T) {
	one, sum := swept(t, strategy.Mix, 1)
	three, again := swept(t, strategy.Mix, 3)
	used := map[simctl.Strategy]int{}
	for i := range one {
		require.Equal(t, one[i].Scenario.String(), three[i].Scenario.String())
		require.Equal(t, one[i].Fingerprint, three[i].Fingerprint, "%s: %s", one[i].Name(), one[i].Strategy)
		used[one[i].Strategy]++
	}
	require.Len(t, used, len(strategy.All())-1, "mix draws every other strategy: %v", used)
	require.Equal(t, sum.Strategies, again.Strategies)
	require.Positive(t, sum.Strategies[strategy.Guided].News)
}

func TestARunOfAnyStrategyRunsAgainFromItsSeedOrItsBundle(t *testing.T) {
	runs, _ := swept(t, strategy.Mix, 2)
	done := map[simctl.Strategy]bool{}
	for _, r := range runs {
		if done[r.Strategy] {
			continue
		}
		done[r.Strategy] = true
		dir := filepath.Join(t.TempDir(), r.Name())
		o := r.Options
		o.Steps = true
		whole, err := simctl.Run(context.Background(), r.Scenario, r.Seed, o)
		require.NoError(t, err)
		require.Equal(t, r.Fingerprint, whole.Fingerprint, "what a strategy made runs as it is written")
		require.NoError(t, whole.Save(dir))
		target, err := simctl.ParseTarget(dir)
		require.NoError(t, err)
		replayed, err := simctl.Replay(context.Background(), target)
		require.NoError(t, err)
		require.Equal(t, r.Fingerprint, replayed.Fingerprint, r.Strategy)
		if r.Strategy == strategy.Guided {
			continue // it depends on the runs before it, too
		}
		found, err := scenarios.Lookup(r.Scenario.Name)
		require.NoError(t, err)
		o = simctl.Options{Policy: policy.Hardened, Strategy: r.Strategy, Grain: simctl.GrainService}
		fromSeed, err := simctl.Run(context.Background(), found[0], r.Seed, o)
		require.NoError(t, err)
		require.Equal(t, r.Fingerprint, fromSeed.Fingerprint, r.Strategy)
	}
}
