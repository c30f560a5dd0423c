package lock_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/checker/explore/lock"
)

const (
	benchTable = "../../../docs/explore-bench.md"
	benchRows  = "../../../docs/explore-bench.jsonl"
)

const benchHead = `# How fast an exploration is

The lock for leaders of checker/explore/lock, 3 clients and 4 tokens: %d distinct states, %d transitions. Each round
runs every program once, one after another; a ratio is to the search written by hand of the same round (one core, no paths, no
checks, 64 bits a state in a table made large enough beforehand). Medians of %d rounds on 2 cores.
The machine had other things to do, so the ratios count and not the figures. SPIN stores whole states; with hash compaction
(-DHC4) it stores less and sees fewer. TLC has 2 GB. By hand there is no symmetry: those ratios are of representatives.
Bytes a state: for ours what the search itself counts (table, frontier, buffers), for SPIN the memory it reports. Written by make
explore-bench, which goes on where it was interrupted.

| program | distinct states | a second | ratio | least | most | bytes a state |
|---|---|---|---|---|---|---|
`

// A run is one program in one round.
type run struct {
	Round       int     `json:"round"`
	Program     string  `json:"program"`
	Distinct    uint64  `json:"distinct"`
	Transitions uint64  `json:"transitions"`
	Seconds     float64 `json:"seconds"`
	Bytes       uint64  `json:"bytes,omitempty"`
}

func (r run) rate() float64 { return float64(r.Distinct) / r.Seconds }

const byHand = "by hand, one core"

var full = lock.System{Clients: 3, Tokens: 4}

// A program searches the full lock. ok is false where it is not installed.
type program struct {
	name string
	do   func(t *testing.T) (r run, ok bool)
}

func programs() []program {
	ours := func(sys lock.System, o explore.Options) func(*testing.T) (run, bool) {
		return func(t *testing.T) (run, bool) {
			began := time.Now()
			r, err := explore.Search(context.Background(), sys, o)
			require.NoError(t, err)
			require.True(t, r.Complete, r.Why)
			return run{Distinct: r.Distinct, Transitions: r.Transitions, Seconds: time.Since(began).Seconds(), Bytes: r.Bytes}, true
		}
	}
	sorted := full
	sorted.Sorted = true
	return []program{
		{byHand, hand},
		{"explore, one core", ours(full, explore.Options{})},
		{"explore, two cores", ours(full, explore.Options{Cores: 2})},
		{"explore, up to symmetry, one core", ours(sorted, explore.Options{})},
		{"explore, up to symmetry, two cores", ours(sorted, explore.Options{Cores: 2})},
		{"explore, depth-first with sleep sets", ours(full, explore.Options{Method: explore.Sleep})},
		{"SPIN", spin("-DSAFETY -DNOREDUCE")},
		{"SPIN, hash compaction", spin("-DSAFETY -DNOREDUCE -DHC4")},
		{"SPIN, breadth-first", spin("-DSAFETY -DNOREDUCE -DBFS")},
		{"TLC, one worker", tlc(1)},
		{"TLC, two workers", tlc(2)},
	}
}

func hand(t *testing.T) (run, bool) {
	began := time.Now()
	h := lock.NewHand(full, 23)
	require.True(t, h.Search())
	return run{Distinct: h.Distinct, Transitions: h.Transitions, Seconds: time.Since(began).Seconds(), Bytes: 8 << 23}, true
}

var (
	spinStates = regexp.MustCompile(`(?m)^ *([0-9]+) states, stored`)
	spinSteps  = regexp.MustCompile(`(?m)^ *([0-9]+) transitions`)
	spinBytes  = regexp.MustCompile(`([0-9.]+)\s+total actual memory usage`)
	spinErrors = regexp.MustCompile(`errors: ([0-9]+)`)
	tlcStates  = regexp.MustCompile(`(?m)^([0-9]+) states generated, ([0-9]+) distinct states found, 0 states left`)
)

func number(t *testing.T, re *regexp.Regexp, out []byte, group int) float64 {
	m := re.FindSubmatch(out)
	require.NotNil(t, m, "%s in %s", re, out)
	x, err := strconv.ParseFloat(string(m[group]), 64)
	require.NoError(t, err)
	return x
}

func command(t *testing.T, dir, name string, args ...string) []byte {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return out
}

func spin(flags string) func(*testing.T) (run, bool) {
	return func(t *testing.T) (run, bool) {
		for _, tool := range []string{"spin", "gcc"} {
			if _, err := exec.LookPath(tool); err != nil {
				return run{}, false
			}
		}
		dir, err := filepath.Abs("testdata/lock.pml")
		require.NoError(t, err)
		tmp := t.TempDir()
		command(t, tmp, "spin", "-a", "-DTOKENS=4", dir)
		command(t, tmp, "gcc", append(strings.Fields("-w -O2 -DNOFAIR -DMEMLIM=8000 -o pan pan.c"), strings.Fields(flags)...)...)
		began := time.Now()
		out := command(t, tmp, "./pan", "-m100000", "-w23")
		r := run{Seconds: time.Since(began).Seconds()}
		require.Zero(t, number(t, spinErrors, out, 1))
		r.Distinct, r.Transitions = uint64(number(t, spinStates, out, 1)), uint64(number(t, spinSteps, out, 1))
		r.Bytes = uint64(number(t, spinBytes, out, 1) * 1e6)
		return r, true
	}
}

