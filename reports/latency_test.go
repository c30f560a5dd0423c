package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// someSamples are made by a small generator, so that they look like failovers
// and never change.
func someSamples(live bool, per int, causes ...string) []LatencySample {
	x := uint64(42)
	next := func(lo, hi int64) int64 {
		x = x*6364136223846793005 + 1442695040888963407
		return (lo + int64((x>>33)%uint64(hi-lo))) * 1_000_000
	}
	var out []LatencySample
	for i, cause := range causes {
		for n := range per {
			s := LatencySample{Cause: cause, Detect: next(3500, 4700), Elect: next(5, 400), Recover: next(20, 3200), Live: live}
			if cause == "stop" {
				s.Detect = next(1, 30)
			}
			if n%20 == i {
				s.Recover += next(1000, 5000)
			}
			s.Total = s.Detect + s.Elect + s.Recover
			out = append(out, s)
		}
	}
	return out
}

func mixedSamples() []LatencySample {
	all := someSamples(false, 40, "kill", "stop", "host-loss", "pause", "partition", "expire", "one-way", "stall")
	return append(all, someSamples(true, 9, "kill", "stop", "pause")...)
}

func TestPercentilesAreByNearestRank(t *testing.T) {
	v := []int64{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}
	for p, want := range map[int]int64{50: 50, 90: 90, 99: 100, 100: 100, 1: 10} {
		require.Equal(t, want, rank(v, p), "p%d", p)
	}
	require.Equal(t, int64(7), rank([]int64{7}, 50))
	require.Zero(t, rank(nil, 50))
}

func TestRowsAreOrderedAndCountEveryFailover(t *testing.T) {
	rows := LatencyRows([]LatencySample{
		{Cause: "stop", Detect: 1, Elect: 2, Recover: 3, Total: 6},
		{Cause: "kill", Detect: 4e9, Elect: 1e9, Recover: 2e9, Total: 7e9, Live: true},
		{Cause: "kill", Detect: 3e9, Elect: 1e9, Recover: 2e9, Total: 6e9},
		{Cause: "kill", Detect: 5e9, Elect: 1e9, Recover: 2e9, Total: 8e9},
	})
	require.Len(t, rows, 12)
	require.Equal(t, LatencyRow{Cause: "kill", Phase: "detect", Count: 2, P50: 3e9, P90: 5e9, P99: 5e9, Max: 5e9}, rows[0])
	require.True(t, rows[4].Live)
	require.Equal(t, "stop", rows[8].Cause)
	var b strings.Builder
	require.NoError(t, LatencyTable(&b, rows))
	require.Contains(t, b.String(), "| kill | live | total | 1 | 7.000s | 7.000s | 7.000s | 7.000s |\n")
	require.Equal(t, 14, strings.Count(b.String(), "\n"))
}

func TestSameSamplesDrawTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	if out := os.Getenv("SIMCTL_KEEP_PICTURES"); out != "" {
		dir = out
	}
	paths, err := WriteLatency(dir, mixedSamples(), LatencyOptions{Title: "failover/3x3x3, hardened, fast timers, 100 runs"})
	require.NoError(t, err)
	require.Len(t, paths, 5)
	again, err := WriteLatency(t.TempDir(), mixedSamples(), LatencyOptions{Title: "failover/3x3x3, hardened, fast timers, 100 runs"})
	require.NoError(t, err)
	for i := range paths {
		a, err := os.ReadFile(paths[i])
		require.NoError(t, err)
		b, err := os.ReadFile(again[i])
		require.NoError(t, err)
		require.True(t, bytes.Equal(a, b), filepath.Base(paths[i]))
		require.NotEmpty(t, a)
	}
}

func TestPlotsOfOneFailoverAndOfNone(t *testing.T) {
	_, err := WriteLatency(t.TempDir(), []LatencySample{{Cause: "kill", Detect: 1, Elect: 1, Recover: 1, Total: 3}}, LatencyOptions{})
	require.NoError(t, err)
	_, err = WriteLatency(t.TempDir(), nil, LatencyOptions{})
	require.ErrorContains(t, err, "no failover")
}

func TestACauseLooksTheSameInEveryPicture(t *testing.T) {
	few := looks([]group{{cause: "kill"}, {cause: "kill", live: true}})
	many := looks([]group{{cause: "expire"}, {cause: "kill"}, {cause: "meteor"}, {cause: "pause"}})
	require.Equal(t, few[0], many[1])
	require.Equal(t, few[0].color, few[1].color)
	require.NotEqual(t, few[0].dashes, few[1].dashes)
	require.NotEqual(t, many[0], many[2])
}
