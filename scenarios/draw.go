package scenarios

import (
	"fmt"
	"slices"
	"time"
)

// maxOutputs bounds the outputs of one step after which a fault may strike.
const maxOutputs = 6

// Draw picks one run of the family s: it makes single values of the times of
// operations and faults, leaves out the faults that this run does not have,
// and chooses between which outputs a fault strikes. Roles stay roles: they
// are looked up when the fault begins.
//
// Work, Loads, Recipes, Restart and Delay stay as they are: they are drawn anew for each
// job, operation and round, each restart and each message.
//
// Rnd returns a number in [0,n) that depends on its purpose alone. A purpose
// names the rule and what is drawn ("fault/3/at"), so that a rule added at the
// end, or a range that becomes a single value, changes no other draw.
func Draw(s Scenario, rnd func(purpose string, n uint64) uint64) Scenario {
	out := s.Clone()
	for i := range out.Ops {
		o, rule := &out.Ops[i], fmt.Sprintf("op/%d/", i)
		o.At = draw(o.At, rule+"at", rnd)
		o.RunFor = draw(o.RunFor, rule+"for", rnd)
		o.App.Task = draw(o.App.Task, rule+"task", rnd)
		o.App.Asks.After = draw(o.App.Asks.After, rule+"asks", rnd)
		o.App.Ends.After = draw(o.App.Ends.After, rule+"ends", rnd)
	}
	for i := range out.ZOps {
		o := &out.ZOps[i]
		o.At = draw(o.At, fmt.Sprintf("zop/%d/at", i), rnd)
	}
	for i := range out.Recipes {
		r, rule := &out.Recipes[i], fmt.Sprintf("recipe/%d/", i)
		r.At = draw(r.At, rule+"at", rnd)
	}
	out.Faults = nil
	for i, f := range s.Clone().Faults {
		rule := fmt.Sprintf("fault/%d/", i)
		if f.P > 0 && f.P < 100 && rnd(rule+"p", 100) >= uint64(f.P) {
			continue
		}
		f.P = 0
		f.At = draw(f.At, rule+"at", rnd)
		f.For = draw(f.For, rule+"for", rnd)
		if f.Outputs < 0 {
			f.Outputs = int(rnd(rule+"outputs", maxOutputs+1))
		}
		out.Faults = append(out.Faults, f)
	}
	return out
}

// draw picks a value of a range: to the millisecond if it spans seconds, so
// that a drawn schedule reads and shrinks well, and finer if it is narrower.
func draw(r Range, purpose string, rnd func(string, uint64) uint64) Range {
	if r.Lo >= r.Hi {
		return Range{Lo: r.Lo, Hi: r.Lo}
	}
	grain := time.Nanosecond
	switch width := r.Hi - r.Lo; {
	case width >= time.Second:
		grain = time.Millisecond
	case width >= time.Millisecond:
		grain = time.Microsecond
	}
	d := r.Lo + grain*time.Duration(rnd(purpose, uint64((r.Hi-r.Lo)/grain)+1))
	return Range{Lo: d, Hi: d}
}

// Clone returns a deep copy.
func (s Scenario) Clone() Scenario {
	s.Ops = slices.Clone(s.Ops)
	s.cloneGiven()
	s.Must, s.Sometimes, s.Require = slices.Clone(s.Must), slices.Clone(s.Sometimes), slices.Clone(s.Require)
	s.Special, s.Recipes, s.Loads, s.Sees = slices.Clone(s.Special), slices.Clone(s.Recipes), slices.Clone(s.Loads), slices.Clone(s.Sees)
	s.Probes, s.ZOps = slices.Clone(s.Probes), slices.Clone(s.ZOps)
	for i, p := range s.Probes {
		s.Probes[i].Via = slices.Clone(p.Via)
	}
	for i, o := range s.ZOps {
		s.ZOps[i].Ops = slices.Clone(o.Ops)
	}
	s.Faults = slices.Clone(s.Faults)
	for i, f := range s.Faults {
		s.Faults[i].Groups = slices.Clone(f.Groups)
		for j, g := range f.Groups {
			s.Faults[i].Groups[j] = slices.Clone(g)
		}
	}
	return s
}
