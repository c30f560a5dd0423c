package reproducer_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker/signature"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/reports/minimal"
	"github.com/simctl/simctl/reproducer"
	"github.com/simctl/simctl/scenarios"
)

const (
	shrinkTable = "../docs/shrink.md"
	shrinkRows  = "../docs/shrink.jsonl"
)

const shrinkHead = `# What is left of failures that a search found

Policy spark, worlds drawn as by %s, seed by seed; what a defect's own scenario violates is its signature, and the first run of the search that
violates the same property in the same way is made smaller by simctl shrink. Several defects may have one signature. A defect of ZooKeeper is
put into the servers of such a world, under hardened. Seconds are of processor time, of all cores together. A signature that no run had
in so many seeds is listed below the table. A seed of swarm is of the draws that it was found with: where these have changed since, what is left of the faults is what lasts.
Written by make shrink-table, which goes on where it was interrupted.

| defects | property | found | faults | operations | machines | steps | runs tried | seconds | minimal | what is left of the faults |
|---|---|---|--:|--:|--:|--:|--:|--:|---|---|
`

// A shrunkRow is one signature and what the search made of it.
type shrunkRow struct {
	Signature string          `json:"signature"`
	Property  string          `json:"property"`
	Defects   []string        `json:"defects"`
	Family    string          `json:"family"`
	Runs      int             `json:"runs"`            // of the search, if it found nothing
	Found     string          `json:"found,omitempty"` // SCENARIO:SEED
	Report    *minimal.Report `json:"report,omitempty"`
	Seconds   float64         `json:"seconds,omitempty"`
}

// TestShrinkTableIsTrue holds the table against its rows and what it claims, or
// makes the rows that are missing.
func TestShrinkTableIsTrue(t *testing.T) {
	if text := os.Getenv("SIMCTL_SHRINK"); text != "" {
		seeds, err := strconv.ParseUint(text, 10, 32)
		require.NoError(t, err)
		if seeds > 0 { // else the table alone is written
			makeShrinkRows(t, seeds)
		}
	}
	rows := readShrinkRows(t)
	require.NotEmpty(t, rows)
	found := 0
	for _, r := range rows {
		if r.Report == nil {
			continue
		}
		found++
		require.LessOrEqual(t, r.Report.After.Faults, 4, "%s of %s", r.Property, r.Found)
		require.Less(t, r.Seconds, 60.0, "30 s on two cores: %s of %s", r.Property, r.Found)
		require.True(t, r.Report.Minimal, "%s of %s: %s", r.Property, r.Found, r.Report.Why)
		for _, n := range r.Report.Faults {
			require.NotEqual(t, "fails in the same way", n.Without, "%s of %s", r.Property, r.Found)
		}
	}
	require.NotZero(t, found)
	text := renderShrink(rows)
	if os.Getenv("SIMCTL_SHRINK") != "" {
		require.NoError(t, os.WriteFile(shrinkTable, []byte(text), 0o644))
		return
	}
	committed, err := os.ReadFile(shrinkTable)
	require.NoError(t, err)
	require.Equal(t, text, string(committed), "make shrink-table")
}

func readShrinkRows(t *testing.T) (rows []shrunkRow) {
	file, err := os.Open(shrinkRows)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r shrunkRow
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		rows = slices.DeleteFunc(rows, func(old shrunkRow) bool { return old.Signature == r.Signature }) // the last one counts
		rows = append(rows, r)
	}
	require.NoError(t, lines.Err())
	return rows
}

func renderShrink(rows []shrunkRow) string {
	var b, none strings.Builder
	cell := strings.NewReplacer("|", "\\|", "\n", " ")
	family := ""
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b shrunkRow) int { return strings.Compare(a.Defects[0]+a.Signature, b.Defects[0]+b.Signature) })
	for _, r := range rows {
		family = r.Family
		if r.Report == nil {
			fmt.Fprintf(&none, "- %s: `%s`, %d runs\n", strings.Join(r.Defects, ", "), strings.TrimSpace(r.Signature), r.Runs)
			continue
		}
		x := r.Report
		var left []string
		for _, n := range x.Faults {
			left = append(left, "`"+cell.Replace(n.Fault)+"`")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d to %d | %d to %d | %d to %d | %d to %d | %d | %.1f | %v | %s |\n", strings.Join(r.Defects, ", "), r.Property, r.Found,
			x.Before.Faults, x.After.Faults, x.Before.Ops, x.After.Ops, x.Before.Machines, x.After.Machines, x.Before.Steps, x.After.Steps,
			x.Runs, r.Seconds, map[bool]string{true: "yes", false: "not proven"}[x.Minimal], strings.Join(left, "; "))
	}
	return fmt.Sprintf(shrinkHead, family) + b.String() + "\nNot found:\n\n" + none.String()
}

// sought maps signatures of Spark's defects to their names.
func sought(t *testing.T) map[string]*shrunkRow {
	all, err := scenarios.Lookup("defect/...")
	require.NoError(t, err)
	out := map[string]*shrunkRow{}
	for _, s := range all {
		if s.ExpectUnder != "spark" {
			continue
		}
		id, _, _ := strings.Cut(s.Doc, ": ")
		r, err := simctl.Run(t.Context(), s, s.Seed, simctl.Options{Policy: policy.Spark})
		require.NoError(t, err)
		for _, f := range r.Violations() {
			if f.Property == "scenario-is-seen" {
				continue // no other scenario says the same
			}
			sig := signature.Of(f, tags(r.Drawn))
			if out[sig] == nil {
				out[sig] = &shrunkRow{Signature: sig, Property: f.Property}
			}
			out[sig].Defects = append(out[sig].Defects, id)
		}
	}
	return out
}

