package liveness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var noNeedless = checker.Property{
	Name: "no-needless-failover", Kind: checker.Liveness,
	Says: "A break of the connection to the coordination service that is shorter than the session ends no reign, nor does " +
		"nothing at all: a master gives up only what it has lost.",
	Source: "defect D-11, SPARK-29861, CURATOR-460: a master that ends itself when its connection breaks, though its session lives; " +
		"CURATOR-504, 645: one whose latch throws its place away",
	New: func() checker.Monitor {
		return &needless{reigns: map[string]*tenure{}, sessions: map[string]*line{}, gone: map[int64]bool{}, latest: map[string]int64{}}
	},
}

// needless looks at every reign that its master ended by itself while its latch's
// session lived and nobody had a later term: behind a break of the connection, or
// without one in the whole reign. The break was as long as what lay behind it: faults of links, of the
// master's machine and of its requests from their begin to their end, a fault of
// servers for as long as there was no service. How long a session lives is told
// by a trace.Bound; while nobody tells nothing is judged.
type needless struct {
	reigns   map[string]*tenure // by master
	sessions map[string]*line   // of each master's latch
	gone     map[int64]bool     // sessions that the service ended
	breaks   []stretch
	latest   map[string]int64 // the highest term that began, by master
	session  int64            // how long one lives at least, 0 if nobody told it
	ended    []ending
	survived int
}

// tenure is a reign that goes on.
type tenure struct {
	term, since int64
	excused     bool // its master was asked to stop, or panicked, or its znodes were deleted
}

// line is the connection of a latch.
type line struct {
	session int64
	broken  int64 // when it was told to be broken last, -1 before
	back    int64 // when it was whole again, -1 while it is not
	expired bool
}

// stretch is something that breaks connections.
type stretch struct {
	text     string
	from, to int64 // to is -1 while it lasts
}

// ending is the end of a reign, still to be judged.
type ending struct {
	at     trace.Event
	broken int64 // -1: the connection stood all the time
	term   int64
}

func (m *needless) Observe(e *trace.Event) {
	switch e.Kind {
	case trace.Bound:
		if e.Subject == noNeedless.Name {
			m.session = e.N
		}
	case trace.Elected:
		m.latest[e.Process] = max(m.latest[e.Process], e.Term)
	case trace.SessionExpired:
		m.gone[e.N] = true
	case trace.Session:
		m.changed(e)
	case trace.State:
		m.state(e)
	case trace.Panicked:
		m.excuse(e.Process)
	case trace.Commit:
		m.commit(e)
	case trace.KilledOff, trace.HostLost:
		delete(m.reigns, e.Process)
	case trace.Exited:
		m.end(e)
	case trace.Fault:
		m.fault(e)
	case trace.ServiceDown:
		m.breaks = append(m.breaks, stretch{text: "no service", from: e.At, to: -1})
	case trace.ServiceUp:
		m.over("no service", e.At)
	}
}

// changed follows the connection of a latch's session.
func (m *needless) changed(e *trace.Event) {
	if e.Subject != "latch" {
		return
	}
	l := m.sessions[e.Process]
	if l == nil || e.N != 0 && e.N != l.session {
		l = &line{session: e.N, broken: -1, back: -1}
		m.sessions[e.Process] = l
	}
	switch e.Value {
	case "disconnected":
		l.broken, l.back = e.At, -1
	case "connected":
		if r := m.reigns[e.Process]; r != nil && l.broken >= r.since {
			m.survived++
		}
		l.back = e.At
	case "expired", "closed":
		l.expired = true
	}
}

func (m *needless) state(e *trace.Event) {
	r := m.reigns[e.Process]
	switch {
	case e.Term == 0: // it is Standby
		m.end(e)
	case r == nil || r.term != e.Term:
		m.reigns[e.Process] = &tenure{term: e.Term, since: e.At}
	}
}

