package master

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/shown"
	"github.com/simctl/simctl/impl/wire"
)

// A State is a master's recovery state.
type State = shown.State

// The states of a master: Standby does not lead, or has not read the store yet;
// Recovering asks the stored workers what they run; CompletingRecovery decides
// about what nobody runs; Alive acts; Suspended holds its latch and does not act.
const (
	Standby, Recovering, CompletingRecovery = shown.Standby, shown.Recovering, shown.CompletingRecovery
	Alive, Suspended                        = shown.Alive, shown.Suspended
)

func (m *Master) setState(s State) {
	m.state = s
	m.h.Note(host.Note{Kind: host.NoteState, Value: s.String(), Term: m.reign.Term})
	if s != Alive && m.Ready() {
		m.h.Note(host.Note{Kind: host.NoteReady, Value: s.String(), Term: m.reign.Term})
	}
}

// Ready is what the master tells a probe that asks whether it is ready
// (Master.scala, RequestReadyz): with honest-ready that it serves, and under
// Spark that it is not a standby, though it refuses every request (D-31).
func (m *Master) Ready() bool {
	return m.state == Alive || !m.pol.HonestReady && m.state != Standby
}

// LatchElected puts the election into the mailbox.
func (m *Master) LatchElected(w election.Win) {
	m.leaseConfirmed()
	m.post(mail{Call: host.Bind((*Master).elected, w)})
}

// LatchLost puts the loss of leadership into the mailbox, behind whatever is
// there already.
func (m *Master) LatchLost(why election.Reason) {
	m.post(mail{Call: host.Bind((*Master).revoked, why)})
}

// LatchRefused tells why this master will never lead.
func (m *Master) LatchRefused(why string) { m.failed(why) }

// StoreLost ends the reign: another has begun.
func (m *Master) StoreLost(why string) {
	m.failed(why)
	m.endReign(true)
}

// elected begins a reign: the store is read only now that the term is
// committed, so no write of an older reign can follow.
func (m *Master) elected(w election.Win) {
	m.reign = w
	m.h.Note(host.Note{Kind: host.NoteElected, Term: w.Term, Zxid: w.Zxid})
	m.store.Open(w)
	if wait := m.predecessor(); wait > 0 {
		m.holds.CountAfter(wait)
	} else {
		m.holds.Count()
	}
	if m.pol.HoldSuspended {
		m.tick = host.After(m.h, m.cfg.Lease/3, (*Master).keepLease, w.Term)
	}
	if m.pol.TermInIDs {
		m.issued = 0
	}
	m.apps.Begin()
	m.store.Load(host.BindResult((*Master).loaded, w.Term))
}

func (m *Master) revoked(election.Reason) { m.endReign(false) }

// endReign gives up everything a reign holds. Spark's master exits, with
// status 0 (Master.scala, RevokedLeadership). One that holds becomes a standby
// that knows nothing; with rejoin it goes to the end of the latch's queue.
func (m *Master) endReign(rejoin bool) {
	if !m.pol.HoldSuspended {
		m.stopping = true
		m.h.Exit(0)
		return
	}
	if m.reign.Term != 0 {
		m.resign()
	}
	switch {
	case rejoin && m.monarchy != nil:
		m.monarchy.Rejoin()
	case rejoin:
		m.latch.Rejoin()
	}
}

// resign forgets the reign, its timers and its connections.
func (m *Master) resign() {
	m.store.Close()
	for _, id := range m.roster {
		w := m.workers[id]
		m.h.StopTimer(w.timer)
		m.h.StopTimer(w.ask)
		if w.out != 0 {
			m.h.Close(w.out)
		}
	}
	for _, id := range m.order {
		m.h.StopTimer(m.drivers[id].timer)
	}
	for _, c := range m.accepted {
		m.h.Close(c)
	}
	m.accepted = nil
	m.h.StopTimer(m.recovery)
	m.h.StopTimer(m.tick)
	m.lease.Stop()
	m.holds.Clear()
	m.apps.Forget()
	m.forget()
	m.reign = election.Win{}
	m.setState(Standby)
}

// goAlive tells what is known and begins to act.
func (m *Master) goAlive() {
	for _, id := range m.order {
		d := m.drivers[id]
		m.h.Note(host.Note{Kind: host.NoteRecovered, Subject: "driver/" + string(id), Value: string(d.told.State),
			Detail: d.told.Desc.Tag, Term: m.reign.Term, N: d.told.Attempt})
	}
	for _, id := range m.roster {
		if w := m.workers[id]; w.state != dead && w.state != joining { // one that joins is not committed yet
			m.h.Note(host.Note{Kind: host.NoteRecovered, Subject: "worker/" + string(id), Value: w.state.String(), Term: m.reign.Term})
		}
	}
	for _, key := range m.unread {
		m.h.Note(host.Note{Kind: host.NoteRecovered, Subject: strings.Replace(key, "_", "/", 1), Value: undecodable, Term: m.reign.Term})
	}
	m.apps.Recovered()
	m.setState(Alive)
	for _, id := range m.order {
		m.pursue(m.drivers[id])
	}
	m.apps.Resume()
	m.schedule()
}

// A Status is what a master shows of itself: for its status page and tests.
type Status = shown.Master

// A WorkerStatus is one worker as the master sees it.
type WorkerStatus = shown.Worker

// A DriverStatus is one driver as it is committed.
type DriverStatus = shown.Driver

