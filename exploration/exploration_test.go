package exploration_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// Small systems of the real code, whole.
func TestTheRealCodeIsExplored(t *testing.T) {
	for _, s := range []exploration.Search{
		{System: "failover", Bounds: map[string]string{"crashes": "0", "cuts": "0", "expiries": "0"}},
		{System: "failover", Bounds: map[string]string{"cores": "2", "crash": "m", "cuts": "0", "expiries": "0"}},
		{System: "recovery"},
	} {
		l := run(t, s)
		require.Equal(t, "true pass", fmt.Sprint(l.Complete, " ", l.Verdict), l.Findings)
		require.NotEmpty(t, l.Rules)
		require.Equal(t, "hardened", l.Policy)
	}
}

// Where Spark loses a supervised driver, D-06, the recommended policy loses none:
// complete within two crashes and 24 s.
func TestWhatSparkLosesIsNotLostUnderTheRecommendedPolicy(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of work")
	}
	s := exploration.Search{System: "failover", Strategy: "dfs", Properties: []string{"acked-is-recovered"}, Bounds: map[string]string{
		"supervise": "yes", "run": "90s", "crashes": "2", "expiries": "0", "cuts": "0", "horizon": "24s",
	}}
	l := run(t, s)
	require.Equal(t, "true pass 183874", fmt.Sprint(l.Complete, " ", l.Verdict, " ", l.Distinct), l.Findings)
	s.Policy, s.Strategy = "spark", "bfs"
	require.Equal(t, checker.Violation, run(t, s).Verdict)
}

// Defects of Spark, each by the fewest steps that lead to it.
func TestDefectsOfSparkAreFoundByTheFewestSteps(t *testing.T) {
	for _, c := range []struct {
		name, property string
		bounds         map[string]string
		steps          int
		story          []string // some of it, in order
		long           bool
	}{{
		name: "D-03", property: "at-most-one-acting-master", steps: 6, bounds: map[string]string{"crashes": "0", "cuts": "0"},
		story: []string{"a session of m1 expires before its time", "m1 receives RequestSubmitDriver", "the service carries out create"},
	}, {
		name: "D-02", property: "acked-is-recovered", steps: 21,
		bounds: map[string]string{"cores": "2", "crash": "m", "expiries": "0", "cuts": "0"},
		story:  []string{"c1 receives SubmitDriverResponse", "m1 crashes", "a session of m1 expires after its timeout", "delete /spark/master_status/driver_"},
	}, {
		name: "D-06", property: "acked-is-recovered", steps: 22, long: true,
		bounds: map[string]string{"supervise": "yes", "run": "90s", "crashes": "2", "expiries": "0", "cuts": "0", "horizon": "60s"},
		story:  []string{"w1 crashes", "m1 crashes", "delete /spark/master_status/driver_driver-1767229200-0000 of m1, who does not wait for it", "Master.recoveryTimedOut"},
	}} {
		t.Run(c.name, func(t *testing.T) {
			if c.long && testing.Short() {
				t.Skip("some seconds of work")
			}
			s := exploration.Search{System: "failover", Policy: "spark", Properties: []string{c.property}, Bounds: c.bounds}
			l := run(t, s)
			require.Len(t, l.Findings, 1)
			f := &l.Findings[0]
			require.Equal(t, c.property, f.Property)
			require.Len(t, f.Path, c.steps, strings.Join(f.Story, "\n"))
			rest := f.Story
			for _, want := range c.story {
				i := slices.IndexFunc(rest, func(line string) bool { return strings.Contains(line, want) })
				require.GreaterOrEqual(t, i, 0, "%s in\n%s", want, strings.Join(f.Story, "\n"))
				rest = rest[i+1:]
			}
			dir := t.TempDir()
			require.NoError(t, exploration.Save(dir, s, l))
			_, checked, err := simctl.Check(l.Bundles[0])
			require.NoError(t, err, "the bundle is one like others")
			require.True(t, checked.Only(c.property))
			require.Equal(t, checker.Violation, checked.Verdict)
			again, err := exploration.Replay(l.Bundles[0])
			require.NoError(t, err)
			require.Empty(t, again.Differs)
		})
	}
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
