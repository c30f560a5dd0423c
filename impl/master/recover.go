package master

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

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
			m.lose(old.rec.ID) // Spark takes the last that it reads for the living one (D-28)
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
	m.recovery = 0
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
	m.recovery = 0
	if !m.pol.DurableDriverState {
		m.completeAsSpark()
		return
	}
	for _, id := range slices.Clone(m.roster) {
		if m.workers[id].state == asked {
			m.loseWorker(id)
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

// mayAct reports whether the master may become Alive as far as leases go.
func (m *Master) mayAct() bool {
	return m.waitOver && (!m.pol.HoldSuspended || m.lease.now != 0)
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
