package quorum

import (
	"encoding/binary"

	"github.com/simctl/simctl/impl/host"
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
	p.l.learners = append(p.l.learners, learner{id: id, conn: c, heard: p.l.beat})
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

// synchronise sends a follower what it lacks, and from then on everything.
func (p *Peer) synchronise(n *learner) {
	from := p.bringUp(n)
	for _, t := range p.st.txns[behind(p.st.txns, from):] {
		p.h.Send(n.conn, Packet{Type: Proposal, Zxid: t.Zxid, Data: t.Data})
	}
	n.sent = p.st.last()
	n.forward = true
	p.h.Send(n.conn, Packet{Type: NewLeader, Zxid: opening(p.l.epoch)})
}

// bringUp makes a follower's history a prefix of this server's, and returns
// where it ends.
func (p *Peer) bringUp(n *learner) int64 {
	s := &p.st
	tell := func(t PacketType, zxid int64) int64 {
		p.h.Send(n.conn, Packet{Type: t, Zxid: zxid})
		return zxid
	}
	top := s.last()
	at := behind(s.txns, n.last) // of the first transaction it lacks
	known := s.base
	if at > 0 {
		known = s.txns[at-1].Zxid
	}
	switch {
	case n.last == known, n.last == p.last():
		tell(Diff, top)
		return n.last
	case n.last < s.base:
	case counterOf(n.last) == 0 && at < len(s.txns): // it led an epoch without transactions
		tell(Diff, top)
		return n.last
	case counterOf(n.last) == 0:
	case at == len(s.txns): // it has what this server never had
		return tell(Trunc, top)
	case epochOf(s.txns[at].Zxid) == epochOf(n.last):
		return tell(Trunc, known)
	}
	snap := p.snapshot()
	p.h.Send(n.conn, snap.carry())
	return p.applied
}
