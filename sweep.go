package simctl

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/reports/journal"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/guided"
	"github.com/simctl/simctl/sim/cluster"
)

// SweepOptions say how many runs are made and how.
type SweepOptions struct {
	Options
	// Jobs is the number of runs at a time; 0 means one a core.
	Jobs int
	// For stops starting runs after that much wall time, but not before the
	// first; 0 never does.
	For time.Duration
	// Stop, if not nil, sees every result after each did; true ends the sweep
	// there.
	Stop func(*Result) bool
	// StopAfter stops after that many runs with a violation; 0 never does.
	StopAfter int
	// Again is one run in how many that is made twice and compared; 0 means
	// 20. A run with a violation is always made twice.
	Again int
	// Pinned: a scenario that names a seed is run once, from that one, whatever
	// the seeds are.
	Pinned bool
	// Past are the runs that the same sweep has finished before. They are
	// counted and not made again; each and Stop do not see them.
	Past []journal.Line
	// Targets are what guided runs look for beside all that is new.
	Targets []guided.Target
}

// Runs is how many runs a sweep of count seeds makes; 0 if they have no end.
func (o SweepOptions) Runs(list []scenarios.Scenario, count uint64) uint64 {
	n := uint64(0)
	for _, s := range list {
		if o.pinned(s) {
			n++
		} else if n += count; count == 0 {
			return 0
		}
	}
	return n
}

func (o SweepOptions) pinned(s scenarios.Scenario) bool { return o.Pinned && s.Seed != 0 }

// A Share is one strategy's share of a sweep.
type Share struct {
	Runs, Violations int
	// News is how many abstract states, and ways between two, its runs were the
	// first to see; 0 in a sweep that does not look.
	News int
}

// A Summary sums a sweep up.
type Summary struct {
	Runs, Violations, Inconclusive, Nondeterministic int
	FirstViolation                                   *Result
	Steps                                            uint64
	SimulatedNs                                      int64
	Failovers, Calls, Acked                          int
	Faults                                           map[string]int // runs in which a class struck
	Reached                                          map[string]int // runs that saw a thing
	Scenarios                                        []ScenarioSummary
	Strategies                                       map[Strategy]Share
	// Unreached lists "SCENARIO: NAME" for what a scenario says some run of a
	// sweep must see, and none of at least 20 did.
	Unreached   []string
	Wall        time.Duration
	Interrupted bool
}

// A ScenarioSummary is one scenario's share of a sweep: whether it had power.
type ScenarioSummary struct {
	Name            string
	Runs            int
	MedianFailovers int
	MinAcked        int
	MedianAcked     int
	Faults          map[string]int // runs in which a class struck
	MayDraw         map[string]int // runs that might have drawn it

	failovers, acked []int
	hopes            map[string]int // runs whose scenario says that some run must see a thing
}

// RunsPerSecond is the rate of the sweep in wall time.
func (s *Summary) RunsPerSecond() float64 { return float64(s.Runs) / s.Wall.Seconds() }

// StepsPerSecond is the rate of kernel steps in wall time.
func (s *Summary) StepsPerSecond() float64 { return float64(s.Steps) / s.Wall.Seconds() }

// Verdict sums every run up.
func (s *Summary) Verdict() checker.Verdict {
	switch {
	case s.Violations > 0:
		return checker.Violation
	case s.Inconclusive > 0 || len(s.Unreached) > 0:
		return checker.Inconclusive
	}
	return checker.Pass
}

// sweepItem is one run to make, and its place in the order.
type sweepItem struct {
	n        int
	name     string // of the scenario that was asked for
	scenario scenarios.Scenario
	seed     uint64
	strategy Strategy
	made     bool // the scenario is what the strategy made
}

// sweepDone is one run made.
type sweepDone struct {
	n     int
	name  string
	r     *Result
	saw   []uint64
	arena *cluster.Arena // holds the result's events
	err   error
}

// arenas are those that no run uses.
type arenas chan *cluster.Arena

func (as arenas) take() *cluster.Arena {
	select {
	case a := <-as:
		return a
	default:
		return &cluster.Arena{}
	}
}

func (as arenas) put(a *cluster.Arena) {
	select {
	case as <- a:
	default:
	}
}

