package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/cmd/simctl/exit"
	"github.com/simctl/simctl/cmd/simctl/progress"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/strategy"
)

// sweepFlags are those of sweep alone.
type sweepFlags struct {
	seeds, expect   string
	targets         string
	jobs, stopAfter int
	limit           time.Duration
}

func newSweep(e *env) *cobra.Command {
	var common commonFlags
	var f sweepFlags
	cmd := &cobra.Command{
		Use:               "sweep [SCENARIO...]",
		Short:             "Run many seeds on all cores",
		Long:              "Run every seed on every scenario named, or on all of them. Bundles are written of the runs that fail.",
		Example:           "  simctl sweep failover/... --seeds=1-10000\n  simctl sweep --for=5m\n  echo 42 | simctl sweep failover/kill --seeds=-",
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSweep(cmd, e, &common, &f, args)
		},
	}
	common.add(cmd, e)
	flags := cmd.Flags()
	flags.StringVar(&f.seeds, "seeds", "", "as 1-3,9; 1- has no end; - reads them from standard input (default 1-100, with --for 1-, and a scenario's own if it names one)")
	flags.IntVar(&f.jobs, "jobs", 0, "runs at once (default one a core)")
	flags.DurationVar(&f.limit, "for", 0, "begin no run after this much wall time")
	flags.IntVar(&f.stopAfter, "stop-after", 0, "stop after this many runs with a violation (default never)")
	flags.StringVar(&f.targets, "targets", "", "file of abstract states and ways that guided runs are to look for, as simctl coverage -o writes it")
	common.addStrategy(cmd, append(strategy.Alone(), strategy.Guided, strategy.Mix))
	addExpect(cmd, e, &f.expect)
	return cmd
}

func runSweep(cmd *cobra.Command, e *env, common *commonFlags, f *sweepFlags, args []string) error {
	o, err := common.options(cmd)
	if err != nil {
		return err
	}
	if f.jobs < 0 || f.stopAfter < 0 || f.limit < 0 {
		return fmt.Errorf("sweep: --jobs, --stop-after and --for are not negative")
	}
	x, err := parseExpectation(f.expect, e.engine.Properties())
	if err != nil {
		return err
	}
	ss, err := lookup(args)
	if err != nil {
		return err
	}
	seeds, err := sweepSeeds(f.seeds, f.limit > 0, e)
	if err != nil {
		return err
	}
	if !common.json && !common.quiet {
		fmt.Fprintf(e.Stderr, "sweep of %d scenarios, seeds %s, policy %s, strategy %s\n", len(ss), seeds, o.Policy, o.Strategy)
	}
	s := &sweeping{env: e, common: common, expect: x, stopAfter: f.stopAfter}
	return s.run(cmd.Context(), ss, seeds, sweepOptions{
		runOptions: o, Jobs: f.jobs, For: f.limit, Pinned: f.seeds == "", Journal: journalOf(cmd, args, seeds), Targets: f.targets,
	})
}

// journalOf is what a sweep is asked for, as far as it decides what is run, if -o
// says where a journal is to be; else nil.
func journalOf(cmd *cobra.Command, args []string, seeds simctl.SeedList) []string {
	if !cmd.Flags().Changed("out") {
		return nil
	}
	out := append([]string{"seeds " + seeds.String()}, args...)
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "out", "seeds", "jobs", "json", "quiet", "with-wall":
		default:
			out = append(out, "--"+f.Name+"="+f.Value.String())
		}
	})
	return out
}

// sweepSeeds reads --seeds, or chooses: without a limit of time some hundred.
func sweepSeeds(text string, limited bool, e *env) (simctl.SeedList, error) {
	switch {
	case text == "" && limited:
		text = "1-"
	case text == "":
		text = "1-100"
	}
	seeds, err := simctl.ParseSeeds(text, e.Stdin)
	if err == nil && seeds.Endless() && !limited {
		return nil, fmt.Errorf("seeds %s have no end: give one, or --for", text)
	}
	return seeds, err
}

