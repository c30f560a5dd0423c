package simctl_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/zk/quorum"
)

// defectTable is where each known defect of ZooKeeper stands with the scenario
// and the seed that show it.
const defectTable = "docs/zookeeper-defects.md"

const defectHead = `# Known defects of ZooKeeper, as switches

Each is off unless a scenario says "ensemble defect=ISSUE". The scenario and seed of a row violate that property, or another that the
scenario names, and nothing else: the run passes only then. The same seed without the defect passes too. One that has no
scenario needs a server that is slow to log and quick to find its next leader: the random crashes of sim/zk/quorum find it, whose
test searches a seed for every one. Written by SIMCTL_UPDATE=1 go test -run Defects .

| issue | what goes wrong | fixed in | violates | scenario | seed |
|---|---|---|---|---|---|
`

// defectSeeds is how many seeds are tried for a row.
const defectSeeds = 400

func defectRun(t *testing.T, s scenarios.Scenario, seed uint64) *simctl.Result {
	r, err := simctl.Run(t.Context(), s, seed, simctl.Options{Policy: policy.Hardened, Grain: simctl.GrainEnsemble})
	require.NoError(t, err)
	return r
}

// TestDefectsAreFoundWhereTheTableSays runs every row of the table, with its
// defect and without.
func TestDefectsAreFoundWhereTheTableSays(t *testing.T) {
	var rows strings.Builder
	rows.WriteString(defectHead)
	committed, err := os.ReadFile(defectTable)
	update := os.Getenv("SIMCTL_UPDATE") != ""
	require.True(t, err == nil || update)
	for _, d := range quorum.KnownDefects() {
		name := fmt.Sprintf("defect/zk-%d", d.Issue)
		list, err := scenarios.Lookup(name)
		if err != nil { // rarer than a sweep of worlds can find
			fmt.Fprintf(&rows, "| ZOOKEEPER-%d | %s | %s | %s | random crashes in sim/zk/quorum | - |\n", d.Issue, d.Says, d.Fixed, d.Property)
			continue
		}
		s := list[0]
		require.Equal(t, d.Issue, s.Ensemble.Defect)
		require.Contains(t, scenarios.Expected(s.Expect), d.Property)
		row := fmt.Sprintf("| ZOOKEEPER-%d | %s | %s | %s | %s |", d.Issue, d.Says, d.Fixed, d.Property, name)
		seed, found := seedOf(string(committed), row)
		for try := uint64(1); update && try <= defectSeeds && !found; try++ {
			seed, found = try, shows(defectRun(t, s, try), d.Property)
		}
		if !update {
			require.Equal(t, seed, s.Seed, "%s: the seed of the table, and the one of the scenario", name)
		}
		require.True(t, found, "%s: the table has no seed, or none up to %d shows it", name, defectSeeds)
		r := defectRun(t, s, seed)
		require.True(t, shows(r, d.Property), "%s seed %d: %v", name, seed, r.Violations())
		s.Ensemble.Defect, s.Expect = 0, ""
		require.Empty(t, defectRun(t, s, seed).Violations(), "%s seed %d without the defect", name, seed)
		fmt.Fprintf(&rows, "%s %d |\n", row, seed)
	}
	if update {
		require.NoError(t, os.WriteFile(defectTable, []byte(rows.String()), 0o644))
		return
	}
	require.Equal(t, rows.String(), string(committed))
}

// shows reports whether a run passes by violating a property.
func shows(r *simctl.Result, property string) bool {
	for _, f := range r.Violations() {
		if f.Property == property {
			return r.Verdict == checker.Pass
		}
	}
	return false
}

// seedOf finds the row's seed in the table.
func seedOf(table, row string) (seed uint64, found bool) {
	_, rest, found := strings.Cut(table, row)
	if !found {
		return 0, false
	}
	_, err := fmt.Sscan(rest, &seed)
	return seed, err == nil
}
