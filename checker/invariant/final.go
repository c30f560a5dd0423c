package invariant

import (
	"maps"
	"strconv"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var terminalIsFinal = checker.Property{
	Name: "terminal-is-final", Kind: checker.Safety,
	Says: "A final state of a job is told for ever: nobody who asks later is told another one, or that there is no such job, " +
		"and no later master holds another one. Evicted stands for the final state.",
	Source: "invariant I4; defects D-04, D-05, D-30: what has ended runs again, or is not known any more",
	New: func() checker.Monitor {
		return &final{Breach: checker.Breach{Property: "terminal-is-final"}, told: map[string]trace.Event{}, asked: map[question]trace.Event{},
			held: map[string]trace.Event{}}
	},
}

// final keeps the first final state that a client was told of each job, and the
// first that a master held of each driver when it became Alive.
type final struct {
	checker.Breach
	told  map[string]trace.Event   // by tag
	asked map[question]trace.Event // when an operation that has no answer yet was begun
	held  map[string]trace.Event   // by ID
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
		m.asked[question{e.Process, e.Inc, e.N}] = *e
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
	case over && known && after(&asked, &before) && e.Detail != before.Detail && e.Detail != evicted && !(forgotten && isFinal(e.Detail)):
		m.Violated(e, "%s, asked at %s, after %s", checker.At(e), trace.Moment(asked.At), checker.At(&before))
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

// Hears implements checker.Listener.
func (m *final) Hears(e *trace.Event) bool {
	return (e.Kind == trace.Call || e.Kind == trace.Return) && e.Value == "status" || e.Kind == trace.Recovered
}

// Clone implements checker.Explorable.
func (m *final) Clone() checker.Explorable {
	c := *m
	c.told, c.asked, c.held = maps.Clone(m.told), maps.Clone(m.asked), maps.Clone(m.held)
	return &c
}

// Digest implements checker.Explorable. Of the moment of an operation that has no
// answer yet it matters which ends were told before.
func (m *final) Digest(d checker.Sink) {
	checker.DigestSorted(d, m.told, checker.Itself, func(tag string, e trace.Event) { d.Str(tag); d.Str(e.Detail) })
	checker.DigestSorted(d, m.asked, question.name, func(q question, asked trace.Event) {
		d.Str(q.client)
		d.Uint(uint64(q.inc))
		d.Int(q.n)
		checker.DigestSorted(d, m.told, checker.Itself, func(_ string, told trace.Event) { d.Bool(after(&asked, &told)) })
	})
	checker.DigestSorted(d, m.held, checker.Itself, func(id string, e trace.Event) {
		d.Str(id)
		d.Str(e.Value)
		d.Int(e.Term)
	})
}

func (q question) name() string {
	return q.client + "#" + strconv.FormatUint(uint64(q.inc), 10) + "#" + strconv.FormatInt(q.n, 10)
}

func (m *final) Finding() checker.Finding {
	return m.Judged("%d jobs told as over, %d held as over by a later master", len(m.told), len(m.held))
}
