package reports

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/simctl/simctl/model/trace"
	"github.com/stretchr/testify/require"
)

func storyEvents(t *testing.T) []trace.Event {
	text, err := os.ReadFile("story/testdata/events.txt")
	require.NoError(t, err)
	events, err := trace.ParseEvents(string(text))
	require.NoError(t, err)
	return events
}

func TestTimelineDrawsTheSameBytes(t *testing.T) {
	events := storyEvents(t)
	o := TimelineOptions{Title: "failover/kill, seed 42, hardened"}
	a, err := Timeline(events, o)
	require.NoError(t, err)
	b, err := Timeline(events, o)
	require.NoError(t, err)
	require.Equal(t, a, b)
	if out := os.Getenv("SIMCTL_KEEP_PICTURES"); out != "" {
		require.NoError(t, WriteFile(filepath.Join(out, "timeline.png"), a.PNG))
		require.NoError(t, WriteFile(filepath.Join(out, "timeline.svg"), a.SVG))
	}
}

func TestTimelineOfAWindow(t *testing.T) {
	events := storyEvents(t)
	from, to, ok := FailoverWindow(events)
	require.True(t, ok)
	require.Less(t, from, to)
	p, err := Timeline(events, TimelineOptions{From: from, To: to})
	require.NoError(t, err)
	if out := os.Getenv("SIMCTL_KEEP_PICTURES"); out != "" {
		require.NoError(t, WriteFile(filepath.Join(out, "window.png"), p.PNG))
	}
	_, err = Timeline(events, TimelineOptions{From: 5, To: 4})
	require.ErrorContains(t, err, "not after")
	_, err = Timeline(nil, TimelineOptions{})
	require.ErrorContains(t, err, "no master")
}

func TestFaultsThatHappenOnceArePoints(t *testing.T) {
	events, err := trace.ParseEvents(`1s m1 started master
2s - fault reset begin "at=2s reset m1 | w1"
3s - fault kill begin "at=3s kill m1"
3s m1 killed
9s - fault reset end "at=2s reset m1 | w1"
9s - fault kill end "at=3s kill m1"
10s - ended`)
	require.NoError(t, err)
	l := sortLanes(events)
	require.Equal(t, []span{{from: 2e9, to: 2e9, what: "at=2s reset m1 | w1", label: "reset m1 | w1"}}, l.faults[0])
	require.Equal(t, int64(9e9), l.faults[1][0].to)
	require.Equal(t, "down", l.lanes[0].states[1].what)
	require.Equal(t, int64(10e9), l.lanes[0].states[1].to)
}
