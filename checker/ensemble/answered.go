package ensemble

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var committedIsAnswered = checker.Property{
	Name: "committed-is-answered", Kind: checker.Safety,
	Says:   "A server that has delivered a write answers its client within 100 ms, and waits for no other request to come.",
	Source: "ZOOKEEPER-4537: a lone client's committed write is answered when its next ping comes",
	New: func() checker.Monitor {
		return &answered{Breach: checker.Breach{Property: "committed-is-answered"}, owed: map[string]trace.Event{}}
	},
}

// answerTime is what a server may take from a delivery to its answer: many
// times what the steps between the two take, and a fraction of the time
// between two pings of the shortest session.
const answerTime = 100e6

// answered keeps the first delivery that each server has not answered.
type answered struct {
	checker.Breach
	owed map[string]trace.Event
	seen int
}

func (m *answered) Observe(e *trace.Event) {
	switch e.Kind {
	case trace.Delivered:
		if e.P == 0 {
			return
		}
		m.seen++
		if _, owes := m.owed[e.Process]; e.P == 2 && !owes {
			m.owed[e.Process] = *e
		}
	case trace.Answered:
		if d := m.owed[e.Process]; d.Zxid <= e.Zxid {
			m.settle(e)
			delete(m.owed, e.Process)
		}
	case trace.Role, trace.Started, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused:
		delete(m.owed, e.Process) // its clients are gone, or it does not run
	case trace.Ended:
		for _, name := range slices.Sorted(maps.Keys(m.owed)) {
			late := *e
			late.Process = name
			m.settle(&late)
		}
	}
}

// settle judges what a server owed until e.
func (m *answered) settle(e *trace.Event) {
	d, owes := m.owed[e.Process]
	if owes && e.At > d.Latest()+answerTime {
		m.Violated(e, "%s at %s, and its client had no answer until %s", checker.At(&d), trace.Moment(d.At), trace.Moment(e.At))
	}
}

// Clone implements checker.Explorable.
func (m *answered) Clone() checker.Explorable {
	c := *m
	c.owed = maps.Clone(m.owed)
	return &c
}

// Digest implements checker.Explorable.
func (m *answered) Digest(d checker.Sink) {
	checker.DigestSorted(d, m.owed, checker.Itself, func(server string, e trace.Event) {
		d.Str(server)
		d.Int(e.Zxid)
		d.Ago(e.At, answerTime)
	})
}

func (m *answered) Finding() checker.Finding {
	return m.Judged("%d writes of connected clients were delivered", m.seen)
}
