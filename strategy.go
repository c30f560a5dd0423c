package simctl

import (
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/strategy"
	"github.com/simctl/simctl/scenarios/swarm"
	"github.com/simctl/simctl/sim/kernel"
)

// A Strategy is how a seed becomes a run of a scenario. The empty one runs it as
// written.
type Strategy = strategy.Strategy

// drawsOf are the draws of a seed that make the scenario, and nothing in it.
func drawsOf(seed uint64) swarm.Rnd { return kernel.Draws(seed, "strategy") }

// searched makes the scenario of one run by the strategy of its options, which
// then is the result's: what is made runs as it is written.
func searched(s scenarios.Scenario, seed uint64, o *Options) (scenarios.Scenario, Strategy) {
	used := strategy.Resolve(o.Strategy, s, drawsOf(seed))
	o.Strategy = ""
	return strategy.Apply(used, s, drawsOf(seed)), used
}

// strategy is what bundles and lines say of it: nothing of what is written.
func (r *Result) strategy() string {
	if r.Strategy == strategy.Random {
		return ""
	}
	return string(r.Strategy)
}
