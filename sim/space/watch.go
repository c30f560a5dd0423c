package space

import (
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/sums"
)

// watch is the monitors after all events so far. It never changes.
type watch struct {
	list             []Monitor
	property, detail string
	step             uint64 // at least that of every event seen
	now              int64  // the time for which sum is
	sum              uint64
}

// seeing is what the monitors have seen and see now.
type seeing struct {
	before  uint64
	at, now int64
	events  uint64
}

// observe shows the monitors what the step has told. Monitors of one digest say
// the same of what comes, so that what they saw once is remembered.
func (w *World) observe() {
	old := w.watch
	if len(old.list) == 0 || len(w.events) == 0 && old.now == w.now {
		return
	}
	key := seeing{before: old.sum, at: old.now, now: w.now, events: sums.OfEvents(w.events)}
	if w.memory != nil {
		if seen := w.memory.seen[key]; seen != nil {
			w.watch, w.events = seen, nil
			return
		}
	}
	c := &watch{list: old.list, property: old.property, detail: old.detail, step: max(old.step, w.steps), now: w.now}
	if len(w.events) > 0 {
		c.list = make([]Monitor, len(old.list))
		for i, m := range old.list {
			c.list[i] = m.Clone()
			c.see(c.list[i], w.events)
		}
	}
	var d host.Digest
	for _, m := range c.list {
		m.Digest(&d, w.now)
	}
	c.sum = d.Sum()
	w.watch, w.events = c, nil
	if w.memory != nil {
		w.memory.keep(key, c)
	}
}

func (c *watch) see(m Monitor, events []trace.Event) {
	for i := range events {
		m.Observe(&events[i])
	}
	if c.property == "" {
		c.property, c.detail = m.Broken()
	}
}
