package shrink

import (
	"slices"
	"time"

	"github.com/simctl/simctl/scenarios"
)

// A field is one duration of a run.
type field struct {
	get   func(r *Run) time.Duration
	set   func(r *Run, d time.Duration)
	least time.Duration // it is never less
}

// times makes durations round, and then short: everything earlier at once,
// what is between two moments away, then one by one.
func (s *shrinker) times() {
	s.gaps()
	for i := 0; s.over == ""; i++ {
		fs := fields(s.best)
		if i >= len(fs) {
			return
		}
		for s.better(fs[i]) {
		}
	}
}

// better tries to give a field a better value.
func (s *shrinker) better(f field) bool {
	var candidates []Run
	for _, d := range simpler(f.get(&s.best), f.least) {
		candidates = append(candidates, s.best.changed(func(r *Run) { f.set(r, d) }))
	}
	return s.first(candidates) >= 0
}

// simpler are the values to try in the place of d, the best first: whole
// seconds before shorter ones with fractions.
func simpler(d, least time.Duration) (out []time.Duration) {
	units := []time.Duration{time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond}
	for _, unit := range units {
		values := []time.Duration{d / 2 / unit * unit, d.Truncate(unit), d.Truncate(unit) + unit}
		if d%unit == 0 {
			values = []time.Duration{d / 2 / unit * unit, d - unit}
		}
		for _, v := range values {
			if v >= least && v != d && (d%unit != 0 || v < d) && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
		if d%unit == 0 {
			break
		}
	}
	return out
}

// gaps moves everything from some moment on to earlier, for as long as it can
// go nearer to what is before it.
func (s *shrinker) gaps() {
	for i := 0; s.over == ""; {
		at := moments(s.best.Scenario)
		if i >= len(at) {
			return
		}
		before := time.Duration(0)
		if i > 0 {
			before = at[i-1]
		}
		gap := at[i] - before
		var candidates []Run
		for _, by := range []time.Duration{gap.Truncate(time.Second), (gap / 2).Truncate(time.Second), time.Second} {
			if by > 0 && by <= gap {
				candidates = append(candidates, s.best.changed(func(r *Run) { earlier(&r.Scenario, at[i], by) }))
			}
		}
		if s.first(candidates) < 0 {
			i++
		}
	}
}

// moments are the times of faults and operations, sorted.
func moments(x scenarios.Scenario) (out []time.Duration) {
	for _, f := range x.Faults {
		out = append(out, f.At.Lo)
	}
	for _, o := range x.Ops {
		out = append(out, o.At.Lo)
	}
	for _, o := range x.ZOps {
		out = append(out, o.At.Lo)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// earlier moves what happens from some moment on, and the end of the safety
// phase.
func earlier(x *scenarios.Scenario, from, by time.Duration) {
	move := func(r *scenarios.Range) {
		if r.Lo >= from {
			*r = scenarios.Range{Lo: r.Lo - by, Hi: r.Lo - by}
		}
	}
	for i := range x.Faults {
		move(&x.Faults[i].At)
	}
	for i := range x.Ops {
		move(&x.Ops[i].At)
	}
	for i := range x.ZOps {
		move(&x.ZOps[i].At)
	}
	if x.Safety-by > 0 {
		x.Safety -= by
	}
}

// fields are the durations of a run that are worth shrinking.
func fields(r Run) []field {
	var out []field
	single := func(of func(r *Run) *scenarios.Range, least time.Duration) {
		if *of(&r) != (scenarios.Range{}) {
			out = append(out, field{
				func(r *Run) time.Duration { return of(r).Lo },
				func(r *Run, d time.Duration) { *of(r) = scenarios.Range{Lo: d, Hi: d} }, least,
			})
		}
	}
	for i := range r.Scenario.Faults {
		single(func(r *Run) *scenarios.Range { return &r.Scenario.Faults[i].At }, 0)
		single(func(r *Run) *scenarios.Range { return &r.Scenario.Faults[i].For }, time.Millisecond)
		if by := r.Scenario.Faults[i].Extra; by > 0 {
			out = append(out, field{
				func(r *Run) time.Duration { return r.Scenario.Faults[i].Extra },
				func(r *Run, d time.Duration) { r.Scenario.Faults[i].Extra = d }, time.Millisecond,
			})
		}
	}
	for i := range r.Scenario.Ops {
		single(func(r *Run) *scenarios.Range { return &r.Scenario.Ops[i].At }, 0)
		single(func(r *Run) *scenarios.Range { return &r.Scenario.Ops[i].RunFor }, time.Millisecond)
		single(func(r *Run) *scenarios.Range { return &r.Scenario.Ops[i].App.Task }, time.Millisecond)
	}
	for i := range r.Scenario.ZOps {
		single(func(r *Run) *scenarios.Range { return &r.Scenario.ZOps[i].At }, 0)
	}
	single(func(r *Run) *scenarios.Range { return &r.Scenario.Restart }, time.Millisecond)
	return append(out, field{
		func(r *Run) time.Duration { return r.Scenario.Safety },
		func(r *Run, d time.Duration) { r.Scenario.Safety = d }, time.Second,
	})
}
