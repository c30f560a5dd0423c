package trace_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/model/trace"
)

func TestLinesComeBackAsTheyWere(t *testing.T) {
	steps := []trace.Step{
		{N: 1, At: 5, Actor: "m1", Kind: "start", What: "Start", Sum: 1 << 63},
		{N: 2, At: 7, Actor: "m1", Inc: 1, Kind: "timer", What: "Master.check", Detail: `"<&>"`, Sum: 9, Cause: 1},
	}
	var b bytes.Buffer
	require.NoError(t, trace.WriteLines(&b, steps))
	require.Contains(t, b.String(), `"<&>\""`)
	got, err := trace.ReadLines[trace.Step]("trace.ndjson", &b)
	require.NoError(t, err)
	require.Equal(t, steps, got)
}

func TestLongLinesComeBack(t *testing.T) {
	events := []trace.Event{{Kind: trace.Panicked, Detail: strings.Repeat("x", 200_000)}, {Kind: trace.Ended}}
	var b bytes.Buffer
	require.NoError(t, trace.WriteLines(&b, events))
	got, err := trace.ReadLines[trace.Event]("events.ndjson", &b)
	require.NoError(t, err)
	require.Equal(t, events, got)
}

func TestBadLinesAreRefusedWithFileLineAndReason(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"cut short", "{\"n\":1}\n{\"n\":2", "trace.ndjson: line 2: truncated: the last line has no end"},
		{"not JSON", "{\"n\":1}\nhello\n", "trace.ndjson: line 2: not a record: "},
		{"wrong type", "{\"n\":\"one\"}\n", "trace.ndjson: line 1: not a record: "},
		{"empty line", "\n", "trace.ndjson: line 1: not a record: "},
		{"endless line", strings.Repeat("x", 17<<20), "trace.ndjson: line 1: longer than "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := trace.ReadLines[trace.Step]("trace.ndjson", strings.NewReader(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestDiffFindsTheFirstDifferingStep(t *testing.T) {
	a := []trace.Step{{N: 1, Actor: "m1", Sum: 1}, {N: 2, At: 1e9, Actor: "m1", Kind: "timer", What: "check", Sum: 2, Cause: 1}}
	require.Nil(t, trace.Diff(a, a))

	words := append([]trace.Step(nil), a...)
	words[0].Detail = "other words"
	require.Nil(t, trace.Diff(a, words))

	other := append([]trace.Step(nil), a...)
	other[1].Sum = 3
	require.Equal(t, `first difference in step 2
  a: step 2 at 1s: m1 timer check (because of step 1) [0000000000000002]
  b: step 2 at 1s: m1 timer check (because of step 1) [0000000000000003]`, trace.Diff(a, other).String())

	require.Equal(t, `first difference in step 2
  a: step 2 at 1s: m1 timer check (because of step 1) [0000000000000002]
  b: the run has ended`, trace.Diff(a, a[:1]).String())
	require.Nil(t, trace.Diff(a[:1], a).A)
}

func TestTextOfAnEventComesBack(t *testing.T) {
	word := rapid.OneOf(rapid.Just(""), rapid.Just("-"), rapid.StringMatching(`[a-z/#]{1,5}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		e := trace.Event{
			Step: uint64(rapid.IntRange(0, 9).Draw(t, "step")), At: rapid.Int64Range(0, 1e12).Draw(t, "at"),
			Process: word.Draw(t, "process"),
			Kind:    rapid.SampledFrom([]trace.Kind{trace.State, trace.Commit, trace.Healed, trace.Call}).Draw(t, "kind"),
			Subject: word.Draw(t, "subject"), Value: word.Draw(t, "value"), Detail: word.Draw(t, "detail"),
			Term: rapid.Int64Range(0, 3).Draw(t, "term"), Zxid: rapid.Int64().Draw(t, "zxid"),
		}
		if e.Process != "" {
			e.Inc = rapid.Uint32Range(0, 3).Draw(t, "inc")
		}
		if rapid.Bool().Draw(t, "live") {
			e.Until = e.At + 1
		}
		got, err := trace.ParseEvent(e.String())
		require.NoError(t, err)
		require.Equal(t, e, got, e.String())
	})
}

func TestBadTextOfAnEventIsRefused(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"1s m1", "want a moment, a process and a kind"},
		{"soon m1 state Alive", "moment: "},
		{"1s..soon m1 state Alive", "moment: "},
		{"1s m1#x state Alive", "incarnation: "},
		{"1s m1 state Alive again", `"again" is one word too many for state`},
		{"1s m1 state Alive colour=red", "colour: "},
		{"1s m1 state Alive colour=1", `no field "colour"`},
		{`1s m1 state "Alive`, "quote is not closed"},
	} {
		_, err := trace.ParseEvent(c.line)
		require.ErrorContains(t, err, c.want, c.line)
	}
	_, err := trace.ParseEvents("# a comment\n\n1s m1 state Alive\nnonsense\n")
	require.ErrorContains(t, err, "line 4: ")
}

func TestEventsAreToldInWords(t *testing.T) {
	for line, want := range map[string]string{
		"1s m2 state Alive term=3":                                 "m2 became Alive in term 3",
		"1s w1 obeyed launch d1 term=3 n=2":                        "w1 obeyed launch of d1 (attempt 2) in term 3",
		"1s w1 refused kill d1 term=2":                             "w1 refused kill of d1 in term 2",
		"1s w1 obeyed master m2:7077 term=3":                       "w1 obeyed the change to master m2:7077 in term 3",
		"1s m1 killed":                                             "m1 was killed",
		"1s m1#2 started master":                                   "m1 started again",
		"1s m1 exited n=1":                                         "m1 ended by itself with status 1",
		"1s m1 session-expired - expired n=255":                    "the coordination service expired session 0xff of m1",
		"1s m1 session-expired - closed n=255":                     "m1 closed session 0xff",
		"1s - fault kill begin \"at=1s kill m1\"":                  "fault: at=1s kill m1",
		"1s - fault kill end":                                      "fault over: kill",
		"1s c1 return a status RUNNING n=1":                        "c1 was answered: status job a: RUNNING",
		"1s m1 written driver/d1 put term=1":                       "m1 cannot know whether its put of driver/d1 happened",
		"1s m1 written driver/d1 put term=1 zxid=5":                "m1 wrote driver/d1 (put) in term 1",
		"1s m1 usage w n=1 m=4 p=5 q=8":                            "m1 counts on w: 1 of 4 cores, 5 of 8 MiB in use",
		"1s - bound failover-within-bound kill \"x\" n=5000000000": "failover-within-bound kill must hold within 5s: x",
		"1s m1 something new":                                      "m1 something new",
	} {
		e, err := trace.ParseEvent(line)
		require.NoError(t, err)
		require.Equal(t, want, trace.Describe(&e))
	}
}

func TestEveryKindHasWords(t *testing.T) {
	for _, k := range []trace.Kind{
		trace.Started, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused, trace.Resumed, trace.Fault, trace.Commit,
		trace.SessionUp, trace.SessionExpired, trace.ServiceUp, trace.ServiceDown, trace.Healed, trace.Bound, trace.Require,
		trace.Panicked, trace.Ended, trace.State, trace.Elected, trace.Intent, trace.Written, trace.Recovered, trace.Acked,
		trace.Obeyed, trace.Refused, trace.Accepted, trace.Usage, trace.Registered, trace.Job, trace.Call, trace.Return,
		trace.GaveUp, trace.Session, trace.Failed,
	} {
		e := trace.Event{Kind: k, Process: "m1", Subject: "driver/1", Value: "x", Detail: "y", Term: 1, N: 1, Zxid: 1}
		require.NotContains(t, trace.Describe(&e), "m1 "+string(k)+" driver/1 x y", k)
	}
}
