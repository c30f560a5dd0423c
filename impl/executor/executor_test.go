package executor_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/executor"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/wire"
)

func newExecutor(t require.TestingT) *executor.Executor {
	e, err := executor.New(wire.ExecutorArgs{
		App: "a1", ID: 3, Driver: "w9:40001", Worker: "w1:7078", WorkerID: "worker-w1", Cores: 2,
	}.JSON(), executor.Config{Heartbeat: 10 * time.Second, Missed: 3, Dial: 5 * time.Second})
	require.NoError(t, err)
	return e
}

// TestScripts runs testdata/scripts: "start" starts executor 3 of a1.
func TestScripts(t *testing.T) {
	hosttest.RunScripts(t, "testdata/scripts", func(t *testing.T, _ *datadriven.TestData) (*hosttest.Host, host.Process) {
		return hosttest.New("w1/a1#3", 1), newExecutor(t)
	}, nil, wire.RegisteredExecutor{}, wire.LaunchTask{}, wire.ExecutorHeartbeatResponse{}, wire.StopExecutor{})
}

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	hosttest.CheckState(t, newExecutor(t), "h", "cfg")
}

func TestAnExecutorNeedsItsArguments(t *testing.T) {
	_, err := executor.New(`{"app":"a1"}`, executor.Config{})
	require.ErrorContains(t, err, "executor arguments")
}

func TestTheDefaultsAreSparks(t *testing.T) {
	e, err := executor.New(wire.ExecutorArgs{App: "a1", Driver: "d:1", Worker: "w:1"}.JSON(), executor.Config{})
	require.NoError(t, err)
	h := hosttest.New("w1/a1#0", 1)
	h.Start(e)
	require.Equal(t, "after 2m0s: Executor.dialTimedOut(1)\nafter 2m0s: Executor.dialTimedOut(3)\n", h.Timers())
	h.Connect("d:1")
	h.Connect("w:1")
	h.Receive("d:1", wire.RegisteredExecutor{OK: true})
	require.Equal(t, "after 10s: Executor.beat\n", h.Timers())
	h.Take()
	h.Advance(599 * time.Second)
	require.NotContains(t, h.Take(), "exit")
	h.Advance(11 * time.Second)
	require.Contains(t, h.Take(), "exit 56\n", "60 heartbeats were not answered")
}

// TestAnythingMayHappenToAnExecutor: each task that it is given is answered
// once, nothing happens after its end, and a clone goes on alike.
func TestAnythingMayHappenToAnExecutor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var twins hosttest.Twins
		twins.H = hosttest.New("w1/a1#3", 1)
		twins.H.Start(newExecutor(t))
		twins.H.Take()
		given, answered := int64(0), map[string]bool{}
		do := func(f func(h *hosttest.Host)) {
			gone := twins.H.Gone()
			did, err := twins.Do(f)
			require.NoError(t, err)
			require.False(t, gone && did != "", "%s after its end", did)
			for line := range strings.Lines(did) {
				var task int64
				if _, update, ok := strings.Cut(line, "StatusUpdate{ID:3 Stage:0 Task:"); ok {
					_, err := fmt.Sscan(strings.Fields(update)[0], &task)
					require.NoError(t, err)
					require.False(t, answered[line], line)
					require.Less(t, task, given)
					answered[line] = true
				}
			}
		}
		t.Repeat(map[string]func(t *rapid.T){
			"split":   func(*rapid.T) { twins.Split() },
			"connect": func(*rapid.T) { do(func(h *hosttest.Host) { connect(h) }) },
			"take":    receive(do, wire.RegisteredExecutor{OK: true}),
			"task": func(t *rapid.T) {
				m := wire.LaunchTask{Task: given, Job: wire.Job{Kind: wire.Pi, Stages: 1, Tasks: given + 1, Task: time.Second}}
				given++
				receive(do, m)(t)
			},
			"answer": receive(do, wire.ExecutorHeartbeatResponse{}),
			"stop": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "rarely") == 0 {
					receive(do, wire.StopExecutor{})(t)
				}
			},
			"advance": func(t *rapid.T) {
				d := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 11 * time.Second}).Draw(t, "by")
				do(func(h *hosttest.Host) { h.Advance(d) })
			},
		})
	})
}

func connect(h *hosttest.Host) {
	for _, c := range h.Conns() {
		h.Connect(c)
	}
}

func receive(do func(func(h *hosttest.Host)), m host.Message) func(*rapid.T) {
	return func(*rapid.T) {
		do(func(h *hosttest.Host) {
			for _, c := range h.Conns() {
				if c == "w9:40001" && !h.Gone() {
					h.Receive(c, m)
				}
			}
		})
	}
}