func (m *needless) excuse(process string) {
	if r := m.reigns[process]; r != nil {
		r.excused = true
	}
}

// commit takes a third party's deletion, which may come long after the fault that
// it is: it needs the service. What masters delete themselves excuses nobody.
func (m *needless) commit(e *trace.Event) {
	if e.Process == "" || m.sessions[e.Process] != nil || !slices.Contains(strings.Fields(e.Value), "delete") {
		return
	}
	for _, name := range m.masters() {
		m.excuse(name)
	}
}

func (m *needless) fault(e *trace.Event) {
	switch class := e.Subject; {
	case e.Value == "end":
		m.over(e.Detail, e.At)
	case e.Value != "begin":
	case class == "stop" || class == "delete-znode" || class == "expire":
		for _, name := range m.masters() {
			if class != "stop" || checker.Concerns(e.Detail, name, "master") {
				m.excuse(name)
			}
		}
	case checker.IsLink(class) && class != "reset" || class == "pause" || class == "session-cut" || class == "slow-op" || class == "lost-reply":
		m.breaks = append(m.breaks, stretch{text: e.Detail, from: e.At, to: -1})
	}
}

func (m *needless) masters() []string {
	names := make([]string, 0, len(m.reigns))
	for name := range m.reigns { //det:allow sorted below
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (m *needless) over(text string, at int64) {
	for i := range m.breaks {
		if b := &m.breaks[i]; b.text == text && b.to < 0 {
			b.to = at
		}
	}
}

// end is the end of a reign by its master's own doing. Whether it was needless
// shows when the break is over.
func (m *needless) end(e *trace.Event) {
	r, l := m.reigns[e.Process], m.sessions[e.Process]
	delete(m.reigns, e.Process)
	switch {
	case r == nil || r.excused || m.replaced(e.Process, r.term):
	case l == nil || l.expired || m.gone[l.session]:
	case l.broken < r.since:
		if l.back >= 0 {
			m.ended = append(m.ended, ending{*e, -1, r.term})
		}
	default:
		m.ended = append(m.ended, ending{*e, l.broken, r.term})
	}
}

// replaced reports whether another master has a later term.
func (m *needless) replaced(master string, term int64) bool {
	for other, latest := range m.latest { //det:allow any of them
		if other != master && latest > term {
			return true
		}
	}
	return false
}

// length is how long what lay behind a break took, as far as it is over.
func (m *needless) length(x *ending) int64 {
	first, last := x.broken, x.broken
	for _, b := range m.breaks {
		switch {
		case b.from > x.at.At || b.to >= 0 && b.to < x.broken-m.session:
		case b.to < 0:
			return m.session // and longer
		default:
			first, last = min(first, b.from), max(last, b.to)
		}
	}
	return last - first
}

func (m *needless) Finding() checker.Finding {
	f := checker.Finding{Property: noNeedless.Name, Verdict: checker.Pass}
	if m.session == 0 {
		f.Detail = "not judged: nobody told how long a session lives"
		return f
	}
	for i := range m.ended {
		x := &m.ended[i]
		if x.broken < 0 {
			f.Verdict, f.Step = checker.Violation, x.at.Step
			f.Detail = fmt.Sprintf("%s ended its reign of term %d: %s, though its connection stood and its session lived",
				x.at.Process, x.term, checker.At(&x.at))
			return f
		}
		if length := m.length(x); length < m.session {
			f.Verdict, f.Step = checker.Violation, x.at.Step
			f.Detail = fmt.Sprintf("%s ended its reign of term %d: %s, though the connection broke at %s for %s, and a session lives for %s",
				x.at.Process, x.term, checker.At(&x.at), trace.Moment(x.broken), trace.Moment(length), trace.Moment(m.session))
			return f
		}
	}
	f.Detail = fmt.Sprintf("%d breaks of a reign's connection were outlived, %d were longer than a session, which lives for %s",
		m.survived, len(m.ended), trace.Moment(m.session))
	return f
}
