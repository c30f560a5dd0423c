package space

import (
	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/foot"
)

// A System is a Config as something to explore.
type System struct {
	c      Config
	memory *memory
}

var _ explore.System[*World] = (*System)(nil)

// New returns the system of a configuration. It fails if that makes no sense.
func New(c Config) (*System, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	return &System{c: c, memory: newMemory()}, nil
}

// Fork implements explore.Forked.
func (s *System) Fork() explore.System[*World] { return &System{c: s.c, memory: newMemory()} }

// Initial implements explore.System: there is one initial state.
func (s *System) Initial() []*World { return []*World{s.first(nil)} }

// Actions implements explore.System.
func (s *System) Actions(w *World, dst []explore.Action) []explore.Action {
	if w.watch.Property != "" {
		return dst // what a violation leads to is not asked
	}
	return w.actions(dst)
}

// IndependentIn implements explore.IndependentIn. Where what is under way arrives
// in the order in which it was sent there is little to choose, and nothing commutes.
func (s *System) IndependentIn(w *World, a, b explore.Action) bool {
	if s.c.InOrder {
		return false
	}
	x, y := s.footOf(w, a), s.footOf(w, b)
	return foot.Apart(&x, &y)
}

func (s *System) footOf(w *World, a explore.Action) foot.Foot {
	if kind, _, _ := unpack(a); kind != deliver && kind != served && kind != heard {
		return foot.Foot{All: true}
	}
	return s.memory.feet.Of(w, w.sum, a.ID, func() (*World, foot.Foot) {
		next := s.Apply(w, a)
		return next, next.foot
	})
}

// Apply implements explore.System.
func (s *System) Apply(w *World, a explore.Action) *World {
	if next, tried := s.memory.feet.Take(w, a.ID); tried {
		return next
	}
	next := w.begin()
	next.memory = s.memory
	next.apply(a)
	return next.end()
}

// Digest implements explore.System.
func (s *System) Digest(w *World) uint64 { return w.sum }

// Check implements explore.System.
func (s *System) Check(w *World) (property, detail string) {
	return w.watch.Property, w.watch.Detail
}

// Describe implements explore.System.
func (s *System) Describe(w *World, a explore.Action) string { return w.describe(a) }

// Run carries a path out again and returns its events, those before the initial
// state included, and a line for each action. Of a path that ends in a panic of
// the world itself the events are those before it.
func (s *System) Run(path []explore.Action) (events []trace.Event, lines []string) {
	w := s.first(&events)
	defer func() {
		if r := recover(); r != nil && len(lines) < len(path) {
			panic(r)
		}
	}()
	for _, a := range path {
		lines = append(lines, w.describe(a))
		next := w.begin()
		next.out = &events
		next.apply(a)
		w = next.end()
	}
	return events, lines
}
