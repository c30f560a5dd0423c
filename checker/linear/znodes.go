package linear

import (
	"fmt"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/spec"
	"github.com/simctl/simctl/model/trace"
)

var znodesLinearizable = checker.Property{
	Name: "znodes-linearizable", Kind: checker.Safety,
	Says: "One tree explains what every session was told: writes take effect one by one, in the order of their zxids, which " +
		"respects real time; a read shows all transactions up to its zxid, however old, and nothing of the future.",
	Source: "Hunt et al., ZooKeeper (2010): linearizable writes, FIFO client order; checked by replay, and with porcupine where answers are missing",
	New:    func() checker.Monitor { return NewZnodes(ZnodeBudget) },
}

// ZnodeBudget is how many steps of the tree the search may try for what was
// never answered: some seconds of work.
const ZnodeBudget = 100_000

// A ZnodeJudge is the monitor of znodes-linearizable. It judges when the run
// has ended.
type ZnodeJudge struct {
	budget  int
	build   history.Znodes
	ended   bool
	finding checker.Finding
}

// NewZnodes returns a judge with a budget of steps for what was never
// answered.
func NewZnodes(budget int) *ZnodeJudge {
	return &ZnodeJudge{budget: budget, finding: checker.Finding{Property: "znodes-linearizable"}}
}

// Observe takes the next event of the run.
func (j *ZnodeJudge) Observe(e *trace.Event) {
	j.build.Observe(e)
	if e.Kind == trace.Ended {
		j.ended = true
		j.judge()
	}
}

// Finding is the verdict on the run so far; on an ended run it is computed
// once.
func (j *ZnodeJudge) Finding() checker.Finding {
	if !j.ended {
		j.judge()
	}
	return j.finding
}

func (j *ZnodeJudge) conclude(v checker.Verdict, step uint64, format string, args ...any) {
	j.finding.Verdict, j.finding.Step, j.finding.Detail = v, step, fmt.Sprintf(format, args...)
}

func (j *ZnodeJudge) judge() {
	if !j.build.Some() {
		j.conclude(checker.Pass, 0, "no process tells what it does to znodes")
		return
	}
	all, ends, err := j.build.History()
	if err != nil {
		j.conclude(checker.Inconclusive, 0, "no history: %v", err)
		return
	}
	if lie := j.build.Lie(); lie != nil {
		j.conclude(checker.Violation, lie.Step, "%s", lie.What)
		return
	}
	var ops []history.ZOp
	answered := 0
	for i := range all {
		if !j.foreign(&all[i]) {
			ops = append(ops, all[i])
		}
		if all[i].Err != "" {
			answered++
		}
	}
	switch result, fault := spec.CheckZnodes(ops, ends, j.budget); {
	case result == spec.Illegal:
		j.conclude(checker.Violation, fault.Step, "%s: %s", fault.What, fault.Why)
	case result == spec.Exhausted:
		j.conclude(checker.Inconclusive, 0, "no verdict within %d steps; without what has no answer: %s: %s", j.budget, fault.What, fault.Why)
	case answered == 0:
		j.conclude(checker.Inconclusive, 0, "no operation on znodes was answered: %d ops", len(all))
	default:
		j.conclude(checker.Pass, 0, "%s", tally(ops, len(all)-len(ops)))
	}
}

// foreign reports whether an operation concerns what a process changed that
// tells nothing.
func (j *ZnodeJudge) foreign(o *history.ZOp) bool {
	for i := range o.Parts {
		if j.build.Foreign(o.Parts[i].Path) {
			return true
		}
	}
	return false
}

// tally counts what was judged.
func tally(ops []history.ZOp, foreign int) string {
	writes, reads, open := 0, 0, 0
	for i := range ops {
		switch {
		case ops[i].Err == "":
			open++
		case ops[i].Write():
			writes++
		default:
			reads++
		}
	}
	text := fmt.Sprintf("%d writes and %d reads of znodes, and %d without an answer", writes, reads, open)
	if foreign > 0 {
		text += fmt.Sprintf("; %d not judged, on what others changed", foreign)
	}
	return text
}
