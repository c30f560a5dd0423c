package server

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/host"
)

// Clone returns a deep copy that runs on h.
func (s *Server) Clone(h host.Host) host.Process {
	c := *s
	c.h = h
	c.tree, c.watches = s.tree.Clone(), s.watches.Clone()
	c.conns = s.conns.clone()
	c.fresh, c.bySess = maps.Clone(s.fresh), maps.Clone(s.bySess)
	c.touches, c.syncing = maps.Clone(s.touches), maps.Clone(s.syncing)
	c.clients = maps.Clone(s.clients)
	for _, id := range slices.Sorted(maps.Keys(c.clients)) {
		cl := *c.clients[id]
		cl.who, cl.queue = slices.Clone(cl.who), slices.Clone(cl.queue)
		c.clients[id] = &cl
	}
	c.lead, c.local = s.lead.clone(c.tree), s.local.clone()
	c.r = s.r.Clone(h, &c)
	return &c
}

// Digest writes the complete state into d.
func (s *Server) Digest(d *host.Digest) {
	d.Uint(uint64(s.role))
	d.Bool(s.readOnly)
	d.Uint(uint64(s.roTimer))
	d.Int(s.nextSess)
	d.Uint(s.syncs)
	s.tree.Digest(d)
	s.watches.Digest(d)
	for _, c := range slices.Sorted(maps.Keys(s.fresh)) {
		d.Uint(uint64(c))
		d.Str(string(s.fresh[c]))
	}
	s.conns.digest(d)
	for _, c := range slices.Sorted(maps.Keys(s.clients)) {
		d.Uint(uint64(c))
		s.clients[c].digest(d)
	}
	for _, id := range slices.Sorted(maps.Keys(s.bySess)) {
		d.Int(id)
		d.Uint(uint64(s.bySess[id]))
	}
	for _, id := range slices.Sorted(maps.Keys(s.touches)) {
		d.Int(id)
		d.Int(int64(s.touches[id]))
	}
	for _, id := range slices.Sorted(maps.Keys(s.syncing)) {
		d.Uint(id)
		d.Uint(uint64(s.syncing[id]))
	}
	d.Int(s.unnoticed.Zxid)
	s.lead.digest(d)
	s.local.digest(d)
	d.Any(s.stats)
	d.Int(s.trace)
	s.r.Digest(d)
}

func (cl *client) digest(d *host.Digest) {
	d.Str(string(cl.from))
	d.Int(cl.session)
	d.Int(int64(cl.timeout))
	d.Bool(cl.ready)
	d.Bool(cl.readOnly)
	d.Any(cl.who)
	d.Int(int64(cl.ahead))
	d.Int(cl.received)
	d.Int(cl.sent)
	d.Uint(uint64(len(cl.queue)))
	for i := range cl.queue {
		q := &cl.queue[i]
		d.Int(int64(q.Xid)<<32 | int64(uint32(q.Type)))
		d.Bytes(q.body)
		d.Bool(q.refused)
		d.Bool(q.asked)
		d.Int(q.at)
	}
}