func tags(s scenarios.Scenario) (out []string) {
	for _, o := range s.Ops {
		out = append(out, o.Tag)
	}
	for c := range s.Clients {
		for j := range s.Work.Jobs {
			out = append(out, fmt.Sprintf("c%d-job%d", c+1, j+1))
		}
	}
	return out
}

// family is where the search looks: whole worlds that are drawn.
func family(t *testing.T) (string, []scenarios.Scenario) {
	name := os.Getenv("SIMCTL_SHRINK_FAMILY")
	if name == "" {
		name = "swarm"
	}
	list, err := scenarios.Lookup(name)
	require.NoError(t, err)
	return "simctl sweep " + name, list
}

// shrink makes what was found smaller.
func (row *shrunkRow) shrink(t *testing.T, target *simctl.Target) {
	began := processorTime(t)
	out, err := reproducer.Shrink(t.Context(), target, reproducer.Options{Property: row.Property})
	require.NoError(t, err)
	row.Seconds, row.Report = processorTime(t)-began, out.Line("")
}

// processorTime is what this process has used, in seconds.
func processorTime(t *testing.T) float64 {
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// zooKeeperRows puts each defect of ZooKeeper into the worlds of the search,
// until one violates what the defect does.
func zooKeeperRows(t *testing.T, seeds uint64, name string, world scenarios.Scenario, done func(id string) bool, keep func(*shrunkRow)) {
	all, err := scenarios.Lookup("defect/...")
	require.NoError(t, err)
	for _, s := range all {
		id := fmt.Sprintf("ZOOKEEPER-%d", s.Ensemble.Defect)
		if s.Ensemble.Defect == 0 || done(id) {
			continue
		}
		row := &shrunkRow{Signature: id, Property: s.Expect, Defects: []string{id}, Family: name}
		for seed := uint64(1); seed <= seeds && row.Found == ""; seed++ {
			o := simctl.Options{Policy: policy.Hardened, UntilStep: 1}
			drawn, err := simctl.Run(t.Context(), world, seed, o)
			require.NoError(t, err)
			target := &simctl.Target{Scenario: drawn.Scenario, Seed: seed, Options: simctl.Options{Policy: policy.Hardened}}
			if target.Scenario.NeedsService() {
				continue
			}
			target.Scenario.Ensemble.Defect = s.Ensemble.Defect
			r, err := simctl.Run(t.Context(), target.Scenario, seed, target.Options)
			require.NoError(t, err)
			row.Runs++
			for _, f := range r.Violations() {
				if slices.Contains(scenarios.Expected(s.Expect), f.Property) && row.Found == "" {
					row.Property, row.Found = f.Property, fmt.Sprintf("%s:%d", world.Name, seed)
					row.shrink(t, target)
				}
			}
		}
		keep(row)
	}
}

// makeShrinkRows searches for every signature that has no row yet, and makes what
// it finds smaller.
func makeShrinkRows(t *testing.T, seeds uint64) {
	open, known := sought(t), map[string]bool{}
	for _, r := range readShrinkRows(t) {
		if zk := strings.HasPrefix(r.Signature, "ZOOKEEPER-"); r.Report != nil || uint64(r.Runs) >= seeds || zk && uint64(r.Runs) >= seeds/2 {
			delete(open, r.Signature)
			known[r.Signature] = true
		}
	}
	file, err := os.OpenFile(shrinkRows, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	defer file.Close()
	keep := func(r *shrunkRow) {
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(r))
		_, err := file.Write(line.Bytes())
		require.NoError(t, err)
		t.Logf("%s %s: %s", strings.Join(r.Defects, " "), r.Property, r.Found)
		delete(open, r.Signature)
	}
	name, list := family(t)
	range1, err := simctl.ParseSeeds(fmt.Sprintf("1-%d", seeds), nil)
	require.NoError(t, err)
	runs := 0
	type find struct {
		row *shrunkRow
		r   *simctl.Result
	}
	o := simctl.SweepOptions{Options: simctl.Options{Policy: policy.Spark}, Again: 1 << 30}
	o.Stop = func(r *simctl.Result) bool {
		runs++
		var finds []find
		for _, f := range r.Violations() {
			if row := open[signature.Of(f, tags(r.Drawn))]; row != nil {
				finds = append(finds, find{row, r})
			}
		}
		for _, f := range finds {
			row := f.row
			row.Family, row.Runs, row.Found = name, runs, fmt.Sprintf("%s:%d", r.Scenario.Name, r.Seed)
			target := &simctl.Target{Scenario: r.Scenario, Seed: r.Seed, Options: simctl.Options{Policy: policy.Spark}}
			row.shrink(t, target)
			keep(row)
		}
		return len(open) == 0
	}
	_, err = simctl.Sweep(t.Context(), list, range1.All(), o, nil)
	require.NoError(t, err)
	for _, sig := range slices.Sorted(func(yield func(string) bool) {
		for s := range open { //det:allow sorted
			if !yield(s) {
				return
			}
		}
	}) {
		row := open[sig]
		row.Family, row.Runs = name, runs
		keep(row)
	}
	zooKeeperRows(t, seeds/2, name, list[0], func(id string) bool { return known[id] }, keep)
}
