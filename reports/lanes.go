package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/story"
)

// A span is a stretch of a lane.
type span struct {
	from, to int64
	what     string // a recovery state, "down", or a fault's class
	label    string // written into it if there is room
	goesOn   bool   // it ends where the picture ends, not where it did
}

// A lane is what one master, ZooKeeper server or probe did.
type lane struct {
	name     string
	kind     string // "master", "server" or "probe"
	states   []span
	sessions []span
	paused   []span
}

// lanes is a run sorted by who it happened to.
type lanes struct {
	lanes    []*lane  // masters, then servers, then probes
	servers  bool     // some of them are servers
	faults   [][]span // rows of faults that do not overlap
	answered []int64  // when clients got answers
	gaveUp   []int64
	quorum   []span // stretches without one
	end      int64
}

// openEnd marks a span that has not ended yet.
const openEnd = int64(-1)

// sortLanes reads the events.
func sortLanes(events []trace.Event) *lanes {
	l := &lanes{}
	var faults []span
	for i := range events {
		e := &events[i]
		l.end = max(l.end, e.At)
		switch e.Kind {
		case trace.Started, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused, trace.Resumed, trace.State:
			l.process(e)
		case trace.Role, trace.Serving:
			l.role(e)
		case trace.SessionUp, trace.SessionExpired:
			l.session(e)
		case trace.Fault:
			faults = faultSpan(faults, e)
		case trace.ServiceDown:
			l.quorum = append(l.quorum, span{from: e.At, to: openEnd, what: "no quorum"})
		case trace.ServiceUp:
			closeLast(l.quorum, e.At)
		case trace.ZReturn:
			if e.Value == "ok" {
				l.answered = append(l.answered, e.At)
			}
		case trace.Return:
			l.answered = append(l.answered, e.At)
		case trace.GaveUp:
			l.gaveUp = append(l.gaveUp, e.At)
		}
	}
	// A server without an ensemble, which nothing ever happens to, says nothing.
	l.lanes = slices.DeleteFunc(l.lanes, func(m *lane) bool {
		return m.kind == "server" && len(m.states) == 1 && len(m.paused) == 0
	})
	l.servers = slices.ContainsFunc(l.lanes, func(m *lane) bool { return m.kind == "server" })
	l.close(faults)
	return l
}

func (l *lanes) process(e *trace.Event) {
	kind := ""
	if e.Kind == trace.State {
		kind = "master"
	} else if e.Kind == trace.Started {
		kind = e.Value
	}
	m := l.lane(e.Process, kind)
	if m == nil {
		return
	}
	switch e.Kind {
	case trace.Started:
		m.next(e.At, firstStates[m.kind], "")
	case trace.Exited:
		m.next(e.At, "down", "ended")
	case trace.KilledOff:
		m.next(e.At, "down", "killed")
	case trace.HostLost:
		m.next(e.At, "down", "machine lost")
	case trace.Paused:
		m.paused = append(m.paused, span{from: e.At, to: openEnd, what: "paused"})
	case trace.Resumed:
		closeLast(m.paused, e.At)
	default:
		text := e.Value
		if e.Term > 0 {
			text = fmt.Sprintf("%s, term %d", e.Value, e.Term)
		}
		m.next(e.At, e.Value, text)
	}
	if e.Kind == trace.Exited || e.Kind == trace.KilledOff || e.Kind == trace.HostLost {
		closeLast(m.paused, e.At)
	}
}

// firstStates are what those begin as that have a lane.
var firstStates = map[string]string{"master": "Standby", "server": "looking", "probe": "running"}

// lane returns the lane of a process, and makes it if it is of a kind that has
// one.
func (l *lanes) lane(name, kind string) *lane {
	i := slices.IndexFunc(l.lanes, func(m *lane) bool { return m.name == name })
	if i >= 0 {
		return l.lanes[i]
	}
	if firstStates[kind] == "" {
		return nil
	}
	l.lanes = append(l.lanes, &lane{name: name, kind: kind})
	m := l.lanes[len(l.lanes)-1]
	place := func(m *lane) int { return slices.Index([]string{"master", "server", "probe"}, m.kind) }
	slices.SortFunc(l.lanes, func(a, b *lane) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a.name, b.name))
	})
	return m
}

