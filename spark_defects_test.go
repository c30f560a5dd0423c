package simctl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
)

// sparkTable is where each defect of Spark and of Curator's latch stands with
// the scenario and the seed that show it.
const sparkTable = "docs/spark-defects.md"

const sparkHead = `# Known defects of Spark Standalone, and of Curator's latch

Each is a scenario: a schedule, and the properties it breaks under the policy spark and under no other; those of Curator name the
version of the latch that Spark has there. Every row was run: under
spark the seed violates what stands here; under hardened the same schedule violates nothing. "simctl sweep defect/... --policy=spark" runs
them all, "simctl run SCENARIO --seed=SEED --policy=spark" one. Written by: make defects.

| defect | what goes wrong | scenario | seed | violates | step | what was seen | passes under hardened | source |
|---|---|---|---|---|---|---|---|---|
`

// lastDefect is the number of the last defect of Spark that is known.
const lastDefect = 44

// unshown tells of the defects that have no scenario why not.
var unshown = map[string]string{}

// curatorUnshown tells of the known defects of Curator's latch and its like
// that have no scenario why not.
var curatorUnshown = []string{
	"CURATOR-171 (it is D-29: the latch does not watch its own znode)",
	"CURATOR-644 (it is CURATOR-504)",
	"CURATOR-652 (it is CURATOR-653)",
	"CURATOR-460 (needs the error policy under which only LOST ends leadership; Spark's latch has the standard one, which gives up at SUSPENDED, " +
		"so that when LOST comes does not matter)",
	"CURATOR-3, CURATOR-18 (races of close(), which Spark calls at the end of its process alone: its sessions are not closed, and the znode lasts as long anyway)",
	"CURATOR-47 (a leader that ignores SUSPENDED; Spark's master does not, D-03 is what is left of it)",
	"CURATOR-292, CURATOR-525 (events of the connection that are lost or repeated inside the library; here a session tells each of its states once)",
	"CURATOR-537 (getOurPath is no fencing token; Spark fences with nothing)",
	"CURATOR-45, CURATOR-297, CURATOR-315, CURATOR-396, CURATOR-508 (noise in logs, and znodes that other recipes leave)",
}

// reproduced lists the scenarios of defects of Spark and Curator.
func reproduced(t *testing.T) (list []scenarios.Scenario) {
	all, err := scenarios.Lookup("defect/...")
	require.NoError(t, err)
	for _, s := range all {
		if !strings.HasPrefix(s.Name, "defect/zk-") {
			list = append(list, s)
		}
	}
	return list
}

// TestSparkDefectsAreWhereTheTableSays runs every row of the table under both
// policies.
func TestSparkDefectsAreWhereTheTableSays(t *testing.T) {
	committed, err := os.ReadFile(sparkTable)
	update := os.Getenv("SIMCTL_UPDATE") != ""
	require.True(t, err == nil || update)
	var rows strings.Builder
	rows.WriteString(sparkHead)
	var numbers []string
	for _, s := range reproduced(t) {
		id, what, ok := strings.Cut(s.Doc, ": ")
		require.True(t, ok && strings.HasPrefix(s.Name, "defect/"+id), "%s: its doc must begin with the name of the defect and a colon", s.Name)
		require.NotEmpty(t, s.Source, s.Name)
		require.Equal(t, "spark", s.ExpectUnder, s.Name)
		numbers = append(numbers, id)
		start := fmt.Sprintf("| %s | %s | %s | ", id, what, s.Name)
		seed := s.Seed
		require.NotZero(t, seed, "%s has no line: seed N", s.Name)
		r := sparkRun(t, s, seed, policy.Spark)
		require.Equal(t, checker.Pass, r.Verdict, "%s seed %d: %v", s.Name, seed, r.Violations())
		safe := sparkRun(t, s, seed, policy.Hardened)
		require.Equal(t, checker.Pass, safe.Verdict, "%s seed %d under hardened: %v", s.Name, seed, safe.Findings)
		require.Empty(t, safe.Violations(), "%s seed %d under hardened", s.Name, seed)
		fmt.Fprintf(&rows, "%s%d | %s | yes | %s |\n", start, seed, violated(t, r), s.Source)
	}
	fmt.Fprintf(&rows, "\nDefects of Spark without a scenario: %s.\n", strings.Join(missing(t, numbers), ", "))
	fmt.Fprintf(&rows, "\nOf Curator's latch without one:\n\n- %s\n", strings.Join(curatorUnshown, "\n- "))
	if update {
		require.NoError(t, os.WriteFile(sparkTable, []byte(rows.String()), 0o644))
		return
	}
	require.Equal(t, rows.String(), string(committed), "make defects")
}

