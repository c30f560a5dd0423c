package spec

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/simctl/simctl/model/history"
)

// A ZFault is why a history of znodes cannot be: what nothing explains, when it
// was answered or told, and what it contradicts.
type ZFault struct {
	Step      uint64
	What, Why string
}

// zstep is an operation or the end of a session. One with a zxid has a place.
type zstep struct {
	op        *history.ZOp
	end       *history.ZEnd
	zxid      int64
	place     int // among those that have a zxid, from 0; -1 for the others
	call, ret int64
}

func (s *zstep) fault(why string) *ZFault {
	if s.end != nil {
		return &ZFault{s.end.Step, fmt.Sprintf("the end of session %#x, zxid %#x", s.end.ID, s.end.Zxid), why}
	}
	return &ZFault{s.op.ReturnStep, s.op.String(), why}
}

// CheckZnodes asks whether one tree explains what all sessions were told:
//
//   - Writes are linearizable. They take effect one by one in the order of
//     their zxids, those that failed too; a write that was asked for after
//     another was answered comes after it; each is answered as the tree at
//     that point says.
//   - A read shows the tree as all transactions up to the zxid that it was
//     answered with left it, and no transaction that was asked for after its
//     answer. It may be as old as it likes, whether it follows a sync or not:
//     how far back a session may look is what its own order says.
//   - The end of a session deletes its ephemerals in one transaction, and no
//     write of the session comes after it.
//
// What has no zxid, a write that nobody was answered or the end of a session
// that nobody was told of, may have happened at any time after it was asked
// for, or not at all: that is searched for, in at most budget steps of the
// tree. A fault comes with Illegal, and with Exhausted as the first that the
// search could not do without.
func CheckZnodes(ops []history.ZOp, ends []history.ZEnd, budget int) (Result, *ZFault) {
	known, open := zorder(ops, ends)
	if fault := zrealTime(known); fault != nil {
		return Illegal, fault
	}
	r := newReplay(known, budget)
	if r.from(0, Tree{}, open) {
		return Legal, nil
	}
	if len(open) == 0 {
		return Illegal, r.fault
	}
	return zsearch(append(known, open...), budget/searchCost), r.fault
}

// zorder puts what has a zxid in the order of zxids, a transaction before the
// reads that saw it, and returns the rest apart.
func zorder(ops []history.ZOp, ends []history.ZEnd) (known, open []zstep) {
	for i := range ops {
		o := &ops[i]
		s := zstep{op: o, zxid: o.Zxid, place: -1, call: o.Call, ret: o.Return}
		if s.ret == history.Open {
			s.ret = math.MaxInt64
		}
		switch {
		case o.Zxid != 0:
			known = append(known, s)
		case o.Write() && !Blind(o):
			open = append(open, s)
		}
	}
	for i := range ends {
		s := zstep{end: &ends[i], zxid: ends[i].Zxid, place: -1, call: ends[i].At, ret: math.MaxInt64}
		if s.zxid != 0 {
			s.call = 0 // its place is known
			known = append(known, s)
		} else {
			open = append(open, s)
		}
	}
	slices.SortStableFunc(known, func(a, b zstep) int {
		return cmp.Or(cmp.Compare(a.zxid, b.zxid), cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.ret, b.ret))
	})
	for i := range known {
		known[i].place = i
	}
	slices.SortStableFunc(open, func(a, b zstep) int { return cmp.Compare(a.call, b.call) })
	return known, open
}

// rank puts transactions before the reads that saw them.
func (s *zstep) rank() int {
	if s.op != nil && !s.op.Write() {
		return 1
	}
	return 0
}

func (s *zstep) do(t Tree) (Tree, string) {
	if s.end != nil {
		return t.End(s.end.ID, s.end.Zxid)
	}
	return t.Do(s.op)
}

// zrealTime finds an operation that was answered before a write was asked for
// that comes before it.
func zrealTime(known []zstep) *ZFault {
	var latest *zstep
	for i := range known {
		s := &known[i]
		if s.op == nil {
			continue
		}
		if latest != nil && s.ret < latest.call {
			return s.fault(fmt.Sprintf("it was answered before %s was asked for, which comes before it", latest.op))
		}
		if s.op.Write() && (latest == nil || s.call > latest.call) {
			latest = s
		}
	}
	return nil
}

// searchCost is how many steps of a replay cost as much as one of the search,
// which keeps every state that it has seen.
const searchCost = 10

// mostNeeded is how many without a place may stand directly before one with
// a place, in a replay. More are left to the search.
const mostNeeded = 3

