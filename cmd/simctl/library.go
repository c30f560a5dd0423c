package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/calibration"
	"github.com/simctl/simctl/cmd/simctl/keep"
	"github.com/simctl/simctl/exploration"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
)

// library is the engine of a real process.
func library() engine { return lib{} }

// lib is the package simctl as an engine.
type lib struct{}

// Properties implements engine.
func (lib) Properties() []property {
	var out []property
	for _, p := range simctl.Properties() {
		out = append(out, property{Name: p.Name, Kind: string(p.Kind), Says: p.Says, Source: p.Source, Optional: p.Optional})
	}
	return out
}

func optionsOf(o *runOptions) simctl.Options {
	return simctl.Options{Policy: o.Policy, Grain: o.Grain, ZKClient: o.Client, Encode: o.Encode, Timers: o.Timers, Conf: o.Conf, Strategy: o.Strategy}
}

// Run implements engine.
func (lib) Run(ctx context.Context, s scenarios.Scenario, seed uint64, o runOptions) (*outcome, error) {
	so := optionsOf(&o)
	so.Steps = true
	r, err := simctl.Twice(ctx, s, seed, so)
	if err != nil {
		return nil, err
	}
	return saved(r, filepath.Join(o.Out, r.Name()))
}

// saved writes a run's bundle and returns its outcome.
func saved(r *simctl.Result, dir string) (*outcome, error) {
	if err := r.Save(dir); err != nil {
		return nil, err
	}
	var err error
	out := outcomeOf(r, dir)
	out.Story, err = r.Story()
	return out, err
}

func outcomeOf(r *simctl.Result, dir string) *outcome {
	out := &outcome{RunLine: r.Line(dir), Nondeterminism: r.Nondeterminism, Interrupted: r.Interrupted}
	out.WallNs = r.Wall.Nanoseconds()
	return out
}

// Sweep implements engine.
func (lib) Sweep(ctx context.Context, ss []scenarios.Scenario, seeds iter.Seq[uint64], o sweepOptions, each func(*outcome) bool) (*tally, error) {
	collectSeldom()
	so := simctl.SweepOptions{Options: optionsOf(&o.runOptions), Jobs: o.Jobs, For: o.For, Pinned: o.Pinned}
	var err error
	if so.Targets, err = exploration.Targets(o.Targets); err != nil {
		return nil, err
	}
	k := keep.Keeper{Dir: o.Out, Asked: o.Journal, Each: func(l reports.RunLine, differs string) bool {
		return each(&outcome{RunLine: l, Nondeterminism: differs})
	}}
	ended, err := k.Open(&so)
	if err != nil {
		return nil, err
	}
	if ended {
		seeds = func(func(uint64) bool) {} // what is in the journal is enough
	}
	s, err := simctl.Sweep(ctx, ss, seeds, so, nil)
	if err = errors.Join(err, k.Close(ctx, err)); err != nil {
		return nil, err
	}
	t := &tally{Ops: int64(s.Calls), Acked: int64(s.Acked), Faults: s.Faults, Unreached: s.Unreached, Wall: s.Wall}
	t.Strategies = map[string]reports.StrategyShare{}
	for name, share := range s.Strategies {
		t.Strategies[string(name)] = reports.StrategyShare(share)
	}
	for _, sc := range s.Scenarios {
		t.Scenarios = append(t.Scenarios, reports.SweepShare{
			Name: sc.Name, Runs: sc.Runs, MedianFailovers: sc.MedianFailovers, MedianAcked: sc.MedianAcked, MinAcked: sc.MinAcked,
			Faults: sc.Faults, MayDraw: sc.MayDraw,
		})
	}
	return t, nil
}

// Replay implements engine.
func (lib) Replay(ctx context.Context, t target, o runOptions) (*outcome, error) {
	st := &simctl.Target{Scenario: t.Scenario, Seed: t.Seed, Options: optionsOf(&o)}
	if t.Bundle != "" {
		var err error
		if st, err = simctl.ParseTarget(t.Bundle); err != nil {
			return nil, err
		}
	}
	o.Travel.Apply(&st.Options)
	st.Options.Steps = true
	r, err := simctl.Replay(ctx, st)
	if err != nil {
		return nil, err
	}
	out, err := saved(r, replayDir(o.Out, r.Name(), t.Bundle))
	if err == nil {
		out.Twice = !r.Interrupted
		out.Story, err = o.Travel.Tell(r, out.Story, st)
	}
	return out, err
}

