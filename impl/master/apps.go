package master

import (
	"github.com/simctl/simctl/impl/apps"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/schedule"
	"github.com/simctl/simctl/impl/wire"
)

// This file is the master as its table of applications sees it: [apps.Owner].

// Phase is how far the reign is.
func (m *Master) Phase() apps.Phase {
	return [...]apps.Phase{Standby: apps.Idle, Recovering: apps.Recovering, CompletingRecovery: apps.Recovering,
		Alive: apps.Acting, Suspended: apps.Holding}[m.state]
}

// Reign is the term and the transaction that began it, 0 without.
func (m *Master) Reign() (term, zxid int64) { return m.reign.Term, m.reign.Zxid }

// Usable lists the workers on which executors may start.
func (m *Master) Usable() []schedule.Worker {
	return free(m.usable())
}

// Place is where a worker that is not lost listens.
func (m *Master) Place(id wire.WorkerID) (host.Addr, bool) {
	if w := m.workers[id]; w != nil && w.state != dead {
		return w.rec.Addr, true
	}
	return "", false
}

// Everyone lists the workers that are not lost, by their IDs.
func (m *Master) Everyone() []wire.WorkerID {
	var out []wire.WorkerID
	for _, id := range m.roster {
		if m.workers[id].state != dead {
			out = append(out, id)
		}
	}
	return out
}

// Use counts cores and memory in MiB as used at a worker, or no more.
func (m *Master) Use(id wire.WorkerID, cores, memory int64) {
	if w := m.workers[id]; w != nil && w.state != dead {
		w.cores += cores
		w.memory += memory
		m.usage(w)
	}
}

// Say says o now, or when the master acts again.
func (m *Master) Say(o apps.Output) {
	m.say(output{conn: o.Conn, worker: o.Worker, app: o.App, msg: o.Msg, note: o.Note})
}

// Confirm runs c once the reign is known to have lasted until now.
func (m *Master) Confirm(c host.Call) { m.confirm(c) }

// Post runs c behind everything that waits in the mailbox.
func (m *Master) Post(c host.Call) { m.post(mail{Call: c}) }

// Then puts steps before the rest of the running handler.
func (m *Master) Then(steps ...host.Call) { m.then(steps...) }

// Fail ends the running handler.
func (m *Master) Fail(err error) { m.fail(err) }

// Settle goes on with what a blocking store held up.
func (m *Master) Settle() { m.settle() }

// Schedule places drivers, then executors.
func (m *Master) Schedule() { m.schedule() }

// MayComplete completes recovery if nobody else is waited for.
func (m *Master) MayComplete() { m.mayComplete() }

// decommission takes a worker out of service. Spark deletes its record, and
// deletes it again when the worker is lost, which fails (D-20); a master that is
// elected later knows nothing of it (D-37).
func (m *Master) decommission(c host.ConnID, id wire.WorkerID) {
	if m.state == Standby {
		m.answer(c, wire.MasterInStandby{})
		return
	}
	w := m.workers[id]
	if w == nil || w.state == dead || w.retired && w.state != asked {
		return
	}
	m.heard(w, c)
	w.retired = true
	if w.state != joining {
		m.retire(w)
	}
	m.mayComplete()
}

// retire commits that w takes no more work.
func (m *Master) retire(w *worker) {
	if w.state == alive || w.state == asked && !m.pol.AdoptOrKill {
		w.state = retired
	}
	m.apps.Decommissioned(w.rec.ID)
	if m.pol.DurableTargetsAndMarks {
		m.store.RetireWorker(w.rec, host.BindResult((*Master).workerRetired, w.rec.ID))
	} else {
		m.store.DeleteWorker(w.rec.ID, host.BindResult((*Master).workerRetired, w.rec.ID))
	}
}

func (m *Master) workerRetired(id wire.WorkerID, r persist.Result) {
	switch w := m.workers[id]; {
	case r.Err != nil:
		m.fail(r.Err)
	case w != nil:
		w.zxid = r.Zxid
	}
	m.settle()
}
