package invariant

import (
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var terminalIsFinal = checker.Property{
	Name: "terminal-is-final", Kind: checker.Safety,
	Says: "A final state of a job is told for ever: nobody who asks later is told another one, or that there is no such job, " +
		"and no later master holds another one. Evicted stands for the final state.",
	Source: "invariant I4; defects D-04, D-05, D-30: what has ended runs again, or is not known any more",
	New: func() checker.Monitor {
		return &final{Breach: checker.Breach{Property: "terminal-is-final"}, told: map[string]trace.Event{}, asked: map[question]int64{},
			held: map[string]trace.Event{}}
	},
}

// final keeps the first final state that a client was told of each job, and the
// first that a master held of each driver when it became Alive.
type final struct {
	checker.Breach
	told  map[string]trace.Event // by tag
	asked map[question]int64     // when an operation that has no answer yet was begun
	held  map[string]trace.Event // by ID
}

// evicted is what is told of a job that is over and was forgotten as one of too
// many. It stands for its final state, whichever that is.
const evicted = "evicted"

// question is one operation of one client.
type question struct {
	client string
	inc    uint32
	n      int64
}

func (m *final) Observe(e *trace.Event) {
	switch {
	case e.Kind == trace.Call && e.Value == "status":
		m.asked[question{e.Process, e.Inc, e.N}] = e.At
	case e.Kind == trace.Return && e.Value == "status":
		m.status(e)
	case e.Kind == trace.Recovered:
		m.recovered(e)
	}
}

func (m *final) status(e *trace.Event) {
	q := question{e.Process, e.Inc, e.N}
	asked, known := m.asked[q]
	delete(m.asked, q)
	before, over := m.told[e.Subject]
	forgotten := before.Detail == evicted
	switch {
	case over && known && asked > before.Latest() && e.Detail != before.Detail && e.Detail != evicted && !(forgotten && isFinal(e.Detail)):
		m.Violated(e, "%s, asked at %s, after %s", checker.At(e), trace.Moment(asked), checker.At(&before))
	case (!over || forgotten) && isFinal(e.Detail), !over && e.Detail == evicted:
		m.told[e.Subject] = *e
	}
}

// recovered holds what a master holds against what one of an earlier term held.
func (m *final) recovered(e *trace.Event) {
	id, ok := checker.RecordID(e.Subject, "driver")
	if !ok {
		return
	}
	before, over := m.held[id]
	switch {
	case over && e.Term > before.Term && e.Value != before.Value:
		m.Violated(e, "%s after %s", checker.At(e), checker.At(&before))
	case !over && isFinal(e.Value):
		m.held[id] = *e
	}
}

func (m *final) Finding() checker.Finding {
	return m.Judged("%d jobs told as over, %d held as over by a later master", len(m.told), len(m.held))
}
