package invariant

import (
	"maps"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var killSticks = checker.Property{
	Name: "kill-sticks", Kind: checker.Safety,
	Says:   "After a kill was acknowledged no master of a later term, and no later decision, starts an attempt of that job that no worker had.",
	Source: "invariant I11; defect D-05: the kill is stored nowhere, and the next master starts the driver again",
	New: func() checker.Monitor {
		return &kills{Breach: checker.Breach{Property: "kill-sticks"}, acked: map[string]trace.Event{}, had: map[attempt]bool{}, tags: map[string]string{}}
	},
}

// kills keeps the first acknowledged kill of each job, by its tag where that is
// known: a driver that is started again may get another ID, as under Spark.
type kills struct {
	checker.Breach
	acked map[string]trace.Event
	had   map[attempt]bool // attempts that a worker has
	tags  map[string]string
}

func (m *kills) Observe(e *trace.Event) {
	switch {
	case e.Kind == trace.Return && e.Value == "submit" && e.Detail != "":
		m.tags[e.Detail] = e.Subject
	case e.Kind == trace.Recovered && e.Detail != "":
		if id, ok := checker.RecordID(e.Subject, "driver"); ok {
			m.tags[id] = e.Detail
		}
	case e.Kind == trace.Acked && e.Subject == "kill":
		if _, known := m.acked[m.job(e.Value)]; !known {
			m.acked[m.job(e.Value)] = *e
		}
	case e.Kind == trace.Obeyed && e.Subject == "launch":
		m.launch(e)
	}
}

// job is the tag of a driver's ID, or the ID where no tag was told.
func (m *kills) job(id string) string {
	if tag := m.tags[id]; tag != "" {
		return "tag " + tag
	}
	return id
}

func (m *kills) launch(e *trace.Event) {
	key := attempt{e.Value, e.N}
	had := m.had[key]
	m.had[key] = true
	kill, killed := m.acked[m.job(e.Value)]
	if !killed {
		kill, killed = m.acked[e.Value]
	}
	later := e.Term > kill.Term || e.Term == kill.Term && kill.Zxid != 0 && e.Zxid > kill.Zxid
	if killed && !had && later {
		m.Violated(e, "%s after %s", checker.At(e), checker.At(&kill))
	}
}

// Hears implements checker.Listener.
func (m *kills) Hears(e *trace.Event) bool {
	switch e.Kind {
	case trace.Return, trace.Recovered:
		return true
	case trace.Acked:
		return e.Subject == "kill"
	case trace.Obeyed:
		return e.Subject == "launch"
	}
	return false
}

// Clone implements checker.Explorable.
func (m *kills) Clone() checker.Explorable {
	c := *m
	c.acked, c.had, c.tags = maps.Clone(m.acked), maps.Clone(m.had), maps.Clone(m.tags)
	return &c
}

// Digest implements checker.Explorable.
func (m *kills) Digest(d checker.Sink) {
	checker.DigestSorted(d, m.acked, checker.Itself, func(job string, e trace.Event) {
		d.Str(job)
		d.Int(e.Term)
		d.Zxid(e.Zxid)
	})
	checker.DigestSorted(d, m.had, attempt.name, func(a attempt, had bool) { a.digest(d); d.Bool(had) })
	checker.DigestNames(d, m.tags)
}

func (m *kills) Finding() checker.Finding {
	return m.Judged("%d jobs killed by clients, none started again", len(m.acked))
}
