package simctl

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/simctl/simctl/model/coverage"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/guided"
	"github.com/simctl/simctl/scenarios/strategy"
)

// batch is how many runs of a sweep a guided one does not wait for, at least: it
// goes on from what all runs up to the end of the last batch but one saw. So the
// runs are the same however many are made at a time.
const batch = 16

// search makes the runs of a sweep from its strategy, and learns from them.
type search struct {
	strategy Strategy
	learns   bool // some run is guided

	mu     sync.Mutex
	added  sync.Cond // a run, or the end
	corpus guided.Corpus
	ended  bool
}

func newSearch(ctx context.Context, o SweepOptions) *search {
	s := &search{strategy: o.Strategy, learns: o.Strategy == strategy.Guided || o.Strategy == strategy.Mix}
	s.added.L = &s.mu
	s.corpus.Aim(o.Targets)
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended = true
		s.added.Broadcast()
	})
	return s
}

// saw lists the abstract states, and the ways between them, of a run.
func (s *search) saw(r *Result) []uint64 {
	if !s.learns || r == nil {
		return nil
	}
	var m coverage.Map
	for i := range r.Events {
		m.Observe(&r.Events[i])
	}
	return m.Seen()
}

// add learns from a run, in the order of the sweep.
func (s *search) add(d *sweepDone) {
	if !s.learns {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.r.News = s.corpus.Add(d.name, d.r.Drawn, d.saw)
	s.added.Broadcast()
}

// prepare makes the scenario of an item if that needs more than the seed.
func (s *search) prepare(it *sweepItem) {
	it.strategy = strategy.Resolve(s.strategy, it.scenario, drawsOf(it.seed))
	if it.strategy != strategy.Guided {
		return
	}
	runs := max(0, (it.n/batch-1)*batch)
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.corpus.Runs() < runs && !s.ended {
		s.added.Wait()
	}
	made, ok := s.corpus.Next(it.name, runs, drawsOf(it.seed))
	if !ok {
		made = strategy.Apply(strategy.Guided, it.scenario, drawsOf(it.seed))
	}
	it.scenario, it.made = made, true
}

func (s *search) feed(ctx context.Context, list []scenarios.Scenario, seeds iter.Seq[uint64], o SweepOptions, w Stopwatch, out chan<- sweepItem) {
	defer close(out)
	n := 0
	for seed := range seeds {
		for _, sc := range list {
			if o.For > 0 && n > len(o.Past) && w.Elapsed() > o.For {
				return
			}
			if n < len(o.Past) {
				n++
				continue
			}
			it := sweepItem{n: n, name: sc.Name, scenario: sc, seed: seed, strategy: strategy.Random}
			if o.pinned(sc) {
				it.seed = sc.Seed
			} else {
				s.prepare(&it)
			}
			select {
			case <-ctx.Done():
				return
			case out <- it:
				n++
			}
		}
		if list = slices.DeleteFunc(slices.Clone(list), o.pinned); len(list) == 0 {
			return
		}
	}
}
