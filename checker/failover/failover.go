// Package failover finds the failovers of a run and takes them apart: how long
// until the loss of the active master was noticed, until another was elected,
// and until that one was Alive. The same code measures simulated and live runs.
package failover

import (
	"github.com/simctl/simctl/model/trace"
)

// Unknown is the cause of a failover for which nothing in the run accounts.
const Unknown = "unknown"

// A Failover is one completed change of the active master. Times are
// nanoseconds; Detect, Elect and Recover are durations that add up to Total.
type Failover struct {
	// Cause is the class of the fault that cost the reign ("kill", "host-loss",
	// "stop", "pause", "partition", ...), "server-loss" for one of a server's
	// process. Without a fault that can have cost it, it is what was seen of the
	// loss: "exit" for a master that ended by itself, "session-expired" or
	// "session-closed" for its session's fate, or [Unknown].
	Cause     string `json:"cause"`
	Process   string `json:"process"`   // the master that was lost
	Successor string `json:"successor"` // the one that took over
	Term      int64  `json:"term"`      // the successor's
	// Start is the moment of the loss, since the run began: when the master
	// died, or when the fault began that cost it its reign.
	Start int64 `json:"startNs"`
	// Detect: until the coordination service ended the lost master's session,
	// or, if that is not known, until the successor's election.
	Detect int64 `json:"detectNs"`
	// Elect: from there until the successor's term began.
	Elect int64 `json:"electNs"`
	// Recover: from there until the successor was Alive.
	Recover int64 `json:"recoverNs"`
	Total   int64 `json:"totalNs"`
	// Step is the step in which the successor became Alive.
	Step uint64 `json:"step"`
}

// Failovers returns the failovers of a run, in order.
func Failovers(events []trace.Event) []Failover {
	var t Tracker
	for i := range events {
		t.Observe(&events[i])
	}
	return t.Completed()
}

// A Tracker finds failovers event by event. The zero Tracker is ready.
type Tracker struct {
	active  *reign // the last master that was Alive
	suspect []suspect
	latch   map[string]latch // the session of each master's latch
	elected map[int64]int64  // when each term began
	done    []Failover
}

// reign is one master's time as the active one.
type reign struct {
	process string
	term    int64
	since   int64
	lost    bool
	cause   string
	start   int64
	session int64 // its latch's, 0 if unknown; a later incarnation's is another
	closed  int64 // when the service ended it, -1 before
}

// Completed returns the failovers so far. A failover is complete once the
// successor is Alive.
func (t *Tracker) Completed() []Failover { return t.done }

// Observe takes the next event of the run.
func (t *Tracker) Observe(e *trace.Event) {
	switch e.Kind {
	case trace.Fault:
		t.fault(e)
	case trace.Session:
		t.session(e)
	case trace.Elected:
		if t.elected == nil {
			t.elected = map[int64]int64{}
		}
		t.elected[e.Term] = e.At
		if a := t.active; a != nil && e.Term > a.term {
			t.lose(e.At)
		}
	case trace.Acked:
		t.served(e)
	case trace.State:
		t.state(e)
	case trace.Resumed: // seldom while it is still the active master
		t.over("pause", e.Process, e.At)
	case trace.KilledOff, trace.HostLost, trace.Exited, trace.Paused, trace.SessionExpired:
		if t.active != nil && t.active.process == e.Process {
			t.strike(e)
		}
	}
}

// strike is what happens to the active master itself.
func (t *Tracker) strike(e *trace.Event) {
	a := t.active
	switch e.Kind {
	case trace.KilledOff:
		t.loseBy("kill", e.At)
	case trace.HostLost:
		t.loseBy("host-loss", e.At)
	case trace.Exited:
		t.lose(e.At)
		a.orElse("exit")
	case trace.Paused:
		t.suspect = append(t.suspect, suspect{"pause", e.Process, e.At, -1, true})
	case trace.SessionExpired:
		if a.session != 0 && a.session != e.N || a.closed >= 0 {
			return
		}
		t.lose(e.At)
		a.closed = e.At
		if e.Value != "" {
			a.orElse("session-" + e.Value)
		}
	}
}

func (t *Tracker) state(e *trace.Event) {
	a := t.active
	switch {
	case e.Value == "Alive" && a != nil && a.process == e.Process && a.term == e.Term:
		a.lost, a.closed = false, -1 // it was only suspended
	case e.Value == "Alive" && a != nil && e.Term < a.term:
		// It woke up after its time and does not know it yet.
	case e.Value == "Alive":
		if a != nil {
			t.complete(e)
		}
		t.active = &reign{process: e.Process, term: e.Term, since: e.At, session: t.latch[e.Process].session, closed: -1}
		t.forget(e.At)
	case a != nil && a.process == e.Process && e.Value != "Suspended":
		t.lose(e.At)
	}
}

// orElse names the cause of a loss for which no fault accounts.
func (a *reign) orElse(cause string) {
	if a.cause == Unknown {
		a.cause = cause
	}
}

func (t *Tracker) loseBy(cause string, at int64) {
	if a := t.active; !a.lost {
		a.lost, a.cause, a.start = true, cause, at
	}
}

// lose ends the active master's reign at a moment, and looks for the cause.
func (t *Tracker) lose(at int64) {
	a := t.active
	if a.lost {
		return
	}
	a.lost, a.cause, a.start = true, Unknown, at
	best := -1
	for i := range t.suspect {
		s := &t.suspect[i]
		r := t.rank(s, at)
		if r > best || r == best && r > 0 && s.from >= a.start {
			best = max(best, r)
			if r > 0 {
				a.cause, a.start = s.cause(a.process), max(s.from, a.since)
			}
		}
	}
}

// complete makes the failover whose successor became Alive in e.
func (t *Tracker) complete(e *trace.Event) {
	a := t.active
	if !a.lost {
		t.lose(e.At)
	}
	f := Failover{
		Cause: a.cause, Process: a.process, Successor: e.Process, Term: e.Term,
		Start: a.start, Total: max(0, e.At-a.start), Step: e.Step,
	}
	elected, known := t.elected[e.Term]
	if !known {
		elected = e.At
	}
	elected = min(max(elected, a.start), e.At)
	closed := a.closed
	if closed < 0 {
		closed = elected
	}
	closed = min(max(closed, a.start), elected)
	f.Detect, f.Elect, f.Recover = closed-a.start, elected-closed, e.At-elected
	t.done = append(t.done, f)
}
