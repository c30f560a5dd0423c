package master

import (
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// This file is the master's own lease, its right to act: it begins when a
// transaction that confirms the reign is sent. Ping replies do not count: an
// isolated follower answers them after the session has expired elsewhere.

// TermSent begins the lease of the transaction that begins the reign.
func (m *Master) TermSent() { m.leaseSent() }

// StoreSent begins a lease.
func (m *Master) StoreSent() { m.leaseSent() }

// StoreConfirmed makes the lease begun last count.
func (m *Master) StoreConfirmed() { m.leaseConfirmed() }

// StoreSettled may end a recovery: what was committed is known to be only now.
func (m *Master) StoreSettled() { m.tryAlive() }

func (m *Master) leaseSent() {
	if m.pol.HoldSuspended {
		m.lease.Forget()
		m.lease.Begin()
	}
}

func (m *Master) leaseConfirmed() {
	if m.lease.Confirm(m.lease.Last()) && m.state == Suspended {
		m.actAgain()
	}
}

// LeaseOver suspends a master that acts.
func (m *Master) LeaseOver() {
	if m.state == Alive {
		m.setState(Suspended)
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

// predecessor is how long the lease of the reign before may last: it may have
// been confirmed just before this one began, on a clock that runs slower than
// ours. Until then that master may also answer heartbeats.
func (m *Master) predecessor() time.Duration {
	if !m.pol.HoldSuspended || m.reign.Released || m.reign.First {
		return 0
	}
	return m.cfg.Lease + m.cfg.Lease*time.Duration(3*m.cfg.Drift)/1_000_000
}

// TimeCounts says that the predecessor's lease is over.
func (m *Master) TimeCounts() { m.tryAlive() }

func (m *Master) keepLease(term int64) {
	if m.reign.Term != term || m.stopping {
		return
	}
	m.tick = host.After(m.h, m.cfg.Lease/3, (*Master).keepLease, term)
	if !m.store.Busy() {
		m.store.Fence(host.Call{})
	}
}

// What follows is worker-lease at the master. A worker runs a supervised driver
// for a lease at most behind the last heartbeat of it that was answered. What
// was lost with a worker is started elsewhere only when that is over, or when
// the worker said that the attempt has ended.

// grant answers a heartbeat. A master that may not act does not: a successor
// counts on it. The worker's lease began before, when it sent the heartbeat.
func (m *Master) grant(c host.ConnID, w *worker, beat int64) {
	if m.pol.WorkerLease && beat != 0 && m.state != Suspended && (!m.pol.HoldSuspended || m.lease.Holds()) {
		w.granted = m.h.Mono()
		m.answer(c, wire.HeartbeatAck{Term: m.reign.Term, Beat: beat})
	}
}

// outlast is how long after an answer a driver may go on at the worker, on the
// slowest clock: the lease, and what it takes to end it.
func outlast(c *Config) time.Duration {
	d := c.WorkerLease + c.Terminate
	return d + d*time.Duration(3*c.Drift)/1_000_000
}

// HoldOver starts a driver elsewhere, whose last attempt must have ended.
func (m *Master) HoldOver(id string) { m.post(mail{Call: host.Bind((*Master).startElsewhere, id)}) }

func (m *Master) startElsewhere(string) { m.schedule() }

// letGoUnless ends the wait for what w does not report: it has forgotten no end
// that a master did not acknowledge. A launch that may still come is a void.
func (m *Master) letGoUnless(w *worker, reported []wire.DriverOnWorker) {
	for _, id := range m.order {
		d := m.drivers[id]
		here := func(on wire.DriverOnWorker) bool { return on.ID == id && on.Attempt == d.rec.Attempt }
		if m.holds.Held(string(id)) && d.rec.Worker == w.rec.ID && !slices.ContainsFunc(reported, here) && !slices.ContainsFunc(w.strays, here) {
			m.holds.Drop(string(id))
		}
	}
}
