package spec_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/spec"
)

const budget = 1_000_000

func op(kind history.Kind, answer string) *history.Op {
	o := &history.Op{Kind: kind, Return: 1, Answer: answer}
	if kind == history.Finish {
		o.Arg, o.Answer = answer, "d1"
	}
	return o
}

func TestTheMachineOfAJobStepsOrRefuses(t *testing.T) {
	live := spec.Job{Phase: spec.Live, ID: "d1"}
	asked := spec.Job{Phase: spec.Live, ID: "d1", KillAsked: true}
	over := func(state string) spec.Job { return spec.Job{Phase: spec.Over, ID: "d1", Outcome: state} }
	killed := over("KILLED")
	killed.KillAsked = true
	for _, c := range []struct {
		name string
		from spec.Job
		op   *history.Op
		ok   bool
		to   spec.Job
	}{
		{"submitting makes it live", spec.Job{}, op(history.Submit, "d1"), true, live},
		{"submitting again gives the same ID", live, op(history.Submit, "d1"), true, live},
		{"another ID is another job", live, op(history.Submit, "d2"), false, live},
		{"unknown before", spec.Job{}, op(history.Status, "not found"), true, spec.Job{}},
		{"known after", live, op(history.Status, "not found"), false, live},
		{"live states come and go", live, op(history.Status, "RELAUNCHING"), true, live},
		{"not live before", spec.Job{}, op(history.Status, "RUNNING"), false, spec.Job{}},
		{"not live after", over("FINISHED"), op(history.Status, "RUNNING"), false, over("FINISHED")},
		{"finished by a finish", live, op(history.Finish, "FINISHED"), true, over("FINISHED")},
		{"not by being asked", live, op(history.Status, "FINISHED"), false, live},
		{"asked after", over("FINISHED"), op(history.Status, "FINISHED"), true, over("FINISHED")},
		{"final is final", over("FINISHED"), op(history.Finish, "FAILED"), false, over("FINISHED")},
		{"killed once asked to", asked, op(history.Status, "KILLED"), true, killed},
		{"not killed unasked", live, op(history.Status, "KILLED"), false, live},
		{"lost with its worker", live, op(history.Status, "ERROR"), true, over("ERROR")},
		{"kill of one that lives", live, op(history.KillOp, "ok"), true, asked},
		{"kill of one that was killed", killed, op(history.KillOp, "ok"), true, killed},
		{"kill of one that finished", over("FINISHED"), op(history.KillOp, "ok"), false, over("FINISHED")},
		{"kill told it finished", over("FINISHED"), op(history.KillOp, "error: already FINISHED"), true, over("FINISHED")},
		{"kill told too early", live, op(history.KillOp, "error: already FINISHED"), false, live},
		{"kill whose first try did it", live, op(history.KillOp, "error: already KILLED"), true, asked},
		{"kill of nothing", spec.Job{}, op(history.KillOp, "error: not found"), true, spec.Job{}},
		{"kill of something not found", live, op(history.KillOp, "error: not found"), false, live},
		{"evicted is over", over("FAILED"), op(history.Status, "evicted"), true, over("FAILED")},
		{"evicted is not absent", spec.Job{}, op(history.Status, "evicted"), false, spec.Job{}},
		{"ends only once submitted", spec.Job{}, op(history.Finish, "FINISHED"), false, spec.Job{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			to, ok := spec.Jobs().Step(c.from, c.op)
			require.Equal(t, c.ok, ok)
			if ok {
				require.Equal(t, c.to, to)
			}
		})
	}
}

// An open operation may have happened or not, so no state refuses it.
func TestAnOpenOperationIsAlwaysPossible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := spec.Job{
			Phase:     spec.Phase(rapid.IntRange(0, 2).Draw(t, "phase")),
			KillAsked: rapid.Bool().Draw(t, "asked"),
			ID:        rapid.SampledFrom([]string{"", "d1", "d2"}).Draw(t, "id"),
		}
		if s.Phase == spec.Over {
			s.Outcome = rapid.SampledFrom([]string{"FINISHED", "FAILED", "KILLED", "ERROR"}).Draw(t, "outcome")
		}
		o := drawOp(t, 0)
		o.Return = history.Open
		if o.Kind != history.Finish {
			o.Answer = ""
		}
		if !spec.Jobs().Blind(&o) {
			_, ok := spec.Jobs().Step(s, &o)
			require.True(t, ok)
		}
	})
}

