package master

import (
	"slices"

	"github.com/simctl/simctl/impl/apps"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/schedule"
	"github.com/simctl/simctl/impl/wire"
)

// schedule places waiting drivers on workers that are alive, and then gives
// applications executors (Master.scala, schedule). Spark shuffles the workers before each pass, and does not wait for
// a worker to say what it runs already. With durable driver state the round
// goes on where the last pass ended instead.
func (m *Master) schedule() {
	if m.state != Alive {
		return
	}
	if len(m.waiting) > 0 {
		m.placeDrivers()
	}
	m.apps.Schedule()
}

// usable lists the workers on which something may start.
func (m *Master) usable() []*worker {
	out := make([]*worker, 0, len(m.roster))
	for _, id := range m.roster {
		if w := m.workers[id]; w.state == alive && (w.known || !m.pol.AdoptOrKill) {
			out = append(out, w)
		}
	}
	return out
}

func (m *Master) placeDrivers() {
	usable := m.usable()
	spreadOut := !m.cfg.Schedule.FillDrivers
	if spreadOut && !m.pol.DurableDriverState {
		m.spread = 0
		for i := len(usable) - 1; i > 0; i-- {
			j := int(m.h.Draw("shuffle", uint64(i+1)))
			usable[i], usable[j] = usable[j], usable[i]
		}
	}
	queue, needs, held := m.queued()
	at, next := schedule.Drivers(needs, free(usable), schedule.Rule{
		SpreadOut: spreadOut, Next: m.spread, Room: m.cfg.Schedule.Room(m.running())})
	m.waiting, m.spread = held, next
	for i, d := range queue {
		if at[i] >= 0 {
			m.launch(d, usable[at[i]])
		} else {
			m.waiting = append(m.waiting, d.rec.ID)
		}
	}
}

// queued is who really waits, and what each needs. A name may stand in the
// queue twice: of a driver whose worker was replaced while the master recovered,
// or of two drivers (D-17). Held are those that wait for their last attempt to be
// over, see loseDriver.
func (m *Master) queued() (queue []*driver, needs []schedule.Driver, held []wire.DriverID) {
	seen := make(map[wire.DriverID]bool, len(m.waiting))
	for _, id := range m.waiting {
		d := m.drivers[id]
		if d == nil || seen[id] || d.closed || d.rec.State != wire.Submitted && d.rec.State != wire.Relaunching {
			continue
		}
		seen[id] = true
		if m.holds.Held(string(id)) {
			held = append(held, id)
			continue
		}
		queue = append(queue, d)
		needs = append(needs, schedule.Driver{Cores: d.rec.Desc.Cores, Memory: d.rec.Desc.Memory})
	}
	return queue, needs, held
}

// running counts the drivers that were placed and have not ended.
func (m *Master) running() int64 {
	var n int64
	for _, id := range m.order {
		if d := m.drivers[id]; !d.closed && d.rec.State == wire.Running {
			n++
		}
	}
	return n
}

// free is what workers have left.
func free(workers []*worker) []schedule.Worker {
	out := make([]schedule.Worker, len(workers))
	for i, w := range workers {
		out[i] = schedule.Worker{ID: string(w.rec.ID), Cores: w.rec.Cores - w.cores, Memory: w.rec.Memory - w.memory}
	}
	return out
}

// launch decides that w runs the next attempt of d; see applied for the
// command.
func (m *Master) launch(d *driver, w *worker) {
	next := d.rec
	next.State, next.Worker = wire.Running, w.rec.ID
	next.Attempt++
	m.reserve(d, w)
	d.confirmed, d.launched = false, false
	m.decide(d, next)
}

// reserve counts d's needs as used at w.
func (m *Master) reserve(d *driver, w *worker) {
	if d.holds {
		return
	}
	d.holds = true
	w.drivers = append(w.drivers, d.rec.ID)
	w.cores, w.memory = w.cores+d.rec.Desc.Cores, w.memory+d.rec.Desc.Memory
	m.usage(w)
}

// release takes back what reserve counted.
func (m *Master) release(d *driver) {
	w, held := m.workers[d.rec.Worker], d.holds
	d.holds = false
	if !held || w == nil {
		return
	}
	if i := slices.Index(w.drivers, d.rec.ID); i >= 0 {
		w.drivers = slices.Delete(w.drivers, i, i+1)
		w.cores, w.memory = w.cores-d.rec.Desc.Cores, w.memory-d.rec.Desc.Memory
		m.usage(w)
	}
}

func (m *Master) usage(w *worker) {
	m.h.Note(host.Note{Kind: host.NoteUsage, Subject: string(w.rec.ID), Term: m.reign.Term,
		N: w.cores, M: w.rec.Cores, P: w.memory, Q: w.rec.Memory})
}

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
func (m *Master) Say(o apps.Output) { m.say(o) }

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
