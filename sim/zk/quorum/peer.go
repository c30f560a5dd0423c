package quorum

import (
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/fle"
	"github.com/simctl/simctl/sim/zk/server"
	"github.com/simctl/simctl/sim/zk/txnlog"
)

// A Peer is one server's part in the ensemble. It is a host part: its
// continuations are its own methods.
type Peer struct {
	cfg   Config
	h     host.Host
	m     server.Machine
	el    *fle.Election
	links []link // for elections, by index of the voter
	st    store

	applied int64  // zxid of the last transaction that the machine has
	told    uint64 // digest of all that the machine was ever told, through snapshots
	opened  int64  // zxid that opened the epoch in which it led; 0 if it did not since
	claimed int64  // zxid that its leader announced (a defect)
	phase   uint64 // counts the times of looking, following and leading
	state   State
	serving bool // the machine was told a role in which it serves
	ended   bool

	pollTimer host.TimerID // of the election
	timer     host.TimerID // of the leader's or follower's patience
	f         following
	l         leading
}

var _ server.Replicator = (*Peer)(nil)

// Start implements server.Replicator.
func (p *Peer) Start(h host.Host, m server.Machine) {
	p.h, p.m = h, m
	if err := h.Listen(p.cfg.Members[p.el.Index(p.el.Me())].Addr, Codec{}); err != nil {
		p.fail(err.Error())
		return
	}
	p.load()
}

// fail ends the process: what happened to it cannot be repaired by going on.
func (p *Peer) fail(why string) {
	if p.ended {
		return
	}
	p.ended = true
	p.h.Note(host.Note{Kind: host.NoteFailed, Value: why})
	p.h.Exit(1)
}

// last is the zxid that the server votes with.
func (p *Peer) last() int64 { return max(p.st.last(), p.opened, p.claimed) }

// look begins an election.
func (p *Peer) look() {
	p.enter(Looking)
	if d := p.cfg.Pace.Detect.draw(p.h, "pace detect"); p.phase > 1 && d > 0 {
		host.After(p.h, d, (*Peer).lookNow, p.phase)
		return
	}
	p.lookNow(p.phase)
}

func (p *Peer) lookNow(phase uint64) {
	if phase == p.phase {
		p.el.Look(Vote{Leader: p.el.Me(), Zxid: p.last(), Epoch: p.st.current})
	}
}

// draw returns a duration of the span.
func (s Span) draw(h host.Rand, purpose string) time.Duration {
	if s.Max <= s.Min {
		return s.Min
	}
	return s.Min + time.Duration(h.Draw(purpose, uint64(s.Max-s.Min)+1))
}

// enter leaves what the server was and becomes something else. Clients are
// told at once.
func (p *Peer) enter(s State) {
	p.phase++
	p.h.StopTimer(p.timer)
	p.h.StopTimer(p.pollTimer)
	p.timer, p.pollTimer = 0, 0
	p.leave()
	p.state = s
	if s == Looking {
		p.h.Note(host.Note{Kind: host.NoteRole, Value: "looking", Term: p.st.current, Zxid: p.last()})
	}
	if p.serving {
		p.serving = false
		p.m.Became(server.Looking, 0)
	}
}

// leave closes the connections of a leader or a follower.
func (p *Peer) leave() {
	if p.f.conn != 0 {
		p.h.Close(p.f.conn)
	}
	for i := range p.l.learners {
		p.h.Close(p.l.learners[i].conn)
	}
	p.f, p.l = following{}, leading{}
	p.st.held = false
	p.leaveBehind()
	p.forget()
	p.flush()
}

// Decided implements fle.Ballots.
func (p ballots) Decided(v Vote) {
	n := host.Note{Kind: host.NoteRole, Value: "following", Term: p.st.current, N: v.Leader, Zxid: p.last()}
	if v.Leader == p.el.Me() {
		n.Value = "leading"
	}
	p.h.Note(n)
	if v.Leader == p.el.Me() {
		p.lead()
	} else {
		p.follow(v.Leader)
	}
}

// serve tells the machine its role, and that it has all of the history with
// which the epoch begins for it.
func (p *Peer) serve(r server.Role, epoch, zxid int64) {
	p.serving = true
	n := host.Note{Kind: host.NoteServing, Value: "following", Term: epoch, Zxid: p.applied, N: int64(len(p.cfg.Members))}
	if r == server.Leading {
		n.Value = "leading"
	}
	p.h.Note(n)
	p.m.Became(r, zxid)
}

