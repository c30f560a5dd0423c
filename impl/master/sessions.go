package master

import (
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// which names one of a master's sessions.
type which uint8

const (
	latchSession which = iota + 1 // also the store's with one session
	storeSession
)

func (w which) String() string { return [...]string{"?", "latch", "store"}[w] }

func (m *Master) openSession(w which) {
	s := coord.Of(m.h).OpenSession(coord.Options{Servers: m.cfg.ZK, Timeout: m.cfg.Session, Name: w.String()},
		host.BindResult((*Master).sessionChanged, w))
	if w == latchSession {
		m.latchSession = s
		m.latch.SetSession(s)
	}
	if w == storeSession || m.pol.OneSession {
		m.storeSession = s
		m.store.SetSession(s)
	}
}

// sessionChanged passes a session's state on to the parts that use it. A
// session that expired is replaced.
func (m *Master) sessionChanged(w which, c coord.StateChange) {
	m.h.Note(host.Note{Kind: host.NoteSession, Subject: w.String(), Value: c.State.String(), N: c.ID})
	if m.stopping {
		m.sessionEnded(c)
		return
	}
	if w == latchSession {
		m.latch.SessionChanged(c)
	}
	if w == storeSession || m.pol.OneSession {
		m.store.SessionChanged(c)
	}
	current := c.Session == m.latchSession || c.Session == m.storeSession
	if c.State == coord.Expired && current && !m.stopping {
		m.openSession(w)
	}
}

// Signalled stops the master. A JVM told to end by SIGTERM closes nothing;
// with close-session-on-stop the successor need not wait for the session to
// expire, and with term fencing not for the lease either.
func (m *Master) Signalled(s host.Signal) {
	if s != host.Terminate || m.stopping {
		return
	}
	if !m.pol.CloseSessionOnStop {
		m.stopping = true
		m.h.Exit(128 + 15)
		return
	}
	if m.reign.Term != 0 {
		m.resign()
	}
	m.stopping = true
	host.After(m.h, m.cfg.Relaunch, (*Master).stopAnyway, 0)
	if m.monarchy != nil {
		m.monarchy.Release()
	} else {
		m.latch.Release()
	}
}

// LatchReleased closes the sessions of a stopping master.
func (m *Master) LatchReleased() {
	if !m.stopping || m.closing > 0 {
		return
	}
	m.closing = 1
	if m.monarchy != nil {
		m.h.Exit(0)
		return
	}
	c := coord.Of(m.h)
	c.CloseSession(m.latchSession)
	if !m.pol.OneSession {
		m.closing = 2
		c.CloseSession(m.storeSession)
	}
}

func (m *Master) sessionEnded(c coord.StateChange) {
	if c.State != coord.Closed && c.State != coord.Expired {
		return
	}
	m.closing--
	if m.closing <= 0 {
		m.h.Exit(0)
	}
}

func (m *Master) stopAnyway(int) { m.h.Exit(0) }