// Status returns what the master knows now.
func (m *Master) Status() Status {
	s := Status{Addr: m.cfg.Addr, State: m.state.Spark(), Term: m.reign.Term, Waiting: len(m.waiting)}
	for _, id := range m.roster {
		w := m.workers[id]
		s.Workers = append(s.Workers, WorkerStatus{ID: id, Addr: w.rec.Addr, State: w.state.String(), Cores: w.rec.Cores,
			CoresUsed: w.cores, Memory: w.rec.Memory, MemoryUse: w.memory, Drivers: slices.Clone(w.drivers), Executors: m.apps.On(id)})
	}
	for _, id := range m.order {
		s.Drivers = append(s.Drivers, DriverStatus{Record: m.drivers[id].told, Ended: m.drivers[id].closed})
	}
	s.Apps = m.apps.Status()
	return s
}

// State is the master's recovery state.
func (m *Master) State() State { return m.state }

// loaded takes over what the store holds (Master.scala, ElectedLeader). A
// failure to read it leaves Spark's master Standby with the latch held (D-07a).
func (m *Master) loaded(term int64, l persist.Loaded) {
	if term != m.reign.Term {
		return
	}
	for _, bad := range l.Bad {
		m.failed("record " + bad.Key + ": " + bad.Why)
		m.unread = append(m.unread, bad.Key)
	}
	switch {
	case l.Err != nil:
		m.fail(l.Err)
	case len(l.Drivers)+len(l.Workers)+len(l.Apps) == 0:
		m.recoveryCommitted(term, persist.Result{})
	default:
		m.beginRecovery(l)
	}
	m.settle()
}

// beginRecovery asks every stored worker what it runs. Its drivers wait for
// the answers.
func (m *Master) beginRecovery(l persist.Loaded) {
	m.setState(Recovering)
	m.recovery = host.After(m.h, m.cfg.Recovery, (*Master).recoveryTimedOut, m.reign.Term)
	for _, stored := range l.Workers {
		if old := m.atAddr(stored.Record.Addr); old != nil && !m.pol.TermInIDs {
			m.lose(old.rec.ID, true) // Spark takes the last that it reads for the living one (D-28)
		}
		w := m.addWorker(stored.Record, asked)
		w.zxid, w.retired = stored.Zxid, stored.Retired
	}
	for _, stored := range l.Drivers {
		m.addStored(stored)
	}
	if m.pol.DurableDriverState {
		m.sortEnded()
	}
	m.apps.Load(l.Apps)
	for _, id := range slices.Clone(m.roster) {
		m.askAgain(id)
	}
	m.mayComplete()
}

// askAgain sends MasterChanged to a worker that has not answered. Spark sends
// it once; if it is lost, so is the worker (D-09).
func (m *Master) askAgain(id wire.WorkerID) {
	w := m.workers[id]
	if w == nil || w.state != asked {
		return
	}
	w.ask = 0
	m.command(id, wire.MasterChanged{Master: m.cfg.Addr, Term: m.reign.Term})
	if m.pol.AdoptOrKill {
		w.ask = host.After(m.h, m.cfg.Relaunch, (*Master).askAgain, id)
	}
}

func (m *Master) recoveryTimedOut(term int64) {
	m.post(mail{Call: host.Bind((*Master).completeRecovery, term)})
}

// mayComplete completes recovery once every worker is heard of.
func (m *Master) mayComplete() {
	if m.state != Recovering {
		return
	}
	for _, id := range m.roster {
		if m.workers[id].state == asked {
			return
		}
	}
	if !m.apps.Unheard() {
		m.completeRecovery(m.reign.Term)
	}
}

// completeRecovery gives up the workers that were not heard of, and decides
// about the drivers that nobody runs.
func (m *Master) completeRecovery(term int64) {
	if m.state != Recovering || m.reign.Term != term {
		return
	}
	m.setState(CompletingRecovery)
	m.h.StopTimer(m.recovery)
	if !m.pol.DurableDriverState {
		m.completeAsSpark()
		return
	}
	for _, id := range slices.Clone(m.roster) {
		if m.workers[id].state == asked {
			m.loseWorker(id, false)
		}
	}
	for _, id := range m.order {
		m.settleStored(m.drivers[id])
	}
	for _, step := range m.apps.GiveUp() {
		step.Run(m, nil)
	}
	m.store.Fence(host.BindResult((*Master).recoveryCommitted, term))
}

// recoveryCommitted ends recovery: everything it decided is committed.
func (m *Master) recoveryCommitted(term int64, r persist.Result) {
	switch {
	case r.Err != nil:
		m.fail(r.Err)
	case term == m.reign.Term:
		m.recovered = true
		if m.state != CompletingRecovery && !m.mayAct() {
			m.setState(CompletingRecovery)
		}
		m.tryAlive()
	}
	m.settle()
}

// mayAct reports whether the master may become Alive as far as leases go. What
// it decided since recovery has to be committed too: it would tell of it.
func (m *Master) mayAct() bool {
	return (m.pol.BlockingStore || m.store.Settled()) && m.holds.Counts() && (!m.pol.HoldSuspended || m.lease.Holds())
}

func (m *Master) tryAlive() {
	if m.recovered && m.mayAct() && (m.state == CompletingRecovery || m.state == Standby) {
		m.goAlive()
	}
}

// undecodable is the state of a record that is kept and cannot be decoded.
const undecodable = "UNDECODABLE"

// unreadable reports whether there is a record of a driver that this master
// cannot decode. It says nothing of it and lets it run: another will know.
func (m *Master) unreadable(id wire.DriverID) bool {
	return len(m.unread) > 0 && slices.Contains(m.unread, "driver_"+string(id))
}
