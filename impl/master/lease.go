package master

import (
	"time"

	"github.com/simctl/simctl/impl/host"
)

// lease is the right to act without asking: it begins when a transaction that
// confirms the reign is sent, counts once that has committed, and ends by a
// timer that was started at the sending. Ping replies do not count: an
// isolated follower answers them after the session has expired elsewhere.
type lease struct {
	count int64 // leases begun
	next  int64 // the one whose transaction is in flight; 0 if it ran out or there is none
	now   int64 // the one that counts; 0 if there is none
	timer host.TimerID
	later host.TimerID // timer of next
}

// TermSent begins the lease of the transaction that begins the reign.
func (m *Master) TermSent() { m.leaseSent() }

// StoreSent begins a lease.
func (m *Master) StoreSent() { m.leaseSent() }

// StoreConfirmed makes the lease begun last count.
func (m *Master) StoreConfirmed() { m.leaseConfirmed() }

func (m *Master) leaseSent() {
	if !m.pol.HoldSuspended {
		return
	}
	l := &m.lease
	m.h.StopTimer(l.later)
	l.count++
	l.next = l.count
	l.later = host.After(m.h, m.cfg.Lease, (*Master).leaseOver, l.next)
}

func (m *Master) leaseConfirmed() {
	l := &m.lease
	if l.next == 0 {
		return
	}
	m.h.StopTimer(l.timer)
	l.now, l.timer = l.next, l.later
	l.next, l.later = 0, 0
	if m.state == Suspended {
		m.actAgain()
	} else {
		m.tryAlive()
	}
}

func (m *Master) leaseOver(n int64) {
	l := &m.lease
	if n == l.next {
		l.next, l.later = 0, 0
	}
	if n == l.now {
		l.now, l.timer = 0, 0
		if m.state == Alive {
			m.setState(Suspended)
		}
	}
}

// actAgain ends a suspension in the same reign.
func (m *Master) actAgain() {
	m.setState(Alive)
	held := m.held
	m.held = nil
	for _, o := range held {
		m.say(o)
	}
	m.schedule()
}

// startLease keeps the lease from now on, and waits out the predecessor's:
// it may have been confirmed just before this reign began, on a clock that
// runs slower than ours.
func (m *Master) startLease() {
	m.tick = host.After(m.h, m.cfg.Lease/3, (*Master).keepLease, m.reign.Term)
	if !m.reign.Released && !m.reign.First {
		m.waitOver = false
		margin := m.cfg.Lease * time.Duration(3*m.cfg.Drift) / 1_000_000
		m.wait = host.After(m.h, m.cfg.Lease+margin, (*Master).predecessorOver, m.reign.Term)
	}
}

func (m *Master) stopLease() {
	for _, t := range []host.TimerID{m.tick, m.wait, m.lease.timer, m.lease.later} {
		m.h.StopTimer(t)
	}
	m.tick, m.wait, m.lease = 0, 0, lease{count: m.lease.count}
}

func (m *Master) keepLease(term int64) {
	if m.reign.Term != term || m.stopping {
		return
	}
	m.tick = host.After(m.h, m.cfg.Lease/3, (*Master).keepLease, term)
	if !m.store.Busy() {
		m.store.Fence(host.Call{})
	}
}

func (m *Master) predecessorOver(term int64) {
	if m.reign.Term == term && !m.stopping {
		m.wait, m.waitOver = 0, true
		m.tryAlive()
	}
}
