package linear

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/spec"
	"github.com/simctl/simctl/model/trace"
)

// randomHistory draws operations on one job, most of which overlap.
func randomHistory(t *rapid.T) (h history.History) {
	for i := range rapid.IntRange(1, 9).Draw(t, "ops") {
		o := history.Op{Lane: "c", N: int64(i), Key: "a", Kind: history.Status, Call: rapid.Int64Range(0, 12).Draw(t, "call")}
		o.Return = o.Call + rapid.Int64Range(0, 9).Draw(t, "for")
		o.Answer = rapid.SampledFrom([]string{"not found", "SUBMITTED", "RUNNING", "FINISHED", "KILLED", "ERROR", "evicted", "error: x"}).Draw(t, "answer")
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0, 1:
			o.Kind, o.Answer = history.Submit, rapid.SampledFrom([]string{"d1", "d1", "d1", "d2", "error: x"}).Draw(t, "id")
		case 2:
			o.Kind = history.KillOp
			o.Answer = rapid.SampledFrom([]string{"ok", "error: not found", "error: already KILLED", "error: already FINISHED", "error: already ERROR", "error: x"}).Draw(t, "said")
		case 3:
			o.Kind, o.Arg, o.Answer = history.Finish, rapid.SampledFrom([]string{"FINISHED", "KILLED", "FAILED"}).Draw(t, "end"), "d1"
		}
		if rapid.IntRange(0, 4).Draw(t, "open") == 0 {
			o.Return = history.Open
		}
		h = append(h, o)
	}
	return h
}

// follow gives a history to the set of what is possible, and returns the moment in
// which nothing is left, or -1.
func follow(h history.History) int64 {
	type moment struct {
		at  int64
		end bool
		i   int
	}
	var order []moment
	for i := range h {
		order = append(order, moment{h[i].Call, false, i})
		if h[i].Return != history.Open {
			order = append(order, moment{h[i].Return, true, i})
		}
	}
	slices.SortStableFunc(order, func(a, b moment) int { return cmp.Or(cmp.Compare(a.at, b.at), compareBool(a.end, b.end)) })
	p := newPossible()
	for _, m := range order {
		o := h[m.i]
		if !m.end {
			p.call(o)
		} else if !p.answer(p.find(o.Lane, o.N, o.Kind, o.Arg), o.Answer) {
			return m.at
		}
	}
	return -1
}

// TestWhatIsPossibleIsWhatPorcupineFinds holds the set of states against a search
// for an order, at the end and at each moment before it.
func TestWhatIsPossibleIsWhatPorcupineFinds(t *testing.T) {
	legal, illegal := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		h := randomHistory(t)
		over := follow(h)
		require.Equal(t, spec.Jobs().Check(h, Budget) == spec.Illegal, over >= 0, "%v", h)
		if over < 0 {
			legal++
			return
		}
		illegal++
		require.Equal(t, spec.Illegal, spec.Jobs().Check(spec.Until(h, over), Budget))
		require.Equal(t, spec.Legal, spec.Jobs().Check(spec.Until(h, over-1), Budget))
	})
	require.NotZero(t, legal)
	require.NotZero(t, illegal)
}

// TestATrackerSaysOfARunWhatTheJudgeSays gives both what a perfect master told, and
// the same with a lie.
func TestATrackerSaysOfARunWhatTheJudgeSays(t *testing.T) {
	lies := 0
	rapid.Check(t, func(t *rapid.T) {
		events := drawn(t, 3, 30)
		require.Equal(t, checker.Pass, track(events).Verdict, track(events).Detail)
		if lie(events) {
			lies++
			require.Equal(t, judge(events, Budget).Verdict, track(events).Verdict)
		}
	})
	require.NotZero(t, lies)
}

func track(events []trace.Event) checker.Finding {
	m := checker.Explorable(NewTracker())
	for i := range events {
		if i%7 == 0 {
			m = m.Clone()
		}
		m.Observe(&events[i])
	}
	return m.Finding()
}
