package seen

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// work tells how an event shows what a line says of masters, workers and jobs;
// nil if the line is about something else.
func (s sight) work(e scenarios.See) func(ev *trace.Event) bool {
	switch e.What {
	case scenarios.SeeAcked, scenarios.SeeNoAcked:
		return func(ev *trace.Event) bool {
			return ev.Kind == trace.Return && !strings.HasPrefix(ev.Detail, "error") && ev.Detail != "not found"
		}
	case scenarios.SeeTold, scenarios.SeeNoTold:
		return func(ev *trace.Event) bool {
			return ev.Kind == trace.Return && ev.Value == "status" && ev.Subject == e.Who && ev.Detail == e.Text
		}
	case scenarios.SeeApp, scenarios.SeeNoApp:
		return func(ev *trace.Event) bool {
			return ev.Kind == trace.App && ev.Subject == e.Who && ev.Value == e.Text
		}
	case scenarios.SeeTask, scenarios.SeeNoTask:
		return func(ev *trace.Event) bool {
			return ev.Kind == trace.Task && ev.Subject == e.Who && ev.Value == e.Text
		}
	case scenarios.SeeExecutor, scenarios.SeeNoExecutor:
		return func(ev *trace.Event) bool {
			return ev.Kind == trace.Executor && (ev.Process == e.Who || strings.HasPrefix(ev.Process, e.Who+"/")) && ev.Value == e.Text
		}
	case scenarios.SeeWorker, scenarios.SeeNoWorker:
		ids := map[string]bool{}
		for i := range s.events {
			if ev := &s.events[i]; ev.Kind == trace.Registered && ev.Process == e.Who {
				ids[ev.Subject] = true
			}
		}
		return func(ev *trace.Event) bool {
			switch {
			case e.Text == "registered":
				return ev.Kind == trace.Registered && ev.Process == e.Who
			case ev.Kind != trace.Intent || ev.Value != "delete":
				return false
			}
			id, ok := strings.CutPrefix(ev.Subject, "worker")
			return ok && id != "" && ids[id[1:]]
		}
	}
	return nil
}

// master looks whether a master that runs is Alive at an instant.
func (s sight) master(e scenarios.See) (step uint64, why string) {
	alive, paused := map[string]bool{}, map[string]bool{}
	for i := range s.events {
		ev := &s.events[i]
		if ev.At > int64(e.At) {
			break
		}
		step = ev.Step
		switch ev.Kind {
		case trace.State:
			alive[ev.Process] = ev.Value == "Alive"
		case trace.Exited, trace.KilledOff, trace.HostLost, trace.Started:
			delete(alive, ev.Process)
			delete(paused, ev.Process)
		case trace.Paused, trace.Resumed:
			paused[ev.Process] = ev.Kind == trace.Paused
		default:
		}
	}
	n := 0
	for name, is := range alive { //det:allow each is counted alike
		if is && !paused[name] {
			n++
		}
	}
	if (n > 0) != (e.Text == "some") {
		return step, fmt.Sprintf("the number of Alive masters is %d", n)
	}
	return 0, ""
}

// runs looks how often the driver of a job was started.
func (s sight) runs(e scenarios.See) (step uint64, why string) {
	ids := map[string]bool{}
	for i := range s.events {
		ev := &s.events[i]
		if ev.Kind == trace.Return && ev.Value == "submit" && ev.Subject == e.Who {
			ids[ev.Detail] = true
		}
	}
	n := 0
	s.within(e, func(ev *trace.Event) {
		if ev.Kind == trace.Job && ev.Value == "started" && ids[ev.Subject] {
			n, step = n+1, ev.Step
		}
	})
	if strconv.Itoa(n) == e.Text {
		return 0, ""
	}
	return max(1, step), fmt.Sprintf("its driver was started %d times", n)
}

// balance looks what the account of a job holds at the end of a while.
func (s sight) balance(e scenarios.See) (step uint64, why string) {
	held := int64(0)
	s.within(e, func(ev *trace.Event) {
		if ev.Kind == trace.Effect && ev.Subject == e.Who {
			held, step = ev.M, ev.Step
		}
	})
	if strconv.FormatInt(held, 10) == e.Text {
		return 0, ""
	}
	return max(1, step), fmt.Sprintf("it holds %d", held)
}

// application looks at what applications and accounts tell.
func (v *reachView) application(e *trace.Event) {
	switch e.Kind {
	case trace.App:
		v.see("application-finished", e.Value == "finished")
		v.see("application-changed-master", e.Value == "master")
	case trace.Task:
		task := fmt.Sprint(e.Process, " ", e.N, " ", e.M)
		v.lost[task] = v.lost[task] || e.Value == "lost"
		v.see("task-run-again", v.lost[task] && e.Value == "done")
	case trace.Effect:
		v.see("deposit-came-again", e.N == 0)
	default:
	}
}
