package master

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

// decide makes next the record of d, and acts on it once it is committed.
// Without durable driver state only a driver's creation is stored.
func (m *Master) decide(d *driver, next wire.DriverRecord) {
	creation := d.rec.ID == ""
	d.rec = next
	if !creation && !m.pol.DurableDriverState {
		prev := d.told
		d.told = next
		m.applied(d, prev)
		return
	}
	d.pending = append(d.pending, next)
	m.store.PutDriver(next, host.BindResult((*Master).driverWritten, next.ID))
}

func (m *Master) driverWritten(id wire.DriverID, r persist.Result) {
	d := m.drivers[id]
	if d != nil && len(d.pending) > 0 {
		prev, next := d.told, d.pending[0]
		d.pending = d.pending[1:]
		if r.Err != nil {
			m.refused(d, r.Err)
		} else {
			d.told, d.zxid = next, r.Zxid
			m.applied(d, prev)
		}
	}
	m.settle()
}

// refused answers for a decision that a blocking store could not write. The
// client is told an error, though the record may well be there (D-18).
func (m *Master) refused(d *driver, err error) {
	for _, to := range d.submits {
		m.answer(to.Conn, wire.SubmitDriverResponse{Req: to.Req, Reason: err.Error(), Term: m.reign.Term})
	}
	for _, to := range d.kills {
		m.answer(to.Conn, wire.KillDriverResponse{Req: to.Req, Reason: err.Error(), Term: m.reign.Term})
	}
	d.submits, d.kills = nil, nil
	if d.told.ID == "" {
		delete(m.drivers, d.rec.ID)
		delete(m.keys, d.rec.Desc.Key)
		m.order = slices.DeleteFunc(m.order, func(id wire.DriverID) bool { return id == d.rec.ID })
	}
	m.fail(err)
}

// applied acts on what changed between prev and d.told.
func (m *Master) applied(d *driver, prev wire.DriverRecord) {
	now := d.told
	if prev.ID == "" {
		m.waiting = append(m.waiting, now.ID)
		if m.pol.DurableDriverState {
			m.answerSubmits(d)
			m.schedule()
		} else { // Spark places it before it answers
			m.schedule()
			m.answerSubmits(d)
		}
	}
	if now.KillAsked && !prev.KillAsked {
		for _, to := range d.kills {
			m.killed(d, to)
		}
		d.kills = nil
	}
	switch {
	case now.State.Terminal() && !prev.State.Terminal():
		m.endedNow(d)
	case now.State == wire.Relaunching && prev.State != wire.Relaunching:
		if d.reporter != 0 {
			m.ackReport(d.reporter, d, now.Attempt, now.State)
			d.reporter = 0
		}
		m.waiting = append(m.waiting, now.ID)
		m.schedule()
	case now.State == wire.Running && (prev.State != now.State || prev.Attempt != now.Attempt || prev.KillAsked != now.KillAsked):
		m.pursue(d)
	}
}

func (m *Master) answerSubmits(d *driver) {
	for _, to := range d.submits {
		m.submitted(d, to)
	}
	d.submits = nil
}

// decision is the transaction that decided what d's record says now; without
// durable driver state there is none.
func (m *Master) decision(d *driver) int64 {
	if !m.pol.DurableDriverState {
		return 0
	}
	return d.zxid
}

// pursue sends what d's worker has to know, again and again until the worker
// has confirmed it. Always the same worker: another might run it twice. What is
// to end is not launched any more, if its worker answers for what it never ran.
func (m *Master) pursue(d *driver) {
	m.h.StopTimer(d.timer)
	d.timer = 0
	now := d.told
	if now.State != wire.Running || d.rec.State != wire.Running || d.rec.Attempt != now.Attempt {
		return
	}
	if m.state == Alive || m.state == Suspended && !m.pol.LaunchAck {
		if !d.confirmed && !(now.KillAsked && m.pol.ReportRetryTolerant) {
			d.launched = true
			m.command(now.Worker, wire.LaunchDriver{Term: m.reign.Term, Driver: now.ID, Attempt: now.Attempt, Desc: now.Desc, Decision: m.decision(d)})
		}
		if now.KillAsked {
			m.command(now.Worker, wire.KillDriver{Term: m.reign.Term, Driver: now.ID, Attempt: now.Attempt, Decision: d.zxid})
		}
	}
	if m.pol.LaunchAck && !d.confirmed || m.pol.DurableDriverState && now.KillAsked {
		d.timer = host.After(m.h, m.cfg.Relaunch, (*Master).pursueAgain, now.ID)
	}
}

