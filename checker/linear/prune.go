package linear

import (
	"slices"

	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/spec"
)

// prune leaves out what cannot change the verdict, so that little is left that
// overlaps: a search takes time exponential in that.
func prune(h history.History) history.History {
	keep := make([]bool, len(h))
	pruneReads(h, keep)
	pruneOpen(h, keep)
	var out history.History
	for i := range h {
		if keep[i] {
			out = append(out, h[i])
		}
	}
	return out
}

// pruneReads keeps the status requests that were answered, but for one whose
// interval holds that of another with the same answer, next to which it can
// always stand.
func pruneReads(h history.History, keep []bool) {
	var order []int
	for i := range h {
		if h[i].Kind == history.Status && h[i].Return != history.Open {
			order = append(order, i)
		}
	}
	// From the latest call to the earliest; of equal calls the longest last.
	slices.SortStableFunc(order, func(a, b int) int {
		if h[a].Call != h[b].Call {
			return int(min(1, max(-1, h[b].Call-h[a].Call)))
		}
		return int(min(1, max(-1, h[a].Return-h[b].Return)))
	})
	earliest := map[string]int64{} // the first Return of those kept so far, by answer
	for _, i := range order {
		class := h[i].Answer
		if spec.IsLive(class) {
			class = "live"
		}
		if end, ok := earliest[class]; ok && end <= h[i].Return {
			continue
		}
		earliest[class], keep[i] = h[i].Return, true
	}
}

// pruneOpen keeps the operations other than status requests, but of open ones
// that would do the same only the first called: it can stand wherever another
// would. Of open ends it keeps those that an answer tells.
func pruneOpen(h history.History, keep []bool) {
	told := map[string]bool{}
	for i := range h {
		told[spec.Told(&h[i])] = true
	}
	type effect struct {
		kind   history.Kind
		arg    string
		driver string
	}
	first := map[effect]int{}
	for i := range h {
		op := &h[i]
		switch {
		case op.Kind == history.Status:
			continue
		case op.Return != history.Open:
			keep[i] = true
			continue
		case op.Kind == history.Finish && !told[op.Arg] && !told["evicted"]:
			continue
		}
		e := effect{kind: op.Kind}
		if op.Kind == history.Finish {
			e.arg, e.driver = op.Arg, op.Answer
		}
		if j, again := first[e]; again && h[j].Call <= op.Call {
			continue
		} else if again {
			keep[j] = false
		}
		first[e], keep[i] = i, true
	}
}
