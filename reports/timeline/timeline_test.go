package timeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/timeline"
)

// onPage is what a test reads of a page's data.
type onPage struct {
	View, Slice []int64
	End         int64
	Lanes       []struct {
		Group, Name string
		Rows        []struct {
			Kind string
			Bars []pageBar
		}
	}
	Faults []pageBar
	Quorum [][2]int64
	Marks  []struct {
		At             int64
		Lane, Property string
	}
	Events struct {
		Texts []string
		Text  []int
		All   int
	}
	Steps struct {
		Lanes, Details  []string
		Whats           []struct{ Kind, Name, Of string }
		N, At, Cause    []int64
		Lane, What      []int
		Detail, Density []int
		All             int
		Gaps            [][2]int64
	}
	Left []string
}

type pageBar struct {
	A, B    int64
	C, L    string
	Z       int64
	M       []string
	X, O    bool
	E, K, T string
}

// dataOf reads the data of a page: that of its run, and of the one laid over it.
func dataOf(t testing.TB, html []byte) (a, b *onPage, part map[string]any) {
	t.Helper()
	_, rest, found := bytes.Cut(html, []byte(`<script type="application/json" id="data">`))
	require.True(t, found)
	text, _, found := bytes.Cut(rest, []byte("</script>"))
	require.True(t, found)
	var data struct {
		A, B *onPage
		Part map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &data))
	return data.A, data.B, data.Part
}

// TestModel shows the data of pages of small runs.
func TestModel(t *testing.T) {
	datadriven.RunTest(t, "testdata/model.txt", func(t *testing.T, d *datadriven.TestData) string {
		in := inputOf(t, d)
		html, err := timeline.Page(in)
		if err != nil {
			return err.Error() + "\n"
		}
		a, _, _ := dataOf(t, html)
		return a.String()
	})
}

// inputOf reads a script: lines of events, steps as "step N AT ACTOR KIND WHAT
// CAUSE [DETAIL]", and findings as "violation PROPERTY STEP DETAIL".
func inputOf(t *testing.T, d *datadriven.TestData) *timeline.Input {
	in := &timeline.Input{Name: "test", Seed: 1, Policy: "spark", Verdict: checker.Pass}
	for line := range strings.Lines(d.Input) {
		words := strings.Fields(line)
		switch words[0] {
		case "step":
			var s trace.Step
			var at string
			_, err := fmt.Sscan(strings.Join(words[1:7], " "), &s.N, &at, &s.Actor, &s.Kind, &s.What, &s.Cause)
			require.NoError(t, err, line)
			moment, err := time.ParseDuration(at)
			require.NoError(t, err, line)
			s.At, s.Detail = moment.Nanoseconds(), strings.Join(words[7:], " ")
			in.Steps = append(in.Steps, s)
		case "violation":
			f := checker.Finding{Property: words[1], Verdict: checker.Violation, Detail: strings.Join(words[3:], " ")}
			_, err := fmt.Sscan(words[2], &f.Step)
			require.NoError(t, err, line)
			in.Findings = append(in.Findings, f)
			in.Verdict = checker.Violation
		default:
			e, err := trace.ParseEvent(strings.TrimSpace(line))
			require.NoError(t, err)
			in.Events = append(in.Events, e)
		}
	}
	return in
}

// String prints a model, a line a bar.
func (m *onPage) String() string {
	var b strings.Builder
	when := func(ns int64) string { return trace.Moment(ns) }
	bars := func(indent string, list []pageBar) {
		for _, x := range list {
			fmt.Fprintf(&b, "%s%s..%s %s %q", indent, when(x.A), when(x.B), x.C, x.L)
			for _, part := range []struct {
				is   bool
				text string
			}{{x.O, "goes on"}, {x.X, "ILLEGAL"}, {x.Z > 0, "acted until " + when(x.Z)}, {x.E != "", x.E}, {len(x.M) > 0, "on " + strings.Join(x.M, " ")}, {x.L == "" || x.X, x.T}} {
				if part.is {
					b.WriteString(", " + part.text)
				}
			}
			b.WriteByte('\n')
		}
	}
	fmt.Fprintf(&b, "view %s..%s of %s\n", when(m.View[0]), when(m.View[1]), when(m.End))
	bars("fault ", m.Faults)
	for _, q := range m.Quorum {
		fmt.Fprintf(&b, "no quorum %s..%s\n", when(q[0]), when(q[1]))
	}
	for _, k := range m.Marks {
		fmt.Fprintf(&b, "violated at %s on %q: %s\n", when(k.At), k.Lane, k.Property)
	}
	for _, l := range m.Lanes {
		fmt.Fprintf(&b, "%s: %s\n", l.Group, l.Name)
		for _, r := range l.Rows {
			fmt.Fprintf(&b, "  %s\n", r.Kind)
			bars("    ", r.Bars)
		}
	}
	m.printSteps(&b, when)
	fmt.Fprintf(&b, "%d of %d events\n", len(m.Events.Text), m.Events.All)
	for _, left := range m.Left {
		fmt.Fprintf(&b, "left out: %s\n", left)
	}
	return b.String()
}

