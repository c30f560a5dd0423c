// Package linear judges what clients were told: whether one perfect master
// could have given every answer, in some order that respects real time.
package linear

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/spec"
	"github.com/simctl/simctl/model/trace"
)

// Budget is how many steps of the specification the search may try for one
// job. A count and not a time, so that a verdict depends on the run alone; it
// is about a second of work.
const Budget = 1_000_000

// Properties lists the properties of this package.
func Properties() []checker.Property {
	return []checker.Property{jobsLinearizable, znodesLinearizable}
}

var jobsLinearizable = checker.Property{
	Name: "jobs-linearizable", Kind: checker.Safety,
	Says: "What clients were told of their jobs, and what masters knew of their workers and applications, whichever master it was, " +
		"one perfect master could have told and known.",
	Source: "Herlihy and Wing, Linearizability (1990); checked with porcupine, one job and one worker at a time",
	New:    func() checker.Monitor { return New(Budget) },
}

// A Judge is the monitor of jobs-linearizable. It builds the history as the
// run goes on, and judges when that has ended.
type Judge struct {
	budget  int
	build   history.Builder
	workers history.Registrations
	apps    history.Registrations
	harms   harms
	// supervised are the jobs that must be run again when their worker is lost.
	supervised map[string]bool
	alone      bool // a ZooKeeper server or a probe has started
	jobs       bool // so has another process
	ended      bool
	finding    checker.Finding
}

// New returns a judge with a budget of steps for each job.
func New(budget int) *Judge {
	return &Judge{
		budget: budget, apps: history.Applications(), supervised: map[string]bool{}, finding: checker.Finding{Property: "jobs-linearizable"},
	}
}

// Observe takes the next event of the run.
func (j *Judge) Observe(e *trace.Event) {
	j.workers.Observe(e)
	j.apps.Observe(e)
	if e.Kind == trace.Call && e.Q > 0 {
		j.supervised[e.Subject] = true
	}
	switch e.Kind {
	case trace.Call, trace.Return, trace.GaveUp, trace.Commit, trace.Recovered, trace.Acked, trace.Job, trace.Accepted:
		j.build.Observe(e)
	case trace.Obeyed, trace.KilledOff:
		j.build.Observe(e)
		j.harms.observe(e)
	case trace.Started:
		if e.Value == "probe" || e.Value == "server" {
			j.alone = true
		} else {
			j.jobs = true
		}
		j.harms.observe(e)
	case trace.Ended:
		j.ended = true
		j.judge()
	default:
		j.harms.observe(e)
	}
}

// Finding is the verdict on the run so far; on an ended run it is computed
// once.
func (j *Judge) Finding() checker.Finding {
	if !j.ended {
		j.judge()
	}
	return j.finding
}

func (j *Judge) judge() {
	h, err := j.build.History()
	if err != nil {
		j.conclude(checker.Inconclusive, 0, "no history: "+err.Error())
		return
	}
	parts := h.Split()
	worst := verdict{}
	for _, part := range parts {
		worst = worst.or(j.judgeJob(part))
	}
	worst = worst.or(j.judgeRegistrations())
	switch {
	case worst.violated != nil:
		j.conclude(checker.Violation, worst.violated.ReturnStep, worst.detail)
	case worst.detail != "":
		j.conclude(checker.Inconclusive, 0, worst.detail)
	case j.alone && !j.jobs:
		j.conclude(checker.Pass, 0, "nobody asks for jobs here: ZooKeeper runs alone")
	case h.Acked() == 0:
		j.conclude(checker.Inconclusive, 0, fmt.Sprintf("no operation was acknowledged: %d ops", len(h)))
	default:
		j.conclude(checker.Pass, 0, fmt.Sprintf("%d ops on %d jobs, %d acknowledged", len(h), len(parts), h.Acked()))
	}
}

func (j *Judge) conclude(v checker.Verdict, step uint64, detail string) {
	j.finding.Verdict, j.finding.Step, j.finding.Detail = v, step, detail
}

// verdict is what one job's history gave: the operation that cannot be
// explained, or only a detail for an exhausted budget, or nothing.
type verdict struct {
	violated *history.Op
	detail   string
}

// or returns the worse of two verdicts, of two violations the earlier.
func (v verdict) or(w verdict) verdict {
	switch {
	case w.violated != nil && (v.violated == nil || w.violated.Return < v.violated.Return):
		return w
	case v.detail == "":
		return w
	}
	return v
}

func (j *Judge) judgeJob(h history.History) verdict {
	key := h[0].Key
	lost, why := j.harms.first(h), ""
	if j.supervised[key] {
		lost, why = -1, " (a supervised job is run again: the loss of a worker excuses nothing)"
	}
	if c := spec.FirstContradiction(h, lost); c != nil {
		return verdict{c.Op, fmt.Sprintf("job %s, %d ops: %s%s", key, len(h), c, why)}
	}
	pruned := prune(h)
	switch spec.Jobs().Check(pruned, j.budget) {
	case spec.Legal:
		return verdict{}
	case spec.Exhausted:
		return verdict{nil, fmt.Sprintf("job %s, %d ops: no verdict within %d steps", key, len(h), j.budget)}
	}
	op := firstIllegal(spec.Jobs(), pruned, j.budget)
	return verdict{op, fmt.Sprintf("job %s, %d ops: no order of them explains %s%s", key, len(h), op, before(h, op))}
}

// firstIllegal returns the operation with whose answer the history stopped
// being legal.
func firstIllegal[S comparable](m spec.Model[S], h history.History, budget int) *history.Op {
	var answered []*history.Op
	for i := range h {
		if h[i].Return != history.Open {
			answered = append(answered, &h[i])
		}
	}
	slices.SortStableFunc(answered, func(a, b *history.Op) int { return int(min(1, max(-1, a.Return-b.Return))) })
	i, _ := slices.BinarySearchFunc(answered, spec.Illegal, func(op *history.Op, want spec.Result) int {
		if m.Check(spec.Until(h, op.Return), budget) == want {
			return 0
		}
		return -1
	})
	return answered[min(i, len(answered)-1)]
}

// before tells the last answers before op's, for people.
func before(h history.History, op *history.Op) string {
	var last []*history.Op
	for i := range h {
		if o := &h[i]; o.Return != history.Open && o.Return < op.Return {
			last = append(last, o)
		}
	}
	slices.SortStableFunc(last, func(a, b *history.Op) int { return int(min(1, max(-1, a.Return-b.Return))) })
	var b strings.Builder
	for _, o := range last[max(0, len(last)-3):] {
		b.WriteString("; before it " + o.String())
	}
	return b.String()
}
