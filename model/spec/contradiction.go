package spec

import (
	"fmt"
	"math"

	"github.com/simctl/simctl/model/history"
)

// A Contradiction is an answer that no order explains.
type Contradiction struct {
	Op *history.Op
	// With is the operation that it contradicts; nil if it is something that
	// never was.
	With *history.Op
	Why  string
}

// FirstContradiction looks for what is plainly wrong in the history of one
// job, in time linear in it: so that a history with a simple fault is judged
// without a search, and explained by two operations. Lost is when a worker
// that may have had the job first came to harm, -1 if none did.
// It returns nil if it finds nothing, which is not yet a proof.
func FirstContradiction(h history.History, lost int64) *Contradiction {
	f := facts{finish: map[string]int64{}, kill: math.MaxInt64}
	for i := range h {
		f.learn(&h[i])
	}
	var first *Contradiction
	for i := range h {
		c := f.judge(&h[i], lost)
		if c != nil && (first == nil || c.Op.Return < first.Op.Return) {
			first = c
		}
	}
	return first
}

// facts are the earliest moments from which something is certain, or possible.
type facts struct {
	exists *history.Op // the first answered operation that needs the job to exist
	over   *history.Op // the first answered one that tells its end
	kill   int64       // the first call of a kill
	finish map[string]int64
}

func (f *facts) learn(op *history.Op) {
	if op.Kind == history.KillOp {
		f.kill = min(f.kill, op.Call)
	}
	if op.Kind == history.Finish {
		if at, ok := f.finish[op.Arg]; !ok || op.Call < at {
			f.finish[op.Arg] = op.Call
		}
	}
	if op.Return == history.Open || blind(op) {
		return
	}
	told := Told(op)
	if told != "not found" {
		f.exists = earlier(f.exists, op)
	}
	if IsFinal(told) || told == "evicted" {
		f.over = earlier(f.over, op)
	}
}

func earlier(a, b *history.Op) *history.Op {
	if a == nil || b.Return < a.Return {
		return b
	}
	return a
}

func (f *facts) judge(op *history.Op, lost int64) *Contradiction {
	told := Told(op)
	switch {
	case told == "":
		return nil
	case told == "not found":
		if f.exists != nil && f.exists.Return < op.Call {
			return &Contradiction{op, f.exists, "the job was known before"}
		}
		return nil
	case f.over != nil && f.over.Return < op.Call && told != "evicted" && Told(f.over) != "evicted" && told != Told(f.over):
		return &Contradiction{op, f.over, "a final state is final"}
	case op.Kind == history.Finish:
		return nil
	}
	if !IsFinal(told) {
		return nil
	}
	if at, ok := f.finish[told]; ok && at <= op.Return {
		return nil
	}
	switch told {
	case "KILLED":
		if f.kill > op.Return {
			return &Contradiction{Op: op, Why: "nobody had asked to kill it"}
		}
	case "ERROR":
		if lost < 0 || lost > op.Return {
			return &Contradiction{Op: op, Why: "no worker that could have had it had come to harm"}
		}
	default:
		return &Contradiction{Op: op, Why: "no attempt had ended so"}
	}
	return nil
}

// String names both operations.
func (c *Contradiction) String() string {
	if c.With == nil {
		return fmt.Sprintf("%s, but %s", c.Op, c.Why)
	}
	return fmt.Sprintf("%s, but %s: %s", c.Op, c.Why, c.With)
}