// tlc needs the jar of the TLA+ tools, SIMCTL_TLC. The start of a JVM counts.
func tlc(workers int) func(*testing.T) (run, bool) {
	return func(t *testing.T) (run, bool) {
		jar := os.Getenv("SIMCTL_TLC")
		if jar == "" {
			return run{}, false
		}
		tmp := t.TempDir()
		for _, name := range []string{"Lock.tla", "Lock.cfg"} {
			text, err := os.ReadFile("testdata/" + name)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(tmp, name), text, 0o644))
		}
		began := time.Now()
		out := command(t, tmp, "java", "-XX:+UseParallelGC", "-Xmx2g", "-cp", jar, "tlc2.TLC", "-deadlock", "-workers", strconv.Itoa(workers), "Lock")
		r := run{Seconds: time.Since(began).Seconds()}
		require.Contains(t, string(out), "No error has been found")
		r.Distinct, r.Transitions = uint64(number(t, tlcStates, out, 2)), uint64(number(t, tlcStates, out, 1))-1
		return r, true
	}
}

func readRuns(t *testing.T) (runs []run) {
	text, err := os.ReadFile(benchRows)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	for line := range bytes.Lines(text) {
		var r run
		require.NoError(t, json.Unmarshal(line, &r))
		runs = append(runs, r)
	}
	return runs
}

// TestTheBenchIsWhatItSays holds the table against the rows it is made of, and
// with SIMCTL_EXPLORE_BENCH=N first measures what is missing of N rounds.
func TestTheBenchIsWhatItSays(t *testing.T) {
	runs := readRuns(t)
	if v := os.Getenv("SIMCTL_EXPLORE_BENCH"); v != "" {
		rounds, err := strconv.Atoi(v)
		require.NoError(t, err)
		runs = measure(t, runs, rounds)
		require.NoError(t, os.WriteFile(benchTable, []byte(render(t, runs)), 0o644))
	}
	for _, r := range runs {
		if strings.Contains(r.Program, "compaction") {
			continue // sees fewer
		}
		if strings.Contains(r.Program, "symmetry") {
			require.Equal(t, uint64(726_653), r.Distinct, r.Program)
			continue
		}
		require.Equal(t, uint64(4_309_742), r.Distinct, r.Program)
		if r.Program == byHand || strings.HasSuffix(r.Program, "e core") || strings.HasSuffix(r.Program, "o cores") {
			require.Equal(t, uint64(33_976_545), r.Transitions, r.Program)
		}
	}
	text, err := os.ReadFile(benchTable)
	require.NoError(t, err)
	require.Equal(t, string(text), render(t, runs))
}

// measure appends to the rows, one by one, what is missing.
func measure(t *testing.T, runs []run, rounds int) []run {
	f, err := os.OpenFile(benchRows, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	defer f.Close()
	w := bufio.NewWriter(f)
	for round := range rounds {
		for _, p := range programs() {
			if slices.ContainsFunc(runs, func(r run) bool { return r.Round == round && r.Program == p.name }) {
				continue
			}
			runtime.GC()
			r, ok := p.do(t)
			if !ok {
				continue
			}
			r.Round, r.Program = round, p.name
			t.Logf("%+v", r)
			require.NoError(t, json.NewEncoder(w).Encode(r))
			require.NoError(t, w.Flush())
			runs = append(runs, r)
		}
	}
	return runs
}

// render makes the table of the rows.
func render(t *testing.T, runs []run) string {
	hands := map[int]float64{}
	rounds := 0
	var steps, distinct uint64
	for _, r := range runs {
		if r.Program == byHand {
			hands[r.Round] = r.rate()
			rounds++
			steps, distinct = r.Transitions, r.Distinct
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, benchHead, distinct, steps, rounds)
	for _, p := range programs() {
		var rates, ratios []float64
		var seen uint64
		bytes := "-"
		for _, r := range runs {
			if r.Program == p.name {
				seen = r.Distinct
				rates, ratios = append(rates, r.rate()), append(ratios, r.rate()/hands[r.Round])
				if r.Bytes > 0 {
					bytes = strconv.FormatUint(r.Bytes/r.Distinct, 10)
				}
			}
		}
		if len(rates) == 0 {
			continue
		}
		slices.Sort(rates)
		slices.Sort(ratios)
		mid := len(ratios) / 2
		fmt.Fprintf(&b, "| %s | %d | %.2f M | %.3f | %.3f | %.3f | %s |\n", p.name, seen, rates[mid]/1e6, ratios[mid], ratios[0], ratios[len(ratios)-1], bytes)
	}
	return b.String()
}
