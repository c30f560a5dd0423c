package simctl_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/reports/timeline"
	"github.com/simctl/simctl/scenarios"
)

// TestTimelineOfTheLongestScenario: its page is as short as any, and the same
// run has the same page, byte by byte.
func TestTimelineOfTheLongestScenario(t *testing.T) {
	s, err := scenarios.Lookup("config/different-zk-dir")
	require.NoError(t, err)
	page := func(name string) string {
		r, err := simctl.Run(t.Context(), s[0], 1, simctl.Options{Policy: policy.Hardened, Steps: true})
		require.NoError(t, err)
		dir := filepath.Join(t.TempDir(), name)
		require.NoError(t, r.Save(dir))
		html, err := os.ReadFile(filepath.Join(dir, "timeline.html"))
		require.NoError(t, err)
		require.Greater(t, r.Steps, uint64(30_000), "the longest there is")
		return string(html)
	}
	one := page("one")
	require.LessOrEqual(t, len(one), timeline.MaxBytes)
	require.True(t, one == page("two"), "two runs of a seed have two pages")
}
