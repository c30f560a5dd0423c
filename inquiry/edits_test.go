package inquiry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
)

// costly skips a test that builds a program: make twice and the ci run it.
func costly(t *testing.T) {
	if os.Getenv("SIMCTL_EDITS") == "" {
		t.Skip("builds a program; SIMCTL_EDITS=1 runs it, as make twice does")
	}
}

// edited builds simctl with another text of the worker: old is replaced by new,
// and more stands at its end.
func edited(t *testing.T, old, new, more string) string {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	file := filepath.Join(root, "impl", "worker", "worker.go")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), old), "the worker has no such place: %s", old)
	dir := t.TempDir()
	patched := filepath.Join(dir, "worker.go")
	require.NoError(t, os.WriteFile(patched, []byte(strings.Replace(string(text), old, new, 1)+more), 0o644))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: patched}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644))
	program := filepath.Join(dir, "simctl")
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./cmd/simctl")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}

const afterStart = "	w.noteUsage()\n	w.register()\n"

// fails reports whether a command's line of JSON has a violation of a property.
func fails(t *testing.T, property, program string, args ...string) bool {
	t.Helper()
	out, _ := exec.Command(program, append(args, "--json", "-q", "-o", t.TempDir())...).Output()
	var line struct{ Findings []checker.Finding }
	require.NoError(t, json.NewDecoder(bytes.NewReader(out)).Decode(&line), "%s: %s", args, out)
	for _, f := range line.Findings {
		if f.Property == property && f.Verdict == checker.Violation {
			return true
		}
	}
	return false
}

// An edit that draws once more, tells one thing more and sets one timer more
// leaves most failures where they were: nearly all come again from their
// schedules, and at least half from their bare seeds, because each draw has a
// key of its own. The failures are those of Spark's policy under drawn faults.
func TestSeedsSurviveEdits(t *testing.T) {
	costly(t)
	program := edited(t, afterStart, afterStart+"	w.edited(0)\n", `
func (w *Worker) edited(n uint64) {
	w.h.Note(host.Note{Kind: host.NoteFailed, Value: fmt.Sprintf("edited: %d", w.h.Draw("edited", 100))})
	host.After(w.h, 700*time.Millisecond, (*Worker).edited, n+1)
}
`)
	dir := t.TempDir()
	runs, schedules, seeds, alike, others := 0, 0, 0, 0, 0
	for _, name := range []string{"failover/3x3x3", "failover/kill"} {
		list, err := scenarios.Lookup(name)
		require.NoError(t, err)
		var rs []*simctl.Result
		rate := map[string]int{}
		for seed := uint64(1); seed <= 7; seed++ {
			r, err := simctl.Run(context.Background(), list[0], seed, simctl.Options{Policy: policy.Spark, Steps: true})
			require.NoError(t, err)
			for _, f := range r.Violations() {
				rate[f.Property]++
			}
			rs = append(rs, r)
		}
		for _, r := range rs {
			if len(r.Violations()) == 0 {
				continue
			}
			// What few seeds violate says most: the rest come again by chance.
			f := slices.MinFunc(r.Violations(), func(a, b checker.Finding) int { return rate[a.Property] - rate[b.Property] })
			bundle := filepath.Join(dir, r.Name())
			require.NoError(t, r.Save(bundle))
			runs, alike, others = runs+1, alike+rate[f.Property]-1, others+len(rs)-1
			if fails(t, f.Property, program, "replay", bundle) {
				schedules++
			} else {
				t.Logf("%s of %s does not come again from its schedule", f.Property, r.Name())
			}
			if fails(t, f.Property, program, "run", name, fmt.Sprintf("--seed=%d", r.Seed), "--policy=spark") {
				seeds++
			}
		}
	}
	t.Logf("%d failures: %d come again from their schedules, %d from their seeds; %d of %d other seeds have the same", runs, schedules, seeds, alike, others)
	require.Greater(t, runs, 9)
	require.GreaterOrEqual(t, schedules*10, runs*9)
	require.GreaterOrEqual(t, seeds*2, runs)
}

// A worker that ranges over a map when it sends is found by a replay, which ends
// with status 4 and names the step.
func TestAMapRangeInAProcessIsNamed(t *testing.T) {
	costly(t)
	program := edited(t, afterStart, afterStart+"	w.leak(0)\n", `
func (w *Worker) leak(n uint64) {
	for d := range map[time.Duration]bool{100: true, 101: true, 102: true, 103: true, 104: true, 105: true, 106: true, 107: true} {
		host.After(w.h, d*time.Millisecond, (*Worker).leak, n+1)
		return
	}
}
`)
	out, err := exec.Command(program, "replay", "failover/kill:1", "-q", "-o", t.TempDir()).Output()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 4, exit.ExitCode(), "%s", out)
	require.Regexp(t, `NONDETERMINISM  two runs of this seed differ: first difference in step \d+\n  a: step \d+ at .*\n  b: step \d+ at .*`, string(out))
	require.Regexp(t, `[ab]: step .*: w\d timer Worker.leak Worker.leak\(\d+\) \(because of step \d+\)`, string(out))
}
