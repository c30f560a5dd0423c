// Package guided keeps the scenarios whose runs saw something new, and makes
// others of them by small changes of their faults: a fault moved, stretched,
// added, taken away, or one schedule's beginning before another's end.
//
// What is new is told by numbers that stand for it; where they come from is not
// its business.
package guided

import (
	"slices"
	"time"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/swarm"
)

// A Corpus is what was found worth keeping so far. The same runs, added in the
// same order, make the same corpus. The zero Corpus is empty.
type Corpus struct {
	seen   map[uint64]bool
	kept   map[string][]entry // by the name of the scenario that was searched
	newest int                // run

	targets map[Target]bool // not seen yet
	tries   map[uint64]int  // how many were kept for having been where a target begins
}

// A Target is something that is to be seen: a way from a state, or, From being 0, a
// state.
type Target struct{ From, ID uint64 }

// beginnings is how many scenarios at most are kept for each state from which a way
// is to be found.
const beginnings = 12

// Aim has the corpus look for targets. A scenario is then kept, too, if its run was
// where the way to one begins.
func (c *Corpus) Aim(targets []Target) {
	c.targets, c.tries = map[Target]bool{}, map[uint64]int{}
	for _, t := range targets {
		c.targets[t] = true
	}
}

// near reports whether a run was where the way to a target begins that no run
// took, and forgets the targets that it has seen.
func (c *Corpus) near(saw []uint64) bool {
	if len(c.targets) == 0 {
		return false
	}
	seen, from := map[uint64]bool{}, map[uint64]bool{}
	for _, x := range saw {
		seen[x] = true
	}
	for t := range c.targets { //det:allow each for itself
		if seen[t.ID] {
			delete(c.targets, t)
		} else if t.From != 0 && seen[t.From] {
			from[t.From] = true
		}
	}
	near := false
	for x := range from { //det:allow each for itself
		near = near || c.tries[x] < beginnings
		c.tries[x]++
	}
	return near
}

// entry is one scenario that is kept.
type entry struct {
	run      int // that saw something new: how many were added before it
	scenario scenarios.Scenario
}

// Add adds a run of a scenario, whose faults have single times, and returns the
// numbers of what it saw that none before had seen. If there are any, or it came near
// a target, the scenario is kept.
func (c *Corpus) Add(name string, s scenarios.Scenario, saw []uint64) (news []uint64) {
	if c.seen == nil {
		c.seen, c.kept = map[uint64]bool{}, map[string][]entry{}
	}
	for _, x := range saw {
		if !c.seen[x] {
			c.seen[x] = true
			news = append(news, x)
		}
	}
	near := c.near(saw)
	if (near || len(news) > 0) && s.Safety > 0 && swarm.Fits(s) {
		c.kept[name] = append(c.kept[name], entry{c.newest, s.Clone()})
	}
	c.newest++
	return news
}

// Runs is how many runs were added.
func (c *Corpus) Runs() int { return c.newest }

// Seen is how many different things they saw.
func (c *Corpus) Seen() int { return len(c.seen) }

// Kept are the scenarios that are kept, of a name, in the order in which they came.
func (c *Corpus) Kept(name string) (out []scenarios.Scenario) {
	for _, e := range c.kept[name] {
		out = append(out, e.scenario)
	}
	return out
}

// Next makes a scenario from what was kept of the first so many runs. It reports
// false if there is nothing of that name, and one time in four in any case, so that
// what is entirely new is tried, too. Later ones, which saw what others did
// not reach, are taken more often.
func (c *Corpus) Next(name string, runs int, rnd swarm.Rnd) (scenarios.Scenario, bool) {
	kept := c.kept[name]
	n, _ := slices.BinarySearchFunc(kept, runs, func(e entry, runs int) int { return e.run - runs })
	kept = kept[:n]
	if len(kept) == 0 || rnd("guided/fresh", 4) == 0 {
		return scenarios.Scenario{}, false
	}
	i := max(rnd("guided/parent", uint64(n)), rnd("guided/parent", uint64(n)))
	s := kept[i].scenario.Clone()
	for range 1 + rnd("guided/changes", 3) {
		s = change(s, kept, rnd)
	}
	return swarm.Judged(s), true
}

// change makes one small change.
func change(s scenarios.Scenario, kept []entry, rnd swarm.Rnd) scenarios.Scenario {
	what := rnd("guided/change", 6)
	if len(s.Faults) == 0 {
		what = 5
	}
	pick := func(purpose string) int { return int(rnd(purpose, uint64(len(s.Faults)))) }
	switch what {
	case 0: // moved by up to half a session, often by little
		f := &s.Faults[pick("guided/move")]
		f.At = moved(f.At, rnd("guided/move/by", 2001), rnd("guided/move/grain", 3), s)
	case 1: // stretched or cut to between a quarter and four times
		f := &s.Faults[pick("guided/stretch")]
		if f.For.Lo > 0 {
			d := f.For.Lo * time.Duration(25+rnd("guided/stretch/to", 375)) / 100
			d = min(max(d.Round(10*time.Millisecond), 10*time.Millisecond), s.Safety)
			f.For = scenarios.Range{Lo: d, Hi: d}
		}
	case 2: // taken away
		i := pick("guided/drop")
		s.Faults = slices.Delete(s.Faults, i, i+1)
	case 3: // struck between other outputs, or between two steps
		if f := &s.Faults[pick("guided/outputs")]; f.Outputs > 0 {
			f.Outputs = int(rnd("guided/outputs/to", 12))
		} else {
			f.At = moved(f.At, rnd("guided/move/by", 2001), 2, s)
		}
	case 4: // what another did from some time on
		s.Faults = splice(s, kept[rnd("guided/other", uint64(len(kept)))].scenario, rnd)
	default:
		s.Faults = append(s.Faults, swarm.Strike(s, func(purpose string, n uint64) uint64 { return rnd("guided/"+purpose, n) })...)
	}
	return s
}

// moved moves a time by -1000 to 1000 parts of a unit: a session's half, a tenth
// or a hundredth of it.
func moved(at scenarios.Range, by, grain uint64, s scenarios.Scenario) scenarios.Range {
	unit := scenarios.TimersFor(s.Timers).Granted() / 2
	for range grain {
		unit /= 10
	}
	d := at.Lo + unit*time.Duration(int64(by)-1000)/1000
	d = min(max(d.Round(100*time.Microsecond), 0), s.Safety)
	return scenarios.Range{Lo: d, Hi: d}
}

// splice is the faults of one schedule before a time, and those of another from
// then on, if the machines that these name are there.
func splice(s, other scenarios.Scenario, rnd swarm.Rnd) []scenarios.Fault {
	cut := time.Duration(rnd("guided/splice", uint64(s.Safety/time.Millisecond))) * time.Millisecond
	out := slices.DeleteFunc(slices.Clone(s.Faults), func(f scenarios.Fault) bool { return f.At.Lo >= cut })
	for _, f := range other.Clone().Faults {
		if f.At.Lo < cut || f.At.Lo > s.Safety {
			continue
		}
		alone := s
		alone.Faults = []scenarios.Fault{f}
		if alone.Check() == nil {
			out = append(out, f)
		}
	}
	return out
}
