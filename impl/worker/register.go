package worker

import (
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// register begins to register: one request to every master now, and retries
// until one accepts. Nothing happens if it is at it already.
func (w *Worker) register() {
	if w.retry != 0 {
		return
	}
	w.registered = false
	w.attempts = 0
	w.askAllMasters()
	w.scheduleRetry()
}

func (w *Worker) scheduleRetry() {
	d := w.cfg.Register
	if w.attempts >= w.cfg.RegisterFew {
		d = w.cfg.RegisterSlow
	}
	d = d/2 + d/1_000_000*time.Duration(w.factor)
	w.retry = host.After(w.h, d, (*Worker).retryRegistration, struct{}{})
}

func (w *Worker) stopRetries() {
	w.h.StopTimer(w.retry)
	w.retry = 0
}

// retryRegistration asks again. Spark's worker, once it had a master, asks only
// at that one's address, and exits after the last attempt (D-09, D-35). With
// workers-try-all-masters it asks everybody, for ever.
func (w *Worker) retryRegistration(struct{}) {
	w.retry = 0
	if w.attempts == w.cfg.RegisterMax && !w.cfg.Policy.WorkersTryAllMasters {
		w.h.Exit(1)
		return
	}
	w.attempts = min(w.attempts+1, w.cfg.RegisterMax)
	if w.master == "" || w.cfg.Policy.WorkersTryAllMasters {
		w.askAllMasters()
	} else {
		w.ask(w.master)
	}
	w.scheduleRetry()
}

func (w *Worker) askAllMasters() {
	for _, addr := range w.cfg.Masters {
		w.ask(addr)
	}
}

// ask sends one registration request. With workers-try-all-masters each attempt
// counts: a connection that swallowed the last one is replaced.
func (w *Worker) ask(addr host.Addr) {
	if l := w.link(addr); l.asked && w.cfg.Policy.WorkersTryAllMasters {
		w.hangUp(l)
	}
	w.send(addr, wire.RegisterWorker{
		Worker: wire.WorkerRecord{ID: w.id, Addr: w.cfg.Listen, Cores: w.cfg.Cores, Memory: w.cfg.Memory},
		Term:   w.seen,
	})
	w.link(addr).asked = true
}

// lostMaster begins to register again after the connection to the master broke.
// Drivers go on.
func (w *Worker) lostMaster() {
	w.connected = false
	w.register()
}

// inStandby is told by a master that does not lead. It means nothing to one who
// asks for a master, nor to Spark's worker ever. Said by the master that this
// worker follows, it means that this one has been started again, or gave up:
// the connection stands, but nobody counts the heartbeats.
func (w *Worker) inStandby(c host.ConnID) {
	if w.connected && w.cfg.Policy.WorkersTryAllMasters && w.master != "" && w.link(w.master).conn == c {
		w.lostMaster()
	}
}

func (w *Worker) registeredWorker(c host.ConnID, m wire.RegisteredWorker) {
	ok := w.admit(c, m.Term)
	w.noteCommand(ok, "master", string(m.Master), m.Term, 0, m.Decision)
	if !ok {
		return
	}
	w.registered = true
	w.leaveOldEntry(c, m)
	w.follow(c, m.Master, m.Term)
	w.send(w.master, wire.WorkerLatestState{Worker: w.id, Term: w.seen, Drivers: w.onWorker(), Executors: w.executorsHere(), Report: w.nextReport()})
	w.remindOfDecommission()
}

// nextReport numbers a report of all that is here, with adopt-or-kill: one that
// comes late must not count for the present.
func (w *Worker) nextReport() int64 {
	if w.cfg.Policy.AdoptOrKill {
		w.reports++
	}
	return w.reports
}

// leaveOldEntry drops what the master may have sent before it gave this worker
// up and took it in anew: a command of the old entry would be carried out
// behind the new one's back. What came before this moment is in the state that
// the worker sends next; what comes later comes over a new connection.
func (w *Worker) leaveOldEntry(c host.ConnID, m wire.RegisteredWorker) {
	if w.cfg.Policy.ConnectionIncarnation && (!m.Duplicate || m.Decision != w.entry) {
		expected := w.expected()
		for i := range w.inbound {
			switch in := &w.inbound[i]; {
			case in.conn == c:
			case in.term == 0 && expected:
				in.stale = true // it may be a child's, which would end with it
			default:
				w.h.Close(in.conn)
			}
		}
		w.inbound = slices.DeleteFunc(w.inbound, func(in inbound) bool { return in.conn != c && !in.stale })
	}
	w.entry = m.Decision
}

// isMeant reports whether a launch is for this worker as it is registered now. One
// for an earlier incarnation of it, or an earlier entry, came late: the master
// has given up what it was to start.
func (w *Worker) isMeant(id wire.WorkerID, entry int64) bool {
	return id == "" || id == w.id && (entry == 0 || entry >= w.entry)
}

func (w *Worker) masterChanged(c host.ConnID, m wire.MasterChanged) {
	ok := w.admit(c, m.Term)
	w.noteCommand(ok, "master", string(m.Master), m.Term, 0, 0)
	if !ok {
		return
	}
	if w.cfg.Policy.TermInIDs {
		w.registered = true // Spark's worker forgets to, and a late refusal ends it (D-43)
	}
	w.follow(c, m.Master, m.Term)
	w.send(w.master, wire.WorkerSchedulerStateResponse{
		Worker: w.id, Term: w.seen, Drivers: w.onWorker(), Executors: w.executorsHere(), Report: w.nextReport(),
	})
	w.remindOfDecommission()
}

func (w *Worker) reconnect(c host.ConnID, m wire.ReconnectWorker) {
	ok := w.admit(c, m.Term)
	w.noteCommand(ok, "reconnect", string(m.Master), m.Term, 0, 0)
	if !ok {
		return
	}
	if l := w.link(m.Master); l.conn != c && w.cfg.Policy.ConnectionIncarnation {
		w.hangUp(l) // the master does not hear what we send over it
	}
	w.register()
}

func (w *Worker) registrationRefused(c host.ConnID, m wire.RegisterWorkerFailed) {
	if w.admit(c, m.Term) && !w.registered && !w.cfg.Policy.TermInIDs {
		w.h.Exit(1)
	}
}

// follow makes a master the worker's, whichever way it said so. Without term
// fencing the last one to speak wins (D-25).
func (w *Worker) follow(c host.ConnID, master host.Addr, term int64) {
	if w.cfg.Policy.ConnectionIncarnation {
		w.leaveOldLinks(c, master, term)
	}
	w.master, w.masterTerm, w.connected = master, term, true
	w.stopRetries()
	w.h.Note(host.Note{Kind: host.NoteRegistered, Subject: string(w.id), Value: string(master), Term: term})
	switch {
	case !w.beating:
		w.beating = true
		w.heartbeat(struct{}{})
	case w.cfg.Policy.WorkerLease:
		w.beat() // what counts was granted by an earlier master, and may be over soon
	}
	w.since = w.lease.Last()
}

// leaveOldLinks closes what stands from before this master's reign: the links
// to others, and the one to itself if it reigned before. Nothing is sent into a
// connection whose other end may be long gone.
func (w *Worker) leaveOldLinks(c host.ConnID, master host.Addr, term int64) {
	again := master == w.master && term > w.masterTerm
	for i := range w.links {
		if l := &w.links[i]; l.conn != c && (l.addr != master || again) {
			w.hangUp(l)
		}
	}
}

func (w *Worker) heartbeat(struct{}) {
	if w.connected {
		w.beat()
	}
	host.After(w.h, w.cfg.Heartbeat, (*Worker).heartbeat, struct{}{})
}

func (w *Worker) beat() {
	w.send(w.master, wire.Heartbeat{Worker: w.id, Term: w.seen, Beat: w.nextBeat()})
}
