package liveness

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var oneAlive = checker.Property{
	Name: "one-alive-after-heal", Kind: checker.Liveness,
	Says:   "Within a bound after the faults are over exactly one running master is Alive, and stays so.",
	Source: "the latch elects, and recovery ends, once a majority of servers and one master are healthy",
	New: func() checker.Monitor {
		return &watch{property: "one-alive-after-heal", goal: &alone{}, lasting: true}
	},
}

// alone wants exactly one Alive master.
type alone struct{}

func (*alone) observe(*trace.Event) {}

func (*alone) missing(w *watch, _ int64) string {
	active := w.roster.Active()
	switch len(active) {
	case 0:
		if len(w.roster.Masters()) == 0 { // a run of ZooKeeper alone
			return ""
		}
		return "no master is Alive: " + states(w)
	case 1:
		return ""
	}
	return "more than one master is Alive: " + states(w)
}

func states(w *watch) string {
	var parts []string
	for _, m := range w.roster.Masters() {
		switch {
		case !m.Up:
			parts = append(parts, m.Name+" down")
		case m.Paused:
			parts = append(parts, m.Name+" paused in "+m.State)
		default:
			parts = append(parts, m.Name+" "+m.State)
		}
	}
	if len(parts) == 0 {
		return "there is no master"
	}
	return strings.Join(parts, ", ")
}

var recoveryEnds = checker.Property{
	Name: "recovery-ends", Kind: checker.Liveness,
	Says:   "Within a bound after the faults are over, or after it began if that is later, every recovery ends.",
	Source: "invariant I9; defects D-01, D-16: a recovery that waits for an answer that never comes",
	New: func() checker.Monitor {
		return &watch{property: "recovery-ends", goal: &recovering{}, lasting: true}
	},
}

// recovering wants no master in recovery for longer than the bound.
type recovering struct{}

func (*recovering) observe(*trace.Event) {}

func (*recovering) missing(w *watch, now int64) string {
	for _, m := range w.roster.Masters() {
		if !m.Runs() || m.State != "Recovering" && m.State != "CompletingRecovery" {
			continue
		}
		if now-max(m.Since, w.healedAt) > w.bound.N || now < w.deadline {
			return fmt.Sprintf("%s is %s since %s (step %d)", m.Name, m.State, trace.Moment(m.Since), m.SinceStep)
		}
	}
	return ""
}

var failoverWithin = checker.Property{
	Name: "failover-within-bound", Kind: checker.Liveness, Optional: true,
	Says:   "A failover takes no longer than the bound of its cause, from the loss of one Alive master to the next.",
	Source: "session timeout, election and recovery add up; a graceful stop pays no session timeout",
	New:    func() checker.Monitor { return &within{masters: map[string]bool{}, bounds: map[string]trace.Event{}} },
}
