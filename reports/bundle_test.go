package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
	"github.com/stretchr/testify/require"
)

func storyEvents(t *testing.T) []trace.Event {
	text, err := os.ReadFile("story/testdata/events.txt")
	require.NoError(t, err)
	events, err := trace.ParseEvents(string(text))
	require.NoError(t, err)
	return events
}

func someBundle(t *testing.T) *Bundle {
	events := storyEvents(t)
	h, err := history.Build(events)
	require.NoError(t, err)
	s, err := scenarios.Lookup("failover/kill")
	require.NoError(t, err)
	return &Bundle{
		Run: RunFile{
			Schema: BundleSchema, Kind: SimBundle, Name: "failover/kill", Seed: 1<<64 - 1, Policy: "hardened", Grain: "service",
			Scenario: Text(s[0].String()), Schedule: "at=8s for=6s kill m1\n", Overrides: []Override{},
			Timers: scenarios.TimersFor(scenarios.Fast), Config: map[string]string{"b": "2", "a": "<1>"},
			Versions: Versions{Simctl: "v0", Go: "go1.26"}, Fingerprint: Fingerprint(42), Checkpoints: []string{"01", "02"},
			Steps: 2, SimulatedNs: 34e9, Verdict: checker.Violation, Failovers: []Failover{{Cause: "kill", StartNs: 8e9, TotalNs: 7e9}},
		},
		Steps:   []trace.Step{{N: 1, Actor: "m1", Kind: "start", What: "<&>"}, {N: 2, At: 5, Actor: "m2", Kind: "timer", What: "x", Sum: 1 << 63}},
		Events:  events,
		History: h,
		Findings: []checker.Finding{
			{Property: "jobs-linearizable", Verdict: checker.Pass, Detail: "7 ops"},
			{Property: "acked-is-recovered", Verdict: checker.Violation, Step: 74, Detail: "d-3 <b> was acknowledged in term 2 and is gone in term 3"},
		},
	}
}

func TestBundleReadsBackAsWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out", "failover-kill-42")
	b := someBundle(t)
	require.NoError(t, WriteBundle(dir, b, map[string][]byte{"extra.txt": []byte("more\n")}))
	got, err := ReadBundle(dir)
	require.NoError(t, err)
	require.Len(t, got.Run.Files, 4)
	got.Run.Files = nil
	for i := range b.History {
		b.History[i].CallStep, b.History[i].ReturnStep = got.History[i].CallStep, got.History[i].ReturnStep
	}
	require.Equal(t, b, got)
	s, err := got.Run.ParseScenario(dir)
	require.NoError(t, err)
	require.Equal(t, "failover/kill", s.Name)
	schedule, err := got.Run.ParseSchedule(dir)
	require.NoError(t, err)
	require.Equal(t, string(b.Run.Schedule), schedule.String())
	alone, err := ReadRun(dir)
	require.NoError(t, err)
	require.Equal(t, uint64(1<<64-1), alone.Seed)
	require.Equal(t, "failover/kill", got.Line(dir).Scenario)
	require.Equal(t, []string{"failover-kill-42"}, names(t, filepath.Dir(dir)), "nothing beside the bundle")
}

func TestBundleBytesAreStable(t *testing.T) {
	root := t.TempDir()
	one, two := filepath.Join(root, "one"), filepath.Join(root, "two")
	require.NoError(t, WriteBundle(one, someBundle(t), nil))
	require.NoError(t, WriteBundle(two, someBundle(t), nil))
	require.Equal(t, []string{"REPRODUCE", "events.ndjson", "findings.json", "history.ndjson", "run.json", "timeline.html", "trace.ndjson"}, names(t, one))
	for _, name := range names(t, one) {
		require.True(t, bytes.Equal(read(t, one, name), read(t, two, name)), name)
	}
	require.NoError(t, WriteBundle(one, someBundle(t), nil), "a bundle replaces a bundle")
	require.Equal(t, []string{"one", "two"}, names(t, root))
}

