// Package reproducer makes the smallest run that still shows a failure, and all
// that is written of it.
package reproducer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/signature"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/minimal"
	"github.com/simctl/simctl/reports/seen"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/cluster/plan"
	"github.com/simctl/simctl/sim/shrink"
)

// ErrNoFailure says that what was to be made smaller does not fail, or not by
// the property that was asked for.
var ErrNoFailure = errors.New("the failure does not recur")

// Options say what is made smaller, and for how long.
type Options struct {
	// Property is the violated property to keep; empty: the first one.
	Property string
	// Runs bounds the runs that are tried; 0 means 20,000.
	Runs int
	// For bounds the wall time of the search; 0 does not. What is found within
	// it depends on the machine.
	For time.Duration
	// Jobs is how many runs are made at a time; 0 means one a core. The result
	// does not depend on it.
	Jobs int
	// Progress, if not nil, is told how many runs were tried.
	Progress func(tried int)
}

// A Shrunk is a run made minimal.
type Shrunk struct {
	// Result is the minimal run, with its trace.
	Result *simctl.Result
	// Signature is what every run that was kept has in common.
	Signature string
	Report    *minimal.Report
	Wall      time.Duration // nothing depends on it

	from string
}

// shrinking is one search.
type shrinking struct {
	ctx       context.Context
	o         Options
	options   simctl.Options
	property  string
	signature string
	tags      []string
	control   bool // under hardened a candidate must not fail
	pool      *simctl.Pool
	tried     int
}

// Shrink makes a failing run minimal: the fewest faults, operations and
// machines for which the same property is violated in the same way, and with
// round times. Its error is [ErrNoFailure] if the run does not fail.
func Shrink(ctx context.Context, t *simctl.Target, o Options) (*Shrunk, error) {
	watch := simctl.NewStopwatch()
	first, err := simctl.Run(ctx, t.Scenario, t.Seed, t.Options)
	if err != nil {
		return nil, err
	}
	f, err := failure(first, o.Property)
	if err != nil {
		return nil, err
	}
	if len(t.Options.Overrides) > 0 {
		return nil, fmt.Errorf("%s: steps of it were dropped or delayed, by their numbers: a smaller run has others", first.Name())
	}
	start := pinned(first, f.Property)
	s := &shrinking{ctx: context.WithoutCancel(ctx), o: o, options: first.Options, property: f.Property, tags: tagsOf(start)}
	s.signature = signature.Of(f, s.tags)
	s.options.Schedule, s.options.Timers, s.options.UntilStep, s.options.UntilNs, s.options.OnStep, s.options.Steps = nil, "", 0, 0, nil, false
	jobs := o.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	s.o.Jobs, s.pool = jobs, simctl.NewPool(jobs)
	if s.o.Runs == 0 {
		s.o.Runs = 20_000
	}
	if s.options.Policy != policy.Hardened {
		s.control = !s.fails(shrink.Run{Scenario: start, Seed: t.Seed}, s.hardened()).Fails
	}
	loose := start.Clone() // what clients do is drawn, should that matter
	loose.Ops, loose.Work = first.Drawn.Ops, first.Drawn.Work
	left, err := shrink.Shrink([]shrink.Run{{Scenario: start, Seed: t.Seed}, {Scenario: loose, Seed: t.Seed}}, shrink.Options{
		Judge: s.judge, Runs: s.o.Runs, FaultsOnly: f.Property == seen.Property, Messages: s.messages(start, t.Seed),
		Stop: func() bool { return ctx.Err() != nil || o.For > 0 && watch.Elapsed() > o.For },
	})
	switch {
	case err != nil:
		return nil, err
	case left == nil:
		return nil, fmt.Errorf("%s: %w once its draws are pinned: %s", first.Name(), ErrNoFailure, s.signature)
	}
	out, err := s.finish(first, left)
	if err == nil {
		out.Wall = watch.Elapsed()
	}
	return out, err
}

// failure is the finding to keep.
func failure(r *simctl.Result, property string) (checker.Finding, error) {
	bad := r.Violations()
	for _, f := range bad {
		if property == "" || f.Property == property {
			return f, nil
		}
	}
	if property == "" {
		return checker.Finding{}, fmt.Errorf("%s: %w: every property holds", r.Name(), ErrNoFailure)
	}
	return checker.Finding{}, fmt.Errorf("%s: %w: %s is not violated", r.Name(), ErrNoFailure, property)
}

// pinned is the scenario of the run as it was drawn, with nothing left to draw
// but what depends on the seed alone, and without what says nothing of the
// property.
func pinned(r *simctl.Result, property string) scenarios.Scenario {
	s := r.Drawn.Clone()
	s.Faults = slices.Clone(r.Applied)
	s = plan.Pin(r.Seed, s)
	s.Name = "shrunk/" + strings.ReplaceAll(strings.TrimPrefix(s.Name, "shrunk/"), "/", "-")
	s.Doc, s.Source, s.Seed, s.ShowVotes = "", "", 0, false
	s.Must, s.Sometimes, s.Expect, s.ExpectUnder = nil, nil, "", ""
	if property != seen.Property {
		s.Sees = nil
	}
	return s
}

// tagsOf are the names of a scenario's jobs.
func tagsOf(s scenarios.Scenario) (tags []string) {
	for _, o := range s.Ops {
		tags = append(tags, o.Tag)
	}
	return tags
}

// judge runs candidates, several at a time.
func (s *shrinking) judge(runs []shrink.Run) ([]shrink.Answer, error) {
	answers := make([]shrink.Answer, len(runs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(s.o.Jobs, len(runs)) {
		wg.Go(func() {
			for i := range next {
				answers[i] = s.ask(runs[i])
			}
		})
	}
	for i := range runs {
		next <- i
	}
	close(next)
	wg.Wait()
	if s.tried += len(runs); s.o.Progress != nil {
		s.o.Progress(s.tried)
	}
	return answers, nil
}

// ask runs one candidate, and again under hardened if it fails and that is the
// control. One that cannot be run does not fail.
func (s *shrinking) ask(c shrink.Run) shrink.Answer {
	answer := s.fails(c, s.options)
	if answer.Fails && s.control {
		answer.Fails = !s.fails(c, s.hardened()).Fails
	}
	return answer
}

// hardened are the options of the control.
func (s *shrinking) hardened() simctl.Options {
	o := s.options
	o.Policy = policy.Hardened
	return o
}

func (s *shrinking) fails(c shrink.Run, o simctl.Options) (answer shrink.Answer) {
	_ = s.pool.Ask(s.ctx, c.Scenario, c.Seed, o, s.property, func(r *simctl.Result) {
		for _, f := range r.Violations() {
			if f.Property == s.property && signature.Of(f, s.tags) == s.signature {
				answer = shrink.Answer{Fails: true, At: when(r, f)}
			}
		}
	})
	return answer
}

// when is the moment of a violation; the end of the run if it has no step.
func when(r *simctl.Result, f checker.Finding) time.Duration {
	i, found := slices.BinarySearchFunc(r.Events, f.Step, func(e trace.Event, step uint64) int { return cmp.Compare(e.Step, step) })
	if f.Step == 0 || !found {
		return time.Duration(r.SimulatedNs)
	}
	return time.Duration(r.Events[i].At)
}
