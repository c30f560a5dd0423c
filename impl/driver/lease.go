package driver

import (
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// This file is worker-lease at the driver. A worker ends a supervised driver when
// its lease is over, because another may be started elsewhere; but a worker may
// stand still while its driver goes on. So the driver knows the lease too, and ends
// itself. Both are on one machine and have one monotonic clock.

// watchWorker dials the worker whose fate the driver shares, if there is one.
func (d *Driver) watchWorker() {
	if d.args.Lease != 0 { //det:allow whether there is one
		d.runUntil(d.args.Lease)
	}
	if d.args.Worker != "" && !d.isApp() {
		d.worker = d.h.Dial(d.args.Worker, wire.Codec{})
	}
}

// renewed is told by its worker until when it may run. A driver without a lease
// needs none.
func (d *Driver) renewed(c host.ConnID, m wire.DriverLease) {
	if c == d.worker && d.lease != 0 {
		d.runUntil(m.Until)
	}
}

func (d *Driver) runUntil(until host.Mono) {
	//det:allow an instant of the clock that both share: news that come late must not lengthen the lease
	d.until = max(d.until, time.Duration(until))
	d.h.StopTimer(d.lease)
	left := d.until - time.Duration(d.h.Mono())
	d.lease = host.After(d.h, max(0, left), (*Driver).leaseOver, struct{}{})
}

func (d *Driver) leaseOver(struct{}) {
	d.lease = 0
	if !d.done {
		d.endEarly("its worker is silent", "killed", wire.LeaseIsOver)
	}
}

// workerGone ends a driver with its worker, as Spark's WorkerWatcher does.
func (d *Driver) workerGone() {
	if d.isApp() {
		d.giveUp("its worker is gone", "failed", WorkerIsGone)
	} else {
		d.end("failed", WorkerIsGone)
	}
}
