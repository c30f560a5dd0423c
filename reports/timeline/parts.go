package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
)

func (b *builder) session(e *trace.Event) {
	m := b.machine(e)
	if m == nil {
		return
	}
	id := fmt.Sprintf("%#x", e.N)
	if e.Kind == trace.SessionUp {
		m.sessions = append(m.sessions, bar{From: e.At, To: open, Class: "session", Label: id, Title: trace.Describe(e), Step: e.Step})
		return
	}
	for i := range m.sessions {
		s := &m.sessions[i]
		if s.Label != id {
			continue
		}
		switch {
		case e.Kind == trace.SessionExpired && s.To == open:
			s.To, s.End = e.At, orElse(e.Value, "expired")
			s.Title += "; " + trace.Describe(e)
		case e.Kind == trace.Session:
			b.notice(m, e)
		}
	}
}

// notice keeps when a session's own client knew of no connection.
func (b *builder) notice(m *machine, e *trace.Event) {
	key := m.name + " " + e.Subject
	for i := len(b.noticed) - 1; i >= 0; i-- {
		if n := &b.noticed[i]; n.Key == key && n.To == open {
			n.To = e.At
			break
		}
	}
	if e.Value == "disconnected" {
		b.noticed = append(b.noticed, bar{From: e.At, To: open, Class: "cut", Key: key, Step: e.Step, On: []string{m.name},
			Label: e.Subject + ": no connection", Title: trace.Describe(e)})
	}
}

func (b *builder) below(m *machine, e *trace.Event) {
	i, ok := m.running[e.Process]
	switch e.Kind {
	case trace.Started:
		m.running[e.Process] = len(m.work)
		_, name, _ := strings.Cut(e.Process, "/")
		name, _, _ = strings.Cut(name, "#")
		label := e.Value + " " + name
		if tag := b.tags[name]; tag != "" {
			label = "job " + tag
		}
		m.work = append(m.work, bar{From: e.At, To: open, Class: e.Value, Label: label, Title: e.Value + " " + name + " runs on " + m.name, Step: e.Step})
	case trace.Exited, trace.KilledOff, trace.HostLost:
		if ok && m.work[i].To == open {
			m.work[i].To, m.work[i].End = e.At, string(e.Kind)
		}
	}
}

// work tells how a driver or an executor ended.
func (b *builder) work(e *trace.Event) {
	m := b.machine(e)
	if m == nil {
		return
	}
	if i, ok := m.running[e.Process]; ok && e.Value != "started" {
		m.work[i].Title += "; " + trace.Describe(e)
	}
}

// pack lays bars in rows in which they do not overlap.
func pack(bars []bar) (rows [][]bar) {
	slices.SortStableFunc(bars, func(a, b bar) int { return cmp.Compare(a.From, b.From) })
next:
	for _, x := range bars {
		for i, r := range rows {
			if last := &r[len(r)-1]; x.From >= max(last.To, last.Tail) {
				rows[i] = append(r, x)
				continue next
			}
		}
		rows = append(rows, []bar{x})
	}
	return rows
}

func closeLast(bars []bar, at int64) {
	if n := len(bars); n > 0 && bars[n-1].To == open {
		bars[n-1].To = at
	}
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// historyOf is the run's history, built from its events if it is not given.
func historyOf(in *Input) history.History {
	built, err := history.Build(in.Events)
	if err != nil || len(built) == 0 {
		return in.History
	}
	return built
}
