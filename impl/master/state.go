package master

import (
	"strings"

	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
)

// A State is a master's recovery state, with Spark's names (RecoveryState.scala)
// and one more.
type State uint8

// The states of a master.
const (
	Standby            State = iota // it does not lead, or has not read the store yet
	Recovering                      // it asks the stored workers what they run
	CompletingRecovery              // it decides about what nobody runs
	Alive                           // it acts
	Suspended                       // it holds its latch and does not act
)

var stateNames = [...]string{"Standby", "Recovering", "CompletingRecovery", "Alive", "Suspended"}
var sparkNames = [...]string{"STANDBY", "RECOVERING", "COMPLETING_RECOVERY", "ALIVE", "SUSPENDED"}

// String returns the state's name in notes.
func (s State) String() string { return stateNames[s] }

// Spark returns the state's name on Spark's status page.
func (s State) Spark() string { return sparkNames[s] }

func (m *Master) setState(s State) {
	m.state = s
	m.h.Note(host.Note{Kind: host.NoteState, Value: s.String(), Term: m.reign.Term})
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
	m.waitOver = true
	if m.pol.HoldSuspended {
		m.startLease()
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
	m.recovery = 0
	m.stopLease()
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
