package driver

import (
	"slices"
	"strconv"

	"github.com/simctl/simctl/impl/eventlog"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// executorClosed takes note that an executor closed its connection. It gets no
// more tasks; what becomes of those that it has a master may tell.
func (d *Driver) executorClosed(c host.ConnID) {
	i := slices.IndexFunc(d.app.executors, func(e executor) bool { return e.conn == c })
	if i < 0 || c == 0 {
		return
	}
	e := &d.app.executors[i]
	d.h.StopTimer(e.timer)
	e.conn = 0
	e.timer = host.After(d.h, d.cfg.RemoveDelay, (*Driver).executorGone, e.id)
}

// executorGone gives an executor up of which no master told.
func (d *Driver) executorGone(id int64) {
	d.removeExecutor(id, "its connection closed", true)
	d.offer()
}

// executorSilent gives up an executor that is silent, as one is whose machine
// was lost, and asks the master to end it.
func (d *Driver) executorSilent(id int64) {
	d.removeExecutor(id, "it was silent", true)
	if d.done {
		return
	}
	if d.app.id != "" {
		d.request(wire.KillExecutors{IDs: []int64{id}})
	}
	d.offer()
}

// executorLives answers a heartbeat.
func (d *Driver) executorLives(c host.ConnID) {
	if i := slices.IndexFunc(d.app.executors, func(e executor) bool { return e.conn == c }); i >= 0 {
		d.heard(i)
	}
	d.h.Send(c, wire.ExecutorHeartbeatResponse{})
}

// heard takes note of a sign of life.
func (d *Driver) heard(i int) {
	e := &d.app.executors[i]
	d.h.StopTimer(e.timer)
	e.timer = host.After(d.h, d.cfg.ExecutorTimeout, (*Driver).executorSilent, e.id)
}

// executorUpdated takes a master's word. An end that the application may be to
// blame for counts against its tasks; the loss of a worker, or a kill, does not.
func (d *Driver) executorUpdated(m wire.ExecutorUpdated) {
	i := d.executor(m.ID)
	switch {
	case i < 0:
	case m.State.Finished():
		d.removeExecutor(m.ID, string(m.State), m.State == wire.ExecutorExited || m.State == wire.ExecutorFailed)
		d.offer()
	case m.State == wire.ExecutorDecommissioned:
		d.app.executors[i].leaving = true
	}
}

// removeExecutor forgets an executor; what it worked on waits again. With
// adopt-or-kill one that still holds its connection is sent away: nobody else
// may know of it.
func (d *Driver) removeExecutor(id int64, why string, counts bool) {
	a := &d.app
	i := d.executor(id)
	if i < 0 {
		return
	}
	e := a.executors[i]
	a.executors = slices.Delete(a.executors, i, i+1)
	d.h.StopTimer(e.timer)
	if e.conn != 0 && d.cfg.Policy.AdoptOrKill {
		d.h.Close(e.conn)
	}
	d.writeLog(eventlog.Event{Kind: eventlog.ExecutorRemoved, Executor: strconv.FormatInt(id, 10), Reason: why})
	for n := range a.tasks {
		if t := &a.tasks[n]; t.state == running && t.executor == id && !d.done {
			d.taskLost(int64(n), "lost", counts)
		}
	}
}

// dismiss tells every executor that there is no more work.
func (d *Driver) dismiss() {
	for i := range d.app.executors {
		e := &d.app.executors[i]
		d.h.StopTimer(e.timer)
		if e.conn != 0 {
			d.h.Send(e.conn, wire.StopExecutor{})
			d.h.Close(e.conn)
		}
	}
	d.app.executors = nil
}
