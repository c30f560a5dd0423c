// Package strategy is how a seed becomes a run of a scenario: what of it is
// drawn, and from what.
package strategy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/hint"
	"github.com/simctl/simctl/scenarios/order"
	"github.com/simctl/simctl/scenarios/swarm"
)

// A Strategy is a way to search. The empty one is Random.
type Strategy string

// The strategies.
const (
	Random Strategy = "random" // the scenario as written: its ranges are drawn
	Swarm  Strategy = "swarm"  // its machines and work, under faults that are drawn: package swarm
	PCT    Strategy = "pct"    // its faults as written, deliveries in order of random priorities, as [order.PCT]
	POS    Strategy = "pos"    // the same, as [order.POS]
	Guided Strategy = "guided" // schedules that led to something new, changed a little: package guided
	Mix    Strategy = "mix"    // each seed draws one of them
)

// All lists the strategies, mix last.
func All() []Strategy { return []Strategy{Random, Swarm, PCT, POS, Guided, Mix} }

// Parse reads a strategy's name; the empty one is Random's.
func Parse(name string) (Strategy, error) {
	if name == "" {
		return Random, nil
	}
	var names []string
	for _, s := range All() {
		names = append(names, string(s))
	}
	if !slices.Contains(names, name) {
		return "", fmt.Errorf("unknown strategy %q%s", name, hint.For(name, names, "one of "+strings.Join(names, ", ")))
	}
	return Strategy(name), nil
}

// Resolve is the strategy of one run: what mix draws, and Random where nothing
// but the scenario as written makes sense.
func Resolve(st Strategy, s scenarios.Scenario, rnd swarm.Rnd) Strategy {
	if st == Mix {
		all := All()
		st = all[rnd("strategy", uint64(len(all)-1))]
	}
	if st == "" || s.Name != scenarios.Swarm && !swarm.Fits(s) {
		return Random
	}
	return st
}

// Alone lists the strategies that make a run from its seed alone.
func Alone() []Strategy { return []Strategy{Random, Swarm, PCT, POS} }

// Apply makes the scenario of one run, whose strategy is no longer to be
// resolved. A world without machines that is called [scenarios.Swarm] is drawn as
// a whole, whatever the strategy is. A guided run without a corpus is one of
// swarm.
func Apply(st Strategy, s scenarios.Scenario, rnd swarm.Rnd) scenarios.Scenario {
	family := s.Name == scenarios.Swarm && s.Safety == 0
	switch {
	case family:
		timers := s.Timers
		if s = swarm.World(rnd); timers != "" {
			s.Timers = timers
		}
	case st == Swarm || st == Guided:
		s = swarm.Drawn(s, rnd)
	}
	if st == PCT || st == POS {
		s.Order = drawOrder(st, s, rnd)
		// What is seen by the clock, or must be reached, is true of the order that
		// the times of deliveries make.
		s.Sees, s.Must, s.Sometimes, s.Expect, s.ExpectUnder = nil, nil, nil, "", ""
	}
	return s
}

// choices is how often two deliveries or more wait in one window, in a second and for
// each machine, in the busier of our scenarios; the fewer there are, the more of
// the points where PCT changes its priorities come to nothing.
const choices = 6

func drawOrder(st Strategy, s scenarios.Scenario, rnd swarm.Rnd) scenarios.Order {
	o := scenarios.Order{Kind: order.Kind(st), Window: time.Millisecond << rnd("order/window", 6)}
	if st == PCT {
		o.Depth = 1 + int(rnd("order/depth", 5))
		machines := s.Masters + s.Workers + s.Clients + s.Servers + len(s.Probes)
		o.Steps = choices * machines * int(s.Safety/time.Second+1)
	}
	return o
}