// replayDir is where a replay is written: never over the bundle that it is a
// replay of, which may be the only evidence of what it does not repeat.
func replayDir(out, name, bundle string) string {
	dir := filepath.Join(out, name)
	if bundle == "" {
		return dir
	}
	was, err := os.Stat(bundle)
	for {
		dir += "-replay"
		is, errIs := os.Stat(dir)
		if err != nil || errIs != nil || !os.SameFile(was, is) {
			return dir
		}
	}
}

// Check implements engine.
func (lib) Check(_ context.Context, dir, name string) (*outcome, error) {
	b, r, err := simctl.Check(dir)
	if err != nil {
		return nil, err
	}
	if name != "" && !r.Only(name) {
		return nil, fmt.Errorf("check %s: property %s was not judged", dir, name)
	}
	out := &outcome{RunLine: b.Line(dir)}
	line := r.Line(dir)
	out.Verdict, out.Findings, out.Failovers, out.Reached = line.Verdict, line.Findings, line.Failovers, line.Reached
	out.Story, err = r.Story()
	return out, err
}

// Diff implements engine.
func (lib) Diff(ctx context.Context, a, b string) (*difference, error) {
	d, err := simctl.Diff(ctx, a, b)
	if d == nil || err != nil {
		return &difference{}, err
	}
	out := &difference{Step: d.N}
	if d.A != nil {
		out.A = d.A.String()
	}
	if d.B != nil {
		out.B = d.B.String()
	}
	return out, nil
}

// Latency implements engine.
func (lib) Latency(ctx context.Context, ss []scenarios.Scenario, seeds iter.Seq[uint64], o latencyOptions, each func(*outcome)) (*reports.LatencyLine, error) {
	collectSeldom()
	if len(ss) == 1 && ss[0].Name == calibration.Scenario {
		return calibration.Line(ctx, seeds, o.Jobs, o.Out)
	}
	var live simctl.Latency
	if o.Overlay != "" {
		if err := live.Overlay(o.Overlay); err != nil {
			return nil, err
		}
	}
	so := simctl.SweepOptions{Options: optionsOf(&o.runOptions), Jobs: o.Jobs}
	l, err := simctl.MeasureLatency(ctx, ss, seeds, so, func(r *simctl.Result) { each(outcomeOf(r, "")) })
	if err != nil {
		return nil, err
	}
	line := &reports.LatencyLine{Scenario: commonName(ss), Policy: o.Policy.String(), Runs: int64(l.Summary.Runs)}
	if len(l.Samples) == 0 {
		return line, nil
	}
	l.Samples = append(l.Samples, live.Samples...)
	line.Rows = reports.LatencyRows(l.Samples)
	title := fmt.Sprintf("%s, %s, %d runs", line.Scenario, line.Policy, line.Runs)
	line.Files, err = l.Write(o.Out, title)
	return line, err
}

// commonName names scenarios: the one there is, their subtree, or "...".
func commonName(ss []scenarios.Scenario) string {
	if len(ss) == 1 {
		return ss[0].Name
	}
	top, _, _ := strings.Cut(ss[0].Name, "/")
	for _, s := range ss {
		if !strings.HasPrefix(s.Name, top+"/") {
			return "..."
		}
	}
	return top + "/..."
}

// Bench implements engine.
func (lib) Bench(ctx context.Context, o benchOptions, each func(benchRow)) error {
	collectSeldom()
	return simctl.Bench(ctx, o.For, func(r simctl.BenchRow) {
		each(benchRow{Name: r.Name, Value: r.Value, Unit: r.Unit, Ratio: r.Ratio, Note: r.Note, WallNs: int64(r.Wall / time.Nanosecond)})
	})
}
