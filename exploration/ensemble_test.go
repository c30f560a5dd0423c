package exploration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/exploration"
)

func TestADefectOfServersIsABundleLikeOthers(t *testing.T) {
	s := exploration.Search{System: "zk-election", Bounds: map[string]string{"defect": "3023", "txns": "1"}}
	l := run(t, s)
	require.Len(t, l.Findings, 1)
	require.Equal(t, "zab-prefix", l.Findings[0].Property)
	require.Empty(t, l.Policy, "servers have none")
	require.NoError(t, exploration.Save(t.TempDir(), s, l))
	_, checked, err := simctl.Check(l.Bundles[0])
	require.NoError(t, err)
	require.True(t, checked.Only("zab-prefix"))
	require.Equal(t, checker.Violation, checked.Verdict)
	again, err := exploration.Replay(l.Bundles[0])
	require.NoError(t, err)
	require.Empty(t, again.Differs)
	require.Equal(t, l.Findings[0], again.Line.Findings[0])
}

func TestServersAreExploredAsIsAsked(t *testing.T) {
	l := run(t, exploration.Search{System: "zk-election", Bounds: map[string]string{"txns": "0"}, Goals: true})
	require.True(t, l.Complete)
	require.Equal(t, checker.Pass, l.Verdict)
	require.True(t, l.Goals)
	for _, c := range []struct {
		s    exploration.Search
		want string
	}{
		{exploration.Search{Bounds: map[string]string{"defect": "1"}}, "no switch for ZOOKEEPER-1"},
		{exploration.Search{Bounds: map[string]string{"masters": "2"}}, `zk-election has no bound "masters"`},
		{exploration.Search{Properties: []string{"zk-session-order"}}, `no explorable property "zk-session-order"`},
		{exploration.Search{Seen: &exploration.Seen{}}, "zk-election tells no events of masters"},
	} {
		c.s.System = "zk-election"
		_, err := exploration.Run(t.Context(), c.s)
		require.ErrorContains(t, err, c.want)
	}
}
