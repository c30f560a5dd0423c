package trouble

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// follow returns a Trouble whose file a test replaces by tell.
func follow(t *testing.T) (tr *Trouble, tell func(State)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trouble")
	tr = Follow(file)
	return tr, func(s State) {
		require.NoError(t, s.Write(file))
		tr.looked, tr.stamp = time.Time{}, time.Time{}
	}
}

func TestMachineIsWellUntilItIsToldOtherwise(t *testing.T) {
	tr, tell := follow(t)
	for _, well := range []*Trouble{nil, Follow(""), tr} {
		require.NoError(t, well.Disk(true))
		require.False(t, well.Cut("latch", true))
		require.Zero(t, well.Late("set"))
		require.False(t, well.Lose("set"))
		require.False(t, well.Strikes("m1", 1))
	}
	tell(State{Full: true, Slow: 30 * time.Millisecond})
	begin := time.Now()
	require.ErrorIs(t, tr.Disk(true), ErrFull)
	require.NoError(t, tr.Disk(false), "it can be read, synced and cleared")
	require.GreaterOrEqual(t, time.Since(begin), 60*time.Millisecond)
	tell(State{})
	require.NoError(t, tr.Disk(true))
}

func TestSessionsAreCutOffByWhatTheyAreFor(t *testing.T) {
	tr, tell := follow(t)
	for _, c := range []struct {
		cuts    []string
		purpose string
		alone   bool
		want    bool
	}{
		{nil, "latch", true, false},
		{[]string{"latch"}, "latch", false, true},
		{[]string{"latch"}, "store", false, false},
		{[]string{"latch"}, "store", true, true},
		{[]string{"store", "all"}, "latch", false, true},
	} {
		tell(State{Cuts: c.cuts})
		require.Equal(t, c.want, tr.Cut(c.purpose, c.alone), "%+v", c)
	}
}

func TestOperationsAreLateAndTheirAnswersLost(t *testing.T) {
	tr, tell := follow(t)
	tell(State{Late: []Late{{"write", time.Second}, {"set", 2 * time.Second}}, Lost: []Lost{{7, "read", 2}, {8, "multi", 0}}})
	require.Equal(t, time.Second, tr.Late("create"))
	require.Equal(t, 2*time.Second, tr.Late("set"))
	require.Zero(t, tr.Late("get"))
	var lost []bool
	for _, k := range []Kind{"set", "get", "multi", "children", "multi", "exists"} {
		lost = append(lost, tr.Lose(k))
	}
	require.Equal(t, []bool{false, true, true, true, false, false}, lost)
	tell(State{Lost: []Lost{{9, "read", 1}}})
	require.True(t, tr.Lose("get"), "another fault")
}

func TestStrikeCountsOutputsOfOneIncarnation(t *testing.T) {
	tr, tell := follow(t)
	tell(State{Strike: Strike{ID: 1, Process: "m1", Inc: 2, After: 2}})
	var struck []bool
	for range 5 {
		require.False(t, tr.Strikes("m1", 1))
		require.False(t, tr.Strikes("w1", 2))
		struck = append(struck, tr.Strikes("m1", 2))
	}
	require.Equal(t, []bool{false, false, true, false, false}, struck)
	tell(State{Strike: Strike{ID: 2, Process: "m1", Inc: 2}})
	require.True(t, tr.Strikes("m1", 2))
}

// Faults overlap: each takes back what it began, and no more.
func TestSheetIsWhatAllFaultsDoTogether(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trouble")
	s := NewSheet(file)
	now := func() State {
		tr := Follow(file)
		tr.mu.Lock()
		defer tr.mu.Unlock()
		return *tr.now()
	}
	require.NoError(t, s.Fill(true))
	require.NoError(t, s.Fill(true))
	require.NoError(t, s.Fill(false))
	require.NoError(t, s.Slow(time.Second))
	require.NoError(t, s.Cut("latch", true))
	require.NoError(t, s.Cut("latch", true))
	require.NoError(t, s.Cut("latch", false))
	require.NoError(t, s.Delay("set", time.Second, true))
	require.NoError(t, s.Delay("set", time.Minute, true))
	require.NoError(t, s.Delay("set", time.Second, false))
	require.NoError(t, s.Lose("write", 2, true))
	require.NoError(t, s.Strike("m1", 3, 5))
	want := State{
		Full: true, Slow: time.Second, Cuts: []string{"latch"}, Late: []Late{{"set", time.Minute}}, Lost: []Lost{{1, "write", 2}},
		Strike: Strike{2, "m1", 3, 5},
	}
	require.Equal(t, want, now())
	require.NoError(t, s.Fill(false))
	require.NoError(t, s.Slow(-time.Second))
	require.NoError(t, s.Cut("latch", false))
	require.NoError(t, s.Delay("set", time.Minute, false))
	require.NoError(t, s.Lose("write", 2, false))
	require.NoError(t, s.Spare())
	got := now()
	require.Empty(t, got.Cuts)
	require.Empty(t, got.Late)
	require.Empty(t, got.Lost)
	require.Equal(t, State{}, State{Full: got.Full, Slow: got.Slow, Strike: got.Strike})
}
