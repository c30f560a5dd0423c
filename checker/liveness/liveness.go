// Package liveness judges what must come true once the faults are over: within
// a bound that the run itself tells, term by term, in a trace.Bound event. A
// judge never measures a bound from what it sees.
package liveness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/failover"
	"github.com/simctl/simctl/model/trace"
)

// A Failover is one completed change of the active master.
type Failover = failover.Failover

// Failovers returns the failovers of a run, in order.
func Failovers(events []trace.Event) []Failover { return failover.Failovers(events) }

// Properties lists the properties of this package.
func Properties() []checker.Property {
	return []checker.Property{oneAlive, recoveryEnds, workerRejoins, runnableRuns, noOrphans, clientsFind, failoverWithin, noNeedless, quorumServes}
}

// A goal is what one property wants to be true after the healing.
type goal interface {
	// observe takes the next event.
	observe(e *trace.Event)
	// missing says what is not true at the moment now; empty if all is.
	missing(w *watch, now int64) string
}

// A watch is the monitor of one goal: it asks at the bound, and if the goal is
// a lasting one at every later event until the end of the run.
type watch struct {
	property string
	goal     goal
	lasting  bool
	roster   checker.Roster

	healed, told, asked, ended bool
	healedAt, deadline         int64
	core                       []string
	bound                      trace.Event

	verdict checker.Verdict
	step    uint64
	detail  string
}

func (w *watch) Observe(e *trace.Event) {
	late := w.healed && w.told && !w.ended && e.At > w.deadline
	if late {
		w.ask(e)
	}
	switch e.Kind {
	case trace.Healed:
		w.healed, w.healedAt, w.core = true, e.At, strings.Fields(e.Detail)
		w.deadline = e.At + w.bound.N
	case trace.Bound:
		if e.Subject == w.property {
			w.told, w.bound = true, *e
			w.deadline = w.healedAt + e.N
		}
	case trace.Ended:
		if w.told && !w.asked || w.lasting {
			w.end(e)
		}
		w.ended = true
	}
	w.roster.Observe(e)
	w.goal.observe(e)
	if late {
		w.ask(e)
	}
}

// ask judges the state at the moment of e, which is after the deadline: before
// e, since what was so then was so until now, and if the goal must last after
// it too.
func (w *watch) ask(e *trace.Event) {
	if w.asked && !w.lasting || w.verdict == checker.Violation {
		return
	}
	w.asked = true
	if miss := w.goal.missing(w, e.At); miss != "" {
		w.verdict, w.step = checker.Violation, e.Step
		w.detail = fmt.Sprintf("%s; healed at %s, bound %s: %s",
			miss, trace.Moment(w.healedAt), trace.Moment(w.bound.N), w.bound.Detail)
	}
}

// end judges the state at the end of a run that ended before the deadline, or
// of one whose goal must last.
func (w *watch) end(e *trace.Event) {
	miss := w.goal.missing(w, e.At)
	switch {
	case w.verdict == checker.Violation || !w.told || !w.healed:
	case miss == "":
	case w.asked || e.At >= w.deadline:
		w.ask(e)
	default:
		w.verdict = checker.Inconclusive
		w.detail = fmt.Sprintf("the run ended %s after the healing, before the bound of %s, and still %s",
			trace.Moment(e.At-w.healedAt), trace.Moment(w.bound.N), miss)
	}
}

func (w *watch) Finding() checker.Finding {
	f := checker.Finding{Property: w.property, Verdict: w.verdict, Step: w.step, Detail: w.detail}
	switch {
	case w.verdict != "":
	case !w.healed:
		f.Verdict, f.Detail = checker.Pass, "not judged: the run was not healed"
	case !w.told:
		f.Verdict, f.Detail = checker.Inconclusive, "not judged: the run was healed but told no bound"
	case !w.asked && !w.ended:
		f.Verdict, f.Detail = checker.Inconclusive, "not judged yet: the bound has not passed"
	default:
		f.Verdict = checker.Pass
		f.Detail = fmt.Sprintf("within %s: %s", trace.Moment(w.bound.N), w.bound.Detail)
	}
	return f
}

// inCore reports whether a process belongs to the healed core.
func (w *watch) inCore(process string) bool { return slices.Contains(w.core, process) }
