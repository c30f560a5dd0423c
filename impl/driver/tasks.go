package driver

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/simctl/simctl/impl/eventlog"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// An executor is one that has registered, until the driver knows it for lost.
type executor struct {
	id     int64
	app    wire.AppID
	worker wire.WorkerID
	conn   host.ConnID // 0: it is closed, and a master's word is waited for
	cores  int64
	// leaving: it is decommissioned, and gets no more tasks.
	leaving bool
	timer   host.TimerID // it is lost when this rings
}

// A taskState is whether a task waits, runs or is done.
type taskState uint8

const (
	waiting taskState = iota
	running
	done
)

// A task is one of the stage's.
type task struct {
	state    taskState
	executor int64 // that it runs on
	attempt  int64 // that it runs as; of one that waits, that it will
	failures int   // that count
}

// executorRegisters takes an executor, unless the driver still holds one of
// that ID, which is where IDs that a new master gives again end (D-14). With
// term-in-ids it asks whose executor it is, too.
func (d *Driver) executorRegisters(c host.ConnID, m wire.RegisterExecutor) {
	a := &d.app
	why := ""
	switch {
	case a.phase == leaving:
		why = "the application is over"
	case d.executor(m.ID) >= 0:
		why = fmt.Sprintf("Duplicate executor ID: %d", m.ID)
	case a.id != "" && !d.mine(m.App):
		why = fmt.Sprintf("an executor of %s", m.App)
	}
	if why != "" {
		d.h.Send(c, wire.RegisteredExecutor{Reason: why})
		return
	}
	e := executor{id: m.ID, app: m.App, worker: m.Worker, conn: c, cores: m.Cores}
	e.timer = host.After(d.h, d.cfg.ExecutorTimeout, (*Driver).executorSilent, m.ID)
	a.executors = append(a.executors, e)
	d.h.Send(c, wire.RegisteredExecutor{OK: true})
	d.logAdded(&e)
	d.offer()
}

// strangersLeave sends those away that registered before the application knew
// its ID, and are another's.
func (d *Driver) strangersLeave() {
	a := &d.app
	for i := len(a.executors) - 1; i >= 0; i-- {
		if e := &a.executors[i]; !d.mine(e.app) {
			d.h.Send(e.conn, wire.RegisteredExecutor{Reason: fmt.Sprintf("an executor of %s", e.app)})
			d.removeExecutor(e.id, "not ours", false)
		}
	}
}

// executor returns the index of an executor, -1 if the driver holds none of
// that ID.
func (d *Driver) executor(id int64) int {
	return slices.IndexFunc(d.app.executors, func(e executor) bool { return e.id == id })
}

// busy counts the tasks that an executor works on.
func (d *Driver) busy(id int64) (n int64) {
	for i := range d.app.tasks {
		if t := &d.app.tasks[i]; t.state == running && t.executor == id {
			n++
		}
	}
	return n
}

// offer gives waiting tasks to free cores, one to each executor in turn.
func (d *Driver) offer() {
	a := &d.app
	if a.phase != working || a.id == "" || d.done {
		return
	}
	for gave := true; gave; {
		gave = false
		for i := range a.executors {
			e := &a.executors[i]
			if e.conn == 0 || e.leaving || d.busy(e.id) >= e.cores {
				continue
			}
			n := slices.IndexFunc(a.tasks, func(t task) bool { return t.state == waiting })
			if n < 0 {
				return
			}
			t := &a.tasks[n]
			t.state, t.executor = running, e.id
			d.h.Send(e.conn, wire.LaunchTask{Stage: a.stage, Task: int64(n), Attempt: t.attempt, Job: d.args.Job})
			gave = true
		}
	}
}