// A zreplay carries out what has a place, one after another, and puts what has
// none before the first that needs it, trying one way after another.
type zreplay struct {
	known  []zstep
	until  []int64 // the first answer from each place on
	budget int     // steps of the tree that it may still try
	at     int     // the last place that was reached
	fault  *ZFault // why no further
}

func newReplay(known []zstep, budget int) *zreplay {
	r := &zreplay{known: known, until: make([]int64, len(known)), budget: budget, at: -1}
	first := int64(math.MaxInt64)
	for i := len(known) - 1; i >= 0; i-- {
		first = min(first, known[i].ret)
		r.until[i] = first
	}
	return r
}

// from goes on at a place with a tree and what is left without one, and
// reports whether everything can be carried out.
func (r *zreplay) from(i int, t Tree, rest []zstep) bool {
	for ; i < len(r.known); i++ {
		next, why := r.known[i].do(t)
		if why == "" {
			t = next
			continue
		}
		if i > r.at {
			r.at, r.fault = i, r.known[i].fault(why)
		}
		for n := 1; n <= mostNeeded; n++ {
			if r.insert(i, t, rest, n) {
				return true
			}
		}
		return false
	}
	return true
}

// insert puts n of rest before a place, and goes on. Only those are tried that
// concern what stands there, or, before the last, one that does.
func (r *zreplay) insert(i int, t Tree, rest []zstep, n int) bool {
	for j := range rest {
		s := &rest[j]
		if s.call > r.until[i] {
			break
		}
		if !t.concerns(s, &r.known[i]) && (n == 1 || !t.helps(s, rest, &r.known[i])) {
			continue
		}
		if r.budget--; r.budget < 0 {
			return false
		}
		with, bad := s.do(t)
		if bad != "" || with.Equal(&t) {
			continue
		}
		others := slices.Delete(slices.Clone(rest), j, j+1)
		if n > 1 {
			if r.insert(i, with, others, n-1) {
				return true
			}
			continue
		}
		if next, why := r.known[i].do(with); why == "" && r.from(i+1, next, others) {
			return true
		}
	}
	return false
}

// helps reports whether r may change what one of rest does that may change the
// answer to s.
func (t *Tree) helps(r *zstep, rest []zstep, s *zstep) bool {
	for i := range rest {
		if o := &rest[i]; o.op != nil && t.concerns(o, s) && t.concerns(r, o) {
			return true
		}
	}
	return false
}

// concerns reports whether r may change the answer to s: a path of one is a
// path of the other, or its parent.
func (t *Tree) concerns(r, s *zstep) bool {
	if s.op == nil {
		return false
	}
	about := func(path string) bool {
		for i := range s.op.Parts {
			p := s.op.Parts[i].Path
			if path == p || parentOf(path) == p || parentOf(p) == path || parentOf(p) == parentOf(path) && s.op.Parts[i].Sequential {
				return true
			}
		}
		return false
	}
	if r.end != nil {
		return slices.ContainsFunc(t.nodes, func(n *znode) bool { return n.owner == r.end.ID && about(n.path) })
	}
	for i := range r.op.Parts {
		if p := &r.op.Parts[i]; about(p.Path) || about(p.Made) {
			return true
		}
	}
	return false
}

// zstate is a tree and how many of those that have a place it has seen.
type zstate struct {
	tree Tree
	seen int
}

// zsearch tries every place for what has none.
func zsearch(steps []zstep, budget int) Result {
	ops := make([]porcupine.Operation, len(steps))
	for i := range steps {
		s := &steps[i]
		ops[i] = porcupine.Operation{Input: s, Call: s.call, Return: s.ret}
		if s.place >= 0 {
			ops[i].Call = 0 // among those with a place, the place says what comes first
		}
	}
	spent := 0
	model := porcupine.Model{
		Init: func() any { return &zstate{} },
		Step: func(state, input, _ any) (bool, any) {
			s, at := input.(*zstep), state.(*zstate)
			if s.place >= 0 && s.place != at.seen {
				return false, state
			}
			if spent++; spent > budget {
				return false, state
			}
			next, why := s.do(at.tree)
			if why != "" {
				return false, state
			}
			seen := at.seen
			if s.place >= 0 {
				seen++
			}
			return true, &zstate{next, seen}
		},
		Equal: func(a, b any) bool {
			return a.(*zstate).seen == b.(*zstate).seen && a.(*zstate).tree.Equal(&b.(*zstate).tree)
		},
		Hash: func(state any) uint64 { return state.(*zstate).tree.Hash() },
	}
	switch legal := porcupine.CheckOperations(model, ops); {
	case legal:
		return Legal
	case spent > budget:
		return Exhausted
	}
	return Illegal
}
