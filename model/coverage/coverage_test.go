package coverage_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/coverage"
	"github.com/simctl/simctl/model/trace"
)

// seen are the states and ways of a run told as one event a line.
func seen(t *testing.T, text string) []uint64 {
	var m coverage.Map
	for line := range strings.Lines(strings.TrimSpace(text)) {
		e, err := trace.ParseEvent(strings.TrimSpace(line))
		require.NoError(t, err, line)
		m.Observe(&e)
	}
	return m.Seen()
}

const reign = `
	0s m1 started master
	0s m2 started master
	1s m1 state Standby
	1s m2 state Standby
	2s m1 elected term=1
	2s m1 state Recovering term=1
	3s m1 state Alive term=1`

func TestTheSameByOtherNamesTimesAndTermsIsTheSame(t *testing.T) {
	want := seen(t, reign)
	require.NotEmpty(t, want)
	swapped := strings.NewReplacer("m1", "m2", "m2", "m1").Replace(reign)
	later := strings.NewReplacer("3s m1", "17s m1", "term=1", "term=9").Replace(reign)
	told := strings.Replace(reign, "	2s m1 elected", "	1.5s c1 call a submit n=1\n	2s m1 elected", 1)
	for name, text := range map[string]string{"swapped": swapped, "later": later, "told": told} {
		require.Equal(t, want, seen(t, text), name)
	}
}

func TestWhatDiffersIsNew(t *testing.T) {
	base := len(seen(t, reign))
	for name, more := range map[string]string{
		"a session":           "4s m1 session latch disconnected n=7",
		"a pause":             "4s m1 paused",
		"a death":             "4s m1 killed",
		"another reign":       "4s m2 elected term=2",
		"a worker":            "4s w1 started worker",
		"no quorum":           "4s - service-down",
		"a driver":            "4s w1/driver-1 job driver-1 started n=1",
		"a server that looks": "4s z1 started server\n5s z1 role looking",
	} {
		require.Greater(t, len(seen(t, reign+"\n"+more)), base, name)
	}
	require.Equal(t, base, len(seen(t, reign+"\n4s - healed \"m1 m2\"\n5s m1 killed")), "what follows the healing is the same in all runs")
}

func TestAWayBackIsAWay(t *testing.T) {
	once := seen(t, reign+"\n4s m1 paused")
	back := seen(t, reign+"\n4s m1 paused\n5s m1 resumed")
	again := seen(t, reign+"\n4s m1 paused\n5s m1 resumed\n6s m1 paused\n7s m1 resumed")
	require.Len(t, back, len(once)+1, "no new state, one new way")
	require.Equal(t, back, again)
}

// TestAFollowerTellsItsStateInWords: the words are as different as the numbers.
func TestAFollowerTellsItsStateInWords(t *testing.T) {
	words, numbers := map[string]uint64{}, map[uint64]string{}
	var f coverage.Follower
	var told []string
	for line := range strings.Lines(strings.TrimSpace(reign + `
	3s w1 started worker
	4s m1 session latch connected
	4s w1 registered worker-1 m1:7077 term=1
	5s w1/driver-1 job driver-1 started n=1
	6s m1 paused
	7s m2 elected term=2
	8s - service-down
	9s m1 killed`)) {
		e, err := trace.ParseEvent(strings.TrimSpace(line))
		require.NoError(t, err, line)
		before := f.Clone().Words()
		way, moved := f.Observe(&e)
		require.Equal(t, moved, before != f.Words(), line)
		if !moved {
			continue
		}
		told = append(told, f.Words())
		require.Empty(t, numbers[way.To], "no state comes twice here")
		numbers[way.To], words[f.Words()] = f.Words(), way.To
	}
	require.Len(t, words, len(numbers))
	require.Equal(t, "masters: Alive and standing still in an older term, latch session connected | Standby in the latest term; "+
		"workers: up, follows an older term; one driver runs", told[len(told)-3])
}
