package lab

import (
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/records"
	"github.com/simctl/simctl/model/trace"
)

// observe takes note of what a record says of its process.
func (s *soak) observe(m *member, r *live.Record) {
	if string(r.Process) == m.ID && r.Inc == m.Incarnation {
		switch r.Event {
		case live.Started:
			m.begun = true
		case live.Done:
			m.done = true
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
		if c.ID == m.ID {
			c.Observe(r, s.o.Policy.ClientsNeverForgetAMaster)
		}
	}
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
		case !m.runs(), m.Kind == "probe" && !m.done:
			return false
		case m.state == "Alive":
			alive++
		}
	}
	for _, c := range s.clients {
		if m := s.member(c.ID); m != nil && m.Incarnation > 1 {
			continue // it was lost with its plan
		}
		if c.Open > 0 || c.Pending(s.jobsOf(c.ID)) > 0 {
			return false
		}
	}
	return s.o.Masters == 0 || alive == 1 && s.rejoined()
}
