// Package executor is the process that works for an application on a worker's
// machine: Spark's executor/CoarseGrainedExecutorBackend.scala. Its worker
// starts it; it registers with the application's driver, works on the tasks
// that it is given, one on each of its cores, and ends when its driver or its
// worker does.
package executor

import (
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// The exit statuses of an executor.
const (
	Stopped      = 0   // its driver has no more work
	Refused      = 1   // its driver does not take it, or is gone
	DriverSilent = 56  // its driver answers no heartbeats
	Terminated   = 143 // it was asked to end: 128 + 15
	WorkerIsGone = 255 // -1
)

// A Config says how patient an executor is. What is 0 is Spark's default.
type Config struct {
	Heartbeat time.Duration // between heartbeats to its driver; default 10 s (spark.executor.heartbeatInterval)
	Missed    int           // heartbeats in a row that nobody answered before it ends; default 60 (spark.executor.heartbeat.maxFailures)
	Dial      time.Duration // a dial that takes longer is given up; default 120 s (spark.network.timeout)
}

// An Executor implements [host.Process].
type Executor struct {
	h    host.Host
	cfg  Config
	args wire.ExecutorArgs

	driver     host.ConnID
	worker     host.ConnID
	dials      [2]host.TimerID // give the two dials up
	registered bool            // its driver has taken it
	tasks      []task          // that it works on
	missed     int64           // heartbeats since the last answer
	done       bool
}

// A task is what one core works on.
type task struct {
	Stage, Task, Attempt int64
	result               int64
	timer                host.TimerID
}

// A taskID names a task in timers.
type taskID struct{ Stage, Task, Attempt int64 }

// New makes an executor from the text that [wire.ExecutorArgs.JSON] wrote. It
// fails if the text is not that.
func New(args string, c Config) (*Executor, error) {
	a, err := wire.ParseExecutorArgs(args)
	if err != nil {
		return nil, err
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 10 * time.Second
	}
	if c.Missed == 0 {
		c.Missed = 60
	}
	if c.Dial == 0 {
		c.Dial = 120 * time.Second
	}
	return &Executor{args: a, cfg: c}, nil
}

// Start implements [host.Process]: it looks for its driver and its worker.
func (e *Executor) Start(h host.Host) {
	e.h = h
	e.note("started")
	e.worker = h.Dial(e.args.Worker, wire.Codec{})
	e.dials[0] = host.After(h, e.cfg.Dial, (*Executor).dialTimedOut, e.worker)
	e.driver = h.Dial(e.args.Driver, wire.Codec{})
	e.dials[1] = host.After(h, e.cfg.Dial, (*Executor).dialTimedOut, e.driver)
}

// Connected implements [host.Process].
func (e *Executor) Connected(c host.ConnID) {
	switch c {
	case e.worker:
		e.h.StopTimer(e.dials[0])
		e.dials[0] = 0
		e.h.Send(c, wire.WatchWorker{Process: e.h.Self()})
	case e.driver:
		e.h.StopTimer(e.dials[1])
		e.dials[1] = 0
		e.h.Send(c, wire.RegisterExecutor{App: e.args.App, ID: e.args.ID, Worker: e.args.WorkerID, Cores: e.args.Cores})
	}
}

func (e *Executor) dialTimedOut(c host.ConnID) {
	e.h.Close(c)
	e.Closed(c, host.TimedOut)
}

// Received implements [host.Process].
func (e *Executor) Received(c host.ConnID, m host.Message) {
	if c != e.driver {
		return
	}
	switch m := m.(type) {
	case wire.RegisteredExecutor:
		e.taken(m)
	case wire.LaunchTask:
		e.work(m)
	case wire.ExecutorHeartbeatResponse:
		e.missed = 0
	case wire.StopExecutor:
		e.end("ended", Stopped)
	}
}

func (e *Executor) taken(m wire.RegisteredExecutor) {
	switch {
	case !m.OK:
		e.end("refused", Refused)
	case !e.registered:
		e.registered = true
		e.note("registered")
		host.After(e.h, e.cfg.Heartbeat, (*Executor).beat, struct{}{})
	}
}

// beat says that the executor lives. A driver whose machine is lost does not
// answer, and nothing else tells of that.
func (e *Executor) beat(struct{}) {
	if e.done {
		return
	}
	if e.missed >= int64(e.cfg.Missed) {
		e.end("orphaned", DriverSilent)
		return
	}
	e.missed++
	e.h.Send(e.driver, wire.ExecutorHeartbeat{ID: e.args.ID})
	host.After(e.h, e.cfg.Heartbeat, (*Executor).beat, struct{}{})
}

// work begins a task. How many cores are free is the driver's to know.
func (e *Executor) work(m wire.LaunchTask) {
	t := task{Stage: m.Stage, Task: m.Task, Attempt: m.Attempt, result: m.Job.Result(m.Stage, m.Task)}
	t.timer = host.After(e.h, m.Job.Task, (*Executor).worked, taskID{m.Stage, m.Task, m.Attempt})
	e.tasks = append(e.tasks, t)
}

func (e *Executor) worked(id taskID) {
	i := slices.IndexFunc(e.tasks, func(t task) bool { return id == taskID{t.Stage, t.Task, t.Attempt} })
	if i < 0 || e.done {
		return
	}
	t := e.tasks[i]
	e.tasks = slices.Delete(e.tasks, i, i+1)
	e.h.Send(e.driver, wire.StatusUpdate{
		ID: e.args.ID, Stage: t.Stage, Task: t.Task, Attempt: t.Attempt, OK: true, Result: t.result,
	})
}

// Closed implements [host.Process]. An executor shares the fate of its driver
// and of its worker.
func (e *Executor) Closed(c host.ConnID, _ host.Reason) {
	switch c {
	case e.driver:
		e.end("orphaned", Refused)
	case e.worker:
		e.end("orphaned", WorkerIsGone)
	}
}

// Signalled implements [host.Process]: it ends when its worker asks.
func (e *Executor) Signalled(s host.Signal) {
	if s == host.Terminate {
		e.end("killed", Terminated)
	}
}

func (e *Executor) end(how string, status int) {
	if e.done {
		return
	}
	e.done = true
	e.note(how)
	e.h.Exit(status)
}

func (e *Executor) note(what string) {
	id := wire.ExecutorName(e.args.App, e.args.ID)
	e.h.Note(host.Note{Kind: host.NoteExecutor, Subject: id, Value: what, Detail: string(e.args.WorkerID)})
}

// Accepted implements [host.Process]. An executor listens nowhere.
func (e *Executor) Accepted(host.ConnID, host.Addr) {}

// Exited implements [host.Process]. An executor has no children.
func (e *Executor) Exited(host.ProcessID, int) {}

// Clone implements [host.Process].
func (e *Executor) Clone(h host.Host) host.Process {
	c := *e
	c.h = h
	c.tasks = slices.Clone(e.tasks)
	return &c
}

// Digest implements [host.Process]. The configuration never changes and is not
// part of it.
func (e *Executor) Digest(d *host.Digest) {
	e.args.Digest(d)
	d.Conn(e.driver)
	d.Conn(e.worker)
	d.Timer(e.dials[0])
	d.Timer(e.dials[1])
	d.Bool(e.registered)
	d.Uint(uint64(len(e.tasks)))
	for _, t := range e.tasks {
		d.Int(t.Stage)
		d.Int(t.Task)
		d.Int(t.Attempt)
		d.Int(t.result)
		d.Timer(t.timer)
	}
	d.Int(e.missed)
	d.Bool(e.done)
}
