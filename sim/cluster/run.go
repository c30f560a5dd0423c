// Package cluster builds a simulated world from a scenario and a seed, runs
// the real masters, workers and clients of impl in it, and records what
// happens. It is the one place in simulation where impl and model meet: what
// processes note becomes events of a trace here.
//
// It judges nothing. Observers that the caller hands in see every event.
package cluster

import (
	"fmt"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/zk"
	"github.com/simctl/simctl/sim/zk/quorum"
)

// Options say how a scenario is run. Seed and Policy decide what happens; the
// rest decides what is seen.
type Options struct {
	Seed   uint64
	Policy policy.Policy
	// Conf goes before what the scenario sets itself.
	Conf conf.Conf
	// Schedule, if not nil, replaces the scenario's faults: the recorded
	// schedule of an earlier run.
	Schedule []scenarios.Fault
	// Encode encodes and decodes every message on its way.
	Encode bool
	// Ensemble makes the coordination service of servers that are processes,
	// which elect a leader and agree; else it is one service behind them.
	Ensemble bool
	// Client is the client library of the processes that use the service.
	Client zk.Profile
	// Knock, if not 0, is when a further process begins to ask for service as
	// often as it can; its first write that is answered is told. It is for
	// measuring how long there is none.
	Knock time.Duration
	// OnStep sees every kernel step before it is carried out.
	OnStep func(s *trace.Step)
	// Observers see every event as it happens.
	Observers []func(e *trace.Event)
	// Overrides force single choices: a run with one that cannot be is an error.
	Overrides []kernel.Override
	// UntilStep, if not 0, ends the run after that kernel step.
	UntilStep uint64
	// UntilNs, if not 0, ends the run before the first step later than that.
	UntilNs int64
	// Most is how many steps the run may take, and a hundredth of it for each virtual
	// second besides; 0: ten times what any run is known to take.
	Most uint64
	// Arena, if not nil, is the memory to use. No other run may use it until
	// this one has ended and its events are not needed any more.
	Arena *Arena
	// Stop, if not nil, is asked after every 256 steps; true ends the run there.
	Stop func() bool
}

// A Recording is what a run leaves.
type Recording struct {
	Scenario    scenarios.Scenario // as drawn by the seed
	Applied     []scenarios.Fault  // the schedule with its roles resolved
	Struck      []scenarios.Fault  // the faults of it that began
	Events      []trace.Event
	Steps       uint64
	Fingerprint uint64
	Checkpoints []uint64
	SimulatedNs int64
	// Pending is what was still to come where UntilStep ended the run.
	Pending []trace.Step
	// Unsettled is true if the liveness phase used its whole bound.
	Unsettled bool
}

// Run runs one scenario from one seed: the safety phase with its faults, the
// healing of a core, and the liveness phase until the core has settled or its
// bound has passed.
func Run(s scenarios.Scenario, opts Options) (*Recording, error) {
	drawn := draw(s, opts)
	cfg, err := configure(&drawn, &opts)
	if err == nil {
		err = check(drawn)
	}
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	w := newWorld(drawn, opts, cfg)
	w.fault.Arm()
	if opts.UntilStep > 0 || opts.Stop != nil {
		w.limit()
	}
	w.runTo(int64(drawn.Safety))
	if !w.cut && !w.k.Refused() && !w.k.Overrun() {
		bound := w.heal()
		w.postSettle()
		w.runTo(w.k.Now() + bound + int64(time.Second))
	}
	w.tell(&trace.Event{Kind: trace.Ended, Value: w.ending()})
	rec := &Recording{
		Scenario: drawn, Applied: w.fault.Applied(), Struck: w.fault.Struck(), Events: w.events, Steps: w.k.Steps(),
		Fingerprint: w.k.Fingerprint(), Checkpoints: w.k.Checkpoints(), SimulatedNs: w.k.Now(), Unsettled: w.quiet < quietNeeded,
	}
	if opts.UntilStep > 0 || opts.UntilNs > 0 {
		rec.Pending = w.k.Coming()
	}
	err = w.k.Forced()
	w.giveBack(opts.Arena)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	return rec, nil
}

// defaultMost is beyond what 56,000 runs of all scenarios took: at most 900,000 steps,
// and 530 a virtual second.
const defaultMost = 1_000_000

// ending says why a run ended if it was not by itself.
func (w *World) ending() string {
	if w.k.Overrun() {
		return trace.Overrun
	}
	return ""
}

// runTo runs to a virtual time, or to where the options end the run.
func (w *World) runTo(at int64) {
	if end := w.opts.UntilNs; end > 0 && end < at {
		at, w.cut = end, true
	}
	w.k.Run(at)
}

// draw makes the scenario concrete.
func draw(s scenarios.Scenario, opts Options) scenarios.Scenario {
	k := kernel.New(opts.Seed, nil)
	counts := map[string]uint64{}
	d := scenarios.Draw(s, func(purpose string, n uint64) uint64 {
		counts[purpose]++
		return k.Below(kernel.KeyOf("scenario "+purpose), counts[purpose], n)
	})
	if opts.Schedule != nil {
		d.Faults = opts.Schedule
	}
	return d
}

// check refuses what no world can be built of.
func check(s scenarios.Scenario) error {
	if s.Servers < 1 && s.Recovery.Mode == "" {
		return fmt.Errorf("needs a server")
	}
	if _, err := quorum.WithDefect(s.Ensemble.Defect); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, set := range []struct {
		prefix string
		n      int
	}{{"m", s.Masters}, {"w", s.Workers}, {"c", s.Clients}, {"z", s.Servers}, {"p", len(s.Probes)}, {"l", ledgers(s)}} {
		for i := range set.n {
			known[fmt.Sprintf("%s%d", set.prefix, i+1)] = true
		}
	}
	for _, f := range s.Faults {
		for _, g := range f.Groups {
			for _, t := range g {
				if strings.IndexByte("mwczpl", t[0]) >= 0 && len(t) > 1 && t[1] >= '0' && t[1] <= '9' && !known[machineOf(t)] {
					return fmt.Errorf("fault %q: there is no machine %s", f, t)
				}
			}
		}
	}
	return nil
}

// limit ends the run early where the options say so.
func (w *World) limit() {
	next := w.k.OnStep
	w.k.OnStep = func(s *trace.Step) {
		if next != nil {
			next(s)
		}
		last := w.opts.UntilStep > 0 && s.N >= w.opts.UntilStep
		if last || w.opts.Stop != nil && s.N%256 == 0 && w.opts.Stop() {
			w.cut = true
			w.k.Stop()
		}
	}
}