func (m *onPage) printSteps(b *strings.Builder, when func(int64) string) {
	var n, at int64
	for i := range m.Steps.N {
		n, at = n+m.Steps.N[i], at+m.Steps.At[i]
		w := m.Steps.Whats[m.Steps.What[i]]
		fmt.Fprintf(b, "step %d %s %s %s %s", n, when(at), m.Steps.Lanes[m.Steps.Lane[i]], w.Kind, w.Name)
		if w.Of != "" {
			fmt.Fprintf(b, " (%s)", w.Of)
		}
		if d := m.Steps.Details[m.Steps.Detail[i]]; d != "" {
			fmt.Fprintf(b, " %s", d)
		}
		if c := m.Steps.Cause[i]; c > 0 {
			fmt.Fprintf(b, ", because of %d", n-c)
		}
		b.WriteByte('\n')
	}
	if len(m.Slice) > 0 {
		fmt.Fprintf(b, "led to it: %v\n", m.Slice)
	}
}

// TestEmptyRunsHavePages: nothing that a run may lack is needed.
func TestEmptyRunsHavePages(t *testing.T) {
	for name, in := range map[string]*timeline.Input{
		"nothing at all":        {},
		"a seed and a length":   {Name: "x", Seed: 7, Length: 5e9},
		"one event":             {Events: []trace.Event{{Kind: trace.Ended}}},
		"one step":              {Steps: []trace.Step{{N: 1, Actor: "m1", Kind: "message", What: "X"}}},
		"a verdict and no run":  {Findings: []checker.Finding{{Property: "p", Verdict: checker.Violation, Step: 9}}},
		"two runs of nothing":   {Other: &timeline.Input{}},
		"steps that are causes": {Steps: []trace.Step{{N: 1, Cause: 1, Kind: "message"}, {N: 2, Cause: 9}}, Findings: []checker.Finding{{Verdict: checker.Violation, Step: 1}}},
		"a live run":            {Live: true, Events: []trace.Event{{Kind: trace.Started, Process: "m1", Value: "master"}}},
	} {
		t.Run(name, func(t *testing.T) {
			html, err := timeline.Page(in)
			require.NoError(t, err)
			a, b, _ := dataOf(t, html)
			require.LessOrEqual(t, a.View[0], a.View[1])
			require.Equal(t, in.Other != nil, b != nil)
		})
	}
}

// TestPageNeedsNothingElse: no address of anything stands in a page but those
// of the run's own words.
func TestPageNeedsNothingElse(t *testing.T) {
	html, err := timeline.Page(&timeline.Input{})
	require.NoError(t, err)
	for _, no := range []string{"http:", "https:", "//cdn", "@import", "url(http", `src="`, "fetch(", "XMLHttpRequest", "import("} {
		require.NotContains(t, string(html), no)
	}
}

// TestWordsAreOnlyWords: what a run says cannot become a part of the page.
func TestWordsAreOnlyWords(t *testing.T) {
	evil := `</script><script>alert(1)</script><img onerror=x>`
	in := &timeline.Input{
		Name: evil, Policy: evil, Scenario: evil, Schedule: evil,
		Events: []trace.Event{{Process: "m1", Kind: trace.Started, Value: "master"}, {Process: "m1", Kind: trace.Panicked, Detail: evil},
			{Kind: trace.Fault, Value: "begin", Subject: "kill", Detail: evil}},
		Steps:    []trace.Step{{N: 1, Actor: "m1", Kind: "message", What: evil, Detail: evil}},
		Findings: []checker.Finding{{Property: evil, Verdict: checker.Violation, Step: 1, Detail: evil}},
	}
	html, err := timeline.Page(in)
	require.NoError(t, err)
	require.NotContains(t, string(html), "<script>alert")
	require.NotContains(t, string(html), "<img")
	require.Equal(t, 2, bytes.Count(html, []byte("</script>")))
}

func keep(t *testing.T, name string, html []byte) {
	if dir := os.Getenv("SIMCTL_KEEP_PICTURES"); dir != "" {
		require.NoError(t, os.WriteFile(dir+"/"+name, html, 0o644))
	}
}
