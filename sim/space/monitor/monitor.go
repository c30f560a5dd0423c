// Package monitor is the judges of a run as a part of explored states.
package monitor

import (
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/sums"
)

// A Monitor is a judge whose state is a part of the state that is explored.
type Monitor interface {
	// Observe takes the next event.
	Observe(e *trace.Event)
	// Clone returns a monitor that has observed the same.
	Clone() Monitor
	// Digest writes what matters for verdicts to come. Now is the time of the
	// state, as in Event.At.
	Digest(d *host.Digest, now int64)
	// Broken returns the property that was violated, and how; "" if none was.
	Broken() (property, detail string)
}

// A Watch is monitors after all events so far. It never changes. The zero Watch
// has none.
type Watch struct {
	Property string // that was violated first; "" if none was
	Detail   string // how
	Step     uint64 // at least that of every event seen
	Sum      uint64 // of the monitors' states

	list []Monitor
	now  int64 // the time for which Sum is
}

// New returns a Watch of monitors that have seen nothing.
func New(list []Monitor) *Watch { return &Watch{list: list} }

// Some reports whether anybody watches.
func (w *Watch) Some() bool { return len(w.list) > 0 }

// A Memory is what watches saw: those of one digest say the same of what comes,
// so that what they saw once is remembered. It belongs to one goroutine.
type Memory map[seeing]*Watch

// seeing is what the monitors have seen and see now.
type seeing struct {
	before  uint64
	at, now int64
	events  uint64
}

// enough is how much is remembered at most; then all is forgotten.
const enough = 1 << 17

// See shows the monitors the events of a step, at whose end it is now, and
// returns the Watch after it. M may be nil: nothing is remembered then.
func (w *Watch) See(events []trace.Event, step uint64, now int64, m Memory) *Watch {
	if len(w.list) == 0 || len(events) == 0 && w.now == now {
		return w
	}
	key := seeing{before: w.Sum, at: w.now, now: now, events: sums.OfEvents(events)}
	if seen := m[key]; seen != nil {
		return seen
	}
	c := &Watch{list: w.list, Property: w.Property, Detail: w.Detail, Step: max(w.Step, step), now: now}
	if len(events) > 0 {
		c.list = make([]Monitor, len(w.list))
		for i, x := range w.list {
			c.list[i] = x.Clone()
			c.show(c.list[i], events)
		}
	}
	var d host.Digest
	for _, x := range c.list {
		x.Digest(&d, now)
	}
	c.Sum = d.Sum()
	if m != nil {
		if len(m) >= enough {
			clear(m)
		}
		m[key] = c
	}
	return c
}

func (w *Watch) show(m Monitor, events []trace.Event) {
	for i := range events {
		m.Observe(&events[i])
	}
	if w.Property == "" {
		w.Property, w.Detail = m.Broken()
	}
}