func (m *Master) pursueAgain(id wire.DriverID) {
	m.post(mail{Call: host.Bind((*Master).pursueNow, id)})
}

func (m *Master) pursueNow(id wire.DriverID) {
	if d := m.drivers[id]; d != nil {
		m.pursue(d)
	}
}

// endedNow is the committed end of d.
func (m *Master) endedNow(d *driver) {
	m.h.StopTimer(d.timer)
	d.timer = 0
	m.holds.Drop(string(d.rec.ID))
	m.release(d)
	if d.reporter != 0 {
		m.h.Note(host.Note{Kind: host.NoteAccepted, Subject: string(d.told.ID), Value: string(d.told.State),
			Term: m.reign.Term, N: d.told.Attempt, Zxid: d.zxid})
		m.ackReport(d.reporter, d, d.told.Attempt, d.told.State)
		d.reporter = 0
	}
	m.remember(d)
	m.schedule()
}

// kill commits that d is to end: at once if it runs nowhere.
func (m *Master) kill(d *driver, from asker) {
	switch {
	case d.told.KillAsked:
		m.killed(d, from)
		return
	case d.rec.KillAsked:
		d.kills = append(d.kills, from)
		return
	}
	d.kills = append(d.kills, from)
	next := d.rec
	next.KillAsked = true
	if next.State != wire.Running {
		next.State = wire.Killed
	}
	m.decide(d, next)
}

// loseWorker commits what becomes of a lost worker's drivers, then that it is
// gone.
func (m *Master) loseWorker(id wire.WorkerID, gone bool) {
	w := m.workers[id]
	if w == nil || w.state == dead {
		return
	}
	on := w.drivers
	m.keepVoids(w)
	w.drivers = nil
	m.bury(w)
	m.apps.WorkerLost(id)
	m.apps.WorkerGone(id)
	for _, driver := range on {
		m.loseDriver(m.drivers[driver], w.granted, gone)
	}
	m.store.DeleteWorker(id, host.BindResult((*Master).workerDeleted, id))
}

// loseDriver decides about a driver whose worker is lost; see lose. Another attempt
// waits until the lease of the last one is over: granted is the last answer to its
// worker, and a master before may have answered until its own lease was over.
func (m *Master) loseDriver(d *driver, granted host.Mono, gone bool) {
	if d == nil || d.rec.State != wire.Running {
		return
	}
	d.holds = false
	next := d.rec
	switch {
	case next.KillAsked:
		next.State = wire.Killed
	case next.Desc.Supervise:
		next.State = wire.Relaunching
		if !gone && m.pol.WorkerLease {
			m.holds.Hold(string(next.ID), granted)
		}
	default:
		next.State = wire.Errored
	}
	m.decide(d, next)
}

// addStored takes a driver over from the store.
func (m *Master) addStored(s persist.Driver) {
	d := &driver{rec: s.Record, told: s.Record, zxid: s.Zxid}
	id := s.Record.ID
	m.drivers[id] = d
	m.order = append(m.order, id)
	if key := s.Record.Desc.Key; key != "" && m.pol.IdempotencyKeys {
		m.keys[key] = id
	}
	if !m.pol.DurableDriverState {
		return
	}
	if w := m.workers[s.Record.Worker]; s.Record.State == wire.Running && w != nil {
		m.reserve(d, w)
	}
	if s.Record.State == wire.Relaunching && m.pol.WorkerLease {
		m.holds.Hold(string(id), 0)
	}
	if s.Record.State.Terminal() {
		d.closed = true
		m.ended = append(m.ended, id)
	}
}

// sortEnded puts stored ends in the order in which they were committed.
func (m *Master) sortEnded() {
	slices.SortStableFunc(m.ended, func(a, b wire.DriverID) int {
		return int(min(1, max(-1, m.drivers[a].zxid-m.drivers[b].zxid)))
	})
}

// settleStored decides about a stored driver when all answers are in.
func (m *Master) settleStored(d *driver) {
	switch d.rec.State {
	case wire.Submitted, wire.Relaunching:
		if d.told.State == d.rec.State { // else the commit will queue it
			m.waiting = append(m.waiting, d.rec.ID)
		}
	case wire.Running:
		if m.workers[d.rec.Worker] == nil {
			m.loseDriver(d, 0, false)
		}
	}
}
