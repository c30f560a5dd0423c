package quorum

import (
	"encoding/binary"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/server"
	"github.com/simctl/simctl/sim/zk/txnlog"
)

// lead begins discovery.
func (p *Peer) lead() {
	p.enter(Leading)
	n := len(p.cfg.Members)
	p.l = leading{info: make([]bool, n), epochAcks: make([]bool, n), newAcks: make([]bool, n)}
	p.l.start = p.st.last()
	p.patience(p.cfg.Init)
	if d := p.cfg.Pace.Open.draw(p.h, "pace open"); d > 0 {
		host.After(p.h, d, (*Peer).openUp, p.phase)
		return
	}
	p.openUp(p.phase)
}

// openUp begins to accept followers; the leader is its own first one.
func (p *Peer) openUp(phase uint64) {
	if phase != p.phase {
		return
	}
	p.l.open = true
	p.l.epoch = p.st.accepted + 1
	p.informed(p.el.Index(p.el.Me()), p.st.accepted)
}

func majority(yes []bool) bool {
	n := 0
	for _, y := range yes {
		if y {
			n++
		}
	}
	return n > len(yes)/2
}

// informed counts an accepted epoch; a quorum of them makes the new one.
func (p *Peer) informed(i int, accepted int64) {
	l := &p.l
	if l.stage != leadInfo {
		return
	}
	l.epoch = max(l.epoch, accepted+1)
	l.info[i] = true
	if majority(l.info) {
		l.stage = leadEpoch
		p.patience(p.cfg.Init)
		p.save(acceptedFile, l.epoch, thenOfferEpoch)
	}
}

// offerEpoch tells the followers the new epoch, now that it cannot be
// forgotten.
func (p *Peer) offerEpoch() {
	for i := range p.l.learners {
		p.offer(&p.l.learners[i])
	}
	p.epochAcked(p.el.Index(p.el.Me()))
}

func (p *Peer) offer(n *learner) {
	n.offered = true
	p.h.Send(n.conn, Packet{Type: LeaderInfo, Zxid: opening(p.l.epoch)})
}

// epochAcked counts a follower that has nothing newer than this server.
func (p *Peer) epochAcked(i int) {
	l := &p.l
	l.epochAcks[i] = true
	if l.stage != leadEpoch || !majority(l.epochAcks) {
		return
	}
	l.stage = leadSync
	p.patience(p.cfg.Init)
	for i := range l.learners {
		if l.learners[i].answered {
			p.synchronise(&l.learners[i])
		}
	}
	p.leaderLogged()
}

// join takes a new follower in.
func (p *Peer) join(c host.ConnID, m Packet) {
	if p.state != Leading || !p.l.open {
		p.h.Send(c, Packet{Type: Refusal})
		return
	}
	i := -1
	if len(m.Data) == 1 {
		i = p.el.Index(int64(m.Data[0]))
	}
	if i < 0 || p.learnerOf(c) != nil || int64(m.Data[0]) == p.el.Me() {
		p.h.Close(c)
		return
	}
	id := int64(m.Data[0])
	for j := range p.l.learners {
		if p.l.learners[j].id == id {
			p.dropLearner(&p.l.learners[j])
			break
		}
	}
	p.l.learners = append(p.l.learners, learner{id: id, conn: c})
	if p.l.stage == leadInfo {
		p.informed(i, epochOf(m.Zxid))
		return
	}
	if p.l.stage > leadEpoch || p.epochKept() {
		p.offer(&p.l.learners[len(p.l.learners)-1])
	}
}

// epochKept reports whether the new epoch is on the disk.
func (p *Peer) epochKept() bool { return p.l.epochAcks[p.el.Index(p.el.Me())] }

// answered takes ACKEPOCH.
func (p *Peer) answered(n *learner, m Packet) {
	if !n.offered || n.answered || len(m.Data) != 8 {
		p.dropLearner(n)
		return
	}
	n.answered, n.last = true, m.Zxid
	epoch := int64(binary.BigEndian.Uint64(m.Data))
	if p.l.stage >= leadSync {
		p.synchronise(n)
		return
	}
	if epoch == -1 {
		return
	}
	if epoch > p.st.current || epoch == p.st.current && m.Zxid > p.last() {
		p.dropLearner(n) // it knows more than this server
		return
	}
	p.epochAcked(p.el.Index(n.id))
}

