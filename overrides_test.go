package simctl_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
)

// delivery is the n-th step that delivers a message of a name to an actor.
func delivery(t *testing.T, steps []trace.Step, to, name string, n int) *trace.Step {
	for i := range steps {
		if s := &steps[i]; s.Kind == "message" && s.Actor == to && s.What == name {
			if n--; n == 0 {
				return s
			}
		}
	}
	t.Fatalf("no %s was delivered to %s", name, to)
	return nil
}

func forced(t *testing.T, os ...kernel.Override) *simctl.Result {
	return run(t, "failover/kill", 1, simctl.Options{Policy: policy.Hardened, Steps: true, Overrides: os})
}

func TestADroppedDeliveryIsLostAndNothingBeforeItChanges(t *testing.T) {
	was := forced(t)
	s := delivery(t, was.Trace, "w1", "LaunchDriver", 1)
	r := forced(t, kernel.Override{Step: s.N, Do: kernel.Drop})
	d := trace.Diff(was.Trace, r.Trace)
	require.Equal(t, s.N, d.N)
	require.Equal(t, "lost", d.B.Forced)
	for i := range was.Events {
		if e := &was.Events[i]; e.Step < s.N {
			require.Equal(t, *e, r.Events[i])
		}
	}
	for i := range r.Events {
		e := &r.Events[i]
		require.False(t, e.Step == s.N, "a lost delivery does nothing: %v", e)
	}
}

func TestADelayedDeliveryComesLaterAndWhatFollowsItStaysBehindIt(t *testing.T) {
	was := forced(t)
	s := delivery(t, was.Trace, "w1", "LaunchDriver", 1)
	r := forced(t, kernel.Override{Step: s.N, Do: kernel.Delay, Value: uint64(7 * time.Second)})
	require.Equal(t, "7s late", r.Trace[s.N-1].Forced)
	late := delivery(t, r.Trace, "w1", "LaunchDriver", 2)
	require.Equal(t, s.At+int64(7*time.Second), late.At)
	require.Equal(t, s.Cause, late.Cause, "who sent it stays its cause")
	require.Equal(t, s.N, late.Via)
	behind := 0 // the master sends the same again meanwhile, over the same connection
	for _, x := range r.Trace {
		if x.Actor == "w1" && x.What == "LaunchDriver" && x.N > late.N && x.Cause < late.N {
			behind++
			require.Equal(t, late.At+int64(behind), x.At, "all arrive at once, one after the other")
		}
		require.False(t, x.Actor == "w1" && x.What == "KillDriver" && x.N < late.N, "step %d overtook step %d", x.N, late.N)
		if behind == 2 {
			break
		}
	}
	require.Equal(t, 2, behind)
}

func TestAnOverriddenRunIsReplayedFromItsBundle(t *testing.T) {
	s := delivery(t, forced(t).Trace, "w1", "LaunchDriver", 1)
	r := forced(t, kernel.Override{Step: s.N, Do: kernel.Drop}, kernel.Override{Step: s.N + 50, Do: kernel.Redraw, Value: 99})
	dir := filepath.Join(t.TempDir(), "b")
	require.NoError(t, r.Save(dir))
	saved, err := reports.ReadRun(dir)
	require.NoError(t, err)
	require.Len(t, saved.Overrides, 2)
	target, err := simctl.ParseTarget(dir)
	require.NoError(t, err)
	again, err := simctl.Replay(context.Background(), target)
	require.NoError(t, err)
	require.Empty(t, again.Nondeterminism)
	require.Equal(t, r.Fingerprint, again.Fingerprint)
}

func TestAStepThatIsNoDeliveryCannotBeLost(t *testing.T) {
	was := forced(t)
	for i := range was.Trace {
		s := &was.Trace[i]
		if s.Actor != "m1" || s.Kind != "timer" {
			continue
		}
		list, err := scenarios.Lookup("failover/kill")
		require.NoError(t, err)
		_, err = simctl.Run(context.Background(), list[0], 1, simctl.Options{Policy: policy.Hardened, Overrides: []kernel.Override{{Step: s.N, Do: kernel.Drop}}})
		require.ErrorContains(t, err, "is no delivery of a message, but a timer of m1")
		return
	}
	t.Fatal("m1 has no timer")
}
