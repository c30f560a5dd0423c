package master

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/mailbox"
	"github.com/simctl/simctl/impl/wire"
)

// Clone returns a deep copy that runs on h.
func (m *Master) Clone(h host.Host) host.Process {
	c := *m
	c.h = h
	if m.monarchy != nil {
		c.monarchy = m.monarchy.Clone(h, &c)
	} else {
		c.latch = m.latch.Clone(h, &c)
	}
	c.store = m.store.Clone(h, &c)
	c.apps = m.apps.Clone(h, &c, c.store)
	c.box = m.box.Clone(&c)
	c.held, c.unread = slices.Clone(m.held), slices.Clone(m.unread)
	c.conns = maps.Clone(m.conns)
	c.roster = slices.Clone(m.roster)
	c.order = slices.Clone(m.order)
	c.waiting = slices.Clone(m.waiting)
	c.ended = slices.Clone(m.ended)
	c.keys = maps.Clone(m.keys)
	c.accepted = slices.Clone(m.accepted)
	c.workers = make(map[wire.WorkerID]*worker, len(m.workers))
	for _, id := range slices.Sorted(maps.Keys(m.workers)) {
		w := *m.workers[id]
		w.drivers, w.strays, w.outbox = slices.Clone(w.drivers), slices.Clone(w.strays), slices.Clone(w.outbox)
		c.workers[id] = &w
	}
	c.voids = make(map[host.Addr][]wire.DriverOnWorker, len(m.voids))
	for _, id := range slices.Sorted(maps.Keys(m.voids)) {
		c.voids[id] = slices.Clone(m.voids[id])
	}
	c.drivers = make(map[wire.DriverID]*driver, len(m.drivers))
	for _, id := range slices.Sorted(maps.Keys(m.drivers)) {
		d := *m.drivers[id]
		d.pending, d.submits, d.kills = slices.Clone(d.pending), slices.Clone(d.submits), slices.Clone(d.kills)
		c.drivers[id] = &d
	}
	return &c
}

// Digest writes the complete state into d.
func (m *Master) Digest(d *host.Digest) {
	if m.monarchy != nil {
		m.monarchy.Digest(d)
	} else {
		m.latch.Digest(d)
	}
	m.store.Digest(d)
	m.apps.Digest(d)
	d.Uint(uint64(m.latchSession))
	d.Uint(uint64(m.storeSession))
	d.Bool(m.stopping)
	d.Int(int64(m.closing))
	d.Uint(uint64(m.state))
	d.Any(m.reign)
	d.Bool(m.recovered)
	d.Bool(m.waitOver)
	d.Any([]host.TimerID{m.recovery, m.wait, m.tick})
	d.Any(m.lease)
	m.digestMail(d)
	host.DigestMap(d, m.conns)
	d.Any(m.roster)
	for _, id := range slices.Sorted(maps.Keys(m.workers)) {
		d.Str(string(id))
		m.workers[id].digest(d)
	}
	d.Int(int64(m.spread))
	host.DigestMap(d, m.voids)
	d.Any(m.order)
	for _, id := range slices.Sorted(maps.Keys(m.drivers)) {
		d.Str(string(id))
		m.drivers[id].digest(d)
	}
	d.Any(m.waiting)
	d.Any(m.ended)
	host.DigestMap(d, m.keys)
	d.Any(m.unread)
	d.Int(m.issued)
	d.Any(m.accepted)
}

func (m *Master) digestMail(d *host.Digest) {
	m.box.Digest(d)
	d.Uint(uint64(len(m.held)))
	for _, o := range m.held {
		d.Uint(uint64(o.conn))
		d.Str(string(o.worker))
		d.Str(string(o.app))
		mailbox.DigestMessage(d, o.msg)
		o.note.Digest(d)
	}
}

func (w *worker) digest(d *host.Digest) {
	if w == nil {
		return
	}
	d.Any(w.rec)
	d.Uint(uint64(w.state))
	d.Bool(w.known)
	d.Bool(w.retired)
	d.Int(w.zxid)
	d.Int(w.cores)
	d.Int(w.memory)
	d.Any(w.drivers)
	d.Any(w.strays)
	d.Any([]host.ConnID{w.conn, w.out})
	d.Bool(w.up)
	d.Uint(uint64(len(w.outbox)))
	for _, msg := range w.outbox {
		mailbox.DigestMessage(d, msg)
	}
	d.Any([]host.TimerID{w.timer, w.ask})
}

func (v *driver) digest(d *host.Digest) {
	if v != nil {
		d.Any(*v)
	}
}