// taskEnded takes a task's result. What does not run, or runs as another
// attempt, changes nothing.
func (d *Driver) taskEnded(c host.ConnID, m wire.StatusUpdate) {
	a := &d.app
	i := d.executor(m.ID)
	if i < 0 || a.executors[i].conn != c {
		return
	}
	d.heard(i)
	if a.phase != working || m.Stage != a.stage || m.Task < 0 || m.Task >= int64(len(a.tasks)) {
		return
	}
	t := &a.tasks[m.Task]
	if t.state != running || t.executor != m.ID || t.attempt != m.Attempt {
		return
	}
	if !m.OK {
		d.taskLost(m.Task, "failed", true)
		d.offer()
		return
	}
	t.state = done
	a.result += m.Result
	d.noteTask(m.Task, "done")
	d.writeLog(eventlog.Event{
		Kind: eventlog.TaskEnd, Stage: a.stage, Task: m.Task, Attempt: m.Attempt, Executor: strconv.FormatInt(m.ID, 10), Reason: "Success",
	})
	if slices.ContainsFunc(a.tasks, func(t task) bool { return t.state != done }) {
		d.offer()
		return
	}
	d.stageDone()
}

// taskLost lets a task wait again. A failure that counts is one too many after
// a while.
func (d *Driver) taskLost(n int64, how string, counts bool) {
	t := &d.app.tasks[n]
	d.noteTask(n, how)
	d.writeLog(eventlog.Event{
		Kind: eventlog.TaskEnd, Stage: d.app.stage, Task: n, Attempt: t.attempt, Executor: strconv.FormatInt(t.executor, 10), Reason: how,
	})
	if counts {
		t.failures++
	}
	t.state = waiting
	t.attempt++
	if t.failures >= d.cfg.TaskFailures {
		d.giveUp(fmt.Sprintf("task %d of stage %d failed %d times", n, d.app.stage, t.failures), "failed", Failed)
	}
}

// stageDone goes on to the next stage, or ends. A ledger job deposits between
// its first stage and its second, so that a driver that is lost later, and run
// again, deposits a second time; a job of one stage does so at its end.
func (d *Driver) stageDone() {
	a := &d.app
	d.noteApp("stage", string(a.id), a.stage)
	d.writeLog(eventlog.Event{Kind: eventlog.StageCompleted, Stage: a.stage})
	if d.args.Job.KillAfter == 0 {
		d.killSome(struct{}{})
	}
	if a.stage == 0 && (d.args.Job.Kind == wire.Ledger || d.args.Job.Kind == wire.LedgerPlain) {
		a.phase = depositing
		d.deposit(struct{}{})
		return
	}
	d.nextStage()
}

func (d *Driver) nextStage() {
	a := &d.app
	a.stage++
	if a.stage >= d.args.Job.Stages {
		d.finish()
		return
	}
	a.phase, a.tasks = working, make([]task, d.args.Job.Tasks)
	d.offer()
}

// killSome ends as many executors as the job says, once.
func (d *Driver) killSome(struct{}) {
	a := &d.app
	if a.killed || d.args.Job.Kill == 0 || a.phase == leaving || d.done {
		return
	}
	a.killed = true
	var ids []int64
	for i := range a.executors {
		if int64(len(ids)) < d.args.Job.Kill {
			ids = append(ids, a.executors[i].id)
			a.executors[i].leaving = true
		}
	}
	if len(ids) > 0 {
		d.request(wire.KillExecutors{IDs: ids})
	}
}

// deposit adds the job's amount to its account, which has the application's
// name, and asks until it is answered. The key of one that has a key is that
// name too: all that is ever done for the application counts once.
func (d *Driver) deposit(struct{}) {
	a := &d.app
	a.deposits = 0
	if a.phase != depositing || d.done {
		return
	}
	m := wire.Deposit{
		Req: 1, Account: d.args.App.Tag, Amount: d.args.Job.Amount, Driver: d.args.Driver, Attempt: d.args.Attempt,
	}
	if d.args.Job.Kind == wire.Ledger {
		m.Key = d.args.App.Tag
	}
	d.sendAnew(d.args.Job.Ledger, m)
	a.deposits = host.After(d.h, d.cfg.Retry, (*Driver).deposit, struct{}{})
}

func (d *Driver) deposited(wire.DepositResponse) {
	a := &d.app
	if a.phase != depositing {
		return
	}
	d.h.StopTimer(a.deposits)
	a.deposits = 0
	d.nextStage()
}

func (d *Driver) noteTask(n int64, what string) {
	a := &d.app
	t := &a.tasks[n]
	d.h.Note(host.Note{
		Kind: host.NoteTask, Subject: d.args.App.Tag, Value: what, Detail: wire.ExecutorName(a.id, t.executor), N: a.stage, M: n, P: t.attempt,
	})
}
