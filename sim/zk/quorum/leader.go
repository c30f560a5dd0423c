package quorum

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/server"
)

// leading is what a leader knows of its followers.
type leading struct {
	stage    leadStage
	open     bool // followers are accepted
	epoch    int64
	counter  int64 // of the transactions proposed in the epoch
	start    int64 // zxid where the history before the epoch ends
	commit   int64 // everything up to it is committed
	odd      bool  // half ticks since it serves
	learners []learner
	// Who has done what, by index of the voter, this server included. A
	// server that was lost since still counts.
	info, epochAcks, newAcks []bool
	syncs                    []pendingSync
}

type leadStage uint8

const (
	leadInfo    leadStage = iota // a quorum's accepted epochs are awaited
	leadEpoch                    // a quorum's answers to LEADERINFO are
	leadSync                     // a quorum's synchronisation is
	leadServing                  // transactions are broadcast
)

// learner is one follower, as its leader sees it.
type learner struct {
	id       int64
	conn     host.ConnID
	offered  bool  // LEADERINFO was sent
	answered bool  // ACKEPOCH came
	last     int64 // zxid it said it has
	forward  bool  // proposals and commits go to it
	sent     int64 // the last proposal before NEWLEADER
	synced   bool  // it acknowledged NEWLEADER
	acked    int64 // what it has on its disk
	silent   int   // half ticks since its last packet
	owes     bool  // it was sent proposals that it has not acknowledged
	owed     int   // half ticks since then
}

// pendingSync is a follower's mark behind a transaction that is not committed.
type pendingSync struct {
	conn  host.ConnID
	id    int64
	after int64
}

// maxCounter is the last zxid of an epoch; a leader that reaches it resigns.
const maxCounter = 1<<32 - 1

// learnerOf returns the follower of a connection.
func (p *Peer) learnerOf(c host.ConnID) *learner {
	for i := range p.l.learners {
		if p.l.learners[i].conn == c {
			return &p.l.learners[i]
		}
	}
	return nil
}

func (p *Peer) learnerClosed(c host.ConnID) {
	p.l.learners = slices.DeleteFunc(p.l.learners, func(n learner) bool { return n.conn == c })
}

func (p *Peer) dropLearner(n *learner) {
	c := n.conn
	p.h.Close(c)
	p.learnerClosed(c)
}

// fromLearner takes what a follower sent, or who wants to be one.
func (p *Peer) fromLearner(c host.ConnID, m Packet) {
	n := p.learnerOf(c)
	if m.Type == FollowerInfo {
		p.join(c, m)
		return
	}
	if n == nil {
		p.h.Close(c)
		return
	}
	n.silent = 0
	switch m.Type {
	case AckEpoch:
		p.answered(n, m)
	case Ack:
		p.acked(n, m.Zxid)
	case Ping:
		if t, ok := decodeTouches(m.Data); ok {
			p.m.Touched(server.ServerID(n.id), t)
		}
	case Request:
		p.m.Forwarded(server.ServerID(n.id), m.Data)
	case Sync:
		p.markSync(n, m.Zxid)
	case Revalidate:
		verdict := []byte{0}
		if t, ok := decodeTimeout(m.Data); ok && p.m.Revalidate(server.ServerID(n.id), m.Zxid, t) {
			verdict[0] = 1
		}
		p.h.Send(c, Packet{Type: Revalidate, Zxid: m.Zxid, Data: verdict})
	default:
		p.dropLearner(n)
	}
}

// leaderLogged counts this server's own disk.
func (p *Peer) leaderLogged() {
	l := &p.l
	me := p.el.Index(p.el.Me())
	switch {
	case l.stage == leadSync && !l.newAcks[me] && p.st.settled() && p.st.current != l.epoch:
		p.save(currentFile, l.epoch, thenAckSelf)
	case l.stage == leadServing:
		p.advance()
	}
}

func (p *Peer) ackSelf() {
	p.l.newAcks[p.el.Index(p.el.Me())] = true
	p.newAcked()
}

