package master

import (
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

// workerState is a worker's state as the master sees it (WorkerState.scala).
type workerState uint8

const (
	alive   workerState = iota // it may be given drivers
	asked                      // Spark's UNKNOWN: read from the store, not heard of yet
	dead                       // lost; remembered for a while
	joining                    // alive, but its record is not committed
	retired                    // decommissioned: it takes no more work
)

func (s workerState) String() string {
	return [...]string{"ALIVE", "UNKNOWN", "DEAD", "JOINING", "DECOMMISSIONED"}[s]
}

// worker is what a master knows of a worker.
type worker struct {
	rec     wire.WorkerRecord
	state   workerState
	known   bool // it said what it runs since it registered or was asked
	newest  wire.Newest
	retired bool  // it was decommissioned
	zxid    int64 // of its record's write, 0 if unknown
	cores   int64 // used
	memory  int64 // used, MiB
	drivers []wire.DriverID
	strays  []wire.DriverOnWorker // attempts told to end, which still hold resources
	conn    host.ConnID           // the newest on which it spoke; 0 if that is closed
	out     host.ConnID           // the one dialled to it
	up      bool                  // out is connected
	outbox  []host.Message        // what waits for out; lost if it cannot be dialled
	granted host.Mono             // its heartbeats were answered until then at the latest
	heard   host.Wall             // when it spoke last; read only without monotonic liveness
	timer   host.TimerID          // of its silence; of a dead one's forgetting
	ask     host.TimerID          // of asking it again
}

// atAddr is the worker that is not dead at an address.
func (m *Master) atAddr(a host.Addr) *worker {
	for _, id := range m.roster {
		if w := m.workers[id]; w.rec.Addr == a && w.state != dead {
			return w
		}
	}
	return nil
}

// registerWorker takes a worker in. Spark: memory, then the record, then the
// acknowledgement (Master.scala, RegisterWorker).
func (m *Master) registerWorker(c host.ConnID, rec wire.WorkerRecord) {
	if m.state == Standby {
		m.answer(c, wire.MasterInStandby{})
		return
	}
	if w := m.workers[rec.ID]; w != nil && w.state != dead {
		m.heard(w, c)
		if w.state == asked && !m.pol.AdoptOrKill {
			w.state = alive // SPARK-46346, and D-01
			if w.retired && m.pol.DurableTargetsAndMarks {
				w.state = retired
			}
		}
		if w.state != joining {
			m.confirm(host.BindResult((*Master).welcomeBack, rec.ID))
		}
		return
	}
	if old := m.atAddr(rec.Addr); old != nil {
		if m.pol.TermInIDs && rec.ID.Precedes(old.rec.ID) {
			return // sent before its successor registered, and overtaken
		}
		if old.state != asked && !m.pol.TermInIDs {
			m.answer(c, wire.RegisterWorkerFailed{Term: m.reign.Term, Reason: "a worker is registered at " + string(rec.Addr)})
			return
		}
		m.lose(old.rec.ID, true) // its address is taken: that process is gone
	}
	w := m.addWorker(rec, joining)
	m.heard(w, c)
	m.store.PutWorker(rec, host.BindResult((*Master).workerWritten, rec.ID))
}

func (m *Master) addWorker(rec wire.WorkerRecord, s workerState) *worker {
	w := &worker{rec: rec, state: s, granted: m.h.Mono()}
	if old := m.workers[rec.ID]; old != nil {
		m.h.StopTimer(old.timer)
	} else {
		i, _ := slices.BinarySearch(m.roster, rec.ID)
		m.roster = slices.Insert(m.roster, i, rec.ID)
	}
	m.workers[rec.ID] = w
	m.listen(w)
	return w
}

func (m *Master) workerWritten(id wire.WorkerID, r persist.Result) {
	w := m.workers[id]
	switch {
	case r.Err != nil:
		if w != nil && w.state == joining {
			w.state = alive // it stays in memory, unanswered
		}
		m.fail(r.Err)
	case w != nil && w.state == joining:
		w.state, w.zxid = alive, r.Zxid
		m.takeVoids(w)
		m.usage(w)
		m.welcome(w, false)
		if w.retired {
			m.retire(w)
		}
		m.schedule()
	}
	m.settle()
}

// welcomeBack acknowledges a registration that was committed before.
func (m *Master) welcomeBack(id wire.WorkerID, r persist.Result) {
	if w := m.workers[id]; w != nil && r.Err == nil && w.state != dead && w.state != joining {
		m.welcome(w, true)
	}
	m.settle()
}

func (m *Master) welcome(w *worker, duplicate bool) {
	m.say(output{Conn: w.conn, Note: m.ack("register", string(w.rec.ID), w.zxid),
		Msg: wire.RegisteredWorker{Master: m.cfg.Addr, Term: m.reign.Term, Duplicate: duplicate, Decision: w.zxid}})
}

// heartbeat starts the worker's timeout anew. Spark's master does not answer
// a worker that it has never seen, nor any while it is in standby.
func (m *Master) heartbeat(c host.ConnID, b wire.Heartbeat) {
	if m.state == Standby {
		if m.pol.AdoptOrKill {
			m.answer(c, wire.MasterInStandby{})
		}
		return
	}
	w := m.workers[b.Worker]
	switch {
	case w != nil && w.state != dead:
		m.heard(w, c)
		m.grant(c, w, b.Beat)
		if m.pol.AdoptOrKill && w.state == alive && !w.known {
			// The acknowledgement of its registration was lost, or it has
			// not followed it up yet.
			m.answer(c, wire.ReconnectWorker{Master: m.cfg.Addr, Term: m.reign.Term})
		}
	case w != nil || m.pol.AdoptOrKill:
		m.answer(c, wire.ReconnectWorker{Master: m.cfg.Addr, Term: m.reign.Term})
	}
}

// answered notes that a worker said what it runs; one that was asked for it is
// an ordinary one from now on.
func (m *Master) answered(w *worker) {
	w.known = true
	if w.state == retired && !m.pol.DurableTargetsAndMarks {
		w.state = alive // as Spark does
	}
	if w.state == asked {
		w.state = alive
		if w.retired {
			w.state = retired
		}
		m.h.StopTimer(w.ask)
		w.ask = 0
	}
}

// heard notes that w spoke on c.
func (m *Master) heard(w *worker, c host.ConnID) {
	if w.conn != c {
		w.conn = c
		m.conns[c] = w.rec.ID
	}
	m.listen(w)
}

// listen counts w's silence from now.
func (m *Master) listen(w *worker) {
	m.h.StopTimer(w.timer)
	w.timer = 0
	if m.pol.MonotonicLiveness {
		w.timer = host.After(m.h, m.cfg.WorkerTimeout, (*Master).workerTimedOut, w.rec.ID)
	} else {
		w.heard = m.h.Wall()
	}
}

// checkWorkers is Spark's check, once a worker timeout, of when the wall clock
// said each worker was heard last: a clock that jumps ahead makes all of them
// dead (D-34; Master.scala, timeOutDeadWorkers).
func (m *Master) checkWorkers(struct{}) {
	host.After(m.h, m.cfg.WorkerTimeout, (*Master).checkWorkers, struct{}{})
	m.post(mail{Call: host.Bind((*Master).timeOutDeadWorkers, m.reign.Term)})
}

func (m *Master) timeOutDeadWorkers(int64) {
	now := m.h.Wall()
	for _, id := range slices.Clone(m.roster) {
		w := m.workers[id]
		silent := time.Duration(now - w.heard)
		if w.state != dead && silent > m.cfg.WorkerTimeout {
			m.workerSilent(id)
		}
	}
}

func (m *Master) workerTimedOut(id wire.WorkerID) {
	if w := m.workers[id]; w != nil {
		w.timer = 0
	}
	m.post(mail{Call: host.Bind((*Master).workerSilent, id)})
}

// workerSilent loses a worker, or forgets a dead one, unless it was heard of
// meanwhile: what it said may have waited for the store too. A suspended master,
// or one without a lease, keeps its workers: it may be the one who is cut off.
func (m *Master) workerSilent(id wire.WorkerID) {
	w := m.workers[id]
	switch {
	case w == nil || w.timer != 0:
	case w.state == dead:
		m.removeEntry(w)
	case m.state == Suspended, m.pol.HoldSuspended && !m.lease.Holds():
		m.listen(w)
	default:
		m.lose(id, false)
	}
}

// closed is the end of a connection. Spark: the worker at its other end is
// lost at once, whichever of its connections it was (D-13, D-24).
func (m *Master) closed(c host.ConnID) {
	if m.apps.Closed(c) {
		return
	}
	w := m.workers[m.conns[c]]
	delete(m.conns, c)
	if w == nil {
		return
	}
	stood := c != w.out || w.up
	if c == w.out {
		w.out, w.up, w.outbox = 0, false, nil
	}
	if c == w.conn {
		w.conn = 0
	}
	if stood && w.state != dead && !m.pol.ConnectionIncarnation {
		m.then(host.Bind((*Master).checkRecovery, m.reign.Term))
		m.lose(w.rec.ID, false)
	}
}

func (m *Master) checkRecovery(int64) { m.mayComplete() }

// lose gives a worker up, and what ran on it. Gone: its process has ended, and
// the drivers with it.
func (m *Master) lose(id wire.WorkerID, gone bool) {
	if m.pol.DurableDriverState {
		m.loseWorker(id, gone)
	} else {
		m.removeWorker(id)
	}
}

// bury ends a worker's entry: at once if any worker may come back, else it is
// remembered as dead, for its heartbeats to be answered.
func (m *Master) bury(w *worker) {
	m.h.StopTimer(w.timer)
	m.h.StopTimer(w.ask)
	w.state, w.ask, w.outbox, w.strays = dead, 0, nil, nil
	if m.pol.AdoptOrKill {
		m.removeEntry(w)
		return
	}
	w.timer = host.After(m.h, m.cfg.WorkerTimeout*time.Duration(1+m.cfg.DeadPersistence), (*Master).workerTimedOut, w.rec.ID)
}

func (m *Master) removeEntry(w *worker) {
	if w.out != 0 {
		m.h.Close(w.out)
		delete(m.conns, w.out)
	}
	delete(m.workers, w.rec.ID)
	if i, ok := slices.BinarySearch(m.roster, w.rec.ID); ok {
		m.roster = slices.Delete(m.roster, i, i+1)
	}
}