func TestUnreadableBundlesSayFileLineAndReason(t *testing.T) {
	edit := func(name, from, to string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			data := string(read(t, dir, name))
			require.Contains(t, data, from)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(data, from, to, 1)), 0o644))
		}
	}
	cut := func(name string, bytes int) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			data := read(t, dir, name)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), data[:len(data)-bytes], 0o644))
		}
	}
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, name))) }
	}
	for name, test := range map[string]struct {
		spoil func(*testing.T, string)
		want  string
	}{
		"a newer format":        {edit("run.json", "bundle/v1", "bundle/v2"), "run.json: line 2: the format simctl/bundle/v2 is newer than this build reads"},
		"something else":        {edit("run.json", "simctl/bundle/v1", "x"), "run.json: line 2: the schema is"},
		"an unknown kind":       {edit("run.json", `"kind": "sim"`, `"kind": "dream"`), `run.json: line 3: unknown kind "dream"`},
		"a wrong type":          {edit("run.json", `"seed": 18446744073709551615`, `"seed": "x"`), "run.json: line 5: seed is a string"},
		"run.json cut":          {cut("run.json", 30), "truncated"},
		"run.json gone":         {remove("run.json"), "run.json: no such file"},
		"trace cut in a line":   {cut("trace.ndjson", 10), "trace.ndjson: line 2: truncated: 1 of 2 lines are there"},
		"events cut by a line":  {cut("events.ndjson", 40), "events.ndjson: line"},
		"history gone":          {remove("history.ndjson"), "history.ndjson: no such file"},
		"findings cut":          {cut("findings.json", 5), "findings.json: line"},
		"a changed event":       {edit("events.ndjson", `"m1"`, `"m9"`), "events.ndjson: line"},
		"a broken event":        {edit("events.ndjson", `"process":"m2"`, `"process":m2`), "events.ndjson: line 4: changed since it was written"},
		"a file not spoken for": {edit("run.json", "trace.ndjson", "other.ndjson"), "says nothing of trace.ndjson"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "b")
			require.NoError(t, WriteBundle(dir, someBundle(t), nil))
			test.spoil(t, dir)
			_, err := ReadBundle(dir)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "read bundle "+dir)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestNothingHalfWrittenIsLeft(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "b")
	tooLong := map[string][]byte{strings.Repeat("x", 300): []byte("no file system takes this name")}
	require.ErrorContains(t, WriteBundle(dir, someBundle(t), tooLong), "write bundle "+dir)
	require.Empty(t, names(t, root))

	require.NoError(t, WriteBundle(dir, someBundle(t), nil))
	before := read(t, dir, "run.json")
	require.Error(t, WriteBundle(dir, someBundle(t), tooLong))
	require.Equal(t, before, read(t, dir, "run.json"), "the bundle that was there is still there")
	require.Equal(t, []string{"b"}, names(t, root))

	require.Error(t, WriteBundle(dir, someBundle(t), map[string][]byte{"run.json": nil}), "no further file may replace one of the bundle's")
	require.Error(t, WriteBundle(dir, someBundle(t), map[string][]byte{"../x": nil}))
	require.Error(t, WriteFile(filepath.Join(root, "no", "such", "dir"), nil))
}

func TestWhatIsNoBundleIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "precious"), []byte("x"), 0o644))
	require.ErrorContains(t, WriteBundle(dir, someBundle(t), nil), "it is left alone")
	require.Equal(t, []string{"precious"}, names(t, dir))
	file := filepath.Join(dir, "precious")
	require.Error(t, WriteBundle(file, someBundle(t), nil))
}

func TestPageEscapesWhatARunSays(t *testing.T) {
	html, err := Timeline(someBundle(t))
	require.NoError(t, err)
	require.Contains(t, string(html), "d-3 &lt;b&gt; was acknowledged")
	require.NotContains(t, string(html), "<b> was")
	require.Contains(t, string(html), "the active master m1 is killed")
	require.Contains(t, string(html), `"name":"m1"`)
	_, err = Timeline(&Bundle{})
	require.NoError(t, err, "a run in which nothing happened has a page")
	if out := os.Getenv("SIMCTL_KEEP_PICTURES"); out != "" {
		require.NoError(t, WriteFile(filepath.Join(out, "timeline.html"), html))
	}
}

func names(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func read(t *testing.T, dir, name string) []byte {
	data, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return data
}
