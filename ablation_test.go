package simctl_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
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

Policy hardened with one switch off at a time: the first run that violates a property which the same run under hardened keeps.
First come the scenarios with masters of a sweep that names none, in turn, seed by seed, at service grain; then the schedules of
the defects of Spark, each at its seed, marked so: their faults are chosen, not drawn. A switch that nothing shows is then
switched off together with another. A pair counts only if the run keeps the property with either of the two off alone, and if of
twenty seeds more than twice as many break it as with the second off alone. What no pair shows either is redundant as far as
searched, and no further. Seconds are wall time on a machine that did other things too. Every row is run again by a test, with
the switches off and on; how often in twenty seeds is not. Written by make ablation, which goes on where it was interrupted.

| off | without it | property broken | scenario | seed | runs | seconds | remark |
|---|---|---|---|---|---|---|---|
`

// pairSeeds is how many seeds a pair of masked is tried with, rateSeeds in how
// many it is counted how often each of the two policies breaks a property.
const (
	pairSeeds = 10
	rateSeeds = 20
)

// masked are pairs in which the second switch does what the first is for as
// long as it is on, and how.
var masked = []struct{ off, other, why string }{
	{"one-session", "term-fencing", "the fence refuses the writes of a session that outlives the latch"},
	{"latch-owner-check", "term-fencing", "a term is begun in one transaction with a check of the latch znode"},
	{"watch-own-latch", "term-fencing", "the fence refuses the next write of a master whose latch znode is gone, which ends its reign"},
	{"launch-ack", "two-way-reconcile", "what a worker that registers does not report is sent to it again"},
	{"two-way-reconcile", "launch-ack", "a launch that is not confirmed is sent again"},
	{"two-way-reconcile", "adopt-or-kill", "recovery asks again until it is answered"},
	{"release-on-exit", "worker-lease", "the next attempt waits for a confirmed exit or the end of the lease"},
	{"release-on-exit", "connection-incarnation", "a worker whose connection breaks is not given up, so nothing has to end there"},
	{"workers-try-all-masters", "adopt-or-kill", "recovery asks the workers on record again until they answer"},
	{"workers-try-all-masters", "connection-incarnation", "the close of an older connection does not end a registration"},
	{"monotonic-liveness", "adopt-or-kill", "a worker that was given up is taken back with what it runs"},
	{"worker-lease", "release-on-exit", "what a lost worker runs counts as there until it has ended"},
	{"worker-lease", "adopt-or-kill", "a worker that is back has what runs elsewhere ended"},
	{"durable-targets-and-marks", "adopt-or-kill", "what recovery does not find on record it learns from who reports it"},
	{"durable-targets-and-marks", "launch-ack", "a launch that a worker refused without a word is noticed"},
}

// row is one line of the table. Seed 0: nothing was found in that many runs.
type row struct {
	Off      string  `json:"off"` // as "one-session" or "one-session+term-fencing"
	Property string  `json:"property,omitempty"`
	Scenario string  `json:"scenario,omitempty"`
	Seed     uint64  `json:"seed,omitempty"`
	Runs     int     `json:"runs"`
	Paired   int     `json:"paired,omitempty"` // runs with one more switch off, of a switch that nothing shows alone
	Pair     string  `json:"pair,omitempty"`   // what one of those found
	Both     int     `json:"both,omitempty"`   // of a pair: seeds of 20 that break the property with both off
	Other    int     `json:"other,omitempty"`  // and with only the second off
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

// search looks for the first run that shows what r's switches are for: in so
// many seeds of each scenario, and then in the schedules of the defects.
func search(t *testing.T, r row, seeds uint64) row {
	watch := simctl.NewStopwatch()
	for seed := uint64(1); seed <= seeds && r.Seed == 0; seed++ {
		for _, s := range ablated() {
			if r.try(t, s, seed) {
				break
			}
		}
	}
	for _, s := range reproduced(t) {
		if r.Seed != 0 || r.try(t, s, s.Seed) {
			break
		}
	}
	r.Seconds = watch.Elapsed().Seconds()
	return r
}

// try reports whether that run violates what it keeps under hardened and, if
// two switches are off, with either of them off alone.
func (r *row) try(t *testing.T, s scenarios.Scenario, seed uint64) bool {
	r.Runs++
	broken := breaks(t, s, seed, r.policy(t))
	if len(broken) == 0 {
		return false
	}
	kept := r.less(t, s, seed)
	for _, property := range broken {
		if !slices.Contains(kept, property) && r.often(t, s, property) {
			r.Property, r.Scenario, r.Seed = property, s.Name, seed
			return true
		}
	}
	return false
}

// often reports whether a pair breaks a property in more than twice as many
// seeds of a scenario as the one that masks does alone: another policy is also
// another order of events, which alone makes some runs fail and others pass.
func (r *row) often(t *testing.T, s scenarios.Scenario, property string) bool {
	_, other, two := strings.Cut(r.Off, "+")
	if !two {
		return true
	}
	r.Both, r.Other = 0, 0
	for seed := uint64(1); seed <= rateSeeds; seed++ {
		if slices.Contains(breaks(t, s, seed, r.policy(t)), property) {
			r.Both++
		}
		if slices.Contains(breaks(t, s, seed, row{Off: other}.policy(t)), property) {
			r.Other++
		}
	}
	return r.Both > 2*r.Other+1
}

// less lists what a run violates under hardened, or with one switch off of two.
func (r *row) less(t *testing.T, s scenarios.Scenario, seed uint64) []string {
	out := breaks(t, s, seed, policy.Hardened)
	if a, b, two := strings.Cut(r.Off, "+"); two {
		out = append(out, breaks(t, s, seed, row{Off: a}.policy(t))...)
		out = append(out, breaks(t, s, seed, row{Off: b}.policy(t))...)
	}
	return out
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
	var have []string
	for _, r := range rows {
		have = append(have, r.Off)
		table.WriteString(r.line())
		if r.Seed == 0 {
			continue
		}
		list, err := scenarios.Lookup(r.Scenario)
		require.NoError(t, err)
		require.Contains(t, breaks(t, list[0], r.Seed, r.policy(t)), r.Property, "%s: %s seed %d", r.Off, r.Scenario, r.Seed)
		require.NotContains(t, r.less(t, list[0], r.Seed), r.Property, "%s: %s seed %d with less off", r.Off, r.Scenario, r.Seed)
	}
	for _, s := range policy.Switches() {
		require.Contains(t, have, s.Name, "a switch without a row: make ablation")
	}
	for _, r := range rows {
		if r.Pair != "" {
			require.Contains(t, have, r.Pair)
		}
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
		return fmt.Sprintf("| %s | %s | none found | - | - | %d | %.0f | %s |\n", r.Off, without, r.Runs, r.Seconds, r.remark())
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %d | %d | %.1f | %s |\n", r.Off, without, r.Property, r.Scenario, r.Seed, r.Runs, r.Seconds, r.remark())
}

// remark says what the row does not show by itself.
func (r row) remark() string {
	var out []string
	schedule, chosen := strings.CutPrefix(r.Scenario, "defect/")
	if chosen {
		parts := strings.SplitN(schedule, "-", 3)
		out = append(out, "schedule of "+parts[0]+"-"+parts[1])
	}
	a, b, two := strings.Cut(r.Off, "+")
	switch {
	case two:
		why := "found by trying every pair on the schedules"
		for _, m := range masked {
			if m.off == a && m.other == b {
				why = m.why
			}
		}
		rate := fmt.Sprintf("broken in %d of %d seeds, in %d with %s off alone", r.Both, rateSeeds, r.Other, b)
		out = append(out, b+" masks it: "+why+" ("+rate+")")
	case r.Seed == 0 && r.Pair != "":
		out = append(out, "masked by "+strings.TrimPrefix(r.Pair, a+"+")+", see there")
	case r.Seed == 0:
		out = append(out, fmt.Sprintf("redundant as far as searched: nothing in %d runs with one more switch off either", r.Paired))
	}
	return strings.Join(out, "; ")
}

// pairs looks for a switch that masks the one of r: those of masked, and then
// every other one in the schedules alone. It returns r and the pair's row.
func pairs(t *testing.T, r row) []row {
	var named []string
	for _, m := range masked {
		if m.off == r.Off {
			named = append(named, m.other)
		}
	}
	for _, seeds := range []uint64{pairSeeds, 0} {
		for _, s := range policy.Switches() {
			if s.Name == r.Off || slices.Contains(named, s.Name) != (seeds > 0) {
				continue
			}
			p := search(t, row{Off: r.Off + "+" + s.Name}, seeds)
			r.Paired += p.Runs
			if p.Seed != 0 {
				r.Pair = p.Off
				return []row{r, p}
			}
		}
	}
	return []row{r}
}

// holds reports whether the row's run shows what the row says.
func (r row) holds(t *testing.T) bool {
	list, err := scenarios.Lookup(r.Scenario)
	return err == nil && slices.Contains(breaks(t, list[0], r.Seed, r.policy(t)), r.Property) &&
		!slices.Contains(r.less(t, list[0], r.Seed), r.Property)
}

// stale reports whether a switch's rows are to be looked for again: one does
// not hold any more, or nothing was found, or only a chosen schedule, in fewer
// runs than so many seeds make.
func stale(t *testing.T, rows []row, seeds uint64) bool {
	for _, r := range rows {
		if r.Seed != 0 && !r.holds(t) {
			return true
		}
	}
	drawn, all := int(seeds)*len(ablated()), len(reproduced(t))
	switch first := rows[0]; {
	case first.Seed == 0:
		return first.Runs < drawn+all || first.Paired == 0
	case strings.HasPrefix(first.Scenario, "defect/"):
		return first.Runs < drawn
	}
	return false
}

// ablate writes the rows of each switch that has none, or stale ones.
func ablate(t *testing.T, seeds uint64) {
	known := map[string][]row{}
	for _, r := range readRows(t) {
		first, _, _ := strings.Cut(r.Off, "+")
		known[first] = append(known[first], r)
	}
	for name, rows := range known {
		if stale(t, rows, seeds) {
			delete(known, name)
		}
	}
	var mu sync.Mutex
	t.Run("search", func(t *testing.T) {
		for _, s := range policy.Switches() {
			if known[s.Name] != nil {
				continue
			}
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				rows := []row{search(t, row{Off: s.Name}, seeds)}
				if rows[0].Seed == 0 {
					rows = pairs(t, rows[0])
				}
				mu.Lock()
				defer mu.Unlock()
				t.Logf("%+v", rows)
				known[s.Name] = rows
				require.NoError(t, writeRows(known))
			})
		}
	})
	require.NoError(t, writeRows(known))
}

// writeRows writes what is known, in the order of the switches.
func writeRows(known map[string][]row) error {
	var text bytes.Buffer
	for _, s := range policy.Switches() {
		for _, r := range known[s.Name] {
			line, err := json.Marshal(r)
			if err != nil {
				return err
			}
			text.Write(append(line, '\n'))
		}
	}
	return os.WriteFile(ablationRows, text.Bytes(), 0o644)
}
