package worker

import (
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// This file is worker-lease at the worker: supervised drivers run while some
// heartbeat that was sent within the lease has been answered. A master starts
// none of them elsewhere while it may be so.

// Part gives the lease, which has a continuation of its own.
func (w *Worker) Part(i int) any {
	if i == 0 {
		return w.lease
	}
	return nil
}

// nextBeat numbers a heartbeat that is about to be sent.
func (w *Worker) nextBeat() int64 {
	if !w.cfg.Policy.WorkerLease {
		return 0
	}
	return w.lease.Begin()
}

// granted makes the lease of an answered heartbeat count.
func (w *Worker) granted(c host.ConnID, m wire.HeartbeatAck) {
	if w.admit(c, m.Term) && w.lease.Confirm(m.Beat) {
		for i := range w.runs {
			w.renew(&w.runs[i])
		}
	}
}

// leases reports whether a driver runs under a lease, which it is told.
func (w *Worker) leases(d wire.Desc) bool { return w.cfg.Policy.WorkerLease && d.Supervise }

// renew tells a driver until when it may run: it ends itself if this worker stands
// still.
func (w *Worker) renew(r *run) {
	if !w.leases(r.desc) || r.child == "" || !w.lease.Holds() {
		return
	}
	for _, x := range w.watched {
		if x.child == r.child {
			w.h.Send(x.conn, wire.DriverLease{Until: w.lease.Until()})
		}
	}
}

// LeaseOver stops supervised drivers: they may be started elsewhere soon.
func (w *Worker) LeaseOver() {
	for i := len(w.runs) - 1; i >= 0; i-- {
		if r := &w.runs[i]; r.desc.Supervise && !r.state.Over() {
			w.expire(i)
		}
	}
}

// expire ends an attempt, for another to follow it.
func (w *Worker) expire(i int) {
	r := &w.runs[i]
	ending := r.expired || r.asked
	r.expired = true
	switch {
	case r.child == "":
		w.ended(i, wire.Relaunching)
	case !ending:
		w.terminate(r)
	}
}

// mayStart reports whether a driver may be started here now: a supervised one
// under a lease that the master it follows has granted since it follows it, and
// for the heartbeat before the last at the earliest. One granted before a master
// was suspended may be over before the first answer comes.
func (w *Worker) mayStart(d wire.Desc) bool {
	return !w.cfg.Policy.WorkerLease || !d.Supervise || w.lease.Holds() && w.lease.Counting() >= w.since && w.lease.Open() <= 1
}
