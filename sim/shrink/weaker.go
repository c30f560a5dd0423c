package shrink

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/anchor"
)

// weaken tries weaker faults in the place of each.
func (s *shrinker) weaken() {
	for i := 0; i < len(s.best.Scenario.Faults); i++ {
		for s.over == "" {
			var candidates []Run
			for _, f := range append(Weaker(s.best.Scenario.Faults[i]), s.lost(s.best.Scenario.Faults[i])...) {
				candidates = append(candidates, s.best.With(i, f))
			}
			if s.first(candidates) < 0 {
				break
			}
		}
	}
}

// With is the run with another fault in the place of the i-th.
func (r Run) With(i int, f scenarios.Fault) Run {
	return r.changed(func(r *Run) { r.Scenario.Faults[i] = f })
}

// Weaker are the faults that are a step weaker than f: fewer targets, one
// direction instead of two, a process instead of its machine, the end of a
// process by a signal that it hears of, one operation or session instead of
// all, between two steps and not within one. The weakest comes first.
func Weaker(f scenarios.Fault) []scenarios.Fault {
	var out []scenarios.Fault
	add := func(change func(f *scenarios.Fault)) {
		w := clone(f)
		change(&w)
		out = append(out, w)
	}
	classes := func(to ...scenarios.Class) {
		for _, class := range to {
			add(func(f *scenarios.Fault) { f.Class = class })
		}
	}
	whats := func(to ...string) {
		for _, what := range to {
			add(func(f *scenarios.Fault) { f.What = what })
		}
	}
	switch f.Class {
	case scenarios.HostLoss:
		classes(scenarios.Stop, scenarios.KillOff)
	case scenarios.KillOff:
		classes(scenarios.Stop)
	case scenarios.Partition:
		if len(f.Groups) == 2 {
			classes(scenarios.OneWay)
			add(func(f *scenarios.Fault) {
				f.Class, f.Groups = scenarios.OneWay, [][]string{f.Groups[1], f.Groups[0]}
			})
		}
		for g := 0; len(f.Groups) > 2 && g < len(f.Groups); g++ {
			add(func(f *scenarios.Fault) { f.Groups = slices.Delete(f.Groups, g, g+1) })
		}
	case scenarios.CutOff:
		if f.What == "all" {
			whats("latch", "store")
		}
	case scenarios.LostReply, scenarios.SlowOp:
		if f.What == "write" {
			whats("create", "delete", "set", "multi")
		}
	}
	if f.N > 1 {
		add(func(f *scenarios.Fault) { f.N = 1 })
		add(func(f *scenarios.Fault) { f.N-- })
	}
	if f.Outputs != 0 {
		add(func(f *scenarios.Fault) { f.Outputs = 0 })
	}
	if f.On != (anchor.Event{}) {
		add(func(f *scenarios.Fault) { f.On = anchor.Event{} })
	}
	return append(out, fewer(f)...)
}

// fewer are the faults with one target less.
func fewer(f scenarios.Fault) (out []scenarios.Fault) {
	for g := range f.Groups {
		for i := 0; len(f.Groups[g]) > 1 && i < len(f.Groups[g]); i++ {
			w := clone(f)
			w.Groups[g] = slices.Delete(w.Groups[g], i, i+1)
			out = append(out, w)
		}
	}
	return out
}

// lost are the single lost messages that may be all that a one-way cut does.
func (s *shrinker) lost(f scenarios.Fault) (out []scenarios.Fault) {
	if f.Class == scenarios.Drop && f.What == "any" || f.Class == scenarios.OneWay {
		names := s.o.Messages
		if f.Class == scenarios.OneWay {
			names = append([]string{"any"}, names...)
		}
		if strings.HasPrefix(f.Groups[0][0], "z") || strings.HasPrefix(f.Groups[1][0], "z") {
			names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n != "any" })
		}
		for _, name := range names {
			w := clone(f)
			w.Class, w.What, w.N = scenarios.Drop, name, 1
			out = append(out, w)
		}
	}
	return out
}

func clone(f scenarios.Fault) scenarios.Fault {
	f.Groups = slices.Clone(f.Groups)
	for g := range f.Groups {
		f.Groups[g] = slices.Clone(f.Groups[g])
	}
	return f
}
