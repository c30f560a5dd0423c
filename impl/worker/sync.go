package worker

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// An asked is an executor's state that Spark's worker asked the master to
// confirm (SPARK-34245).
type asked struct {
	m        wire.ExecutorStateChanged
	to       host.Addr
	timer    host.TimerID // gives the answer up
	timedOut bool
}

// A syncing is everything that Spark's worker asked and has no answer to. Only
// without report-retry-tolerant. After a failure the one thread that all of
// them share sleeps before it asks again, and the fifth failure of an executor
// ends the worker (D-08, SPARK-37151).
type syncing struct {
	out      []asked // under way
	failed   []asked // behind the first, over which the thread sleeps
	sleep    host.TimerID
	failures map[executorID]int64
}

// tell reports the state of an executor.
func (w *Worker) tell(i int) {
	e := &w.executors[i]
	w.reqs++
	e.req, e.told = w.reqs, false
	if w.cfg.Policy.ReportRetryTolerant {
		w.sendState(e)
		w.armResend()
		return
	}
	w.askMaster(w.stateOf(e))
}

func (w *Worker) stateOf(e *execution) wire.ExecutorStateChanged {
	return wire.ExecutorStateChanged{
		Req: e.req, Worker: w.id, App: e.App, ID: e.ID, State: e.State, Status: e.Status, Reason: e.Reason, Term: w.seen,
	}
}

// sendState sends an executor's state, if there is anybody to send it to; if
// not, it is sent again later.
func (w *Worker) sendState(e *execution) {
	if w.master != "" && w.connected {
		w.send(w.master, w.stateOf(e))
	}
}

// sendStatesAgain sends every state that nobody has acknowledged, and reports
// whether there was one.
func (w *Worker) sendStatesAgain() bool {
	again := false
	for i := range w.executors {
		if e := &w.executors[i]; !e.told && w.cfg.Policy.ReportRetryTolerant {
			w.sendState(e)
			again = true
		}
	}
	return again
}

// stateAcknowledged takes the answer to a report.
func (w *Worker) stateAcknowledged(c host.ConnID, m wire.ExecutorStateAck) {
	if !w.admit(c, m.Term) {
		return
	}
	if !w.cfg.Policy.ReportRetryTolerant {
		w.answeredState(m.Req, m.OK)
		return
	}
	i := slices.IndexFunc(w.executors, func(e execution) bool { return e.req == m.Req })
	if i < 0 || !m.OK {
		return
	}
	w.executors[i].told = true
	if w.executors[i].State.Finished() {
		w.executors = slices.Delete(w.executors, i, i+1)
	}
}

// askMaster asks the master that the worker follows now to confirm a state.
func (w *Worker) askMaster(m wire.ExecutorStateChanged) {
	if w.master == "" {
		return
	}
	m.Term = w.seen
	a := asked{m: m, to: w.master}
	a.timer = host.After(w.h, w.cfg.Ask, (*Worker).stateTimedOut, m.Req)
	w.sync.out = append(w.sync.out, a)
	w.send(w.master, m)
}

// takeAsked takes an ask off those that are under way.
func (w *Worker) takeAsked(req int64) (asked, bool) {
	i := slices.IndexFunc(w.sync.out, func(a asked) bool { return a.m.Req == req })
	if i < 0 {
		return asked{}, false
	}
	a := w.sync.out[i]
	w.sync.out = slices.Delete(w.sync.out, i, i+1)
	w.h.StopTimer(a.timer)
	a.timer = 0
	return a, true
}

func (w *Worker) answeredState(req int64, ok bool) {
	a, found := w.takeAsked(req)
	switch {
	case !found:
	case ok:
		delete(w.sync.failures, executorID{a.m.App, a.m.ID})
	default:
		w.stateFailed(a)
	}
}

func (w *Worker) stateTimedOut(req int64) {
	if a, ok := w.takeAsked(req); ok {
		a.timedOut = true
		w.stateFailed(a)
	}
}

// asksBroke fails what was asked over a connection to a master that is gone.
func (w *Worker) asksBroke(addr host.Addr) {
	var reqs []int64
	for i := range w.sync.out {
		if a := &w.sync.out[i]; a.to == addr {
			reqs = append(reqs, a.m.Req)
		}
	}
	for _, req := range reqs {
		if a, ok := w.takeAsked(req); ok {
			w.stateFailed(a)
		}
	}
}

func (w *Worker) stateFailed(a asked) {
	w.sync.failed = append(w.sync.failed, a)
	if w.sync.sleep == 0 {
		w.handleFailures()
	}
}

// handleFailures is the thread's work, up to where it sleeps: after an ask that
// was not answered in time there is nothing to wait for.
func (w *Worker) handleFailures() {
	for len(w.sync.failed) > 0 {
		a := w.sync.failed[0]
		id := executorID{a.m.App, a.m.ID}
		w.sync.failures[id]++
		if w.sync.failures[id] >= int64(w.cfg.StateSync) {
			w.h.Exit(1)
			return
		}
		if !a.timedOut {
			w.sync.sleep = host.After(w.h, w.cfg.Ask, (*Worker).slept, struct{}{})
			return
		}
		w.askAgain()
	}
}

func (w *Worker) slept(struct{}) {
	w.sync.sleep = 0
	w.askAgain()
	w.handleFailures()
}

func (w *Worker) askAgain() {
	a := w.sync.failed[0]
	w.sync.failed = slices.Delete(w.sync.failed, 0, 1)
	w.askMaster(a.m)
}
