package swarm_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/anchor"
	"github.com/simctl/simctl/scenarios/swarm"
	"github.com/simctl/simctl/sim/kernel"
)

// drawn draws as the product does, so that a seed is the same world.
func drawn(seed uint64) swarm.Rnd { return kernel.Draws(seed, "strategy") }

func TestEveryWorldIsAScenarioThatPrintsAndParses(t *testing.T) {
	struck, masters, required := map[scenarios.Class]int{}, map[int]int{}, map[string]int{}
	anchored, between, shared := 0, 0, 0
	const worlds = 400
	for seed := range uint64(worlds) {
		s := swarm.World(drawn(seed))
		require.NoError(t, s.Check(), "seed %d\n%s", seed, s)
		require.True(t, reflect.DeepEqual(s, swarm.World(drawn(seed))), "seed %d", seed)
		masters[s.Masters]++
		classes := map[scenarios.Class]bool{}
		for _, f := range s.Faults {
			classes[f.Class] = true
			if f.On != (anchor.Event{}) {
				anchored++
			}
			if f.Outputs > 0 {
				between++
			}
			if len(f.Groups) > 1 && len(f.Groups[0])+len(f.Groups[1]) > 3 {
				shared++
			}
		}
		for c := range classes {
			struck[c]++
		}
		for _, p := range s.Require {
			required[p]++
		}
	}
	for _, c := range scenarios.Classes() {
		switch c {
		case scenarios.Renumber, scenarios.MyID, scenarios.Backup, scenarios.Restore, scenarios.Tear:
			require.Zero(t, struck[c], c)
		default:
			require.Greater(t, struck[c], worlds/25, "%s strikes in few worlds", c)
			require.Less(t, struck[c], worlds, "%s strikes in every world", c)
		}
	}
	require.Len(t, masters, 5)
	require.Greater(t, anchored, worlds)
	require.Greater(t, between, worlds)
	require.Greater(t, shared, worlds/4, "splits of more than three machines; a quarter of the worlds is calm")
	require.Equal(t, worlds, required["ready-means-serving"])
	require.Greater(t, required["at-most-one-alive-master"], worlds/5)
	require.Less(t, required["at-most-one-alive-master"], worlds*4/5)
}

func TestOtherFaultsKeepMachinesAndWork(t *testing.T) {
	fit := 0
	for _, s := range scenarios.All() {
		if !swarm.Fits(s) {
			continue
		}
		fit++
		for seed := range uint64(4) {
			d := swarm.Drawn(s, drawn(seed))
			require.NoError(t, d.Check(), "%s seed %d\n%s", s.Name, seed, d)
			more := append(d.Faults[:len(d.Faults):len(d.Faults)], swarm.Strike(d, drawn(seed+1000))...)
			d.Faults = more
			require.NoError(t, d.Check(), "%s seed %d, one more\n%s", s.Name, seed, d)
			d.Faults, d.Doc, d.Source, d.Seed, d.ShowVotes, d.Sees = s.Faults, s.Doc, s.Source, s.Seed, s.ShowVotes, s.Sees
			d.Must, d.Sometimes, d.Require, d.Expect, d.ExpectUnder = s.Must, s.Sometimes, s.Require, s.Expect, s.ExpectUnder
			for i := range d.ZOps {
				d.ZOps[i].Want = s.ZOps[i].Want
			}
			require.Equal(t, s.String(), d.String())
		}
	}
	require.Greater(t, fit, 30)
	for _, name := range []string{"config/different-zk-dir", "zk/myid-mismatch", "zk/sync", "rerun/increment"} {
		list, err := scenarios.Lookup(name)
		require.NoError(t, err)
		require.False(t, swarm.Fits(list[0]), name)
	}
}

func TestWhatIsRequiredFollowsFromTheFaults(t *testing.T) {
	const alive, running, ready = "at-most-one-alive-master", "at-most-one-running-incarnation", "ready-means-serving"
	for fault, want := range map[string][]string{
		"at=5s kill active":               {ready, alive, running},
		"at=5s pause zk-leader":           {ready, alive, running},
		"at=5s pause c1":                  {ready, alive, running},
		"at=5s for=1s pause active":       {ready, running},
		"at=5s for=1s pause m2 outputs=3": {ready, running},
		"at=5s for=1s pause any-worker":   {ready, alive, running},
		"at=5s for=1s pause any-executor": {ready, alive, running},
		"at=5s for=1s pause everyone":     {ready, running},
	} {
		f, err := scenarios.ParseFault(fault)
		require.NoError(t, err)
		require.Equal(t, want, swarm.Require(scenarios.Scenario{Masters: 2, Faults: []scenarios.Fault{f}}), fault)
	}
	require.Empty(t, swarm.Require(scenarios.Scenario{Servers: 3}))
}
