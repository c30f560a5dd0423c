package why_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/why"
)

// A late write: m1 is cut off, z1 expires its session, m2 is elected, and what
// m1 had begun before is committed when the cut is over. Worker w1 and its
// heartbeats have nothing to do with it.
func lateWrite() (steps []trace.Step, events []trace.Event, f checker.Finding) {
	step := func(at int64, actor, kind, what string, cause, via uint64) {
		steps = append(steps, trace.Step{N: uint64(len(steps) + 1), At: at * 1e9, Actor: actor, Kind: kind, What: what, Cause: cause, Via: via})
	}
	tell := func(e trace.Event) {
		s := &steps[len(steps)-1]
		e.Step, e.At = s.N, s.At
		events = append(events, e)
	}
	step(0, "m1", "start", "start master", 0, 0) // 1
	tell(trace.Event{Process: "m1", Kind: trace.Started, N: 1, Value: "master"})
	step(0, "w1", "start", "start worker", 0, 0) // 2
	step(1, "m1/zk", "message", "Reply", 1, 0)   // 3
	tell(trace.Event{Process: "m1", Kind: trace.SessionUp, N: 7})
	tell(trace.Event{Process: "m1", Kind: trace.State, Value: "Alive", Term: 1})
	step(2, "w1", "timer", "Worker.heartbeat", 2, 0) // 4
	step(3, "w1", "timer", "Worker.heartbeat", 4, 0) // 5
	step(3, "m1", "message", "Heartbeat", 5, 0)      // 6
	step(4, "c1", "timer", "Client.next", 0, 0)      // 7
	tell(trace.Event{Process: "c1", Kind: trace.Call, Subject: "a", Value: "submit"})
	step(4, "m1", "message", "RequestSubmitDriver", 7, 0) // 8
	tell(trace.Event{Process: "m1", Kind: trace.Intent, Subject: "driver_1", Value: "put", Term: 1, N: 9})
	step(5, "fault", "fault", "partition", 0, 0) // 9
	tell(trace.Event{Kind: trace.Fault, Subject: "partition", Value: "begin", Detail: "partition m1 | z1"})
	step(9, "z1", "timer", "Server.expire", 0, 0) // 10
	tell(trace.Event{Process: "m1", Kind: trace.SessionExpired, N: 7})
	step(9, "m2/zk", "message", "Watch", 10, 0) // 11
	tell(trace.Event{Process: "m2", Kind: trace.Elected, Term: 2})
	step(10, "fault", "fault", "partition", 9, 0) // 12
	tell(trace.Event{Kind: trace.Fault, Subject: "partition", Value: "end", Detail: "partition m1 | z1"})
	step(11, "z1", "message", "Create", 8, 12) // 13
	step(11, "z1", "disk", "flushed", 13, 0)   // 14
	tell(trace.Event{Process: "m1", Kind: trace.Commit, Subject: "/driver_1", Value: "create", Term: 1, M: 9, Zxid: 5})
	return steps, events, checker.Finding{Property: "at-most-one-acting-master", Step: 14, Detail: "a write of term 1 after m2 was elected (9s, step 11)", Verdict: checker.Violation}
}

func TestTheSliceHasWhatAViolationComesOfAndNothingElse(t *testing.T) {
	s := why.Of(lateWrite())
	require.Equal(t, []uint64{3, 7, 8, 9, 10, 11, 12, 13, 14}, s.Steps(), "w1's heartbeats 2, 4, 5, 6 had nothing to do with it")
	faults, deliveries := s.Candidates()
	require.Equal(t, []uint64{9}, faults)
	require.Equal(t, []uint64{13, 11, 8, 3}, deliveries)
}

func TestTheSliceIsToldWithItsReasonsAndWhatDecides(t *testing.T) {
	s := why.Of(lateWrite())
	var b strings.Builder
	require.NoError(t, s.Tell(&b, []why.Trial{{Step: 9, Held: true}, {Step: 13, Held: true}, {Step: 3}}, 80))
	require.Equal(t, `at-most-one-acting-master is violated in step 14
  a write of term 1 after m2 was elected (9s, step 11)

it comes of 9 steps; 8 tell something; * decides: without it the property is not violated

       3         1s  m1 opened session 0x7; m1 became Alive in term 1
       7         4s  c1 asked: submit job a
       8         4s  m1 is about to put driver_1 in term 1
                      because of 7 (sent), 3 (role)
*      9         5s  fault: partition m1 | z1
      10         9s  the coordination service expired session 0x7 of m1
                      because of 9 (in force), 3 (opened)
      11         9s  m2 was elected: term 2 began
                      because of 10 (sent)
      12        10s  fault over: partition m1 | z1
                      because of 9 (set)
*     14        11s  transaction 0x5 was committed: create /driver_1 in term 1
                      because of 12 (let go, through 1 steps), 11 (involved), 9 (in force, through 1 steps), 8 (stored)

3 runs without one fault or delivery of these; in 2 of them the property is not violated
`, b.String())
	lines := s.Lines(nil, 2)
	require.Len(t, lines, 2, "the last are told where there are too many")
	require.EqualValues(t, 14, lines[1].Step)
}
