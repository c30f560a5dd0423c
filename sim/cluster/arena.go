package cluster

import (
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/kernel"
)

// An Arena is memory that runs use again, one after another. It changes
// nothing of what happens. The zero Arena is empty.
//
// The events of a [Recording] are the arena's: the next run in it overwrites
// them.
type Arena struct {
	events []trace.Event
	queue  kernel.Memory
}

// eventsAtFirst is how many events a run has room for before it needs more.
const eventsAtFirst = 1024

// adopt lets a new world use the arena.
func (w *World) adopt(a *Arena) {
	if a == nil {
		w.events = make([]trace.Event, 0, eventsAtFirst)
		return
	}
	if a.events == nil {
		a.events = make([]trace.Event, 0, eventsAtFirst)
	}
	w.events = a.events[:0]
	w.k.Adopt(&a.queue)
}

// giveBack ends a world.
func (w *World) giveBack(a *Arena) {
	if a == nil {
		return
	}
	a.events = w.events[:0]
	w.k.GiveBack(&a.queue)
}
