package exploration_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/exploration"
)

func run(t *testing.T, s exploration.Search) *exploration.Line {
	t.Helper()
	l, err := exploration.Run(context.Background(), s)
	require.NoError(t, err)
	return l
}

// What is counted is the same whatever the number of cores.
func TestASearchIsTheSameOnAnyNumberOfCores(t *testing.T) {
	for _, jobs := range []int{1, 2, 3} {
		l := run(t, exploration.Search{System: "abstract", Jobs: jobs})
		require.True(t, l.Complete)
		require.Equal(t, checker.Pass, l.Verdict)
		require.Equal(t, "14197 41829 25", fmt.Sprint(l.Distinct, l.Transitions, l.Depth))
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
