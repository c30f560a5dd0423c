package exploration_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/exploration"
)

func run(t *testing.T, s exploration.Search) *exploration.Line {
	t.Helper()
	l, err := exploration.Run(context.Background(), s)
	require.NoError(t, err)
	return l
}

// What is counted is the same whatever the number of cores, and for a search that
// was ended and gone on with.
func TestASearchIsTheSameOnAnyNumberOfCores(t *testing.T) {
	count := func(l *exploration.Line) string {
		return fmt.Sprint(l.Complete, l.Verdict, l.Distinct, l.Transitions, l.Depth, l.Levels)
	}
	want := count(run(t, exploration.Search{System: "abstract", Jobs: 1}))
	require.Contains(t, want, "truepass")
	for _, jobs := range []int{2, 3} {
		require.Equal(t, want, count(run(t, exploration.Search{System: "abstract", Jobs: jobs})))
	}
	kept := t.TempDir()
	part := run(t, exploration.Search{System: "abstract", MaxStates: 5000, Resume: kept})
	require.False(t, part.Complete)
	require.Equal(t, checker.Inconclusive, part.Verdict)
	require.Equal(t, want, count(run(t, exploration.Search{System: "abstract", Resume: kept})))
	run(t, exploration.Search{System: "abstract", MaxStates: 5000, Resume: kept})
	_, err := exploration.Run(context.Background(), exploration.Search{System: "abstract", Bounds: map[string]string{"crashes": "0"}, Resume: kept})
	require.ErrorContains(t, err, "another search")
}

// Small systems of the real code, whole, with exact numbers of states; and what is
// wrong under Spark's policy, by the fewest steps.
func TestTheRealCodeIsExplored(t *testing.T) {
	none := map[string]string{"crashes": "0", "cuts": "0", "expiries": "0"}
	l := run(t, exploration.Search{System: "failover", Bounds: none})
	require.Equal(t, "true pass", fmt.Sprint(l.Complete, " ", l.Verdict), l.Findings)
	require.NotEmpty(t, l.Rules)
	l = run(t, exploration.Search{System: "recovery"})
	require.Equal(t, "true pass", fmt.Sprint(l.Complete, " ", l.Verdict), l.Findings)
	none["expiries"] = "1"
	spark := exploration.Search{System: "failover", Bounds: none, Policy: "spark"}
	l = run(t, spark)
	require.Equal(t, "at-most-one-acting-master", l.Findings[0].Property)
	require.Len(t, l.Findings[0].Path, 6)
	dir := t.TempDir()
	require.NoError(t, exploration.Save(dir, spark, l))
	_, checked, err := simctl.Check(l.Bundles[0])
	require.NoError(t, err, "the bundle is one like others")
	require.True(t, checked.Only("at-most-one-acting-master"))
	require.Equal(t, checker.Violation, checked.Verdict)
}

func TestACounterexampleIsTakenAgain(t *testing.T) {
	s := exploration.Search{System: "abstract", Bounds: map[string]string{"without": "AckFirst"}}
	l := run(t, s)
	require.Equal(t, checker.Violation, l.Verdict)
	require.False(t, l.Complete)
	dir := t.TempDir()
	require.NoError(t, exploration.Save(dir, s, l))
	again, err := exploration.Replay(l.Bundles[0])
	require.NoError(t, err)
	require.Empty(t, again.Differs)
	require.Equal(t, l.Findings[0], again.Line.Findings[0])

	t.Run("of code that does something else", func(t *testing.T) {
		name := filepath.Join(l.Bundles[0], "run.json")
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, c := range []struct{ from, to, want string }{
			{`"without": "AckFirst"`, `"without": ""`, "is not possible there; the code is no longer what it was"},
			{`"property": "acknowledged-is-kept"`, `"property": "final-is-final"`, "final-is-final was recorded, now it is acknowledged-is-kept"},
			{`"system": "abstract"`, `"system": "concrete"`, `no system "concrete"`},
			{`"start": 0`, `"start": 7`, "there are 2 initial states"},
		} {
			require.Contains(t, string(text), c.from)
			require.NoError(t, os.WriteFile(name, []byte(strings.Replace(string(text), c.from, c.to, 1)), 0o600))
			again, err := exploration.Replay(l.Bundles[0])
			if err != nil {
				require.ErrorContains(t, err, c.want)
			} else {
				require.Equal(t, c.want, again.Differs)
			}
		}
	})
}
