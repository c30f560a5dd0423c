package master

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

// This file is Spark's way of ending and relaunching drivers: records are only
// created and deleted, in this order, and the store knows neither a driver's
// state nor its worker. Each function is one stretch of a handler between two
// writes of the blocking store; the rest of the handler waits in Master.todo.

// removal is the end of a driver: a report's, a kill's, or a lost worker's.
type removal struct {
	Driver   wire.DriverID
	State    wire.DriverState
	Reported bool
	Attempt  int64
}

// removeDriver (Master.scala, removeDriver): memory, then the deletion, then
// the final state and the resources. A deletion that fails leaks them (D-19).
func (m *Master) removeDriver(r removal) {
	d := m.drivers[r.Driver]
	if d == nil || d.closed {
		return
	}
	m.remember(d)
	m.store.DeleteDriver(r.Driver, host.BindResult((*Master).driverDeleted, r))
}

func (m *Master) driverDeleted(r removal, result persist.Result) {
	d := m.drivers[r.Driver]
	switch {
	case result.Err != nil:
		m.fail(result.Err)
	case d != nil:
		m.release(d)
		d.rec.State = r.State
		d.told, d.zxid = d.rec, result.Zxid
		if r.Reported {
			m.h.Note(host.Note{Kind: host.NoteAccepted, Subject: string(r.Driver), Value: string(r.State),
				Term: m.reign.Term, N: r.Attempt, Zxid: result.Zxid})
			m.ackReport(d.reporter, d, r.Attempt, r.State)
		}
		m.schedule()
	}
	m.settle()
}

// relaunchDriver gives the job a new driver. A crash between the deletion of
// the old record and the creation of the new one loses it (D-06).
func (m *Master) relaunchDriver(id wire.DriverID) {
	m.then(host.Bind((*Master).removeDriver, removal{Driver: id, State: wire.Relaunching}),
		host.Bind((*Master).createAgain, m.drivers[id].rec.Desc))
}

func (m *Master) createAgain(desc wire.Desc) {
	m.create(&driver{}, wire.DriverRecord{ID: m.newID(), Desc: desc, State: wire.Submitted})
}

// removeWorker (Master.scala, removeWorker): memory, its drivers one after the
// other, then its record.
func (m *Master) removeWorker(id wire.WorkerID) {
	w := m.workers[id]
	if w == nil || w.state == dead {
		return
	}
	on := w.drivers
	m.bury(w)
	m.apps.WorkerLost(id)
	steps := make([]host.Call, 0, len(on)+1)
	for _, driver := range on {
		steps = append(steps, host.Bind((*Master).giveUp, driver))
	}
	m.then(append(steps, host.Bind((*Master).deleteWorker, id))...)
}

// giveUp ends a driver that no worker runs.
func (m *Master) giveUp(id wire.DriverID) {
	d := m.drivers[id]
	if d == nil || d.closed {
		return
	}
	if d.rec.Desc.Supervise {
		m.relaunchDriver(id)
	} else {
		m.removeDriver(removal{Driver: id, State: wire.Errored})
	}
}

func (m *Master) deleteWorker(id wire.WorkerID) {
	m.apps.WorkerGone(id)
	m.store.DeleteWorker(id, host.BindResult((*Master).workerDeleted, id))
}

func (m *Master) workerDeleted(_ wire.WorkerID, r persist.Result) {
	if r.Err != nil {
		m.fail(r.Err)
	} else {
		m.schedule()
	}
	m.settle()
}

// completeAsSpark (Master.scala, completeRecovery): a driver that was only
// queued looks like one that vanished (D-02).
func (m *Master) completeAsSpark() {
	var steps []host.Call
	for _, id := range m.roster {
		if m.workers[id].state == asked {
			steps = append(steps, host.Bind((*Master).removeWorker, id))
		}
	}
	steps = append(steps, m.apps.GiveUp()...)
	m.then(append(steps, host.Bind((*Master).giveUpUnclaimed, m.reign.Term))...)
}

func (m *Master) giveUpUnclaimed(term int64) {
	var steps []host.Call
	for _, id := range m.order {
		if d := m.drivers[id]; !d.closed && !d.holds {
			steps = append(steps, host.Bind((*Master).giveUp, id))
		}
	}
	m.then(append(steps, host.Bind((*Master).recoveryDone, term))...)
}

func (m *Master) recoveryDone(term int64) { m.recoveryCommitted(term, persist.Result{}) }

// killAsSpark takes a queued driver out of the queue, or tells its worker;
// nothing is written (D-05).
func (m *Master) killAsSpark(d *driver, from asker) {
	id := d.rec.ID
	if i := slices.Index(m.waiting, id); i >= 0 {
		m.waiting = slices.Delete(m.waiting, i, i+1)
		m.killed(d, from)
		m.then(host.Bind((*Master).removeDriver, removal{Driver: id, State: wire.Killed}))
		return
	}
	m.command(d.rec.Worker, wire.KillDriver{Term: m.reign.Term, Driver: id, Attempt: d.rec.Attempt})
	m.killed(d, from)
}