// synchronise sends a follower what it lacks, and from then on everything. What
// memory no longer holds may be in the log on the disk.
func (p *Peer) synchronise(n *learner) {
	s := &p.st
	if n.last < s.base && n.last >= s.snapZxid {
		p.h.ReadFile(logFile(s.gen), host.BindResult((*Peer).pastRead, pastOf{n.conn, p.phase, s.gen}))
		return
	}
	p.catchUp(n, s.base, s.txns)
}

// pastOf is for whom the log was read, and which one.
type pastOf struct {
	conn  host.ConnID
	phase uint64
	gen   uint64
}

// pastRead synchronises a follower by the log on the disk, if that is not too
// much.
func (p *Peer) pastRead(of pastOf, r host.ReadResult) {
	n := p.learnerOf(of.conn)
	if of.phase != p.phase || n == nil {
		return
	}
	s := &p.st
	if r.Err == "" && of.gen == s.gen {
		if past := s.past(r.Data, n.last); past != nil {
			p.catchUp(n, s.snapZxid, slices.Concat(past, s.txns))
			return
		}
	}
	p.catchUp(n, s.base, s.txns)
}

// snapshotFactor is how large a part of the log may be that is sent instead of
// a snapshot, in hundredths of the latest snapshot: ZooKeeper's
// snapshotSizeFactor. A server without a snapshot sends as much as it has.
const snapshotFactor = 33

// past returns what the log holds before memory begins, or nil if that has a
// gap, or if what a follower with the zxid last lacks of it is too large.
func (s *store) past(log []byte, last int64) []server.Txn {
	txns, _ := txnlog.Read(log, s.snapZxid)
	txns = txns[:txnlog.Behind(txns, s.base)]
	if len(txns) == 0 || txns[len(txns)-1].Zxid != s.base {
		return nil
	}
	size, limit := 0, s.snapSize*snapshotFactor/100
	for _, t := range txns[txnlog.Behind(txns, last):] {
		size += txnlog.Size(t)
	}
	if limit > 0 && size > limit {
		return nil
	}
	return txns
}

// catchUp sends what a follower lacks of a history: the transactions txns
// behind the zxid base, or a snapshot.
func (p *Peer) catchUp(n *learner, base int64, txns []server.Txn) {
	from := p.bringUp(n, base, txns)
	for _, t := range txns[txnlog.Behind(txns, from):] {
		p.h.Send(n.conn, Packet{Type: Proposal, Zxid: t.Zxid, Data: t.Data})
	}
	n.sent = p.st.last()
	n.forward = true
	p.h.Send(n.conn, Packet{Type: NewLeader, Zxid: opening(p.l.epoch)})
}

// bringUp makes a follower's history a prefix of this server's, and returns
// where it ends.
func (p *Peer) bringUp(n *learner, base int64, txns []server.Txn) int64 {
	tell := func(t PacketType, zxid int64) int64 {
		p.h.Send(n.conn, Packet{Type: t, Zxid: zxid})
		return zxid
	}
	top := p.st.last()
	at := txnlog.Behind(txns, n.last) // of the first transaction it lacks
	known := base
	if at > 0 {
		known = txns[at-1].Zxid
	}
	switch {
	case n.last == known, n.last == p.last():
		tell(Diff, top)
		return n.last
	case n.last < base:
	case counterOf(n.last) == 0 && at < len(txns): // it led an epoch without transactions
		tell(Diff, top)
		return n.last
	case counterOf(n.last) == 0:
	case at == len(txns): // it has what this server never had
		return tell(Trunc, top)
	case epochOf(txns[at].Zxid) == epochOf(n.last):
		return tell(Trunc, known)
	}
	snap := p.snapshot()
	p.h.Send(n.conn, snap.carry())
	return p.applied
}
