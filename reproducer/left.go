package reproducer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/signature"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/reports/minimal"
	"github.com/simctl/simctl/reports/seen"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/shrink"
)

// FirstFailing sets the target's seed to the first one under which a property is
// violated, any if it is empty. Its error is [ErrNoFailure] if there is none.
func FirstFailing(ctx context.Context, t *simctl.Target, seeds simctl.SeedList, property string) error {
	found := false
	o := simctl.SweepOptions{Options: t.Options, Stop: func(r *simctl.Result) bool {
		if _, err := failure(r, property); err == nil {
			t.Seed, found = r.Seed, true
		}
		return found
	}}
	if _, err := simctl.Sweep(ctx, []scenarios.Scenario{t.Scenario}, seeds.All(), o, nil); err != nil {
		return err
	}
	if found {
		return nil
	}
	return fmt.Errorf("%s: %w: %s under seeds %s", t.Scenario.Name, ErrNoFailure, cmp.Or(property, "every property")+" holds", seeds)
}

// messages are the kinds of message that the cluster's processes send when
// nothing goes wrong, sorted.
func (s *shrinking) messages(x scenarios.Scenario, seed uint64) []string {
	names := map[string]bool{}
	o := s.options
	o.OnStep = func(step *trace.Step) {
		if step.Kind == "message" && !strings.Contains(step.What, ".") && strings.IndexByte("mwc", step.Actor[0]) >= 0 {
			names[step.What] = true
		}
	}
	x.Faults = nil
	if _, err := simctl.Run(s.ctx, x, seed, o); err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(names))
}

// finish makes the minimal run once more, with everything that is told of it,
// and without each of its faults.
func (s *shrinking) finish(first *simctl.Result, left *shrink.Result) (*Shrunk, error) {
	o := s.options
	o.Steps = true
	r, err := simctl.Run(s.ctx, left.Run.Scenario, left.Run.Seed, o)
	if err == nil { // who a role was is the same run, and says more
		left.Run.Scenario.Faults = slices.Clone(r.Applied)
		r, err = simctl.Run(s.ctx, left.Run.Scenario, left.Run.Seed, o)
	}
	if err != nil {
		return nil, err
	}
	f, err := failure(r, s.property)
	if err != nil {
		return nil, err
	}
	report := &minimal.Report{
		Origin: first.Scenario.Name, Seed: first.Seed, Scenario: left.Run.Scenario.Name, LeftSeed: left.Run.Seed,
		Policy: r.Options.Policy.String(), Property: s.property, Signature: s.signature,
		Before: minimal.SizeOf(pinned(first, s.property), first.Steps), After: minimal.SizeOf(left.Run.Scenario, r.Steps),
		Runs: left.Tried, Rounds: left.Rounds, Minimal: left.Minimal, FaultsOnly: s.property == seen.Property, Why: left.Why, Caused: left.Caused, Control: s.control,
		Says: says(s.property), Finding: f, World: left.Run.Scenario, Events: r.Events, Steps: r.Trace,
		Test: minimal.Test{
			Seed: left.Run.Seed, Policy: r.Options.Policy.String(), Grain: r.Options.Grain, ZKClient: r.Options.ZKClient, Conf: r.Options.Conf.Map(),
		},
	}
	for _, p := range left.Passes {
		report.Passes = append(report.Passes, minimal.Pass(p))
	}
	report.Seeds = rateSeeds
	if report.Failing, err = s.rate(left.Run); err != nil {
		return nil, err
	}
	var also []string
	for _, f := range r.Violations() {
		if f.Property != s.property {
			also = append(also, f.Property)
		}
	}
	report.Also = strings.Join(also, ", ")
	for i, fault := range left.Run.Scenario.Faults {
		n := minimal.Need{Fault: fault.String(), Without: s.verdict(left.Run.Without(i))}
		for _, w := range shrink.Weaker(fault) {
			n.Weaker = append(n.Weaker, minimal.Weaker{Fault: w.String(), Verdict: s.verdict(left.Run.With(i, w))})
		}
		report.Faults = append(report.Faults, n)
	}
	return &Shrunk{from: first.Name(), Result: r, Signature: s.signature, Report: report}, nil
}

