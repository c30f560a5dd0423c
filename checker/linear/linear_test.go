package linear

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/spec"
	"github.com/simctl/simctl/model/trace"
)

// perfect is one perfect master and clients that ask it with delays on both
// ways: it makes histories that are linearizable by construction.
type perfect struct {
	draw func(n int) int
	jobs []job
	busy []int64 // until when each client waits
	n    []int64
	now  int64 // the moment of the last answer
	run  []trace.Event
}

type job struct {
	id, state, asked string
}

func newPerfect(clients, jobs int, draw func(n int) int) *perfect {
	return &perfect{draw: draw, jobs: make([]job, jobs), busy: make([]int64, clients), n: make([]int64, clients)}
}

// ask lets the client that is free first ask something, and answers as of some
// moment within the operation.
func (p *perfect) ask(i int) {
	c := slices.Index(p.busy, slices.Min(p.busy))
	p.now = max(p.now, p.busy[c]) + int64(1+p.draw(9))
	moment := p.now
	tag := p.draw(len(p.jobs))
	j := &p.jobs[tag]
	kind, answer := "status", j.state
	switch what := p.draw(10); {
	case j.id == "" && what < 7:
		kind, j.id, j.state = "submit", fmt.Sprintf("d%d", tag), "SUBMITTED"
		answer = j.id
		p.run = append(p.run, trace.Event{Process: "m1", Kind: trace.Acked, Subject: kind, Value: j.id, Detail: fmt.Sprintf("j%d", tag), At: moment})
	case j.id == "":
		answer = "not found"
	case what == 0 && spec.IsLive(j.state):
		kind, answer, j.asked = "kill", "ok", "yes"
	case what == 1:
		j.state = p.next(j, tag, moment)
		answer = j.state
	}
	p.n[c]++
	e := trace.Event{Process: fmt.Sprintf("c%d", c), Inc: 1, Kind: trace.Call, Subject: fmt.Sprintf("j%d", tag), Value: kind, N: p.n[c]}
	e.At, e.Step = max(p.busy[c], moment-int64(p.draw(30))), uint64(2*i+1)
	p.run = append(p.run, e)
	e.Kind, e.Detail, e.At, e.Step = trace.Return, answer, moment+int64(p.draw(30)), uint64(2*i+2)
	if p.draw(20) == 0 {
		e.Kind, e.Detail = trace.GaveUp, ""
	}
	p.run = append(p.run, e)
	p.busy[c] = e.At + 1
}

// next is the state after this one; an end is told by a driver and accepted.
func (p *perfect) next(j *job, tag int, moment int64) string {
	switch {
	case !spec.IsLive(j.state):
		return j.state
	case j.asked != "" && p.draw(2) == 0:
		return "KILLED"
	case p.draw(3) > 0:
		return "RUNNING"
	}
	id := fmt.Sprintf("d%d", tag)
	e := trace.Event{Process: "w1/" + id, Kind: trace.Job, Subject: id, Value: "finished", N: 1, At: moment - int64(p.draw(9))}
	p.run = append(p.run, e)
	e.Kind, e.Value, e.At = trace.Accepted, "FINISHED", moment+int64(p.draw(9))
	p.run = append(p.run, e)
	return "FINISHED"
}

// events returns the run in the order of time. What one step told stays in the
// order in which it told it.
func (p *perfect) events() []trace.Event {
	slices.SortStableFunc(p.run, func(a, b trace.Event) int { return int(min(1, max(-1, a.At-b.At))) })
	return p.run
}

// drawn is what a perfect master and at most so many clients told, over at most so
// many operations.
func drawn(t *rapid.T, clients, ops int) []trace.Event {
	p := newPerfect(rapid.IntRange(1, clients).Draw(t, "clients"), rapid.IntRange(1, 3).Draw(t, "jobs"),
		func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "draw") })
	for i := range rapid.IntRange(5, ops).Draw(t, "ops") {
		p.ask(i)
	}
	return p.events()
}

func judge(events []trace.Event, budget int) checker.Finding {
	j := New(budget)
	for i := range events {
		j.Observe(&events[i])
	}
	j.Observe(&trace.Event{Kind: trace.Ended, At: 1 << 40})
	return j.Finding()
}

// lie finds an operation that was answered long after a final state was told,
// and makes its answer a live one; it reports whether there is one.
func lie(events []trace.Event) bool {
	over := map[string]int64{}
	called := map[string]int64{}
	for i := range events {
		e := &events[i]
		op := fmt.Sprint(e.Process, e.N)
		switch at, told := over[e.Subject]; {
		case e.Kind == trace.Call:
			called[op] = e.At
		case e.Kind != trace.Return || e.Value != "status":
		case told && called[op] > at:
			e.Detail = "RUNNING"
			return true
		case spec.IsFinal(e.Detail) && !told:
			over[e.Subject] = e.At
		}
	}
	return false
}

