// Package shrink turns a failing run into a minimal one: fewer faults, fewer
// operations, fewer machines, rounder times, weaker faults, and no luck in the
// order of events, for as long as a judge says that it fails in the same way.
//
// A candidate counts only if its faults are the cause: without them it must
// not fail. Judging is the caller's, as sim knows no judge, and so is doing it
// for several runs at once; the result depends on the judge's answers alone.
package shrink

import (
	"fmt"
	"time"

	"github.com/simctl/simctl/scenarios"
)

// A Run is a run as data: a scenario that is pinned, its faults among it, and
// the seed of everything else.
type Run struct {
	Scenario scenarios.Scenario
	Seed     uint64
}

// String is the run as a text: two runs of one text are one run.
func (r Run) String() string { return fmt.Sprintf("%s# seed %d\n", r.Scenario, r.Seed) }

// Without is the run without its i-th fault.
func (r Run) Without(i int) Run {
	r.Scenario = r.Scenario.Clone()
	r.Scenario.Faults = append(r.Scenario.Faults[:i:i], r.Scenario.Faults[i+1:]...)
	return r
}

// faultless is the run without any fault.
func (r Run) faultless() Run {
	r.Scenario = r.Scenario.Clone()
	r.Scenario.Faults = nil
	return r
}

// An Answer is what the judge says of a run.
type Answer struct {
	Fails bool          // in the same way as the first one
	At    time.Duration // when it failed, virtual; of a run that fails
}

// Options say what failing is, and how long to look.
type Options struct {
	// Judge says of each run whether it fails. An error ends the shrinking; a
	// run that cannot be run does not fail.
	Judge func(runs []Run) ([]Answer, error)
	// Runs bounds the runs that are tried; 0 does not.
	Runs int
	// Stop, if not nil, is asked now and then; true ends the shrinking.
	Stop func() bool
	// FaultsOnly leaves the world, what clients do, and when faults strike as they
	// are: what fails is something that was to be seen of just that.
	FaultsOnly bool
	// Messages are the kinds of message that a lost one may be of.
	Messages []string
}

// A Pass is one way of making a run smaller, and what it was worth.
type Pass struct {
	Name  string
	Tried int // runs
	Kept  int // those that failed, and became the next to make smaller
}

// A Result is what is left.
type Result struct {
	Run    Run
	Passes []Pass // summed over the rounds
	Tried  int    // runs in all
	Rounds int    // the last one found nothing more to make smaller
	// Caused: without its faults the run does not fail. If it does, there are
	// none left.
	Caused bool
	// Minimal: every single fault was left out, and unless FaultsOnly every
	// operation and machine, and no such run fails because of its faults. If not,
	// Why says what ended the search.
	Minimal bool
	Why     string
}

// shrinker is one search under way.
type shrinker struct {
	o      Options
	best   Run
	at     time.Duration // when best fails
	memo   map[string]Answer
	asked  map[string]bool // what counts as tried
	caused bool
	pass   *Pass
	over   string // why the search has ended early
	err    error
}

// batch is how many runs are judged at once at most: a constant, so that what
// is tried does not depend on the machine.
const batch = 8

// Shrink makes a run smaller. Starts are the run to begin with, in several
// forms of which the first that fails is taken. It returns nil if none does.
func Shrink(starts []Run, o Options) (*Result, error) {
	s := &shrinker{o: o, memo: map[string]Answer{}, asked: map[string]bool{}, pass: &Pass{}}
	found := false
	for _, r := range starts {
		if a := s.judge([]Run{r}); len(a) == 1 && a[0].Fails && !found {
			s.best, s.at, found = r, a[0].At, true
		}
	}
	if s.err != nil || !found {
		return nil, s.err
	}
	out := &Result{}
	if a := s.judge([]Run{s.best.faultless()}); len(a) == 1 && a[0].Fails {
		s.best, s.at = s.best.faultless(), a[0].At
	} else {
		s.caused = true
	}
	for kept := 1; kept > 0 && s.over == ""; {
		kept = 0
		out.Rounds++
		for i, p := range passes {
			s.pass = &Pass{Name: p.name}
			if p.faults || !o.FaultsOnly {
				p.run(s)
			}
			kept += s.pass.Kept
			if len(out.Passes) == i {
				out.Passes = append(out.Passes, Pass{Name: p.name})
			}
			out.Passes[i].Tried += s.pass.Tried
			out.Passes[i].Kept += s.pass.Kept
		}
	}
	out.Run, out.Tried, out.Caused = s.best, len(s.asked), s.caused
	out.Minimal, out.Why = s.over == "", s.over
	return out, s.err
}