// rateSeeds is with how many seeds a minimal world is run besides.
const rateSeeds = 20

// rate is how many of the first seeds fail in the same way in the world of a run.
func (s *shrinking) rate(r shrink.Run) (failing int, err error) {
	var runs []shrink.Run
	for seed := uint64(1); seed <= rateSeeds; seed++ {
		runs = append(runs, shrink.Run{Scenario: r.Scenario, Seed: seed})
	}
	answers, err := s.judge(runs)
	for _, a := range answers {
		if a.Fails {
			failing++
		}
	}
	return failing, err
}

// says is a property in a sentence.
func says(property string) string {
	for _, p := range simctl.Properties() {
		if p.Name == property {
			return p.Says
		}
	}
	return "A run shows what its scenario says."
}

// verdict is what becomes of a run, in words.
func (s *shrinking) verdict(c shrink.Run) string {
	if err := c.Scenario.Check(); err != nil {
		return "there is no such scenario"
	}
	r, err := simctl.Run(s.ctx, c.Scenario, c.Seed, s.options)
	if err != nil {
		return "there is no such run: " + err.Error()
	}
	own, others := "", []string{}
	for _, f := range r.Violations() {
		switch {
		case f.Property != s.property:
			others = append(others, f.Property)
		case signature.Of(f, s.tags) == s.signature:
			own = "fails in the same way"
		default:
			own = "violates " + f.Property + " in another way"
		}
	}
	switch {
	case own != "" && s.control && s.fails(c, s.hardened()).Fails:
		return "fails, and under hardened too: that has another cause"
	case own != "":
		return own
	case len(others) > 0:
		return s.property + " holds; violates " + strings.Join(others, ", ")
	}
	return "passes"
}

// Name is what the bundle is called: as the run that was made smaller, and
// -shrunk.
func (s *Shrunk) Name() string { return s.from + "-shrunk" }

// Line is what shrink --json prints.
func (s *Shrunk) Line(dir string) *minimal.Report {
	line := *s.Report
	line.Schema, line.Bundle = minimal.Schema, dir
	return &line
}

// Save writes the bundle of the minimal run, with its story.
func (s *Shrunk) Save(dir string) error {
	b, err := s.Result.Bundle()
	if err != nil {
		return err
	}
	files, err := s.Report.Files()
	if err != nil {
		return err
	}
	return reports.WriteBundle(dir, b, files)
}

// Summary tells in a few lines what is left.
func (s *Shrunk) Summary() string {
	var b strings.Builder
	r := s.Report
	fmt.Fprintf(&b, "faults %d to %d   operations %d to %d   machines %d to %d   steps %d to %d   runs %d\n\n",
		r.Before.Faults, r.After.Faults, r.Before.Ops, r.After.Ops, r.Before.Machines, r.After.Machines, r.Before.Steps, r.After.Steps, r.Runs)
	for _, n := range r.Faults {
		fmt.Fprintf(&b, "  %s\n      without it: %s\n", n.Fault, n.Without)
		for _, w := range n.Weaker {
			fmt.Fprintf(&b, "      %s: %s\n", w.Fault, w.Verdict)
		}
	}
	fmt.Fprintf(&b, "\n  %s  step %d\n  %s\n", r.Property, r.Finding.Step, r.Finding.Detail)
	switch {
	case r.Minimal && r.FaultsOnly:
		fmt.Fprintf(&b, "\n  1-minimal: no single fault can be left out; the world is as it was, for it says what is to be seen\n")
	case r.Minimal:
		fmt.Fprintf(&b, "\n  1-minimal: no single fault, operation or machine can be left out\n")
	default:
		fmt.Fprintf(&b, "\n  NOT PROVEN MINIMAL  %s\n", cmp.Or(r.Why, string(checker.Inconclusive)))
	}
	return b.String()
}
