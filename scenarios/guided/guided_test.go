package guided_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/guided"
	"github.com/simctl/simctl/scenarios/swarm"
	"github.com/simctl/simctl/sim/kernel"
)

func drawn(seed uint64) swarm.Rnd { return kernel.Draws(seed, "strategy") }

// corpus holds the worlds of the first n seeds, each of which saw one thing.
func corpus(n uint64) *guided.Corpus {
	c := &guided.Corpus{}
	for seed := range n {
		c.Add(swarm.Name, swarm.World(drawn(seed)), []uint64{seed + 1})
	}
	return c
}

func TestOnlyWhatIsNewIsKept(t *testing.T) {
	var c guided.Corpus
	s := swarm.World(drawn(1))
	require.Equal(t, []uint64{3, 5}, c.Add("a", s, []uint64{3, 5}))
	require.Empty(t, c.Add("b", s, []uint64{3, 5}), "new is what no run of any scenario has seen")
	require.Equal(t, []uint64{7}, c.Add("b", s, []uint64{5, 7}))
	require.Len(t, c.Kept("a"), 1)
	require.Len(t, c.Kept("b"), 1)
	broken := s
	broken.Expect = "acked-is-recovered"
	require.NotEmpty(t, c.Add("c", broken, []uint64{9}))
	require.Empty(t, c.Kept("c"), "what fails whatever happens is nothing to go on from")
	require.Equal(t, 4, c.Runs())
	require.Equal(t, 4, c.Seen())
}

func TestChangesAreScenariosAndDependOnWhatWasBeforeAlone(t *testing.T) {
	small, large := corpus(12), corpus(30)
	made, longer, shorter := map[string]bool{}, 0, 0
	for seed := range uint64(150) {
		s, ok := small.Next(swarm.Name, 12, drawn(seed))
		again, okToo := large.Next(swarm.Name, 12, drawn(seed))
		require.Equal(t, ok, okToo)
		require.Equal(t, s.String(), again.String(), "what came later changes nothing")
		if !ok {
			continue
		}
		require.NoError(t, s.Check(), "seed %d\n%s", seed, s)
		made[s.String()] = true
		for _, kept := range small.Kept(swarm.Name) {
			if kept.Masters == s.Masters && len(kept.Ops) == len(s.Ops) && kept.Delay == s.Delay {
				longer += max(0, len(s.Faults)-len(kept.Faults))
				shorter += max(0, len(kept.Faults)-len(s.Faults))
			}
		}
	}
	require.Greater(t, len(made), 90, "one in four is made from nothing, and few are made twice")
	require.Positive(t, longer)
	require.Positive(t, shorter)
	_, ok := small.Next("failover/kill", 12, drawn(1))
	require.False(t, ok)
	for seed := range uint64(50) {
		_, ok := small.Next(swarm.Name, 0, drawn(seed))
		require.False(t, ok, "nothing was kept yet")
	}
	require.Equal(t, scenarios.Swarm, small.Kept(swarm.Name)[0].Name)
}

// TestATargetIsLookedForFromWhereItsWayBegins: runs that were there are kept
// though they saw nothing new, until one took the way, and not for ever.
func TestATargetIsLookedForFromWhereItsWayBegins(t *testing.T) {
	var c guided.Corpus
	c.Aim([]guided.Target{{From: 3, ID: 8}, {ID: 9}})
	s := swarm.World(drawn(1))
	require.Len(t, c.Add("a", s, []uint64{3}), 1)
	for range 30 {
		require.Empty(t, c.Add("a", s, []uint64{3}))
	}
	require.Len(t, c.Kept("a"), 12, "so many from one place")
	c.Aim([]guided.Target{{From: 3, ID: 8}})
	c.Add("b", s, []uint64{3, 8})
	c.Add("b", s, []uint64{3})
	require.Len(t, c.Kept("b"), 1, "the way was taken")
}