// passes are the ways of making a run smaller, the most worth first.
var passes = []struct {
	name   string
	run    func(s *shrinker)
	faults bool // it changes what faults there are, and nothing else
}{
	{"what comes after", (*shrinker).after, false},
	{"faults", (*shrinker).faults, true},
	{"operations", (*shrinker).operations, false},
	{"machines", (*shrinker).machines, false},
	{"the world", (*shrinker).world, false},
	{"weaker faults", (*shrinker).weaken, true},
	{"times", (*shrinker).times, false},
	{"ties", (*shrinker).ties, true},
}

// judge answers what is known, and asks for the others.
func (s *shrinker) judge(runs []Run) []Answer {
	var open []Run
	for _, r := range runs {
		if _, known := s.memo[r.String()]; !known {
			open = append(open, r)
		}
	}
	if len(open) > 0 && s.err == nil {
		answers, err := s.o.Judge(open)
		if err != nil {
			s.err, s.over = err, err.Error()
			return nil
		}
		for i, r := range open {
			s.memo[r.String()] = answers[i]
		}
	}
	out := make([]Answer, len(runs))
	for i, r := range runs {
		text := r.String()
		out[i] = s.memo[text]
		if !s.asked[text] {
			s.asked[text] = true
			s.pass.Tried++
		}
	}
	return out
}

// first takes the first of the candidates that fails, and fails because of its
// faults. It returns its index, or -1.
func (s *shrinker) first(candidates []Run) int {
	was := s.best.String()
	size := 2
	for from := 0; from < len(candidates); {
		var group []Run
		var index []int
		for ; from < len(candidates) && len(group) < size; from++ {
			if c := candidates[from]; c.String() != was && c.Scenario.Check() == nil {
				group, index = append(group, c), append(index, from)
			}
		}
		if s.ended() {
			return -1
		}
		for i, a := range s.judge(group) {
			if a.Fails && s.blames(group[i]) {
				s.best, s.at = group[i], a.At
				s.pass.Kept++
				return index[i]
			}
		}
		size = min(2*size, batch)
	}
	return -1
}

// blames reports whether the faults of a failing run are the cause.
func (s *shrinker) blames(r Run) bool {
	if !s.caused {
		return true
	}
	if len(r.Scenario.Faults) == 0 {
		return false
	}
	a := s.judge([]Run{r.faultless()})
	return len(a) == 1 && !a[0].Fails
}

// ended reports whether the search must end.
func (s *shrinker) ended() bool {
	switch {
	case s.over != "":
	case s.o.Runs > 0 && len(s.asked) >= s.o.Runs:
		s.over = fmt.Sprintf("the budget of %d runs is used up", s.o.Runs)
	case s.o.Stop != nil && s.o.Stop():
		s.over = "the time is used up"
	}
	return s.over != ""
}

// reduce leaves out parts of a list: halves first, then smaller pieces, down to
// single ones until none of them can go. Count is how many there are, and
// without the run that lacks those from lo to hi.
func (s *shrinker) reduce(count func(Run) int, without func(r Run, lo, hi int) Run) {
	for size := count(s.best); size >= 1; {
		kept := false
		for lo := 0; lo < count(s.best); {
			var candidates []Run
			for at := lo; at < count(s.best); at += size {
				candidates = append(candidates, without(s.best, at, min(at+size, count(s.best))))
			}
			i := s.first(candidates)
			if i < 0 {
				break
			}
			kept = true
			lo += i * size
		}
		switch {
		case s.over != "":
			return
		case size > 1:
			size = min((size+1)/2, max(count(s.best), 1))
		case !kept:
			return
		}
	}
}

// edit tries changes of the best run one after the other, each until it is of
// no more use.
func (s *shrinker) edit(changes []func(r *Run)) {
	for from := 0; from < len(changes); {
		var candidates []Run
		for _, change := range changes[from:] {
			candidates = append(candidates, s.best.changed(change))
		}
		i := s.first(candidates)
		if i < 0 {
			return
		}
		from += i + 1
	}
}

// changed is a copy of the run with a change.
func (r Run) changed(change func(r *Run)) Run {
	r.Scenario = r.Scenario.Clone()
	change(&r)
	return r
}