func sparkRun(t *testing.T, s scenarios.Scenario, seed uint64, p policy.Policy) *simctl.Result {
	r, err := simctl.Run(t.Context(), s, seed, simctl.Options{Policy: p})
	require.NoError(t, err)
	return r
}

// violated is what a run that shows a defect has violated, the step, and what
// was seen of the first of them.
func violated(t *testing.T, r *simctl.Result) string {
	bad := r.Violations()
	require.NotEmpty(t, bad, r.Name())
	var names []string
	for _, f := range bad {
		names = append(names, f.Property)
	}
	detail, _, _ := strings.Cut(bad[0].Detail, "; healed at")
	detail = strings.NewReplacer("|", "/", "\n", "; ").Replace(detail)
	return fmt.Sprintf("%s | %d | %s", strings.Join(names, ", "), bad[0].Step, detail)
}

// missing lists the defects of Spark that none of the scenarios is about, each
// with its reason.
func missing(t *testing.T, numbers []string) (out []string) {
	for n := 1; n <= lastDefect; n++ {
		id := fmt.Sprintf("D-%02d", n)
		if !slices.ContainsFunc(numbers, func(have string) bool { return strings.TrimRight(have, "abcd") == id }) {
			require.NotEmpty(t, unshown[id], "%s has neither a scenario nor a reason", id)
			out = append(out, fmt.Sprintf("%s (%s)", id, unshown[id]))
		} else {
			require.Empty(t, unshown[id], "%s has a scenario", id)
		}
	}
	if len(out) == 0 {
		return []string{"none"}
	}
	return out
}

// TestFaultsOfMessagesNameMessages holds what scenarios lose and repeat against
// the messages there are, which scenarios do not know.
func TestFaultsOfMessagesNameMessages(t *testing.T) {
	files, err := filepath.Glob("impl/wire/*names.go")
	require.NoError(t, err)
	var known []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`Name\(\) string \{ return "(\w+)" \}`).FindAllStringSubmatch(string(text), -1) {
			known = append(known, m[1])
		}
	}
	require.Contains(t, known, "LaunchDriver")
	used := map[scenarios.Class]bool{}
	for _, s := range scenarios.All() {
		for _, f := range s.Faults {
			used[f.Class] = true
			if f.Class == scenarios.Drop || f.Class == scenarios.Duplicate {
				require.Contains(t, append(known, "any"), f.What, "%s: %s", s.Name, f)
			}
		}
	}
	for _, class := range []scenarios.Class{scenarios.Drop, scenarios.Duplicate, scenarios.DeleteZ, scenarios.LostReply, scenarios.SlowOp, scenarios.CutOff} {
		require.True(t, used[class], "no scenario has the fault %s", class)
	}
}

// TestALaterCuratorHasTheRemedy runs the schedules of the latch's defects with
// the first version here that has the remedy, and the same estimate of when a
// session has expired, where it has one.
func TestALaterCuratorHasTheRemedy(t *testing.T) {
	for name, fixed := range map[string]string{
		"CURATOR-498-dying-znode": "5.7", "CURATOR-504-resets-itself": "5.6", "CURATOR-620-late-creation": "5.7",
		"CURATOR-645-reset-each-other": "5.6", "CURATOR-653-late-list": "5.6", "CURATOR-696-old-znode": "5.7", "CURATOR-724-queue-gone": "",
	} {
		list, err := scenarios.Lookup("defect/" + name)
		require.NoError(t, err)
		s := list[0]
		require.NotEqual(t, fixed, s.Curator)
		s.Curator, s.CuratorLag, s.Expect, s.ExpectUnder = fixed, 0, "", ""
		for seed := uint64(1); seed <= 4; seed++ {
			require.Empty(t, sparkRun(t, s, seed, policy.Spark).Violations(), "%s seed %d", name, seed)
		}
	}
}
