package explore_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/checker/explore/lock"
)

func search[S any](t *testing.T, sys explore.System[S], o explore.Options) explore.Result {
	t.Helper()
	r, err := explore.Search(t.Context(), sys, o)
	require.NoError(t, err)
	return r
}

func TestMutualExclusionIsExploredWhole(t *testing.T) {
	r := search(t, peterson{}, explore.Options{})
	require.True(t, r.Complete)
	require.Empty(t, r.Findings)
	require.Equal(t, []uint64{1, 2, 3, 4, 5, 4, 1}, r.Levels)
	require.Equal(t, [2]uint64{20, 34}, [2]uint64{r.Distinct, r.Transitions})
}

func TestTheShortestCounterexampleIsReturned(t *testing.T) {
	r := search(t, peterson{broken: true}, explore.Options{})
	require.False(t, r.Complete)
	require.Len(t, r.Findings, 1)
	require.Equal(t, []string{"0: wants in", "0: yields", "1: wants in", "1: yields", "1: enters", "0: enters"}, explore.Story(peterson{broken: true}, r.Findings[0]))
}

// A line is one small system as every method sees it.
type line struct {
	name                  string
	distinct              uint64
	breadth, depth, sleep uint64 // transitions
	symmetric             uint64 // distinct states up to symmetry; 0 if that was not asked
	verdict               string
}

// explored searches with every method, goes on after violations and returns
// the line. Breadth-first must give the same bytes for one core and three.
func explored[S any](t *testing.T, name string, sys explore.System[S]) (line, explore.Result) {
	t.Helper()
	o := explore.Options{KeepGoing: true, SelfCheck: 16}
	r := search(t, sys, o)
	require.True(t, r.Complete, r.Why)
	for _, cores := range []int{2, 3} {
		o.Cores = cores
		require.Equal(t, r, search(t, sys, o), "%d cores", cores)
	}
	o.Cores, o.Method = 0, explore.Depth
	d := search(t, sys, o)
	o.Method = explore.Sleep
	z := search(t, sys, o)
	for _, other := range []explore.Result{d, z} {
		require.Equal(t, r.Distinct, other.Distinct)
		require.Equal(t, verdict(r), verdict(other))
		require.True(t, other.Complete)
		for _, f := range other.Findings {
			last := explore.Replay(sys, f.Start, f.Path)[len(f.Path)]
			property, _ := sys.Check(last)
			if f.Property != explore.Deadlock {
				require.Equal(t, f.Property, property)
			}
		}
	}
	require.Equal(t, r.Transitions, d.Transitions)
	require.Positive(t, r.SelfChecks)
	return line{name: name, distinct: r.Distinct, breadth: r.Transitions, depth: d.Transitions, sleep: z.Transitions, verdict: verdict(r)}, r
}

func verdict(r explore.Result) string {
	var names []string
	for _, f := range r.Findings {
		names = append(names, f.Property)
	}
	slices.Sort(names)
	return cmp.Or(strings.Join(names, " "), "nothing")
}

// small are the systems of the scripts, by name.
func small() map[string]func(t *testing.T, name string) (line, string) {
	return map[string]func(t *testing.T, name string) (line, string){
		"peterson":        of(peterson{}),
		"peterson/broken": of(peterson{broken: true}),
		"ring/5":          of(ring{n: 5}),
		"ring/8":          of(ring{n: 8}),
		"ring/equal":      of(ring{n: 3, equal: true}),
		"philosophers/5":  of(table{n: 5}),
		"philosophers/7":  of(table{n: 7, polite: true}),
		"lock/2x2":        of(lock.System{Clients: 2, Tokens: 2}, lock.System{Clients: 2, Tokens: 2, Sorted: true}),
		"lock/3x1":        of(lock.System{Clients: 3, Tokens: 1}, lock.System{Clients: 3, Tokens: 1, Sorted: true}),
		"lock/reused":     of(lock.System{Clients: 2, Tokens: 2, Reused: true}, lock.System{Clients: 2, Tokens: 2, Reused: true, Sorted: true}),
	}
}

// of returns how a system is explored, and its counterexamples told.
// The same system up to symmetry, if there is one, must give the same verdict.
func of[S any](sys explore.System[S], less ...explore.System[S]) func(t *testing.T, name string) (line, string) {
	return func(t *testing.T, name string) (line, string) {
		l, r := explored(t, name, sys)
		for _, m := range less {
			few := search(t, m, explore.Options{KeepGoing: true, SelfCheck: 16})
			require.Equal(t, l.verdict, verdict(few))
			require.Equal(t, r.Depth, few.Depth)
			l.symmetric = few.Distinct
		}
		var text strings.Builder
		for _, f := range r.Findings {
			fmt.Fprintf(&text, "%s: %s\n", f.Property, f.Detail)
			for _, step := range explore.Story(sys, f) {
				fmt.Fprintf(&text, "  %s\n", step)
			}
		}
		return l, text.String()
	}
}

func factor(more, less uint64) string {
	if less == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2fx", float64(more)/float64(less))
}

// Counts are golden: a search that misses states, or a reduction that is not
// sound, changes them.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			require.Equal(t, "explore", d.Cmd)
			var table, stories strings.Builder
			fmt.Fprintf(&table, "%-16s %8s %11s %7s %8s  %s\n", "", "distinct", "transitions", "sleep", "symmetry", "violated")
			for _, arg := range d.CmdArgs {
				require.Contains(t, small(), arg.Key)
				l, story := small()[arg.Key](t, arg.Key)
				fmt.Fprintf(&table, "%-16s %8d %11d %7s %8s  %s\n", l.name, l.distinct, l.breadth, factor(l.breadth, l.sleep), factor(l.distinct, l.symmetric), l.verdict)
				stories.WriteString(story)
			}
			return table.String() + stories.String()
		})
	})
}
