// Package inquiry asks of a run why it went as it did, and when that became
// certain, by making other runs that differ in one thing: a fault less, a
// delivery lost, everything behind a step drawn anew.
package inquiry

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/signature"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/why"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
)

// A Because is why a property was violated: the steps that the violation comes
// of, and what became of it without one of them.
type Because struct {
	Slice  *why.Slice
	Trials []why.Trial
}

// Why runs a target again and finds what its first violation of a property, or
// of any if property is empty, came of. It tries at most so many runs without
// one of the slice's faults or deliveries.
func Why(ctx context.Context, t *simctl.Target, property string, tries int) (*Because, error) {
	o := t.Options
	o.Steps = true
	r, err := simctl.Run(ctx, t.Scenario, t.Seed, o)
	if err != nil {
		return nil, err
	}
	f, err := violationOf(r, property)
	if err != nil {
		return nil, err
	}
	if f.Step == 0 {
		return nil, fmt.Errorf("the finding of %s names no step: %s", f.Property, f.Detail)
	}
	b := &Because{Slice: why.Of(r.Trace, r.Events, f)}
	return b, b.try(ctx, t, r, tries)
}

// violationOf returns the run's first violation of a property, or of any.
func violationOf(r *simctl.Result, property string) (checker.Finding, error) {
	for _, f := range r.Violations() {
		if property == "" || f.Property == property {
			return f, nil
		}
	}
	if property == "" {
		return checker.Finding{}, fmt.Errorf("%s: no property is violated", r.Name())
	}
	return checker.Finding{}, fmt.Errorf("%s: %s is not violated", r.Name(), property)
}

// try makes runs without one fault or delivery of the slice. It decides if the property
// holds then, or is violated in another way.
func (b *Because) try(ctx context.Context, t *simctl.Target, r *simctl.Result, tries int) error {
	faults, deliveries := b.Slice.Candidates()
	steps := append(faults, deliveries...)
	steps = steps[:min(len(steps), tries)]
	trials := make([]why.Trial, len(steps))
	tags := tagsOf(&t.Scenario)
	same := signature.Of(b.Slice.Finding, tags)
	err := parallel(ctx, len(steps), 0, func(i int) error {
		o := t.Options
		o.Steps, o.OnStep, o.UntilStep = false, nil, 0
		if i < len(faults) {
			if o.Schedule = without(r, steps[i]); o.Schedule == nil {
				trials[i] = why.Trial{Step: steps[i]}
				return nil
			}
		} else {
			o.Overrides = append(slices.Clone(o.Overrides), kernel.Override{Step: steps[i], Do: kernel.Drop})
		}
		again, err := simctl.Run(ctx, t.Scenario, t.Seed, o)
		if err != nil {
			return err
		}
		trials[i] = why.Trial{Step: steps[i], Held: !slices.ContainsFunc(again.Violations(), func(f checker.Finding) bool { return signature.Of(f, tags) == same })}
		return nil
	})
	b.Trials = trials
	return err
}

// tagsOf are the names that jobs of a scenario have or may have.
func tagsOf(s *scenarios.Scenario) (tags []string) {
	for _, o := range s.Ops {
		tags = append(tags, o.Tag)
	}
	for c := range s.Clients {
		for j := range s.Work.Jobs {
			tags = append(tags, fmt.Sprintf("c%d-job%d", c+1, j+1))
		}
	}
	return tags
}

// without is the run's schedule without the fault that begins in a step; nil if
// it is not found.
func without(r *simctl.Result, step uint64) (out []scenarios.Fault) {
	for i := range r.Events {
		e := &r.Events[i]
		if e.Step != step || e.Kind != trace.Fault || e.Value != "begin" {
			continue
		}
		at := slices.IndexFunc(r.Applied, func(f scenarios.Fault) bool { return f.String() == e.Detail })
		if at < 0 {
			return nil
		}
		out = append([]scenarios.Fault{}, r.Applied[:at]...)
		return append(out, r.Applied[at+1:]...)
	}
	return nil
}

// violates reports whether a run violates a property.
func violates(r *simctl.Result, property string) bool {
	return slices.ContainsFunc(r.Findings, func(f checker.Finding) bool {
		return f.Property == property && f.Verdict == checker.Violation
	})
}

// parallel calls f for 0 to n-1, on so many cores (0: all), and returns the
// error of the lowest number that has one.
func parallel(ctx context.Context, n, jobs int, f func(i int) error) error {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	errs := make([]error, n)
	next := make(chan int)
	var all sync.WaitGroup
	for range min(jobs, n) {
		all.Go(func() {
			for i := range next {
				errs[i] = f(i)
			}
		})
	}
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