// A sweeping is one sweep under way.
type sweeping struct {
	env       *env
	common    *commonFlags
	expect    expectation
	stopAfter int
	order     map[string]int // of the scenarios

	sum    reports.SweepLine
	first  *outcome // the first violation, by scenario and seed: jobs end in any order
	met    int64    // runs with the violation that is expected
	status status   // the worst so far, expectations aside
	err    error    // of printing
}

func (s *sweeping) run(ctx context.Context, ss []scenarios.Scenario, seeds simctl.SeedList, o sweepOptions) error {
	s.order = map[string]int{}
	for i, scenario := range ss {
		s.order[scenario.Name] = i
	}
	bar := progress.New(s.env.Stderr, s.env.IsTTY(s.env.Stderr), "sweep", simctl.SweepOptions{Pinned: o.Pinned}.Runs(ss, seeds.Count()), s.common.json || s.common.quiet)
	t, err := s.env.engine.Sweep(ctx, ss, seeds.All(), o, func(out *outcome) bool {
		bar.Ran((expectation{}).status(out) == violated)
		return s.add(out)
	})
	bar.End()
	if s.err != nil {
		return s.err
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	final := exit.Worse(s.final(t), exit.Interruption(ctx))
	s.close(t, final)
	if !s.common.json {
		s.env.printSweep(&s.sum, s.first)
		return final.AsError()
	}
	if err := reports.WriteLine(s.env.Stdout, s.sum); err != nil {
		return err
	}
	return final.AsError()
}

// add counts one run and reports whether the sweep goes on.
func (s *sweeping) add(out *outcome) bool {
	if s.common.json && s.err == nil {
		s.err = reports.WriteLine(s.env.Stdout, out.line(s.common.wall))
	}
	s.sum.Runs++
	s.sum.StepsTotal += out.Steps
	s.sum.Failovers += int64(len(out.Failovers))
	if out.Nondeterminism != "" {
		s.sum.Nondeterminism++
	}
	switch out.Verdict {
	case checker.Violation:
		s.sum.Violations++
		if s.first == nil || s.before(out, s.first) {
			s.first = out
		}
	case checker.Inconclusive:
		s.sum.Inconclusive++
	}
	s.status = exit.Worse(s.status, (expectation{}).status(out))
	stops := s.sum.Violations
	if s.expect.violation {
		if s.expect.met(out) {
			s.met++
		}
		stops = s.met
	}
	return s.err == nil && (s.stopAfter == 0 || stops < int64(s.stopAfter))
}

func (s *sweeping) before(a, b *outcome) bool {
	if i, j := s.order[a.Scenario], s.order[b.Scenario]; i != j {
		return i < j
	}
	return a.Seed < b.Seed
}

// close fills in what is known at the end.
func (s *sweeping) close(t *tally, final status) {
	s.sum.Schema, s.sum.Verdict, s.sum.Faults = reports.SweepSchema, final.Verdict(), map[string]int{}
	if s.first != nil {
		v := violations(s.first)[0]
		s.sum.FirstViolation = &reports.FirstFailure{
			Scenario: s.first.Scenario, Seed: s.first.Seed, Property: v.Property, Step: v.Step, Bundle: s.first.Bundle,
		}
	}
	if t == nil {
		return
	}
	s.sum.Ops, s.sum.Acked, s.sum.Unreached, s.sum.WallNs = t.Ops, t.Acked, t.Unreached, t.Wall.Nanoseconds()
	s.sum.Scenarios, s.sum.Strategies = t.Scenarios, t.Strategies
	if t.Faults != nil {
		s.sum.Faults = t.Faults
	}
	if wall := t.Wall.Seconds(); wall > 0 {
		s.sum.RunsPerSecond = int64(float64(s.sum.Runs) / wall)
		s.sum.StepsPerSecond = int64(float64(s.sum.StepsTotal) / wall)
	}
}

// final is the sweep's status. With an expectation it is 0 as soon as one run
// had the violation, and 1 if none had; nondeterminism stays what it is.
func (s *sweeping) final(t *tally) status {
	switch {
	case s.status == nondeterministic || s.status == interrupted:
		return s.status
	case s.expect.violation && s.met > 0:
		return held
	case s.expect.violation:
		return violated
	case s.sum.Runs == 0 || t != nil && len(t.Unreached) > 0:
		return exit.Worse(s.status, inconclusive)
	}
	return s.status
}
