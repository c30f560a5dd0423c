package invariant

import (
	"maps"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var idsUnique = checker.Property{
	Name: "ids-unique", Kind: checker.Safety,
	Says: "No identity is given twice, by any masters in any terms: not to two jobs, two applications, two executors, " +
		"or two processes of workers.",
	Source: "invariant I10; defects D-14, D-17, D-27, D-38: numbers begin again with the next master, or within one second",
	New: func() checker.Monitor {
		return &ids{Breach: checker.Breach{Property: "ids-unique"}, first: map[identity]trace.Event{}}
	},
}

// ids keeps who was seen first under each identity.
type ids struct {
	checker.Breach
	first map[identity]trace.Event
}

// identity is an ID among those of its kind.
type identity struct{ kind, id string }

func (m *ids) Observe(e *trace.Event) {
	switch {
	case e.Kind == trace.Return && e.Value == "submit" && e.Detail != "":
		m.job(e, "driver", e.Detail, e.Subject)
	case e.Kind == trace.Recovered && e.Detail != "":
		if id, ok := checker.RecordID(e.Subject, "driver"); ok {
			m.job(e, "driver", id, e.Detail)
		}
	case e.Kind == trace.App && e.Value == "registered" && e.Detail != "":
		m.job(e, "application", e.Detail, e.Subject)
	case e.Kind == trace.Executor && e.Value == "started":
		m.process(e, "executor")
	case e.Kind == trace.Registered:
		m.process(e, "worker")
	}
}

// job judges an ID that belongs to one tag.
func (m *ids) job(e *trace.Event, kind, id, tag string) {
	key := identity{kind, id}
	before, known := m.first[key]
	if !known {
		first := *e
		first.Subject = tag // what is compared; the ID is in the key
		m.first[key] = first
		return
	}
	if before.Subject != tag {
		m.Violated(e, "%s %s is job %s's (%s, step %d) and was job %s's (%s, step %d)",
			kind, id, tag, trace.Moment(e.At), e.Step, before.Subject, trace.Moment(before.At), before.Step)
	}
}

// process judges an ID that belongs to one incarnation of one process.
func (m *ids) process(e *trace.Event, kind string) {
	key := identity{kind, e.Subject}
	before, known := m.first[key]
	switch {
	case !known:
		m.first[key] = *e
	case before.Process != e.Process || before.Inc != e.Inc:
		m.Violated(e, "%s %s is that of %s#%d (%s, step %d) and was that of %s#%d (%s, step %d)", kind, e.Subject,
			e.Process, e.Inc, trace.Moment(e.At), e.Step, before.Process, before.Inc, trace.Moment(before.At), before.Step)
	}
}

// Hears implements checker.Listener.
func (m *ids) Hears(e *trace.Event) bool {
	switch e.Kind {
	case trace.Return, trace.Recovered, trace.App, trace.Executor, trace.Registered:
		return true
	}
	return false
}

// Clone implements checker.Explorable.
func (m *ids) Clone() checker.Explorable {
	c := *m
	c.first = maps.Clone(m.first)
	return &c
}

// Digest implements checker.Explorable.
func (m *ids) Digest(d checker.Sink) {
	checker.DigestSorted(d, m.first, identity.name, func(i identity, e trace.Event) {
		d.Str(i.kind)
		d.Str(i.id)
		if i.kind == "driver" || i.kind == "application" {
			d.Str(e.Subject)
		} else {
			d.Str(e.Process)
			d.Uint(uint64(e.Inc))
		}
	})
}

func (i identity) name() string { return i.kind + " " + i.id }

func (m *ids) Finding() checker.Finding { return m.Judged("%d identities", len(m.first)) }