// acked takes a follower's ACK, of NEWLEADER or of proposals.
func (p *Peer) acked(n *learner, zxid int64) {
	if !n.forward {
		p.dropLearner(n)
		return
	}
	if !n.synced {
		if zxid != opening(p.l.epoch) {
			p.dropLearner(n) // ZOOKEEPER-4685: it must acknowledge NEWLEADER first
			return
		}
		n.synced, n.acked = true, n.sent
		p.l.newAcks[p.el.Index(n.id)] = true
		if p.l.stage == leadServing {
			p.h.Send(n.conn, Packet{Type: UpToDate, Zxid: p.l.commit})
			p.advance()
		} else {
			p.newAcked()
		}
		return
	}
	n.acked = max(n.acked, zxid)
	n.owes, n.owed = n.acked < p.st.last(), 0
	if p.l.stage == leadServing {
		p.advance()
	}
}

// newAcked begins the broadcast once a quorum is synchronised. What this
// server had logged before is committed by that.
func (p *Peer) newAcked() {
	l := &p.l
	if l.stage != leadSync || !majority(l.newAcks) {
		return
	}
	l.stage = leadServing
	l.commit = l.start
	p.el.Established(l.epoch)
	p.h.StopTimer(p.timer)
	for i := range l.learners {
		if n := &l.learners[i]; n.synced {
			p.h.Send(n.conn, Packet{Type: UpToDate, Zxid: l.commit})
		}
	}
	p.opened = opening(l.epoch)
	p.timer = host.After(p.h, p.cfg.Tick/2, (*Peer).beaten, p.phase)
	phase := p.phase
	p.apply(l.commit)
	if p.phase == phase {
		p.serve(server.Leading, l.epoch, p.opened)
	}
}

// Propose implements server.Replicator.
func (p *Peer) Propose(data []byte) int64 {
	l := &p.l
	if p.state != Leading || l.stage != leadServing || p.ended || l.counter >= maxCounter {
		return 0
	}
	l.counter++
	if l.counter == maxCounter { // the next epoch starts at 0 again
		host.After(p.h, 0, (*Peer).outOfPatience, p.phase)
	}
	t := server.Txn{Zxid: opening(l.epoch) | l.counter, Data: data}
	m := host.Message(Packet{Type: Proposal, Zxid: t.Zxid, Data: t.Data}) // one for all
	for i := range l.learners {
		n := &l.learners[i]
		if !n.forward {
			continue
		}
		n.owes = true
		p.h.Send(n.conn, m)
	}
	p.log(t)
	return t.Zxid
}

// advance commits what a majority has on its disks.
func (p *Peer) advance() {
	l := &p.l
	var acks [256]int64
	n := 1
	acks[0] = p.st.durable
	for i := range l.learners {
		if l.learners[i].synced {
			acks[n] = l.learners[i].acked
			n++
		}
	}
	need := len(p.cfg.Members)/2 + 1
	if n < need {
		return
	}
	slices.Sort(acks[:n])
	commit := min(acks[n-need], p.st.last())
	if commit <= l.commit {
		return
	}
	l.commit = commit
	m := host.Message(Packet{Type: Commit, Zxid: commit})
	for i := range l.learners {
		if l.learners[i].forward {
			p.h.Send(l.learners[i].conn, m)
		}
	}
	p.releaseSyncs()
	p.apply(commit)
}

// beaten is every half tick: followers are pinged, and every tick counted.
func (p *Peer) beaten(phase uint64) {
	if phase != p.phase {
		return
	}
	l := &p.l
	l.odd = !l.odd
	heard := 1
	for i := 0; i < len(l.learners); {
		n := &l.learners[i]
		limit := 2 * p.cfg.Sync
		if !n.synced {
			limit = 2 * p.cfg.Init
		}
		n.silent++
		if n.owes {
			n.owed++
		}
		if max(n.silent, n.owed) > limit {
			p.dropLearner(n)
			continue
		}
		if n.synced {
			heard++
		}
		i++
	}
	if !l.odd && heard <= len(p.cfg.Members)/2 {
		p.look()
		return
	}
	p.timer = host.After(p.h, p.cfg.Tick/2, (*Peer).beaten, p.phase)
	m := host.Message(Packet{Type: Ping, Zxid: p.st.last()})
	for i := range l.learners {
		if n := &l.learners[i]; n.synced {
			p.h.Send(n.conn, m)
		}
	}
}
