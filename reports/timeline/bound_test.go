package timeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/timeline"
)

// long is a run of n steps and as many events, one a millisecond, with a
// violation at two thirds: masters that change places, clients that ask, faults
// that come and go.
func long(n int, word string) *timeline.Input {
	in := &timeline.Input{Name: "long", Seed: 1, Policy: "spark", Verdict: checker.Violation}
	for i := range 5 {
		in.Events = append(in.Events, trace.Event{Kind: trace.Started, Process: fmt.Sprintf("m%d", i), Value: "master", Inc: 1})
	}
	for i := range n {
		at, step := int64(i)*1_000_000, uint64(i+1)
		who := fmt.Sprintf("m%d", i%5)
		e := trace.Event{At: at, Step: step, Process: who, Inc: 1}
		switch i % 4 {
		case 0:
			e.Kind, e.Value, e.Term = trace.State, []string{"Standby", "Alive"}[i/4%2], int64(i/1000)
		case 1:
			e.Process, e.Kind, e.Subject, e.Value, e.N = fmt.Sprintf("c%d", i/4%3), trace.Call, fmt.Sprint("job", i/4), "submit", int64(i/4)
		case 2:
			e.Process, e.Kind, e.Subject, e.Value, e.N, e.Detail = fmt.Sprintf("c%d", i/4%3), trace.Return, fmt.Sprint("job", i/4), "submit", int64(i/4), fmt.Sprint("driver-", i)
		case 3:
			e.Process, e.Kind, e.Subject, e.Value, e.Detail = "", trace.Fault, "kill", []string{"begin", "end"}[i/4%2], fmt.Sprintf("at=%dms kill m1 %s", i/8, word)
		}
		in.Events = append(in.Events, e)
		s := trace.Step{N: step, At: at, Actor: who, Kind: "message", What: "Hello", Detail: word + fmt.Sprint(i)}
		if i > 3 {
			s.Cause = step - 3
		}
		in.Steps = append(in.Steps, s)
	}
	in.Length = int64(n) * 1_000_000
	in.Findings = []checker.Finding{{Property: "p", Verdict: checker.Violation, Step: uint64(n * 2 / 3), Detail: word}}
	return in
}

// TestSizeIsBounded: however long the run, and whatever its words, the page is
// not longer than it may be, and everything around the violation is on it.
func TestSizeIsBounded(t *testing.T) {
	for name, in := range map[string]*timeline.Input{
		"many steps":                          long(50_000, "a message of a usual length"),
		"words that JSON and HTML write long": long(6_000, strings.Repeat("<&>\x01", 400)),
		"two runs":                            {Other: long(25_000, "b")},
	} {
		t.Run(name, func(t *testing.T) {
			if in.Other != nil {
				other := in.Other
				in = long(25_000, "a")
				in.Other = other
			}
			html, err := timeline.Page(in)
			require.NoError(t, err)
			require.LessOrEqual(t, len(html), timeline.MaxBytes)
			keep(t, "long.html", html)
			a, _, _ := dataOf(t, html)
			require.NotEmpty(t, a.Left, "what is left out is said")
			require.Equal(t, len(in.Steps), a.Steps.All)
			broken := a.Marks[0].At
			for _, g := range a.Steps.Gaps {
				require.False(t, g[0] <= broken && broken <= g[1], "the violation at %d is in the gap %v", broken, g)
			}
			require.Contains(t, whole(a), broken, "every step around the violation is there")
			for _, l := range a.Lanes {
				for _, r := range l.Rows {
					for _, b := range r.Bars {
						require.False(t, b.C == "gap" && b.A <= broken && broken <= b.B, "%s: what it was at the violation is left out", l.Name)
					}
				}
			}
		})
	}
}

// whole returns the moments of steps that have both neighbours on the page.
func whole(a *onPage) []int64 {
	var out []int64
	var at int64
	for i := range a.Steps.N {
		at += a.Steps.At[i]
		if a.Steps.N[i] == 1 && i+1 < len(a.Steps.N) && a.Steps.N[i+1] == 1 {
			out = append(out, at)
		}
	}
	return out
}

// TestPagesAreTheSame: the bytes of a page depend on the run alone.
func TestPagesAreTheSame(t *testing.T) {
	make := func() []byte {
		in := long(3000, "x")
		in.Other = long(2500, "y")
		html, err := timeline.Page(in)
		require.NoError(t, err)
		return html
	}
	require.Equal(t, string(make()), string(make()))
}
