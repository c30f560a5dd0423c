package lab

import (
	"strings"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/records"
	"github.com/simctl/simctl/model/trace"
)

// A clientView is how far a client is with its plan, as its records tell.
type clientView struct {
	id   string
	open int // operations without an answer, and drivers beside it
	jobs map[string]*jobView
}

// A jobView is one job of a client.
type jobView struct {
	over bool // the client knows that it has ended, or that it never will
}

// observe takes note of what a record says of its process.
func (s *soak) observe(m *member, r *live.Record) {
	if string(r.Process) == m.ID && r.Inc == m.Incarnation {
		switch r.Event {
		case live.Started:
			m.begun = true
		case string(trace.State):
			m.state, m.term = r.Value, r.Term
		case string(trace.Registered):
			m.follows = r.Value
		case string(trace.Usage):
			m.busy = r.N > 0
		}
	}
	m.begot(r)
	s.saw(records.EventOf(r))
	for _, c := range s.clients {
		if c.id == m.ID {
			c.observe(r, s.o.Policy.ClientsNeverForgetAMaster)
		}
	}
}

// observe counts an operation. A client that forgets masters stops asking of a
// job once it has given up.
func (c *clientView) observe(r *live.Record, patient bool) {
	j := c.jobs[r.Subject]
	if j == nil && r.Event == string(trace.Call) {
		j = &jobView{}
		c.jobs[r.Subject] = j
	}
	submit := r.Value == "submit"
	switch r.Event {
	case string(trace.Call):
		c.open++
	case string(trace.Return):
		c.open--
		refused := strings.HasPrefix(r.Detail, "error")
		j.over = j.over || submit && refused || r.Value == "status" && (refused || isFinal(r.Detail))
	case string(trace.App):
		switch own := string(r.Process) == c.id; {
		case own && r.Value == "begun":
			c.open++
		case own && r.Value == "exited":
			c.open--
		}
	case string(trace.GaveUp):
		c.open--
		j.over = j.over || submit || !patient
	}
}

// isFinal reports whether a client asks no more after this answer.
func isFinal(state string) bool {
	switch state {
	case "FINISHED", "FAILED", "KILLED", "ERROR", "not found":
		return true
	}
	return false
}

// pending is how many of a plan's jobs have not ended, as far as the client
// knows.
func (c *clientView) pending(plan int) int {
	over := 0
	for _, j := range c.jobs {
		if j.over {
			over++
		}
	}
	return plan - over
}

// active is the running master that is Alive, the one of the highest term if
// there are several; nil if there is none.
func (s *soak) active() *member {
	var best *member
	for _, m := range s.members {
		if m.Kind == "master" && m.runs() && m.state == "Alive" && (best == nil || m.term > best.term) {
			best = m
		}
	}
	return best
}

func (m *member) runs() bool { return !m.ours && !m.paused && m.proc != nil && !m.proc.Ended() }

// rejoined reports whether every running worker follows the active master.
func (s *soak) rejoined() bool {
	a := s.active()
	for _, m := range s.members {
		if m.Kind == "worker" && m.runs() && (a == nil || m.follows != string(a.Listen)) {
			return false
		}
	}
	return a != nil
}

// isQuiet reports whether one master alone is Alive, every worker follows it,
// and every client has done its plan and knows how its jobs ended.
func (s *soak) isQuiet() bool {
	alive := 0
	for _, m := range s.members {
		switch {
		case !m.runs():
			return false
		case m.state == "Alive":
			alive++
		}
	}
	for _, c := range s.clients {
		if m := s.member(c.id); m != nil && m.Incarnation > 1 {
			continue // it was lost with its plan
		}
		if c.open > 0 || c.pending(s.jobsOf(c.id)) > 0 {
			return false
		}
	}
	return alive == 1 && s.rejoined()
}
