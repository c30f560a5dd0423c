package worker

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A Status is what a worker says of itself, for status pages and tests.
type Status struct {
	ID                 wire.WorkerID
	Master             host.Addr // the one it follows; "" before the first
	Term               int64     // the highest it has seen
	Connected          bool      // the connection to the master was not lost since it followed it
	Registering        bool      // an attempt to register is scheduled
	Attempts           int       // to register, since the connection was lost
	Cores, CoresUsed   int64
	Memory, MemoryUsed int64 // MiB
	Drivers            []wire.DriverOnWorker
	Dialled, Accepted  int // connections

	Executors      []Executor `json:",omitempty"` // those that run, and those whose end is not acknowledged
	Finished       []Executor `json:",omitempty"` // those that ended last
	Decommissioned bool       `json:",omitempty"` // it takes no more executors
}

// An Executor is what a worker shows of one of its executors.
type Executor struct {
	wire.ExecutorOnWorker
	Desc   wire.AppDesc // the application that it works for
	Status int64        // it exited with
	Reason string       // why it ended
}

// Status returns the worker's state now.
func (w *Worker) Status() Status {
	dialled := 0
	for i := range w.links {
		if w.links[i].conn != 0 {
			dialled++
		}
	}
	var executors []Executor
	for i := range w.executors {
		executors = append(executors, w.executors[i].Executor)
	}
	return Status{
		Executors: executors, Finished: slices.Clone(w.finished), Decommissioned: w.decommissioned,
		ID: w.id, Master: w.master, Term: w.seen, Connected: w.connected, Registering: w.retry != 0,
		Cores: w.cfg.Cores, CoresUsed: w.coresUsed, Memory: w.cfg.Memory, MemoryUsed: w.memoryUsed,
		Drivers: w.onWorker(), Attempts: w.attempts, Dialled: dialled, Accepted: len(w.inbound),
	}
}

// Clone implements [host.Process].
func (w *Worker) Clone(h host.Host) host.Process {
	c := *w
	c.h = h
	c.links = slices.Clone(w.links)
	for i := range c.links {
		c.links[i].queue = slices.Clone(c.links[i].queue)
	}
	c.inbound = slices.Clone(w.inbound)
	c.lease = w.lease.Clone(h, &c)
	c.runs = slices.Clone(w.runs)
	c.known = maps.Clone(w.known)
	c.executors, c.finished, c.watched = slices.Clone(w.executors), slices.Clone(w.finished), slices.Clone(w.watched)
	c.past, c.finishing, c.over = maps.Clone(w.past), maps.Clone(w.finishing), maps.Clone(w.over)
	c.sync = w.sync.clone()
	return &c
}

// Digest implements [host.Process]. The configuration never changes and is not
// part of it.
func (w *Worker) Digest(d *host.Digest) {
	d.Str(string(w.id))
	d.Str(string(w.master))
	d.Int(w.masterTerm)
	d.Int(w.seen)
	d.Int(w.entry)
	d.Bool(w.connected)
	d.Bool(w.registered)
	d.Uint(w.factor)
	d.Int(int64(w.attempts))
	d.Timer(w.retry)
	d.Bool(w.beating)
	d.Int(w.since)
	w.lease.Digest(d)
	d.Uint(uint64(len(w.links)))
	for i := range w.links {
		w.links[i].digest(d)
	}
	d.Uint(uint64(len(w.inbound)))
	for _, in := range w.inbound {
		d.Conn(in.conn)
		d.Int(in.term)
		d.Bool(in.stale)
	}
	d.Uint(uint64(len(w.runs)))
	for i := range w.runs {
		w.runs[i].digest(d)
	}
	d.Int(w.coresUsed)
	d.Int(w.memoryUsed)
	d.Uint(uint64(len(w.known)))
	for _, id := range slices.Sorted(maps.Keys(w.known)) {
		d.Str(string(id))
		d.Int(w.known[id].attempt)
		d.Str(string(w.known[id].state))
	}
	d.Int(w.spawned)
	d.Timer(w.resend)
	w.digestExecutors(d)
}

func (l *link) digest(d *host.Digest) {
	d.Str(string(l.addr))
	d.Conn(l.conn)
	d.Bool(l.up)
	d.Uint(uint64(len(l.queue)))
	for _, m := range l.queue {
		d.Str(m.Name())
		m.Digest(d)
	}
	d.Timer(l.timer)
	d.Bool(l.asked)
}

func (r *run) digest(d *host.Digest) {
	d.Str(string(r.driver))
	d.Int(r.attempt)
	r.desc.Digest(d)
	d.Str(string(r.child))
	d.Str(string(r.state))
	d.Bool(r.started)
	d.Bool(r.asked)
	d.Bool(r.expired)
	d.Bool(r.lost)
	d.Int(r.pause)
	d.Timer(r.timer)
	d.Timer(r.long)
}
