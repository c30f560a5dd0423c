package worker

import (
	"fmt"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// retained is how many executors that ended a worker shows
// (spark.worker.ui.retainedExecutors).
const retained = 1000

// An executorID names an executor for ever, where identities are never given
// twice.
type executorID struct {
	App wire.AppID
	ID  int64
}

func (e executorID) String() string { return wire.ExecutorName(e.App, e.ID) }

// An execution is one executor on this worker, from its launch until its end
// was reported: with report-retry-tolerant until that was acknowledged.
type execution struct {
	Executor
	child host.ProcessID // "" after its end
	asked bool           // a kill was asked
	lost  bool           // another launch took its place in the table; only without term-in-ids
	timer host.TimerID   // kills it if it does not end

	// Of its report.
	req  int64 // its number
	told bool  // a master has acknowledged it; only with report-retry-tolerant
}

func (e *execution) id() executorID { return executorID{e.App, e.ID} }

// mayCommand reports whether a master's command about an executor is obeyed.
// Without term fencing it is if the worker follows that master (Worker.scala).
func (w *Worker) mayCommand(c host.ConnID, master host.Addr, term int64) bool {
	return w.admit(c, term) && (w.cfg.Policy.TermFencing || master == w.master)
}

// launchExecutor starts an executor. A worker does not ask whether it has the
// cores. What Spark's worker does not obey it says nothing about (D-21); with
// launch-ack a refusal is told. With term-in-ids an executor runs at most once.
func (w *Worker) launchExecutor(c host.ConnID, m wire.LaunchExecutor) {
	id := executorID{m.App, m.ID}
	may := w.mayCommand(c, m.Master, m.Term) && w.isMeant(m.Worker, m.Entry)
	if may && w.cfg.Policy.TermInIDs && w.launchedBefore(id) {
		return
	}
	w.noteCommand(may && !w.decommissioned, "launch-executor", id.String(), m.Term, 0, m.Decision)
	switch {
	case !may:
		return
	case w.decommissioned:
		if w.cfg.Policy.LaunchAck {
			w.wasNever(id, wire.ExecutorKilled, "the worker takes no more work")
		}
		return
	}
	for i := range w.executors {
		if e := &w.executors[i]; e.id() == id && !e.State.Finished() {
			e.lost = true // Spark's worker overwrites the entry in its table
		}
	}
	w.executors = append(w.executors, execution{Executor: Executor{
		ExecutorOnWorker: wire.ExecutorOnWorker{App: m.App, ID: m.ID, State: wire.ExecutorRunning, Cores: m.Cores, Memory: m.Memory},
		Desc:             m.Desc,
	}})
	w.use(m.Cores, m.Memory)
	w.spawnExecutor(&w.executors[len(w.executors)-1])
}

// launchedBefore reports whether an executor is or was here, and tells its
// state again if so.
func (w *Worker) launchedBefore(id executorID) bool {
	if i := w.execution(id); i >= 0 {
		w.tell(i)
		return true
	}
	state, ok := w.past[id]
	switch {
	case ok:
		w.wasNever(id, state, "")
	case w.over[id.App]: // which of its executors were here is forgotten
		w.wasNever(id, wire.ExecutorKilled, "its application is over")
	}
	return ok || w.over[id.App]
}

// execution returns the index of the table's entry for an executor, -1 if it
// has none.
func (w *Worker) execution(id executorID) int {
	return slices.IndexFunc(w.executors, func(e execution) bool { return e.id() == id && !e.lost })
}

// spawnExecutor starts an executor's process and says that it runs.
func (w *Worker) spawnExecutor(e *execution) {
	w.spawned++
	name := fmt.Sprintf("%s#%d", e.App, e.ID)
	if slices.ContainsFunc(w.executors, func(o execution) bool { return o.id() == e.id() && o.lost }) {
		name = fmt.Sprintf("%s.%d", name, w.spawned)
	}
	args := wire.ExecutorArgs{
		App: e.App, ID: e.ID, Driver: e.Desc.Driver, Worker: w.cfg.Listen, WorkerID: w.id, Cores: e.Cores,
	}
	e.child = w.h.Spawn(host.Program{Kind: "executor", Name: name, Args: args.JSON()})
	w.tell(len(w.executors) - 1)
}

// killExecutor ends an executor. With report-retry-tolerant the end of one that
// is not here is told too, so that the master need not ask for ever, and it
// will not start any more.
func (w *Worker) killExecutor(c host.ConnID, m wire.KillExecutor) {
	id := executorID{m.App, m.ID}
	ok := w.mayCommand(c, m.Master, m.Term)
	w.noteCommand(ok, "kill-executor", id.String(), m.Term, 0, m.Decision)
	if !ok {
		return
	}
	switch i := w.execution(id); {
	case i >= 0 && w.executors[i].State.Finished():
		w.tell(i)
	case i >= 0:
		w.stopExecutor(i)
	case w.cfg.Policy.ReportRetryTolerant:
		state, ok := w.past[id]
		if !ok {
			state = wire.ExecutorKilled
		}
		w.wasNever(id, state, "it does not run here")
	}
}

// wasNever tells the end of an executor that does not run here.
func (w *Worker) wasNever(id executorID, state wire.ExecutorState, why string) {
	if w.cfg.Policy.TermInIDs && !w.over[id.App] {
		w.past[id] = state
	}
	w.executors = append(w.executors, execution{Executor: Executor{
		ExecutorOnWorker: wire.ExecutorOnWorker{App: id.App, ID: id.ID, State: state}, Reason: why,
	}})
	i := len(w.executors) - 1
	w.tell(i)
	w.forgetTold(i)
}

// stopExecutor asks an executor to end, and kills it if it does not.
func (w *Worker) stopExecutor(i int) {
	e := &w.executors[i]
	if e.asked {
		return
	}
	e.asked = true
	w.h.Signal(e.child, host.Terminate)
	e.timer = host.After(w.h, w.cfg.TerminateExecutor, (*Worker).didNotEnd, e.child)
}

// executorExited judges the end of an executor as Spark does: KILLED if a kill
// was asked, EXITED if not. It reports whether the child was an executor.
func (w *Worker) executorExited(child host.ProcessID, status int) bool {
	i := slices.IndexFunc(w.executors, func(e execution) bool { return e.child == child })
	if i < 0 || child == "" {
		return false
	}
	e := &w.executors[i]
	w.h.StopTimer(e.timer)
	e.child, e.timer, e.Status = "", 0, int64(status)
	e.State, e.Reason = wire.ExecutorExited, fmt.Sprintf("exited with status %d", status)
	if e.asked {
		e.State, e.Reason = wire.ExecutorKilled, "killed"
	}
	w.tell(i)
	id, cores, memory := e.id(), e.Cores, e.Memory
	w.finished = append(w.finished, e.Executor)
	w.finished = w.finished[max(0, len(w.finished)-retained):]
	if w.cfg.Policy.TermInIDs {
		w.past[id] = e.State
	}
	inTable := w.leaveExecutors(i)
	w.forgetTold(i)
	if inTable {
		w.use(-cores, -memory)
	}
	w.clean(id.App)
	return true
}

// leaveExecutors takes an executor out of Spark's table, which has one entry an
// executor: the first of two twins to end takes the other's entry, and the
// second finds none, so that its cores stay used for ever.
func (w *Worker) leaveExecutors(i int) bool {
	if !w.executors[i].lost {
		return true
	}
	entry := w.execution(w.executors[i].id())
	if entry < 0 || w.executors[entry].State.Finished() {
		return false
	}
	w.executors[entry].lost = true
	return true
}

// forgetTold takes an executor that ended off the list, unless its end is to be
// acknowledged.
func (w *Worker) forgetTold(i int) {
	if !w.cfg.Policy.ReportRetryTolerant {
		w.executors = slices.Delete(w.executors, i, i+1)
	}
}

// appFinished removes what the worker keeps for an application once no executor
// of it is left. Spark's worker takes it from any master (D-26).
func (w *Worker) appFinished(c host.ConnID, m wire.ApplicationFinished) {
	ok := w.admit(c, m.Term)
	w.noteCommand(ok, "finish-app", string(m.App), m.Term, 0, m.Decision)
	if ok {
		w.finishing[m.App] = m.Term
		if w.cfg.Policy.TermInIDs {
			w.over[m.App] = true
		}
		w.clean(m.App)
	}
}

func (w *Worker) clean(app wire.AppID) {
	term, ok := w.finishing[app]
	runs := func(e execution) bool { return e.App == app && !e.State.Finished() }
	if !ok || slices.ContainsFunc(w.executors, runs) {
		return
	}
	delete(w.finishing, app)
	for id := range w.past { //det:allow each is looked at alike
		if id.App == app {
			delete(w.past, id)
		}
	}
	w.h.Note(host.Note{Kind: host.NoteExecutor, Subject: string(app), Value: "cleaned", Detail: string(w.id), Term: term})
}

// executorsHere lists the executors that run here, and those that ended and are
// not acknowledged.
func (w *Worker) executorsHere() []wire.ExecutorOnWorker {
	var out []wire.ExecutorOnWorker
	for i := range w.executors {
		if e := &w.executors[i]; !e.lost {
			out = append(out, e.ExecutorOnWorker)
		}
	}
	return out
}
