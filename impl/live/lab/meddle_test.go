package lab

import (
	"context"
	"math"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/proc"
	"github.com/simctl/simctl/impl/live/trouble"
	"github.com/simctl/simctl/model/trace"
)

// sleeping gives a play's m1 a process that runs and does nothing.
func sleeping(t *testing.T, s *soak) *member {
	t.Helper()
	p, err := proc.Start(exec.Command("sleep", "60"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Kill(); p.Wait() })
	m := s.member("m1")
	m.proc, m.Incarnation = p, 3
	return m
}

// A fault that strikes between two outputs waits until its target says that it
// stands still there, and has happened at that moment.
func TestAFaultStrikesBetweenTwoOutputs(t *testing.T) {
	ctx := context.Background()
	s := newPlay(t, "", 0)
	populate(t, s)
	m := sleeping(t, s)
	require.NoError(t, s.begin(ctx, fault(t, "at=0s for=8s kill m1 outputs=4")))
	require.True(t, m.runs(), "it makes four more outputs")
	text, err := os.ReadFile(s.troubleOf("m1"))
	require.NoError(t, err)
	require.Contains(t, string(text), `"Strike":{"ID":1,"Process":"m1","Inc":3,"After":4}`)
	at := live.Monotonic()
	s.keep([]live.Record{{Process: "m1", Inc: 3, Event: live.Struck, At: at, Until: at}, {Process: "m1", Inc: 3, Event: "state"}})
	require.Len(t, s.records, 1, "that it stands still is for the lab alone")
	require.NoError(t, s.doDue(ctx, at))
	require.True(t, m.proc.Ended())
	e := s.world[len(s.world)-1]
	require.Equal(t, []any{trace.KilledOff, "m1", uint32(3), at}, []any{e.Kind, e.Process, e.Inc, e.At})
	require.Empty(t, s.play.struck)
}

// Where too few outputs come it strikes all the same, and once.
func TestAFaultThatWaitsForOutputsStrikesInTheEnd(t *testing.T) {
	ctx := context.Background()
	s := newPlay(t, "", 0)
	populate(t, s)
	m := sleeping(t, s)
	require.NoError(t, s.begin(ctx, fault(t, "at=0s pause m1 outputs=900")))
	require.NoError(t, s.doDue(ctx, live.Monotonic()))
	require.False(t, m.paused)
	require.NoError(t, s.doDue(ctx, live.Monotonic()+int64(strikeWithin)+int64(time.Minute)))
	require.True(t, m.paused)
	s.keep([]live.Record{{Process: "m1", Inc: 3, Event: live.Struck, Until: live.Monotonic()}})
	require.NoError(t, s.doDue(ctx, live.Monotonic()))
	paused := 0
	for _, e := range s.world {
		if e.Kind == trace.Paused {
			paused++
		}
	}
	require.Equal(t, 1, paused)
}

// What a machine is told of its troubles is taken back with each fault.
func TestTroublesEndWithTheirFaults(t *testing.T) {
	ctx := context.Background()
	s := newPlay(t, "", 0)
	populate(t, s)
	for _, text := range []string{"at=0s for=1s disk-full m1", "at=0s for=1s slow-op write m1 by=200ms", "at=0s for=1s session-cut latch m1"} {
		require.NoError(t, s.begin(ctx, fault(t, text)))
	}
	m1 := trouble.Follow(s.troubleOf("m1"))
	require.ErrorIs(t, m1.Disk(true), trouble.ErrFull)
	require.Equal(t, 200*time.Millisecond, m1.Late("set"))
	require.True(t, m1.Cut("latch", false))
	require.NoError(t, trouble.Follow(s.troubleOf("m2")).Disk(true))
	require.NoError(t, s.doDue(ctx, math.MaxInt64))
	m1 = trouble.Follow(s.troubleOf("m1"))
	require.NoError(t, m1.Disk(true))
	require.Zero(t, m1.Late("set"))
	require.False(t, m1.Cut("latch", false))
}