// role is what a ZooKeeper server is.
func (l *lanes) role(e *trace.Event) {
	m := l.lane(e.Process, "server")
	switch {
	case e.Kind == trace.Role && e.Value == "looking":
		m.next(e.At, "looking", "looking")
	case e.Kind == trace.Role:
		m.next(e.At, "elected", "")
	case e.Value == "leading":
		m.next(e.At, "leader", fmt.Sprintf("leader, epoch %d", e.Term))
	default:
		m.next(e.At, "follower", "follower")
	}
}

// next ends the lane's state and begins another; the same one goes on.
func (m *lane) next(at int64, what, label string) {
	if n := len(m.states); n > 0 && m.states[n-1].what == what && what != "down" {
		if m.states[n-1].label == label || label == "" {
			return
		}
	}
	closeLast(m.states, at)
	m.states = append(m.states, span{from: at, to: openEnd, what: what, label: label})
}

func closeLast(spans []span, at int64) {
	if n := len(spans); n > 0 && spans[n-1].to == openEnd {
		spans[n-1].to = at
	}
}

func (l *lanes) session(e *trace.Event) {
	m := l.lane(e.Process, "")
	if m == nil {
		return
	}
	name := fmt.Sprintf("%#x", e.N)
	if e.Kind == trace.SessionUp {
		m.sessions = append(m.sessions, span{from: e.At, to: openEnd, what: name})
		return
	}
	for i := range m.sessions {
		if s := &m.sessions[i]; s.what == name && s.to == openEnd {
			s.to, s.label = e.At, e.Value
		}
	}
}

func faultSpan(faults []span, e *trace.Event) []span {
	switch e.Value {
	case "begin":
		var sides []string
		for _, g := range story.Targets(e.Detail) {
			sides = append(sides, strings.Join(g, " "))
		}
		label := e.Subject + " " + strings.Join(sides, " | ")
		f := span{from: e.At, to: openEnd, what: e.Detail, label: strings.TrimSpace(label)}
		if happensOnce(e) {
			f.to = e.At
		}
		return append(faults, f)
	case "end":
		for i := range faults {
			if faults[i].what == e.Detail && faults[i].to == openEnd {
				faults[i].to = e.At
				break
			}
		}
	}
	return faults
}

// happensOnce reports whether a fault is over as soon as it began.
func happensOnce(e *trace.Event) bool {
	switch e.Subject {
	case "reset", "expire", "renumber", "myid", "backup", "restore", "tear":
		return true
	case "zk-leader-loss", "clock-jump":
		return !strings.Contains(e.Detail, "for=")
	}
	return false
}

// close ends what is open with the run, and lays the faults in rows.
func (l *lanes) close(faults []span) {
	finish := func(spans []span) {
		for i := range spans {
			if spans[i].to == openEnd {
				spans[i].to = l.end
			}
		}
	}
	finish(faults)
	finish(l.quorum)
	for _, m := range l.lanes {
		finish(m.states)
		finish(m.sessions)
		finish(m.paused)
	}
	// A label needs room: a fault takes at least a sixth of the picture.
	slices.SortStableFunc(faults, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for _, f := range faults {
		l.lay(f)
	}
}

func (l *lanes) lay(f span) {
	for i, row := range l.faults {
		last := row[len(row)-1]
		if f.from >= max(last.to, last.from+l.end/6) {
			l.faults[i] = append(row, f)
			return
		}
	}
	l.faults = append(l.faults, []span{f})
}

// within cuts the lanes to [from, to].
func (l *lanes) within(from, to int64) {
	var faults []span
	for _, row := range l.faults {
		faults = append(faults, cut(row, from, to)...)
	}
	l.faults = nil
	l.end = to
	for _, m := range l.lanes {
		m.states, m.sessions, m.paused = cut(m.states, from, to), cut(m.sessions, from, to), cut(m.paused, from, to)
	}
	l.quorum = cut(l.quorum, from, to)
	outside := func(at int64) bool { return at < from || at > to }
	l.answered = slices.DeleteFunc(l.answered, outside)
	l.gaveUp = slices.DeleteFunc(l.gaveUp, outside)
	slices.SortStableFunc(faults, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	end := l.end
	l.end = to - from
	for _, f := range faults {
		l.lay(f)
	}
	l.end = end
}

func cut(spans []span, from, to int64) []span {
	var out []span
	for _, s := range spans {
		if s.to >= from && s.from <= to {
			s.goesOn = s.goesOn || s.to > to
			s.from, s.to = max(s.from, from), min(s.to, to)
			out = append(out, s)
		}
	}
	return out
}
