package reproducer_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/reports/minimal"
	"github.com/simctl/simctl/reproducer"
)

// sparkTarget is a target that violates many things.
func sparkTarget(t *testing.T, text string) *simctl.Target {
	target, err := simctl.ParseTarget(text)
	require.NoError(t, err)
	target.Options.Policy = policy.Spark
	return target
}

func shrunk(t *testing.T, target *simctl.Target, o reproducer.Options) *reproducer.Shrunk {
	out, err := reproducer.Shrink(t.Context(), target, o)
	require.NoError(t, err)
	return out
}

// left is the target that a shrunk run is.
func left(s *reproducer.Shrunk) *simctl.Target {
	r := s.Result
	return &simctl.Target{Scenario: r.Scenario, Seed: r.Seed, Options: simctl.Options{Policy: r.Options.Policy, Grain: r.Options.Grain}}
}

// TestShrinkMakesAFailureMinimal makes a run of six faults and four failovers
// smaller, by one core and by two, and holds what it says of the result.
func TestShrinkMakesAFailureMinimal(t *testing.T) {
	const property = "acked-is-recovered"
	one := shrunk(t, sparkTarget(t, "failover/kill:2"), reproducer.Options{Property: property, Jobs: 1})
	was := runtime.GOMAXPROCS(1)
	two := shrunk(t, sparkTarget(t, "failover/kill:2"), reproducer.Options{Property: property, Jobs: 3})
	runtime.GOMAXPROCS(was)
	requireSameFiles(t, one, two)

	r := one.Report
	require.True(t, r.Minimal && r.Caused, r.Why)
	require.LessOrEqual(t, r.After.Faults, 4)
	require.Less(t, r.After.Faults, r.Before.Faults)
	require.Less(t, r.After.Ops, r.Before.Ops/4)
	require.Less(t, r.After.Machines, r.Before.Machines)
	require.Less(t, r.After.Steps, r.Before.Steps)
	require.Contains(t, one.Signature, property)
	require.Len(t, r.Faults, r.After.Faults)
	for i, n := range r.Faults {
		w := one.Result.Scenario.Clone()
		require.Equal(t, n.Fault, w.Faults[i].String())
		w.Faults = slices.Delete(w.Faults, i, i+1)
		bare, err := simctl.Run(t.Context(), w, one.Result.Seed, one.Result.Options)
		require.NoError(t, err)
		require.Equal(t, n.Without == "passes", len(bare.Violations()) == 0, n)
		require.NotContains(t, n.Without, "fails in the same way")
	}
	again := shrunk(t, left(one), reproducer.Options{Property: property})
	require.Equal(t, one.Result.Scenario.String(), again.Result.Scenario.String(), "what is minimal stays as it is")
	require.Equal(t, one.Result.Fingerprint, again.Result.Fingerprint)
}

