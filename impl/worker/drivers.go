package worker

import (
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A run is one attempt of a driver on this worker, from its launch until its
// end was reported: with report-retry-tolerant until it was acknowledged.
type run struct {
	driver  wire.DriverID
	attempt int64
	desc    wire.Desc
	child   host.ProcessID // "" while it waits to be started again, and after its end
	state   wire.DriverState
	started bool         // a process of it was started
	asked   bool         // a kill was asked
	expired bool         // it is ended because the lease was over
	lost    bool         // another launch took its place in the table (D-40); only without term-in-ids
	pause   int64        // before the next local start, in Relaunch
	timer   host.TimerID // kills it if it does not end, or starts it again
	long    host.TimerID // rings when it has run so long that the pause is 1 again
}

// An ending is how far an attempt got.
type ending struct {
	attempt int64
	state   wire.DriverState // Running until it ended
}

// An attempt names a run in timers.
type attempt struct {
	Driver  wire.DriverID
	Attempt int64
}

// longRun is a run after which the pause before the next local start is 1
// again, in Relaunch: 5 s in Spark, where Relaunch is 1 s.
const longRun = 5

// longestPause bounds the doubling of the pause, in Relaunch.
const longestPause = 1 << 16

// launch starts a driver. A worker does not ask whether it has the cores: that
// is the master's to know. With term-in-ids an attempt runs at most once here.
// What it must not start now it leaves unanswered: it will be told again.
func (w *Worker) launch(c host.ConnID, m wire.LaunchDriver) {
	if !w.admit(c, m.Term) || !w.isMeant(m.Worker, m.Entry) {
		w.noteCommand(false, "launch", string(m.Driver), m.Term, m.Attempt, m.Decision)
		return
	}
	if w.cfg.Policy.TermInIDs {
		if k, ok := w.known[m.Driver]; ok && m.Attempt <= k.attempt {
			w.reportAgain(m.Driver, m.Attempt)
			return
		}
	}
	if !w.mayStart(m.Desc) {
		return
	}
	if w.cfg.Policy.TermInIDs {
		w.known[m.Driver] = ending{m.Attempt, wire.Running}
	}
	w.noteCommand(true, "launch", string(m.Driver), m.Term, m.Attempt, m.Decision)
	w.replace(m.Driver)
	w.runs = append(w.runs, run{driver: m.Driver, attempt: m.Attempt, desc: m.Desc, state: wire.Running, pause: 1})
	w.use(m.Desc.Cores, m.Desc.Memory)
	w.spawn(&w.runs[len(w.runs)-1])
	if w.cfg.Policy.LaunchAck {
		w.report(m.Driver, m.Attempt, wire.Running)
	}
}

// replace makes room for a new attempt of a driver. With term-in-ids what still
// runs of it is older and is stopped. Spark's worker overwrites the entry in its
// table: what runs can no longer be killed.
func (w *Worker) replace(id wire.DriverID) {
	for i := len(w.runs) - 1; i >= 0; i-- {
		switch {
		case w.runs[i].driver != id || w.runs[i].state.Over():
		case w.cfg.Policy.TermInIDs:
			w.stop(i)
		default:
			w.runs[i].lost = true
		}
	}
}

// spawn starts a run's process. Its name is the attempt's; a second process of
// the same attempt, after a local start or a doubled launch, has a number behind
// it that no other has.
func (w *Worker) spawn(r *run) {
	w.spawned++
	name := fmt.Sprintf("%s#%d", r.driver, r.attempt)
	again := func(o run) bool { return o.driver == r.driver && o.attempt == r.attempt && o.started }
	if slices.ContainsFunc(w.runs, again) {
		name = fmt.Sprintf("%s.%d", name, w.spawned)
	}
	r.started = true
	args := wire.DriverArgs{Driver: r.driver, Attempt: r.attempt, RunFor: r.desc.RunFor, Status: r.desc.Status}
	if w.leases(r.desc) {
		args.Lease, args.Worker = w.lease.Until(), w.cfg.Listen
	}
	w.appArgs(r, &args)
	r.child = w.h.Spawn(host.Program{Kind: "driver", Name: name, Args: args.JSON()})
	if r.desc.Supervise {
		r.long = host.After(w.h, longRun*w.cfg.Relaunch, (*Worker).ranLong, r.child)
	}
}

// kill ends an attempt of a driver, or all that run here.
func (w *Worker) kill(c host.ConnID, m wire.KillDriver) {
	ok := w.admit(c, m.Term)
	w.noteCommand(ok, "kill", string(m.Driver), m.Term, m.Attempt, m.Decision)
	if !ok {
		return
	}
	found := false
	for i := len(w.runs) - 1; i >= 0; i-- {
		r := &w.runs[i]
		if r.driver != m.Driver || m.Attempt != 0 && m.Attempt != r.attempt || r.lost {
			continue
		}
		found = true
		if r.state.Over() {
			w.report(r.driver, r.attempt, r.state)
		} else {
			w.stop(i)
		}
	}
	if !found && m.Attempt != 0 && w.cfg.Policy.ReportRetryTolerant {
		w.killUnknown(m.Driver, m.Attempt)
	}
}

// killUnknown answers the kill of an attempt that is not here, so that the
// master need not ask for ever: it tells how it ended, or, if its launch never
// came, that it is killed, and will not start it any more.
func (w *Worker) killUnknown(id wire.DriverID, n int64) {
	if k, ok := w.known[id]; ok && n <= k.attempt {
		w.reportAgain(id, n)
		return
	}
	w.known[id] = ending{n, wire.Killed}
	w.runs = append(w.runs, run{driver: id, attempt: n, state: wire.Killed})
	w.report(id, n, wire.Killed)
	w.armResend()
}

// stop asks a run to end, and kills it if it does not.
func (w *Worker) stop(i int) {
	r := &w.runs[i]
	if r.asked {
		return
	}
	r.asked = true
	if r.child == "" {
		w.ended(i, wire.Killed)
		return
	}
	if !r.expired {
		w.terminate(r)
	}
}

func (w *Worker) terminate(r *run) {
	w.h.Signal(r.child, host.Terminate)
	r.timer = host.After(w.h, w.cfg.Terminate, (*Worker).didNotEnd, r.child)
}

func (w *Worker) didNotEnd(child host.ProcessID) {
	w.h.Signal(child, host.Kill)
}

// Exited implements [host.Process]. The end of a driver is judged as Spark
// does: status 0 is FINISHED even if a kill was asked, another is KILLED if
// one was and FAILED if not. A supervised driver that fails is started again
// here, as the same attempt; the master is not told.
func (w *Worker) Exited(child host.ProcessID, status int) {
	if w.executorExited(child, status) {
		return
	}
	i := slices.IndexFunc(w.runs, func(r run) bool { return r.child == child })
	if i < 0 || child == "" {
		return
	}
	r := &w.runs[i]
	switch {
	case status == 0:
		w.ended(i, wire.Finished)
	case r.asked:
		w.ended(i, wire.Killed)
	case r.expired, status == wire.LeaseIsOver && w.leases(r.desc):
		w.ended(i, wire.Relaunching)
	case !r.desc.Supervise:
		w.ended(i, wire.Failed)
	default:
		w.h.StopTimer(r.long)
		r.child, r.long = "", 0
		again := attempt{r.driver, r.attempt}
		r.timer = host.After(w.h, time.Duration(r.pause)*w.cfg.Relaunch, (*Worker).startAgain, again)
		r.pause = min(2*r.pause, longestPause)
	}
}

func (w *Worker) startAgain(a attempt) {
	for i := range w.runs {
		r := &w.runs[i]
		if r.driver == a.Driver && r.attempt == a.Attempt && r.child == "" && !r.state.Over() {
			r.timer = 0
			w.spawn(r)
			return
		}
	}
}

func (w *Worker) ranLong(child host.ProcessID) {
	for i := range w.runs {
		if w.runs[i].child == child {
			w.runs[i].pause, w.runs[i].long = 1, 0
		}
	}
}

// ended closes a run: it is reported and its cores are free. Spark's worker
// forgets it at once (D-04); with report-retry-tolerant it is kept until a
// master has acknowledged its end.
func (w *Worker) ended(i int, state wire.DriverState) {
	r := w.runs[i]
	w.h.StopTimer(r.timer)
	w.h.StopTimer(r.long)
	w.report(r.driver, r.attempt, state)
	if !w.leaveTable(i) {
		w.runs = slices.Delete(w.runs, i, i+1)
		return
	}
	if k, ok := w.known[r.driver]; ok && k.attempt == r.attempt {
		w.known[r.driver] = ending{r.attempt, state}
	}
	if w.cfg.Policy.ReportRetryTolerant {
		w.runs[i] = run{driver: r.driver, attempt: r.attempt, desc: r.desc, state: state}
		w.armResend()
	} else {
		w.runs = slices.Delete(w.runs, i, i+1)
	}
	w.use(-r.desc.Cores, -r.desc.Memory)
}

// leaveTable takes a run's driver out of Spark's table, which has one entry a
// driver. The first of two twins to end takes the other's entry; the second
// finds none, and the failure leaves its cores used for ever (D-40).
func (w *Worker) leaveTable(i int) bool {
	if !w.runs[i].lost {
		return true
	}
	id := w.runs[i].driver
	entry := slices.IndexFunc(w.runs, func(r run) bool { return r.driver == id && !r.lost && !r.state.Over() })
	if entry < 0 {
		w.h.Note(host.Note{Kind: host.NoteFailed, Value: fmt.Sprintf("driver %s ended but is not in the table", id)})
		return false
	}
	w.runs[entry].lost = true
	return true
}

func (w *Worker) use(cores, memory int64) {
	w.coresUsed += cores
	w.memoryUsed += memory
	if cores != 0 || memory != 0 {
		w.noteUsage()
	}
}
