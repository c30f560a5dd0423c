package master

import (
	"fmt"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// reconcile makes both sides agree on what w runs: each attempt it reports is
// taken over, or told to end; with two-way-reconcile each one on record that it
// does not report is sent again, because its ID says that it has not been
// restarted since.
func (m *Master) reconcile(w *worker, c host.ConnID, reported []wire.DriverOnWorker) {
	m.usage(w)
	// Nothing is placed on it before all it runs is counted.
	w.known = false
	defer func() { w.known = true }()
	for _, on := range reported {
		d := m.drivers[on.ID]
		switch {
		case on.State.Over():
			m.driverStateChanged(c, wire.DriverStateChanged{Worker: w.rec.ID, Driver: on.ID, Attempt: on.Attempt, State: on.State})
		case m.current(d, w, on):
			m.unstray(w, on.ID, on.Attempt)
			m.adopt(d, w, on)
		default:
			m.stray(w, on)
		}
	}
	for _, s := range slices.Clone(w.strays) {
		if s.State != void && !slices.ContainsFunc(reported, func(on wire.DriverOnWorker) bool { return on.ID == s.ID && on.Attempt == s.Attempt }) {
			m.unstray(w, s.ID, s.Attempt)
		}
	}
	for _, id := range w.drivers {
		d := m.drivers[id]
		if m.pol.TwoWayReconcile && !slices.ContainsFunc(reported, func(on wire.DriverOnWorker) bool { return on.ID == id && on.Attempt == d.rec.Attempt }) {
			d.confirmed = false
			m.pursue(d)
		}
	}
	m.expel(w, slices.Concat(reported, m.openVoids(w)))
	m.letGoUnless(w, reported)
}

// openVoids returns the voids of w that must be told to end. One whose driver
// has not been placed again is not void any more: it is sent once more.
func (m *Master) openVoids(w *worker) []wire.DriverOnWorker {
	var out []wire.DriverOnWorker
	for _, s := range slices.Clone(w.strays) {
		d := m.drivers[s.ID]
		switch {
		case s.State != void:
		case m.current(d, w, s):
			m.unstray(w, s.ID, s.Attempt)
			m.adopt(d, w, s)
			d.confirmed = false
		default:
			out = append(out, s)
		}
	}
	return out
}

// current reports whether on is the attempt of d that ought to run on w.
func (m *Master) current(d *driver, w *worker, on wire.DriverOnWorker) bool {
	if d == nil || d.closed || d.rec.State.Terminal() {
		return false
	}
	if !m.pol.DurableDriverState {
		return !d.holds || d.rec.Worker == w.rec.ID
	}
	return d.rec.Attempt == on.Attempt && d.rec.Worker == w.rec.ID
}

// adopt takes over an attempt that runs on w.
func (m *Master) adopt(d *driver, w *worker, on wire.DriverOnWorker) {
	m.holds.Drop(string(d.rec.ID))
	m.reserve(d, w)
	if d.rec.State == wire.Running && d.rec.Worker == w.rec.ID {
		m.confirmLaunch(d)
		return
	}
	next := d.rec
	next.State, next.Worker, next.Attempt = wire.Running, w.rec.ID, on.Attempt
	d.confirmed = true
	m.waiting = slices.DeleteFunc(m.waiting, func(id wire.DriverID) bool { return id == d.rec.ID })
	m.decide(d, next)
}

// expel tells w to end what it reported and ought not to run, and asks again
// until it has.
func (m *Master) expel(w *worker, reported []wire.DriverOnWorker) {
	for _, on := range reported {
		if on.State.Over() || m.unreadable(on.ID) || m.current(m.drivers[on.ID], w, on) {
			continue
		}
		decision := m.reign.Zxid
		if d := m.drivers[on.ID]; d != nil {
			decision = max(decision, d.zxid)
		}
		m.command(w.rec.ID, wire.KillDriver{Term: m.reign.Term, Driver: on.ID, Attempt: on.Attempt, Decision: decision})
	}
	if len(w.strays) > 0 && w.ask == 0 {
		w.ask = host.After(m.h, m.cfg.Relaunch, (*Master).expelAgain, w.rec.ID)
	}
}

func (m *Master) expelAgain(id wire.WorkerID) {
	w := m.workers[id]
	if w == nil || w.state != alive && w.state != retired {
		return
	}
	w.ask = 0
	if m.state != Suspended {
		m.expel(w, w.strays)
	} else {
		w.ask = host.After(m.h, m.cfg.Relaunch, (*Master).expelAgain, id)
	}
}

// stray counts an attempt that was told to end as using w until it has.
func (m *Master) stray(w *worker, r wire.DriverOnWorker) {
	i := m.strayAt(w, r.ID, r.Attempt)
	if i >= 0 {
		w.strays[i].State = r.State
	}
	if !m.pol.ReleaseOnExit || i >= 0 {
		return
	}
	w.strays = append(w.strays, r)
	w.cores, w.memory = w.cores+r.Cores, w.memory+r.Memory
	m.usage(w)
}

// unstray releases what stray counted.
func (m *Master) unstray(w *worker, id wire.DriverID, attempt int64) {
	i := m.strayAt(w, id, attempt)
	if i < 0 {
		return
	}
	w.cores, w.memory = w.cores-w.strays[i].Cores, w.memory-w.strays[i].Memory
	w.strays = slices.Delete(w.strays, i, i+1)
	m.usage(w)
}

func (m *Master) strayAt(w *worker, id wire.DriverID, attempt int64) int {
	return slices.IndexFunc(w.strays, func(s wire.DriverOnWorker) bool { return s.ID == id && s.Attempt == attempt })
}

// void marks a stray that may never have come: a launch that was on its way to
// a worker when that was lost. It must be told to end before it is forgotten,
// or it would start on the worker when that is back.
const void = wire.Submitted

// keepVoids remembers, of a worker that is lost, the launches that it has not
// confirmed. Those of older reigns it refuses by their term. They belong to the
// address: another incarnation of the worker may get them.
func (m *Master) keepVoids(w *worker) {
	if !m.pol.ReleaseOnExit || !m.pol.AdoptOrKill {
		return
	}
	var out []wire.DriverOnWorker
	for _, s := range w.strays {
		if s.State == void {
			out = append(out, s)
		}
	}
	for _, id := range w.drivers {
		if d := m.drivers[id]; d.launched && !d.confirmed && d.rec.State == wire.Running {
			out = append(out, wire.DriverOnWorker{ID: id, Attempt: d.rec.Attempt, State: void, Cores: d.rec.Desc.Cores, Memory: d.rec.Desc.Memory})
		}
	}
	if len(out) > 0 {
		m.voids[w.rec.Addr] = out
	}
}

// takeVoids gives a worker that is back what keepVoids remembered.
func (m *Master) takeVoids(w *worker) {
	for _, s := range m.voids[w.rec.Addr] {
		m.stray(w, s)
	}
	delete(m.voids, w.rec.Addr)
}

// strayReported ends a stray that r says is over, or can begin no more because
// the worker has seen a later attempt.
func (m *Master) strayReported(w *worker, r wire.DriverStateChanged) {
	for _, s := range slices.Clone(w.strays) {
		over := s.Attempt == r.Attempt && r.State.Over() || s.Attempt < r.Attempt && s.State == void
		if s.ID == r.Driver && over {
			m.unstray(w, s.ID, s.Attempt)
			m.schedule()
		}
	}
}

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
	case !r.State.Over():
		m.failed(fmt.Sprintf("received unexpected state update for driver %s: %s", r.Driver, r.State))
	case m.pol.DurableDriverState:
		m.report(c, d, r)
	case d != nil && !d.closed && (d.rec.Attempt == r.Attempt || !m.pol.AdoptOrKill):
		d.reporter = c
		if r.State == wire.Relaunching {
			m.relaunchDriver(r.Driver)
			return
		}
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
// still be Relaunching, as long as no other attempt has been decided. An attempt
// that its worker ended for the lease is a confirmed exit, and no end of the driver.
// What was decided meanwhile counts: an attempt that is being taken over again was
// RELAUNCHING before, and that is no answer to its end.
func (m *Master) report(c host.ConnID, d *driver, r wire.DriverStateChanged) {
	if d == nil || d.rec.Attempt != r.Attempt || d.rec.Worker != r.Worker {
		m.ackUnknown(c, r)
		return
	}
	m.holds.Drop(string(r.Driver))
	switch {
	case d.told.State.Terminal() || d.told.State == r.State && len(d.pending) == 0:
		m.ackReport(c, d, r.Attempt, r.State)
		m.schedule()
	case d.rec.State.Terminal() || d.rec.State == r.State:
		d.reporter = c // the commit will answer
	default:
		d.reporter = c
		next := d.rec
		next.State = r.State
		if r.State == wire.Relaunching {
			m.release(d)
		}
		if r.State == wire.Relaunching && next.KillAsked {
			next.State = wire.Killed
		}
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
		m.say(output{Conn: c, Note: m.ack("report", string(d.told.ID), d.zxid),
			Msg: wire.DriverStateAck{Term: m.reign.Term, Driver: d.told.ID, Attempt: attempt, State: s}})
	}
}

// stale reports whether a worker says what it runs to an earlier reign, maybe of
// this master: it does not follow this one yet, and must be asked on.
func (m *Master) stale(term int64) bool { return m.pol.TermFencing && term != 0 && term < m.reign.Term }

// schedulerState is a worker's answer to MasterChanged. Spark takes over what
// it knows and drops the rest (D-16).
func (m *Master) schedulerState(c host.ConnID, r wire.WorkerSchedulerStateResponse) {
	w := m.workers[r.Worker]
	if m.state == Standby || w == nil || w.state == dead || m.stale(r.Term) || w.newest.Late(r.Report) {
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
	if m.state == Standby || w == nil || w.state == dead || m.stale(r.Term) || w.newest.Late(r.Report) {
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