// requireSameFiles holds two bundles of a minimal run against each other, byte
// by byte.
func requireSameFiles(t *testing.T, a, b *reproducer.Shrunk) {
	t.Helper()
	dirs := []string{filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")}
	files := [2]map[string]string{{}, {}}
	for i, s := range []*reproducer.Shrunk{a, b} {
		require.NoError(t, s.Save(dirs[i]))
		entries, err := os.ReadDir(dirs[i])
		require.NoError(t, err)
		for _, e := range entries {
			text, err := os.ReadFile(filepath.Join(dirs[i], e.Name()))
			require.NoError(t, err)
			files[i][e.Name()] = string(text)
		}
	}
	require.Subset(t, slices.Collect(maps.Keys(files[0])), []string{"story.md", "shrink.json", "world.txt", "regression_test.go.txt", "run.json", "timeline.html"})
	require.Equal(t, files[0], files[1])
	target, err := simctl.ParseTarget(dirs[0])
	require.NoError(t, err)
	r, err := simctl.Replay(t.Context(), target)
	require.NoError(t, err)
	require.Empty(t, r.Nondeterminism, "the bundle replays")
	require.Equal(t, a.Result.Fingerprint, r.Fingerprint)
	file, err := simctl.ParseTarget(filepath.Join(dirs[0], "world.txt") + ":1")
	require.NoError(t, err)
	require.Equal(t, a.Result.Scenario.String(), file.Scenario.String())
}

func TestShrinkRefusesWhatDoesNotFail(t *testing.T) {
	for name, o := range map[string]reproducer.Options{"": {}, "no-panics": {Property: "no-panics"}} {
		target := sparkTarget(t, "defect/D-03-late-write:1")
		if name == "" {
			target.Options.Policy = policy.Hardened
		}
		_, err := reproducer.Shrink(t.Context(), target, o)
		require.ErrorIs(t, err, reproducer.ErrNoFailure)
	}
	out := shrunk(t, sparkTarget(t, "defect/D-03-late-write:1"), reproducer.Options{Runs: 5})
	require.False(t, out.Report.Minimal)
	require.Equal(t, checker.Violation, out.Result.Verdict, "what is left fails all the same")
	story, err := out.Report.Story()
	require.NoError(t, err)
	require.Contains(t, string(story), "not proven minimal, the budget of 5 runs is used up")
}

// TestARegressionTestIsGoThatFailsWhileTheBugIsThere compiles and runs what is
// written of a minimal run: in a package of this module, and in a module of
// somebody else's that knows the root package alone.
func TestARegressionTestIsGoThatFailsWhileTheBugIsThere(t *testing.T) {
	out := shrunk(t, sparkTarget(t, "defect/D-03-late-write:1"), reproducer.Options{})
	bad, err := out.Report.GoTest("regression")
	require.NoError(t, err)
	fixed := *out.Report
	fixed.Origin, fixed.Test.Policy = "mended", "hardened"
	good, err := fixed.GoTest("regression")
	require.NoError(t, err)

	require.NoError(t, os.MkdirAll("testdata", 0o755)) // no pattern of packages takes it
	dir, err := os.MkdirTemp("testdata", "regression-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bad_test.go"), bad, 0o644))
	vet := exec.Command("go", "vet", "./"+dir)
	text, err := vet.CombinedOutput()
	require.NoError(t, err, "%s", text)

	here, err := filepath.Abs("..")
	require.NoError(t, err)
	user := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(user, "bad_test.go"), bad, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(user, "good_test.go"), good, 0o644))
	mod, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	text = bytes.Replace(mod, []byte("module github.com/simctl/simctl\n"), []byte("module example.test/user\n\nrequire github.com/simctl/simctl v0.0.0\n\nreplace github.com/simctl/simctl => "+here+"\n"), 1)
	require.NotEqual(t, string(mod), string(text))
	require.NoError(t, os.WriteFile(filepath.Join(user, "go.mod"), text, 0o644))
	sum, err := os.ReadFile("../go.sum")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(user, "go.sum"), sum, 0o644))
	run := exec.Command("go", "test", "-mod=mod", "-v", ".")
	run.Dir = user
	text, err = run.CombinedOutput()
	require.Error(t, err, "%s", text)
	require.Contains(t, string(text), "--- FAIL: TestDefectD03LateWriteAtMostOneActingMaster")
	require.Contains(t, string(text), "at-most-one-acting-master is violated at step")
	require.Contains(t, string(text), "--- PASS: TestMendedAtMostOneActingMaster")
}

// TestAStoryTellsOfAllThatIsLeft holds a report's parts against each other.
func TestAStoryTellsOfAllThatIsLeft(t *testing.T) {
	out := shrunk(t, sparkTarget(t, "failover/partition:3"), reproducer.Options{Property: "at-most-one-acting-master"})
	text, err := out.Report.Story()
	require.NoError(t, err)
	for _, f := range out.Result.Scenario.Faults {
		require.Contains(t, string(text), f.String())
		require.Contains(t, string(text), strings.ReplaceAll(f.String(), "|", "\\|"))
	}
	require.Contains(t, string(text), out.Report.Finding.Detail)
	require.Contains(t, string(text), "IS VIOLATED")
	require.Contains(t, string(text), "## Who told whom")
	diagram := out.Report.Diagram()
	require.LessOrEqual(t, strings.Count(diagram, "\n"), 80)
	require.Equal(t, 1, strings.Count(diagram, "IS VIOLATED"))
	require.Regexp(t, `(?m)^  participant m2$`, diagram)
	require.Regexp(t, `(?m)^  c1->>m\d: RequestSubmitDriver \(`, diagram)
	require.Equal(t, minimal.SizeOf(out.Result.Scenario, out.Result.Steps), out.Report.After)
}
