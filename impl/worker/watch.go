package worker

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// firstPort is the first port that is given to a driver's process.
const firstPort = 40_000

// A watch is the connection over which a child sees that its worker lives
// (WorkerWatcher.scala).
type watch struct {
	conn  host.ConnID
	child host.ProcessID
}

// watchedBy reports whether a driver dials its worker.
func (w *Worker) watchedBy(d wire.Desc) bool { return d.Job.Kind != wire.NoJob || w.leases(d) }

// appArgs completes what the driver of an application is given.
func (w *Worker) appArgs(r *run, a *wire.DriverArgs) {
	if r.desc.Job.Kind == wire.NoJob {
		return
	}
	name, _, _ := strings.Cut(string(w.cfg.Listen), ":")
	a.Job, a.App, a.Masters, a.Worker = r.desc.Job, r.desc.App, w.cfg.Masters, w.cfg.Listen
	a.Listen = host.Addr(fmt.Sprintf("%s:%d", name, firstPort+w.spawned))
	if a.App.Tag == "" {
		a.App.Tag = r.desc.Tag
	}
}

// watches makes an accepted connection a child's. Somebody else's is closed.
func (w *Worker) watches(c host.ConnID, m wire.WatchWorker) {
	w.inbound = slices.DeleteFunc(w.inbound, func(in inbound) bool { return in.conn == c })
	if !w.lives(m.Process) {
		w.h.Close(c)
		return
	}
	w.watched = append(w.watched, watch{c, m.Process})
	for i := range w.runs {
		if r := &w.runs[i]; r.child == m.Process {
			w.renew(r)
		}
	}
}

// lives reports whether a process is a child of this worker.
func (w *Worker) lives(child host.ProcessID) bool {
	return child != "" && (slices.ContainsFunc(w.runs, func(r run) bool { return r.child == child }) ||
		slices.ContainsFunc(w.executors, func(e execution) bool { return e.child == child }))
}

// expected reports whether a connection that has said nothing yet may be a
// child's.
func (w *Worker) expected() bool {
	silent := func(child host.ProcessID) bool {
		return child != "" && !slices.ContainsFunc(w.watched, func(x watch) bool { return x.child == child })
	}
	return slices.ContainsFunc(w.runs, func(r run) bool { return w.watchedBy(r.desc) && silent(r.child) }) ||
		slices.ContainsFunc(w.executors, func(e execution) bool { return silent(e.child) })
}

// outOfDate reports whether a message comes over a connection from before the
// worker was taken in anew, which is then closed. A child's was left open.
func (w *Worker) outOfDate(c host.ConnID, m host.Message) bool {
	i := slices.IndexFunc(w.inbound, func(in inbound) bool { return in.conn == c && in.stale })
	if _, ok := m.(wire.WatchWorker); i < 0 || ok {
		return false
	}
	w.h.Close(c)
	w.inbound = slices.Delete(w.inbound, i, i+1)
	return true
}

// decommission takes no more executors from now on. An operator's signal is
// told to the master; a master that asks for it knows.
func (w *Worker) decommission() {
	if w.decommissioned {
		return
	}
	w.decommissioned = true
	if w.master != "" {
		w.send(w.master, wire.WorkerDecommissioning{Worker: w.id, Term: w.seen})
	}
}

func (w *Worker) decommissionAsked(c host.ConnID, m wire.DecommissionWorker) {
	ok := w.admit(c, m.Term)
	w.noteCommand(ok, "decommission", string(w.id), m.Term, 0, 0)
	if ok {
		w.decommissioned = true
	}
}

// remindOfDecommission tells a master that the worker follows from now on what
// an earlier one was told. Spark's worker leaves it in its belief that there is
// one more worker to give work to (D-37).
func (w *Worker) remindOfDecommission() {
	if w.decommissioned && w.cfg.Policy.DurableTargetsAndMarks {
		w.send(w.master, wire.WorkerDecommissioning{Worker: w.id, Term: w.seen})
	}
}
