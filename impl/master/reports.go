package master

import (
	"fmt"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// driverStateChanged takes a worker's report on one attempt.
func (m *Master) driverStateChanged(c host.ConnID, r wire.DriverStateChanged) {
	if m.state == Standby {
		return
	}
	d, w := m.drivers[r.Driver], m.workers[r.Worker]
	if w != nil && w.state != dead {
		m.strayReported(w, r)
	}
	switch {
	case m.unreadable(r.Driver): // it is reported again to whoever leads next
	case r.State == wire.Running:
		if d != nil && d.rec.Attempt == r.Attempt && d.rec.Worker == r.Worker {
			m.confirmLaunch(d)
		}
	case !r.State.Terminal():
		m.failed(fmt.Sprintf("received unexpected state update for driver %s: %s", r.Driver, r.State))
	case m.pol.DurableDriverState:
		m.report(c, d, r)
	case d != nil && !d.closed && (d.rec.Attempt == r.Attempt || !m.pol.AdoptOrKill):
		d.reporter = c
		m.removeDriver(removal{Driver: r.Driver, State: r.State, Reported: true, Attempt: r.Attempt})
	default:
		m.ackUnknown(c, r)
	}
}

// confirmLaunch ends the sending of launches.
func (m *Master) confirmLaunch(d *driver) {
	if d.confirmed || d.rec.State != wire.Running {
		return
	}
	d.confirmed = true
	m.h.Note(host.Note{Kind: host.NoteAccepted, Subject: string(d.rec.ID), Value: string(wire.Running),
		Term: m.reign.Term, N: d.rec.Attempt, Zxid: m.decision(d)})
	if !d.told.KillAsked {
		m.h.StopTimer(d.timer)
		d.timer = 0
	}
}

// report commits the end of the current attempt, and only of that one: it may
// still be Relaunching, as long as no other attempt has been decided.
func (m *Master) report(c host.ConnID, d *driver, r wire.DriverStateChanged) {
	switch {
	case d == nil || d.rec.Attempt != r.Attempt || d.rec.Worker != r.Worker:
		m.ackUnknown(c, r)
	case d.told.State.Terminal():
		m.ackReport(c, d, r.Attempt, r.State)
	case d.rec.State.Terminal():
		d.reporter = c // the commit will answer
	default:
		d.reporter = c
		next := d.rec
		next.State = r.State
		m.decide(d, next)
	}
}

// ackUnknown lets a worker forget an attempt that means nothing any more.
func (m *Master) ackUnknown(c host.ConnID, r wire.DriverStateChanged) {
	if m.pol.ReportRetryTolerant {
		m.answer(c, wire.DriverStateAck{Term: m.reign.Term, Driver: r.Driver, Attempt: r.Attempt, State: r.State})
	}
}

func (m *Master) ackReport(c host.ConnID, d *driver, attempt int64, s wire.DriverState) {
	if m.pol.ReportRetryTolerant {
		m.say(output{conn: c, note: m.ack("report", string(d.told.ID), d.zxid),
			msg: wire.DriverStateAck{Term: m.reign.Term, Driver: d.told.ID, Attempt: attempt, State: s}})
	}
}

// schedulerState is a worker's answer to MasterChanged. Spark takes over what
// it knows and drops the rest (D-16).
func (m *Master) schedulerState(c host.ConnID, r wire.WorkerSchedulerStateResponse) {
	w := m.workers[r.Worker]
	if m.state == Standby || w == nil || w.state == dead {
		return
	}
	m.heard(w, c)
	m.answered(w)
	if m.pol.AdoptOrKill {
		m.reconcile(w, c, r.Drivers)
		m.apps.Reconcile(r.Worker, r.Executors)
	} else {
		m.usage(w)
		m.apps.Adopt(r.Worker, r.Executors)
		for _, on := range r.Drivers {
			if d := m.drivers[on.ID]; d != nil && !d.closed {
				m.adopt(d, w, on)
			}
		}
	}
	m.mayComplete()
	m.schedule()
}

// latestState follows a registration. Spark kills everything that it has not
// on record for this worker, which may be all of it (D-01).
func (m *Master) latestState(c host.ConnID, r wire.WorkerLatestState) {
	w := m.workers[r.Worker]
	if m.state == Standby || w == nil || w.state == dead {
		return
	}
	m.heard(w, c)
	if m.pol.AdoptOrKill {
		m.answered(w)
		m.reconcile(w, c, r.Drivers)
		m.apps.Reconcile(r.Worker, r.Executors)
		m.mayComplete()
		m.schedule()
		return
	}
	m.apps.KillUnlisted(r.Worker, r.Executors)
	for _, on := range r.Drivers {
		if !slices.Contains(w.drivers, on.ID) {
			m.command(r.Worker, wire.KillDriver{Term: m.reign.Term, Driver: on.ID, Attempt: on.Attempt})
		}
	}
}
