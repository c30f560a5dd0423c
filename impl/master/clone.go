package master

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/host"
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
	c.stash = slices.Clone(m.stash)
	c.todo = slices.Clone(m.todo)
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
	d.Uint(uint64(len(m.conns)))
	for _, c := range slices.Sorted(maps.Keys(m.conns)) {
		d.Uint(uint64(c))
		d.Str(string(m.conns[c]))
	}
	d.Any(m.roster)
	for _, id := range slices.Sorted(maps.Keys(m.workers)) {
		d.Str(string(id))
		m.workers[id].digest(d)
	}
	d.Int(int64(m.spread))
	d.Uint(uint64(len(m.voids)))
	for _, id := range slices.Sorted(maps.Keys(m.voids)) {
		d.Str(string(id))
		d.Any(m.voids[id])
	}
	d.Any(m.order)
	for _, id := range slices.Sorted(maps.Keys(m.drivers)) {
		d.Str(string(id))
		m.drivers[id].digest(d)
	}
	d.Any(m.waiting)
	d.Any(m.ended)
	d.Uint(uint64(len(m.keys)))
	for _, k := range slices.Sorted(maps.Keys(m.keys)) {
		d.Str(k)
		d.Str(string(m.keys[k]))
	}
	d.Any(m.unread)
	d.Int(m.issued)
	d.Any(m.accepted)
}

func (m *Master) digestMail(d *host.Digest) {
	d.Uint(uint64(len(m.stash)))
	for _, l := range m.stash {
		d.Uint(uint64(l.conn))
		digestMessage(d, l.msg)
		d.Uint(uint64(l.why))
		l.call.Digest(d)
	}
	d.Uint(uint64(len(m.todo)))
	for _, c := range m.todo {
		c.Digest(d)
	}
	d.Uint(uint64(len(m.held)))
	for _, o := range m.held {
		d.Uint(uint64(o.conn))
		d.Str(string(o.worker))
		d.Str(string(o.app))
		digestMessage(d, o.msg)
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
		digestMessage(d, msg)
	}
	d.Any([]host.TimerID{w.timer, w.ask})
}

func (v *driver) digest(d *host.Digest) {
	if v == nil {
		return
	}
	d.Any(v.rec)
	d.Any(v.told)
	d.Any(v.pending)
	d.Int(v.zxid)
	d.Bool(v.closed)
	d.Bool(v.holds)
	d.Bool(v.confirmed)
	d.Bool(v.launched)
	d.Uint(uint64(v.timer))
	d.Uint(uint64(v.reporter))
	d.Any(v.submits)
	d.Any(v.kills)
}

func digestMessage(d *host.Digest, msg host.Message) {
	if msg == nil {
		d.Uint(0)
		return
	}
	d.Str(msg.Name())
	msg.Digest(d)
}