func drawOp(t *rapid.T, i int) history.Op {
	o := history.Op{
		Lane: fmt.Sprintf("c%d", i), N: int64(i), Key: "a",
		Kind: rapid.SampledFrom([]history.Kind{history.Submit, history.KillOp, history.Status, history.Status, history.Finish}).Draw(t, "kind"),
		Call: rapid.Int64Range(0, 20).Draw(t, "call"),
	}
	o.Return = o.Call + rapid.Int64Range(0, 8).Draw(t, "for")
	if rapid.IntRange(0, 5).Draw(t, "open") == 0 {
		o.Return = history.Open
	}
	switch o.Kind {
	case history.Submit:
		o.Answer = rapid.SampledFrom([]string{"d1", "d1", "d1", "d2", "error: no"}).Draw(t, "answer")
	case history.KillOp:
		o.Answer = rapid.SampledFrom([]string{"ok", "error: already KILLED", "error: already FINISHED", "error: not found"}).Draw(t, "answer")
	case history.Status:
		o.Answer = rapid.SampledFrom([]string{"not found", "SUBMITTED", "RUNNING", "FINISHED", "KILLED", "ERROR", "evicted"}).Draw(t, "answer")
	case history.Finish:
		o.Arg, o.Answer = rapid.SampledFrom([]string{"FINISHED", "FAILED", "KILLED"}).Draw(t, "arg"), "d1"
	}
	return o
}

func drawHistory(t *rapid.T) history.History {
	var h history.History
	for i := range rapid.IntRange(1, 7).Draw(t, "ops") {
		h = append(h, drawOp(t, i))
	}
	return h
}

// The search must agree with trying every order.
func TestTheSearchAgreesWithTryingEveryOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		want := spec.Illegal
		if everyOrder(h, spec.Job{}, make([]bool, len(h))) {
			want = spec.Legal
		}
		require.Equal(t, want, spec.Jobs().Check(h, budget), "%v", h)
	})
}

func everyOrder(h history.History, s spec.Job, done []bool) bool {
	m, left := spec.Jobs(), false
	for i := range h {
		if done[i] || m.Blind(&h[i]) {
			continue
		}
		left = true
		if !first(h, i, done) {
			continue
		}
		if next, ok := m.Step(s, &h[i]); ok {
			done[i] = true
			if everyOrder(h, next, done) {
				return true
			}
			done[i] = false
		}
	}
	return !left
}

// first reports whether no operation that is not done had been answered before
// h[i] was called.
func first(h history.History, i int, done []bool) bool {
	for j := range h {
		if !done[j] && !spec.Jobs().Blind(&h[j]) && h[j].Return != history.Open && h[j].Return < h[i].Call {
			return false
		}
	}
	return true
}

// What is found without a search is no less true. The machine is lenient with a
// kill that is told that its first try succeeded: there the search finds less.
func TestAContradictionIsIllegal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		c := spec.FirstContradiction(h, 0)
		if c != nil && (c.With == nil || c.With.Kind != history.KillOp) {
			require.Equal(t, spec.Illegal, spec.Jobs().Check(h, budget), "%s in %v", c, h)
		}
	})
}

func TestTheBeginningOfALegalHistoryIsLegal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		if spec.Jobs().Check(h, budget) == spec.Legal {
			at := rapid.Int64Range(0, 30).Draw(t, "until")
			require.Equal(t, spec.Legal, spec.Jobs().Check(spec.Until(h, at), budget))
		}
	})
}

func TestASearchWithoutBudgetSaysSo(t *testing.T) {
	h := history.History{
		{Kind: history.Submit, Call: 1, Return: 2, Answer: "d1"},
		{Kind: history.Status, Call: 3, Return: 4, Answer: "RUNNING"},
	}
	require.Equal(t, spec.Exhausted, spec.Jobs().Check(h, 1))
	require.Equal(t, spec.Legal, spec.Jobs().Check(h, 2))
}
