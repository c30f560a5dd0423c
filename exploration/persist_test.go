package exploration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/exploration"
)

// What Spark's engine of files loses is found by the fewest steps, in bundles as of
// other runs, and hardened loses nothing within the same bounds.
func TestRecordsThatSparkLoses(t *testing.T) {
	for _, c := range []struct {
		name, crashes, losses, detail string
	}{
		{"D-07d", "1", "0", "recovery: record app_a: decode record"},
		{"D-42", "0", "1", "with nothing of record app_a; it should hold write 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := exploration.Search{System: "persist", Bounds: map[string]string{"crashes": c.crashes, "losses": c.losses, "records": "1", "puts": "1", "removals": "0"}}
			l := run(t, s)
			require.True(t, l.Complete)
			require.Equal(t, checker.Pass, l.Verdict)
			s.Policy = "spark"
			l = run(t, s)
			require.Len(t, l.Findings, 1)
			f := &l.Findings[0]
			require.Equal(t, "stored-is-recovered", f.Property)
			require.Contains(t, f.Detail, c.detail)
			require.Len(t, f.Path, 9)
			require.NoError(t, exploration.Save(t.TempDir(), s, l))
			_, checked, err := simctl.Check(l.Bundles[0])
			require.NoError(t, err)
			require.True(t, checked.Only("stored-is-recovered"))
			require.Equal(t, checker.Violation, checked.Verdict)
			again, err := exploration.Replay(l.Bundles[0])
			require.NoError(t, err)
			require.Empty(t, again.Differs)
		})
	}
}

// The same of records in ZooKeeper: what a session still asks when its process has
// crashed comes behind the next reign's reading, and takes a record from it (D-07a).
func TestRecordsThatSparkCannotRead(t *testing.T) {
	s := exploration.Search{System: "persist-zk", Policy: "spark", Properties: []string{"stored-is-recovered"},
		Bounds: map[string]string{"records": "1", "cuts": "0", "order": "sent"}}
	l := run(t, s)
	require.Len(t, l.Findings, 1)
	require.Contains(t, l.Findings[0].Detail, "recovery: record app_a: no node")
	require.NoError(t, exploration.Save(t.TempDir(), s, l))
	_, checked, err := simctl.Check(l.Bundles[0])
	require.NoError(t, err)
	require.Equal(t, checker.Violation, checked.Verdict)
	again, err := exploration.Replay(l.Bundles[0])
	require.NoError(t, err)
	require.Empty(t, again.Differs)
	s.Policy = ""
	l = run(t, s)
	require.True(t, l.Complete)
	require.Equal(t, checker.Pass, l.Verdict)
}
