package liveness

import (
	"fmt"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var clientsFind = checker.Property{
	Name: "clients-find-the-master", Kind: checker.Liveness,
	Says: "Within a bound after the faults are over, or after it was asked if that is later, " +
		"every request of a healthy client is answered.",
	Source: "defects D-12, D-33, D-39: a master that never answers, a client that no longer asks the one that would",
	New: func() checker.Monitor {
		return &watch{property: "clients-find-the-master", goal: &answered{open: map[operation]trace.Event{}}, lasting: true}
	},
}

// answered wants no request that waits for longer than the bound. One that was
// given up waits for ever, if it was given up after it should have been
// answered; who gave up before that proves nothing.
type answered struct {
	open  map[operation]trace.Event
	order []operation // keys of open, and of some that are not open any more
}

// operation is one request of one incarnation of a client.
type operation struct {
	client string
	inc    uint32
	n      int64
}

func (a *answered) observe(e *trace.Event) {
	key := operation{e.Process, e.Inc, e.N}
	switch e.Kind {
	case trace.Call:
		a.open[key] = *e
		a.order = append(a.order, key)
	case trace.Return:
		delete(a.open, key)
	case trace.GaveUp:
		if o, ok := a.open[key]; ok {
			o.Until = e.At // how long it waited
			a.open[key] = o
		}
	default:
	}
}

func (a *answered) missing(w *watch, now int64) string {
	kept := a.order[:0]
	late := ""
	for _, key := range a.order {
		o, ok := a.open[key]
		if !ok {
			continue
		}
		kept = append(kept, key)
		due := max(o.At, w.healedAt) + w.bound.N
		if late == "" && w.inCore(key.client) && now > due && (o.Until == 0 || o.Until > due) {
			late = fmt.Sprintf("%s waits for the answer to %s %s since %s", key.client, o.Value, o.Subject, trace.Moment(o.At))
		}
	}
	a.order = kept
	return late
}
