package reproducer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/reproducer"
)

const (
	corpus      = "../scenarios/corpus"
	corpusTable = corpus + "/README.md"
)

const corpusHead = `# Every failure that was found here, as small as it gets

Each file is a world with nothing left to draw but by its seed, made by simctl shrink, and in its head what is known of it. Those whose
bug is Spark's or ZooKeeper's still fail under the policy, or with the defect, that has the bug; under hardened they hold. Those of a
mistake that was planted, or mended, were made from a build that has it; the product holds. "Rate" is how many of the seeds 1 to 20 failed
in the minimal world with the bug; what holds now holds in %d seeds, by luck with (1-p)^n. "simctl run FILE --seed=N --policy=P" runs one.
Written by: make corpus.

| entry | bug | property | found | by | date | size | rate | now | under hardened |
|---|---|---|---|---|---|---|---|---|---|
`

// corpusSeeds is with how many other seeds an entry is tried.
func corpusSeeds(t *testing.T) int {
	text := os.Getenv("SIMCTL_CORPUS")
	if text == "" {
		return 2
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// mended reports whether an entry's bug is nowhere but in builds made for it.
func mended(e reproducer.Entry) bool {
	return strings.HasPrefix(e.Bug, "planted: ") || strings.HasPrefix(e.Bug, "mended by ")
}

// TestTheCorpusIsWhatItSays runs every entry: what is mended holds and reaches
// what it reached, and what is kept on purpose still fails.
func TestTheCorpusIsWhatItSays(t *testing.T) {
	entries, err := reproducer.ReadCorpus(corpus)
	require.NoError(t, err)
	n := corpusSeeds(t)
	var rows strings.Builder
	fmt.Fprintf(&rows, corpusHead, n+1)
	for _, e := range entries {
		st, err := e.Check(t.Context(), n, "")
		require.NoError(t, err)
		hard := st.String()
		if e.World.Policy != "hardened" {
			safe, err := e.Check(t.Context(), n, "hardened")
			require.NoError(t, err)
			require.Zero(t, safe.Fails, "%s fails under hardened: %s", e.Name, safe)
			hard = fmt.Sprintf("holds in %d seeds", safe.Seeds)
		}
		switch {
		case mended(e):
			require.Zero(t, st.Fails, "%s, %s, is back", e.Name, e.Bug)
			require.Empty(t, st.Missing, "%s no longer reaches what it did", e.Name)
			require.Equal(t, st.Faults, st.Struck, "%s: faults that no longer strike", e.Name)
		default:
			require.NotZero(t, st.Fails, "%s, %s: %s", e.Name, e.Bug, st)
		}
		cell := strings.NewReplacer("|", "\\|")
		fmt.Fprintf(&rows, "| %s | %s | %s | %s | %s | %s | %s | %d of %d | %s | %s |\n", e.Name, cell.Replace(e.Bug), e.Property, e.Found, e.By, e.Date,
			e.Size, e.Failing, e.Seeds, st, hard)
	}
	if os.Getenv("SIMCTL_CORPUS") != "" {
		require.NoError(t, os.WriteFile(corpusTable, []byte(rows.String()), 0o644))
		return
	}
	committed, err := os.ReadFile(corpusTable)
	require.NoError(t, err)
	for _, e := range entries {
		require.Contains(t, string(committed), "| "+e.Name+" | ", "make corpus")
	}
	require.Equal(t, len(entries), strings.Count(string(committed), "\n| ")-1, "make corpus")
}

func TestAnEntryTellsWhatHasBecomeOfIt(t *testing.T) {
	dir := t.TempDir()
	write := func(name, head string) {
		world := `scenario shrunk/x
topology masters=1 workers=0 clients=1 servers=2 cores=4 memory=4096
timers fast
safety 6s
core all
delay 200us
op at=2s c1 submit a for=1s
at=2s for=3s one-way m1 | z1 z2
`
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".txt"), []byte(head+world), 0o644))
	}
	const head = "# property: at-most-one-acting-master\n# signature: at-most-one-acting-master: a write of term #, zxid #, committed after zxid # created term #\n# rate: 19 of 20 seeds\n# seed: 1\n"
	write("fails", head+"# policy: spark\n")
	write("holds", head+"# policy: hardened\n")
	write("misses", head+"# policy: hardened\n# reaches: failover, supervised-relaunch\n")
	entries, err := reproducer.ReadCorpus(dir)
	require.NoError(t, err)
	var got []string
	for _, e := range entries {
		st, err := e.Check(t.Context(), 3, "")
		require.NoError(t, err)
		got = append(got, e.Name+": "+st.String())
	}
	require.Equal(t, []string{"fails: still fails, seed 1", "holds: holds in 3 seeds; by luck with 0.0008", "misses: no longer reaches failover, supervised-relaunch"}, got)

	for text, want := range map[string]string{
		"# property: x\n":               "the head must say property, signature and rate",
		"# what\n":                      ":1: want # KEY: VALUE",
		"# colour: red\n":               ":1: colour: no such key",
		head + "# rate: many of them\n": "rate: ",
	} {
		write("bad", text)
		_, err := reproducer.ReadCorpus(dir)
		require.ErrorContains(t, err, want, text)
	}
	_, err = reproducer.ReadCorpus(filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "no corpus")
}
