package apps

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

// Clone returns a deep copy that runs on h and belongs to owner, which has store.
func (a *Apps) Clone(h host.Host, owner Owner, store *persist.Store) *Apps {
	c := *a
	c.h, c.owner, c.store = h, owner, store
	c.apps = make(map[wire.AppID]*app, len(a.apps))
	for _, id := range slices.Sorted(maps.Keys(a.apps)) {
		p := *a.apps[id]
		p.pending, p.execs = slices.Clone(p.pending), slices.Clone(p.execs)
		p.outbox, p.news = slices.Clone(p.outbox), slices.Clone(p.news)
		c.apps[id] = &p
	}
	c.order, c.ended = slices.Clone(a.order), slices.Clone(a.ended)
	c.addrs, c.keys, c.conns = maps.Clone(a.addrs), maps.Clone(a.keys), maps.Clone(a.conns)
	c.strays = slices.Clone(a.strays)
	c.kills = slices.Clone(a.kills)
	for i := range c.kills {
		c.kills[i].IDs = slices.Clone(c.kills[i].IDs)
	}
	return &c
}

// Digest writes the complete state into d.
func (a *Apps) Digest(d *host.Digest) {
	d.Uint(uint64(len(a.apps)))
	for _, id := range slices.Sorted(maps.Keys(a.apps)) {
		d.Str(string(id))
		a.apps[id].digest(d)
	}
	d.Any(a.order)
	d.Any(a.ended)
	host.DigestMap(d, a.addrs)
	host.DigestMap(d, a.keys)
	host.DigestMap(d, a.conns)
	d.Any(a.strays)
	d.Any(a.kills)
	d.Int(a.issued)
}

func (p *app) digest(d *host.Digest) {
	if p == nil {
		return
	}
	d.Any(p.rec)
	d.Any(p.told)
	d.Any(p.pending)
	d.Int(p.zxid)
	d.Bool(p.asked)
	d.Bool(p.over)
	d.Str(p.why)
	d.Int(int64(p.until))
	d.Int(p.first)
	d.Int(p.granted)
	d.Any(p.execs)
	d.Any([]host.ConnID{p.conn, p.out})
	d.Bool(p.up)
	digestMessages(d, p.outbox)
	digestMessages(d, p.news)
	d.Int(int64(p.missed))
	d.Any([]host.TimerID{p.timer, p.again, p.rest})
	d.Int(p.falls)
}

func digestMessages(d *host.Digest, msgs []host.Message) {
	d.Uint(uint64(len(msgs)))
	for _, msg := range msgs {
		d.Str(msg.Name())
		msg.Digest(d)
	}
}
