package exploration_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/exploration"
	"github.com/simctl/simctl/scenarios"
)

// TestRandomRunsAreMeasuredByWhatExplorationFound: what is reached and what is
// missing add up to what was found, more runs reach more, and runs of a world
// without faults miss what crashes lead to.
func TestRandomRunsAreMeasuredByWhatExplorationFound(t *testing.T) {
	seen := &exploration.Seen{}
	l := run(t, exploration.Search{System: "failover", Seen: seen,
		Bounds: map[string]string{"clients": "0", "ops": "0", "cuts": "0", "expiries": "0", "crash": "m", "horizon": "14s"}})
	require.True(t, l.Complete)
	found := seen.All()
	require.Greater(t, len(found), 20)
	require.Contains(t, found[0].Words, "masters: ")

	var b bytes.Buffer
	require.NoError(t, exploration.WriteSeen(&b, l.Header(), found))
	h, again, err := exploration.ReadSeen("found", bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	require.Equal(t, found, again)
	require.Equal(t, "2", h.Bounds["masters"])
	require.Equal(t, len(found), h.States+h.Ways)
	require.True(t, h.Complete)

	world, err := exploration.World(h.Bounds)
	require.NoError(t, err)
	cover := func(s scenarios.Scenario, seeds ...uint64) *exploration.Covered {
		c := exploration.Cover{Found: found, Scenarios: []scenarios.Scenario{s}, Seeds: slices.Values(seeds)}
		out, err := c.Run(context.Background())
		require.NoError(t, err)
		require.Equal(t, len(seeds), out.Runs)
		require.Equal(t, len(found), out.States.Reached+out.Ways.Reached+len(out.Missing))
		return out
	}
	few, more := cover(world, 1, 2, 3), cover(world, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	require.NotZero(t, few.States.Reached)
	require.NotZero(t, few.Ways.Reached)
	require.Less(t, few.States.Reached+few.Ways.Reached, more.States.Reached+more.Ways.Reached)
	calm := world
	calm.Faults = nil
	for _, a := range cover(calm, 1, 2).Missing {
		if strings.Contains(a.Words, "| down") {
			return
		}
	}
	t.Error("nobody is down where nothing happens")
}

func TestAFileOfStatesIsRefusedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "found: line 1: want simctl/coverage/v1",
		`{"schema":"simctl/run/v1"}`: "found: line 1: want simctl/coverage/v1",
		`{"schema":"simctl/coverage/v1"}` + "\n" + `{"id":"12"}`:                          "found: line 2: no state and no way",
		`{"schema":"simctl/coverage/v1"}` + "\n" + `{"id":"0123456789abcdef","from":"7"}`: "found: line 2: no state and no way",
	} {
		if text != "" {
			text += "\n"
		}
		_, _, err := exploration.ReadSeen("found", strings.NewReader(text))
		require.ErrorContains(t, err, want)
	}
}

func TestASystemWithoutEventsHasNoAbstractStates(t *testing.T) {
	_, err := exploration.Run(context.Background(), exploration.Search{System: "abstract", Seen: &exploration.Seen{}})
	require.ErrorContains(t, err, "abstract tells no events")
}