func TestWhatAPerfectMasterToldPassesAndALieIsFound(t *testing.T) {
	lies := 0
	rapid.Check(t, func(t *rapid.T) {
		events := drawn(t, 4, 60)
		f := judge(events, Budget)
		if f.Detail != "" && f.Verdict == checker.Inconclusive {
			require.Contains(t, f.Detail, "no operation was acknowledged")
			return
		}
		require.Equal(t, checker.Pass, f.Verdict, f.Detail)
		if lie(events) {
			lies++
			f = judge(events, Budget)
			require.Equal(t, checker.Violation, f.Verdict)
			require.NotZero(t, f.Step)
		}
	})
	require.NotZero(t, lies)
}

// many is n operations of ten clients on few jobs.
func many(n, jobs int) []trace.Event {
	x := uint64(42)
	p := newPerfect(10, jobs, func(n int) int {
		x = x*6364136223846793005 + 1442695040888963407
		return int((x >> 33) % uint64(n))
	})
	for i := range n {
		p.ask(i)
	}
	return p.events()
}

func TestAThousandOperationsOfTenClientsAreJudgedWithinASecond(t *testing.T) {
	for _, jobs := range []int{1, 3, 50} {
		events := many(1000, jobs)
		start := time.Now()
		f := judge(events, Budget)
		require.Less(t, time.Since(start), time.Second)
		require.Equal(t, checker.Pass, f.Verdict, f.Detail)
	}
}

// Open operations never have to happen, so they must not make the search
// explode.
func TestManyOpenOperationsOnOneJobDoNotExplode(t *testing.T) {
	events := []trace.Event{{Kind: trace.Call, Process: "c0", Subject: "a", Value: "submit", N: 1, At: 1, Step: 1}}
	events = append(events, trace.Event{Kind: trace.Return, Process: "c0", Subject: "a", Value: "submit", Detail: "d1", N: 1, At: 2})
	for i := range int64(300) {
		e := trace.Event{Kind: trace.Call, Process: "c1", Subject: "a", Value: []string{"kill", "status"}[i%2], N: i, At: 3 + i}
		events = append(events, e)
		e = trace.Event{Kind: trace.Job, Process: "w1/d1", Subject: "d1", Value: "failed", N: i, At: 3 + i}
		events = append(events, e)
		e = trace.Event{Kind: trace.Call, Process: "c2", Subject: "a", Value: "status", N: i, At: 3 + i, Step: 7}
		events = append(events, e)
		e.Kind, e.Detail, e.Step = trace.Return, "RUNNING", 8
		events = append(events, e)
	}
	f := judge(events, Budget)
	require.Equal(t, checker.Pass, f.Verdict, f.Detail)
}

func TestAnUsedUpBudgetIsInconclusive(t *testing.T) {
	f := judge(many(100, 1), 5)
	require.Equal(t, checker.Inconclusive, f.Verdict)
	require.Contains(t, f.Detail, "no verdict within 5 steps")
}

// Leaving out what cannot matter changes no verdict.
func TestPruningChangesNoVerdict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h history.History
		for i := range rapid.IntRange(1, 9).Draw(t, "ops") {
			o := history.Op{N: int64(i), Key: "a", Kind: history.Status, Call: rapid.Int64Range(0, 12).Draw(t, "call")}
			o.Return = o.Call + rapid.Int64Range(0, 9).Draw(t, "for")
			o.Answer = rapid.SampledFrom([]string{"not found", "SUBMITTED", "RUNNING", "FINISHED", "KILLED", "error: x"}).Draw(t, "answer")
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				o.Kind, o.Answer = history.Submit, "d1"
			case 1:
				o.Kind, o.Answer = history.KillOp, "ok"
			case 2:
				o.Kind, o.Arg, o.Answer = history.Finish, "FINISHED", "d1"
			}
			if rapid.IntRange(0, 4).Draw(t, "open") == 0 {
				o.Return = history.Open
			}
			h = append(h, o)
		}
		require.Equal(t, spec.Jobs().Check(h, Budget), spec.Jobs().Check(prune(h), Budget), "%v", h)
	})
}

func BenchmarkThousandOperationsOfTenClients(b *testing.B) {
	events := many(1000, 10)
	for b.Loop() {
		judge(events, Budget)
	}
}
