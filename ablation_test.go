package simctl_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
)

const (
	ablationTable = "docs/ablation.md"
	ablationRows  = "docs/ablation.jsonl"
)

const ablationHead = `# What each safeguard is for

Policy hardened with one switch off at a time, or two where one masks the other: the first run of a sweep over every scenario
with masters that violates a property which the same run under hardened keeps. Scenarios and seeds are taken in turn, seed by
seed, at service grain; seconds are wall time on a machine that did other things too. None found: not in that many runs, so
not shown yet, neither as needed nor as redundant. Every row is run again by a test, with
the switches off and on. Written by make ablation, which goes on where it was interrupted.

| off | without it | property broken | scenario | seed | runs | seconds |
|---|---|---|---|---|---|---|
`

// masked are switches that are shown necessary together with another: it does
// what the switch is for as long as it is on.
var masked = map[string]string{
	"one-session":       "term-fencing",
	"two-way-reconcile": "launch-ack",
}

// row is one line of the table. Seed 0: nothing was found in that many runs.
type row struct {
	Off      string  `json:"off"` // as "one-session" or "one-session+term-fencing"
	Property string  `json:"property,omitempty"`
	Scenario string  `json:"scenario,omitempty"`
	Seed     uint64  `json:"seed,omitempty"`
	Runs     int     `json:"runs"`
	Seconds  float64 `json:"seconds"`
}

func (r row) policy(t *testing.T) policy.Policy {
	text := "hardened"
	for name := range strings.SplitSeq(r.Off, "+") {
		text += "," + name + "=" + map[bool]string{true: "off", false: "on"}[name != "blocking-store"]
	}
	p, err := policy.Parse(text)
	require.NoError(t, err)
	return p
}

// breaks lists the properties that a run violates.
func breaks(t *testing.T, s scenarios.Scenario, seed uint64, p policy.Policy) []string {
	r, err := simctl.Run(t.Context(), s, seed, simctl.Options{Policy: p, Grain: simctl.GrainService})
	require.NoError(t, err)
	var out []string
	for _, f := range r.Violations() {
		out = append(out, f.Property)
	}
	return out
}

func readRows(t *testing.T) []row {
	text, err := os.ReadFile(ablationRows)
	require.NoError(t, err)
	var rows []row
	for line := range bytes.Lines(text) {
		var r row
		require.NoError(t, json.Unmarshal(line, &r))
		rows = append(rows, r)
	}
	return rows
}

// ablated lists the scenarios of the search: those with masters that expect
// nothing to break.
func ablated() []scenarios.Scenario {
	return slices.DeleteFunc(scenarios.Default(), func(s scenarios.Scenario) bool { return s.Masters == 0 || s.Expect != "" })
}

// search looks for the first run that shows what r's switches are for.
func search(t *testing.T, r row, seeds uint64) row {
	watch := simctl.NewStopwatch()
	p := r.policy(t)
	for seed := uint64(1); seed <= seeds; seed++ {
		for _, s := range ablated() {
			r.Runs++
			for _, property := range breaks(t, s, seed, p) {
				kept := strings.Join(breaks(t, s, seed, policy.Hardened), " ")
				if !strings.Contains(kept, property) {
					r.Property, r.Scenario, r.Seed, r.Seconds = property, s.Name, seed, watch.Elapsed().Seconds()
					return r
				}
			}
		}
	}
	r.Seconds = watch.Elapsed().Seconds()
	return r
}

// TestAblationIsTrue runs every row of the table. With SIMCTL_ABLATE=SEEDS it
// first looks for the rows that are missing, in that many seeds each.
func TestAblationIsTrue(t *testing.T) {
	if text := os.Getenv("SIMCTL_ABLATE"); text != "" {
		seeds, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		ablate(t, seeds)
	}
	rows := readRows(t)
	var table strings.Builder
	table.WriteString(ablationHead)
	for _, r := range rows {
		table.WriteString(r.line())
		if r.Seed == 0 {
			continue
		}
		list, err := scenarios.Lookup(r.Scenario)
		require.NoError(t, err)
		require.Contains(t, breaks(t, list[0], r.Seed, r.policy(t)), r.Property, "%s: %s seed %d", r.Off, r.Scenario, r.Seed)
		require.NotContains(t, breaks(t, list[0], r.Seed, policy.Hardened), r.Property, "%s seed %d under hardened", r.Scenario, r.Seed)
	}
	if os.Getenv("SIMCTL_ABLATE") != "" {
		require.NoError(t, os.WriteFile(ablationTable, []byte(table.String()), 0o644))
	}
	committed, err := os.ReadFile(ablationTable)
	require.NoError(t, err)
	require.Equal(t, string(committed), table.String())
}

func (r row) line() string {
	first, _, _ := strings.Cut(r.Off, "+")
	without := ""
	for _, s := range policy.Switches() {
		if s.Name == first {
			without = s.Without
		}
	}
	if r.Seed == 0 {
		return fmt.Sprintf("| %s | %s | none found | - | - | %d | %.0f |\n", r.Off, without, r.Runs, r.Seconds)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %d | %d | %.1f |\n", r.Off, without, r.Property, r.Scenario, r.Seed, r.Runs, r.Seconds)
}

// ablate appends a row for each switch, and each masked pair, that has none. A
// search that found nothing in fewer runs is made again.
func ablate(t *testing.T, seeds uint64) {
	known := map[string]bool{}
	var kept []byte
	if _, err := os.Stat(ablationRows); err == nil {
		for _, r := range readRows(t) {
			if r.Seed != 0 || r.Runs >= int(seeds)*len(ablated()) {
				known[r.Off] = true
				line, err := json.Marshal(r)
				require.NoError(t, err)
				kept = append(append(kept, line...), '\n')
			}
		}
	}
	require.NoError(t, os.WriteFile(ablationRows, kept, 0o644))
	f, err := os.OpenFile(ablationRows, os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	defer f.Close()
	for _, s := range policy.Switches() {
		offs := []string{s.Name}
		if other := masked[s.Name]; other != "" {
			offs = append(offs, s.Name+"+"+other)
		}
		for _, off := range offs {
			if known[off] {
				continue
			}
			line, err := json.Marshal(search(t, row{Off: off}, seeds))
			require.NoError(t, err)
			_, err = f.Write(append(line, '\n'))
			require.NoError(t, err)
			t.Logf("%s", line)
		}
	}
}
