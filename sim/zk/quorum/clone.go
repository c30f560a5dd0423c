package quorum

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/server"
)

// Clone implements server.Replicator. What transactions hold is shared, as it
// never changes.
func (p *Peer) Clone(h host.Host, m server.Machine) server.Replicator {
	c := *p
	c.h, c.m = h, m
	c.el = p.el.Clone(ballots{&c})
	c.links = slices.Clone(p.links)
	c.st.txns = slices.Clone(p.st.txns)
	c.st.buf = slices.Clone(p.st.buf)
	c.st.saves = slices.Clone(p.st.saves)
	if p.st.next != nil {
		r := *p.st.next
		c.st.next = &r
	}
	c.l.learners = slices.Clone(p.l.learners)
	c.l.info = slices.Clone(p.l.info)
	c.l.epochAcks = slices.Clone(p.l.epochAcks)
	c.l.newAcks = slices.Clone(p.l.newAcks)
	c.l.syncs = slices.Clone(p.l.syncs)
	return &c
}

// Digest implements server.Replicator.
func (p *Peer) Digest(d *host.Digest) {
	p.el.Digest(d)
	d.Uint(uint64(len(p.links)))
	for i := range p.links {
		l := &p.links[i]
		d.Conn(l.conn)
		d.Bool(l.up)
		d.Bool(l.has)
		l.last.Digest(d)
	}
	p.st.digest(d)
	d.Int(p.applied)
	d.Uint(p.told)
	d.Int(p.opened)
	d.Int(p.claimed)
	d.Uint(p.phase)
	d.Uint(uint64(p.state))
	d.Bool(p.serving)
	d.Bool(p.ended)
	d.Timer(p.pollTimer)
	d.Timer(p.timer)
	d.Any(p.f)
	p.l.digest(d)
}

func (s *store) digest(d *host.Digest) {
	d.Int(s.accepted)
	d.Int(s.current)
	d.Uint(s.gen)
	d.Int(s.snapZxid)
	d.Int(int64(s.snapSize))
	d.Int(s.base)
	digestTxns(d, s.txns)
	d.Int(int64(s.since))
	d.Bytes(s.buf)
	d.Int(s.flushed)
	d.Bool(s.busy)
	d.Uint(s.seq)
	d.Uint(s.flushSeq)
	d.Uint(s.doneSeq)
	d.Uint(s.cuts)
	d.Int(s.durable)
	d.Bool(s.held)
	s.rolling.digest(d)
	d.Bool(s.next != nil)
	if s.next != nil {
		s.next.digest(d)
	}
	d.Any(s.saves)
}

func (r *rolling) digest(d *host.Digest) {
	d.Uint(uint64(r.step))
	d.Int(r.last)
	d.Int(r.snap.zxid)
	d.Uint(r.snap.told)
	d.Bytes(r.snap.data)
}

func digestTxns(d *host.Digest, txns []server.Txn) {
	d.Uint(uint64(len(txns)))
	for i := range txns {
		d.Int(txns[i].Zxid)
		d.Bytes(txns[i].Data)
	}
}

func (l *leading) digest(d *host.Digest) {
	d.Uint(uint64(l.stage))
	d.Bool(l.open)
	d.Bool(l.odd)
	for _, x := range [...]int64{l.epoch, l.counter, l.start, l.commit} {
		d.Int(x)
	}
	d.Any(l.learners)
	d.Any(l.info)
	d.Any(l.epochAcks)
	d.Any(l.newAcks)
	d.Any(l.syncs)
}
