package inquiry_test

import (
	"bytes"
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
	"github.com/simctl/simctl/checker/signature"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/reproducer"
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

// again runs a world with another program, and reports whether it violates what an
// entry of the corpus does, in the same way, and the fingerprint.
func again(t *testing.T, e *reproducer.Entry, world, program string, seed uint64) (bool, string) {
	t.Helper()
	list, err := scenarios.Lookup(world)
	if err != nil {
		text, errFile := os.ReadFile(world)
		require.NoError(t, errFile)
		list = make([]scenarios.Scenario, 1)
		list[0], err = scenarios.Parse(world, text)
	}
	require.NoError(t, err)
	var tags []string
	for _, o := range list[0].Ops {
		tags = append(tags, o.Tag)
	}
	out, _ := exec.Command(program, "run", world, fmt.Sprintf("--seed=%d", seed), "--policy="+e.World.Policy, "--zk-grain="+e.World.Grain,
		"--zk-client="+e.World.ZKClient, "--json", "-q", "-o", t.TempDir()).Output()
	var line struct {
		Findings    []checker.Finding
		Fingerprint string
	}
	require.NoError(t, json.NewDecoder(bytes.NewReader(out)).Decode(&line), "%s: %s", world, out)
	return slices.ContainsFunc(line.Findings, func(f checker.Finding) bool {
		return f.Property == e.Property && f.Verdict == checker.Violation && signature.Of(f, tags) == e.Signature
	}), line.Fingerprint
}

// An edit that draws once more, tells one thing more and sets one timer more
// leaves most failures where they were: of the corpus nearly all come again
// from their schedules, and at least half from the bare seeds on which they were found,
// because each draw has a key of its own. What needs a build of its own, as a planted mistake
// does, is not asked.
func TestSeedsSurviveEdits(t *testing.T) {
	costly(t)
	program := edited(t, afterStart, afterStart+"	w.edited(0)\n", `
func (w *Worker) edited(n uint64) {
	w.h.Note(host.Note{Kind: host.NoteFailed, Value: fmt.Sprintf("edited: %d", w.h.Draw("edited", 100))})
	host.After(w.h, 700*time.Millisecond, (*Worker).edited, n+1)
}
`)
	entries, err := reproducer.ReadCorpus("../scenarios/corpus")
	require.NoError(t, err)
	runs, schedules, seeds, others := 0, 0, 0, 0
	for i := range entries {
		e := &entries[i]
		if strings.HasPrefix(e.Bug, "planted: ") || strings.HasPrefix(e.Bug, "mended by ") {
			continue
		}
		runs++
		fails, fingerprint := again(t, e, filepath.Join("../scenarios/corpus", e.Name+".txt"), program, e.World.Seed)
		if fails {
			schedules++
		} else {
			t.Logf("%s does not come again from its schedule", e.Name)
		}
		if was, err := e.World.Run(t.Context()); err != nil || reports.Fingerprint(was.Fingerprint) != fingerprint {
			require.NoError(t, err)
			others++
		}
		name, text, _ := strings.Cut(e.Found, ":")
		seed, err := simctl.ParseSeed(text)
		require.NoError(t, err)
		if fails, _ := again(t, e, name, program, seed); fails {
			seeds++
		} else {
			t.Logf("%s does not come again from its seed", e.Name)
		}
	}
	t.Logf("of %d failures %d come again from their schedules, %d from their seeds; %d runs are others than before", runs, schedules, seeds, others)
	require.Greater(t, runs, 40)
	require.Greater(t, others, runs/3, "worlds with workers")
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
