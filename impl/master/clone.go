package master

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/coord"
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
	c.lease, c.holds = m.lease.Clone(h, &c), m.holds.Clone(h, &c)
	c.held, c.unread = slices.Clone(m.held), slices.Clone(m.unread)
	c.conns, c.keys = maps.Clone(m.conns), maps.Clone(m.keys)
	c.roster, c.accepted = slices.Clone(m.roster), slices.Clone(m.accepted)
	c.order, c.waiting, c.ended = slices.Clone(m.order), slices.Clone(m.waiting), slices.Clone(m.ended)
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
	d.Any([]coord.Session{m.latchSession, m.storeSession})
	d.Any([]bool{m.stopping, m.recovered})
	d.Any([]int64{int64(m.closing), int64(m.state), int64(m.spread), m.issued})
	d.Any(m.reign)
	d.Any([]host.TimerID{m.recovery, m.tick})
	m.lease.Digest(d)
	m.holds.Digest(d)
	m.box.Digest(d)
	d.Uint(uint64(len(m.held)))
	for _, o := range m.held {
		o.Digest(d)
	}
	host.DigestMap(d, m.conns)
	d.Any(m.roster)
	host.DigestMap(d, m.workers)
	host.DigestMap(d, m.voids)
	host.DigestMap(d, m.drivers)
	d.Any([][]wire.DriverID{m.order, m.waiting, m.ended})
	host.DigestMap(d, m.keys)
	d.Any(m.unread)
	d.Any(m.accepted)
}

// Digest implements host.Digester.
func (w *worker) Digest(d *host.Digest) {
	if w == nil {
		return
	}
	d.Any(w.rec)
	d.Any([]int64{int64(w.state), w.zxid, w.cores, w.memory, int64(w.granted), int64(w.heard), int64(w.newest)})
	d.Any([]bool{w.known, w.retired, w.up})
	d.Any(w.drivers)
	d.Any(w.strays)
	d.Any([]host.ConnID{w.conn, w.out})
	d.Uint(uint64(len(w.outbox)))
	for _, msg := range w.outbox {
		mailbox.DigestMessage(d, msg)
	}
	d.Any([]host.TimerID{w.timer, w.ask})
}

// Digest implements host.Digester.
func (v *driver) Digest(d *host.Digest) {
	if v != nil {
		d.Any(*v)
	}
}