// patience gives up the present role in a while, instead of when it would have
// been given up.
func (p *Peer) patience(ticks int) {
	p.h.StopTimer(p.timer)
	p.timer = host.After(p.h, time.Duration(ticks)*p.cfg.Tick, (*Peer).outOfPatience, p.phase)
}

func (p *Peer) outOfPatience(phase uint64) {
	if phase == p.phase {
		p.look()
	}
}

// apply gives the machine what is committed, up to a zxid.
func (p *Peer) apply(upTo int64) {
	phase := p.phase
	for i := txnlog.Behind(p.st.txns, p.applied); i < len(p.st.txns) && p.st.txns[i].Zxid <= upTo; i++ {
		t := p.st.txns[i]
		p.deliver(t)
		if p.phase != phase {
			return
		}
	}
	p.st.trim(p.applied, p.cfg.CommitLogCount)
	if p.serving && p.st.since >= p.cfg.SnapCount/2+int(p.snapJitter()) && p.st.rolling.step == rollIdle {
		p.roll(p.snapshot())
	}
}

// deliver gives the machine one transaction.
func (p *Peer) deliver(t server.Txn) {
	var d host.Digest
	d.Bytes(t.Data)
	txn := d.Sum()
	d.Int(t.Zxid)
	d.Uint(p.told)
	p.applied, p.told = t.Zxid, d.Sum()
	n := host.Note{Kind: host.NoteDelivered, Zxid: t.Zxid, N: int64(txn), M: int64(p.told)}
	n.P = int64(p.m.Committed(t))
	p.h.Note(n)
}

// snapshot is the state as it is.
func (p *Peer) snapshot() snapshot { return snapshot{p.applied, p.told, p.m.Snapshot().Data} }

// snapJitter differs from server to server, so that not all snapshot at once.
func (p *Peer) snapJitter() uint64 {
	half := uint64(p.cfg.SnapCount / 2)
	if half == 0 {
		return 0
	}
	return (uint64(p.cfg.ID)*2654435761 + p.st.gen*40503) % half
}

// logged is told that more of memory is on the disk.
func (p *Peer) logged() {
	switch p.state {
	case Following:
		p.followerLogged()
	case Leading:
		p.leaderLogged()
	case reloading:
		p.reload()
	}
}

// afterSave goes on when an epoch is on the disk.
func (p *Peer) afterSave(do then) {
	switch do {
	case thenOfferEpoch:
		p.offerEpoch()
	case thenAckEpoch:
		p.ackEpoch(false)
	case thenAckNewLeader:
		p.ackNewLeader()
	case thenAckSelf:
		p.ackSelf()
	}
}

// Role is what the server is to the ensemble; a leader or follower need not
// serve yet.
func (p *Peer) Role() State { return p.state }

// Serving reports whether clients are served.
func (p *Peer) Serving() bool { return p.serving }

// Leader is the server that it follows, itself if it leads, and while it looks
// for one the one that it votes for.
func (p *Peer) Leader() server.ServerID { return server.ServerID(p.el.Vote().Leader) }

// Waits is how long a server that looks for a leader waits for votes before it
// asks for them again.
func (p *Peer) Waits() time.Duration { return p.el.Wait() }

// Epoch is the epoch that the server is in, by what its disk was told.
func (p *Peer) Epoch() int64 { return p.st.current }

// Gauges implements server.Replicator.
func (p *Peer) Gauges() []server.Gauge {
	g := []server.Gauge{{Key: "quorum_size", Value: int64(len(p.cfg.Members))}}
	if p.state != Leading {
		return g
	}
	synced := 0
	for i := range p.l.learners {
		if p.l.learners[i].synced {
			synced++
		}
	}
	return append(g,
		server.Gauge{Key: "learners", Value: int64(len(p.l.learners))},
		server.Gauge{Key: "synced_followers", Value: int64(synced)},
		server.Gauge{Key: "synced_non_voting_followers", Value: 0},
		server.Gauge{Key: "synced_observers", Value: 0},
		server.Gauge{Key: "pending_syncs", Value: int64(len(p.l.syncs))})
}

// Part implements server.Replicator.
func (p *Peer) Part(i int) any {
	if i == 0 {
		return p
	}
	return nil
}