// Sweep runs every seed on every scenario and calls each with every result,
// one at a time, in the order seed by seed, whatever order they were made in.
// The result's events are gone once each has returned: their memory is used
// again by later runs.
func Sweep(ctx context.Context, list []scenarios.Scenario, seeds iter.Seq[uint64], o SweepOptions, each func(*Result)) (*Summary, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("sweep: no scenario")
	}
	watch := NewStopwatch()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs := o.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	items, done, free := make(chan sweepItem), make(chan sweepDone), make(arenas, 2*jobs)
	s, search := &Summary{Faults: map[string]int{}, Reached: map[string]int{}, Strategies: map[Strategy]Share{}}, newSearch(ctx, o)
	before, err := s.resume(search, o.Past)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	watch.start = watch.start.Add(-before)
	go search.feed(ctx, list, seeds, o, watch, items)
	var wg sync.WaitGroup
	for range jobs {
		wg.Go(func() {
			for it := range items {
				a := free.take()
				r, err := sweepOne(ctx, free, a, it, o)
				done <- sweepDone{it.n, it.name, r, search.saw(r), a, err}
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	err = s.collect(done, search, free, watch, o, each, cancel)
	s.Wall = watch.Elapsed()
	s.finish(list)
	return s, err
}

// sweepOne makes one run, and makes it again if its turn or its verdict says
// so. A run that has begun is finished even when the sweep was cancelled.
func sweepOne(ctx context.Context, free arenas, a *cluster.Arena, it sweepItem, o SweepOptions) (*Result, error) {
	ctx = context.WithoutCancel(ctx)
	again := o.Again
	if again <= 0 {
		again = 20
	}
	o.Strategy = it.strategy
	if it.made {
		o.Strategy = ""
	}
	r, err := runIn(ctx, a, it.scenario, it.seed, o.Options)
	if r != nil {
		r.Strategy = it.strategy
	}
	if err != nil || it.n%again != 0 && r.Verdict != checker.Violation {
		return r, err
	}
	b := free.take()
	defer free.put(b)
	second, err := runIn(ctx, b, it.scenario, it.seed, o.Options)
	if err != nil {
		return nil, err
	}
	r.compare(ctx, second.twin())
	return r, nil
}

// collect puts results back in order.
func (s *Summary) collect(done <-chan sweepDone, search *search, free arenas, watch Stopwatch, o SweepOptions, each func(*Result), stop func()) error {
	waiting := map[int]sweepDone{}
	next, stopped := len(o.Past), false
	var failed error
	for d := range done {
		waiting[d.n] = d
		for {
			d, ok := waiting[next]
			if !ok {
				break
			}
			delete(waiting, next)
			next++
			switch {
			case d.err != nil && failed == nil:
				failed = d.err
				stop()
			case d.err != nil || stopped:
			default:
				d.r.Asked, d.r.SweepNs = d.name, watch.Elapsed().Nanoseconds()
				search.add(&d)
				s.add(d.r)
				if each != nil {
					each(d.r)
				}
				stopped = o.StopAfter > 0 && s.Violations >= o.StopAfter || o.Stop != nil && o.Stop(d.r)
				d.r.Events, d.r.Trace = nil, nil
				free.put(d.arena)
				if stopped {
					stop()
				}
			}
		}
	}
	return failed
}

// add counts one result.
func (s *Summary) add(r *Result) {
	s.Runs++
	s.Steps += r.Steps
	s.SimulatedNs += r.SimulatedNs
	s.Failovers += len(r.Failovers)
	s.Calls += r.Calls
	s.Acked += r.Acked
	switch {
	case r.Nondeterminism != "":
		s.Nondeterministic++
	case r.Verdict == checker.Inconclusive:
		s.Inconclusive++
	}
	if r.Verdict == checker.Violation {
		s.Violations++
		if s.FirstViolation == nil {
			s.FirstViolation = r
		}
	}
	for _, name := range r.Reached {
		s.Reached[r.Scenario.Name+" "+name]++
	}
	share := s.Strategies[r.Strategy]
	share.Runs, share.News = share.Runs+1, share.News+len(r.News)
	if r.Verdict == checker.Violation {
		share.Violations++
	}
	s.Strategies[r.Strategy] = share
	sc := s.scenario(r.Scenario.Name)
	sc.Runs++
	for _, name := range r.Scenario.Sometimes {
		sc.hopes[name]++
	}
	sc.failovers = append(sc.failovers, len(r.Failovers))
	sc.acked = append(sc.acked, r.Acked)
	struck := map[string]bool{}
	for _, f := range r.Struck {
		struck[string(f.Class)] = true
	}
	for class := range struck { //det:allow only counts
		s.Faults[class]++
		sc.Faults[class]++
	}
	may := map[string]bool{}
	for _, f := range r.Scenario.Faults {
		may[string(f.Class)] = true
	}
	for class := range may { //det:allow only counts
		sc.MayDraw[class]++
	}
}

func (s *Summary) scenario(name string) *ScenarioSummary {
	for i := range s.Scenarios {
		if s.Scenarios[i].Name == name {
			return &s.Scenarios[i]
		}
	}
	s.Scenarios = append(s.Scenarios, ScenarioSummary{Name: name, Faults: map[string]int{}, MayDraw: map[string]int{}, hopes: map[string]int{}})
	return &s.Scenarios[len(s.Scenarios)-1]
}

// finish computes medians and what stayed unreached.
func (s *Summary) finish(list []scenarios.Scenario) {
	for i := range s.Scenarios {
		sc := &s.Scenarios[i]
		sc.MedianFailovers, sc.MedianAcked = median(sc.failovers), median(sc.acked)
		sc.MinAcked = slices.Min(sc.acked)
	}
	for _, sc := range list {
		for _, name := range sc.Sometimes {
			if s.scenario(sc.Name).hopes[name] >= 20 && s.Reached[sc.Name+" "+name] == 0 {
				s.Unreached = append(s.Unreached, sc.Name+": "+name)
			}
		}
	}
}

func median(xs []int) int {
	if len(xs) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(xs))
	return sorted[(len(sorted)-1)/2]
}
