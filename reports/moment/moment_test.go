package moment_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/moment"
)

// What was is forgotten, what is stays: a restart, a session's end, a fault's
// end and an answer each take something away.
func TestTheStateIsWhatTheEventsAddUpTo(t *testing.T) {
	events := []trace.Event{
		{Process: "m1", Kind: trace.Started, N: 1, Value: "master"},
		{Process: "m1", Kind: trace.State, Value: "Alive", Term: 1},
		{Process: "m1", Kind: trace.SessionUp, N: 1},
		{Process: "m1", Kind: trace.KilledOff},
		{Process: "m1", Kind: trace.Started, N: 2, Value: "master"},
		{Process: "m1", Kind: trace.State, Value: "Standby"},
		{Process: "m1", Kind: trace.SessionExpired, N: 1},
		{Process: "m1", Kind: trace.SessionUp, N: 2, At: 4e9},
		{Process: "w1", Kind: trace.Started, N: 1, Value: "worker"},
		{Process: "w1", Kind: trace.Registered, Value: "m2:7077", Term: 2},
		{Process: "w1", Kind: trace.Paused},
		{Kind: trace.Fault, Value: "begin", Detail: "pause w1"},
		{Kind: trace.Fault, Value: "begin", Detail: "slow z1"},
		{Kind: trace.Fault, Value: "end", Detail: "slow z1"},
		{Process: "c1", Kind: trace.Started, N: 1, Value: "client"},
		{Process: "c1", Kind: trace.Call, Subject: "a", Value: "submit"},
		{Process: "c1", Kind: trace.Call, Subject: "b", Value: "kill"},
		{Process: "c1", Kind: trace.Return, Subject: "a", Value: "submit"},
		{Process: "w1/driver-1#1", Kind: trace.Started, N: 1, Value: "driver"},
		{Process: "w1/driver-1#1", Kind: trace.Job, Subject: "driver-1", Value: "started", N: 1},
		{Process: "w1/driver-1#1", Kind: trace.Exited},
		{Process: "w1/driver-1#1", Kind: trace.Job, Subject: "driver-1", Value: "finished", N: 1},
		{Kind: trace.ServiceDown},
	}
	pending := []trace.Step{{At: 6e9, Actor: "z1", Kind: "message", What: "Frame", Detail: "{Data:[1 2]}", Cause: 40}}
	var b strings.Builder
	require.NoError(t, moment.Tell(&b, events, 41, 5e9, pending))
	require.Equal(t, `after step 41, at 5s
  m1#2 master            runs; Standby
  w1 worker              stands still; registered with m2:7077 in term 2
  c1 client              runs; waits for kill of b
  session 0x2            of m1, since 4s
  coordination service   has no quorum
  driver-1               finished on w1 (attempt 1)
  in force               pause w1
  1 steps are pending
    at 6s         z1 message Frame (because of step 40)
`, b.String())
}

func TestAWatchedMachineIsItsClientsAndChildrenToo(t *testing.T) {
	steps := []trace.Step{
		{N: 1, Actor: "m1", Kind: "start", What: "start master"}, {N: 2, Actor: "m1/zk", Kind: "timer", What: "ping", Cause: 1},
		{N: 3, Actor: "m10", Kind: "timer", What: "other"}, {N: 4, Actor: "m1", Kind: "message", What: "Stop", Forced: "lost"},
	}
	events := []trace.Event{{Step: 2, Process: "m1", Kind: trace.State, Value: "Alive", Term: 1}, {Step: 3, Process: "m10", Kind: trace.Paused}}
	var b strings.Builder
	require.NoError(t, moment.Watch(&b, steps, events, []string{"m1"}))
	require.Equal(t, `what m1 did and saw
       1         0s  m1 start start master
       2         0s  m1/zk timer ping (because of step 1)
       2         0s    m1 became Alive in term 1
       4         0s  m1 message Stop, forced: lost
`, b.String())
	require.Equal(t, []string{"m2", "zk"}, moment.Strangers(steps, events, []string{"m1", "m2", "zk", "m10"}))
}
