package driver_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/driver"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

// A storm is the driver of an application to which anything happens in any
// order.
type storm struct {
	hosttest.Twins
	d        *driver.Driver
	hardened bool
	job      wire.Job
	launched []wire.LaunchTask // and the connection of each
	to       []string
	stages   int64
	ended    bool
	accepted int
}

func newStorm(t *rapid.T, p policy.Policy) *storm {
	args := appArgs(rapid.SampledFrom([]wire.JobKind{wire.Pi, wire.Ledger}).Draw(t, "job"))
	s := &storm{hardened: p == policy.Hardened, job: args.Job}
	d, err := driver.New(args.JSON(), config(p))
	require.NoError(t, err)
	s.d = d
	s.H = hosttest.New("w1/d1#1", 1)
	s.H.Hide["disk"] = true
	s.H.Start(d)
	s.H.Take()
	return s
}

// do lets something happen and looks at what the driver did.
func (s *storm) do(t *rapid.T, f func(h *hosttest.Host)) {
	if s.H.Gone() {
		return
	}
	did, err := s.Do(f)
	require.NoError(t, err)
	for line := range strings.Lines(did) {
		var m wire.LaunchTask
		to, text, sent := strings.Cut(line, ": LaunchTask{")
		switch {
		case sent:
			_, err := fmt.Sscanf(text, "Stage:%d Task:%d Attempt:%d", &m.Stage, &m.Task, &m.Attempt)
			require.NoError(t, err)
			require.Equal(t, s.stages, m.Stage, "the stage before is complete")
			for _, o := range s.launched {
				require.NotEqual(t, o, m, "an attempt of a task is launched once")
			}
			s.launched, s.to = append(s.launched, m), append(s.to, strings.TrimPrefix(to, "to "))
		case strings.HasPrefix(line, "note app t stage"):
			s.stages++
		case strings.HasPrefix(line, "note app t finished"):
			require.False(t, s.ended)
			s.ended = true
			require.Equal(t, s.job.Stages, s.stages)
			require.Contains(t, line, fmt.Sprintf("n=%d", s.total()), "each task counts once")
		case strings.HasPrefix(line, "note app t failed"):
			require.False(t, s.ended)
			s.ended = true
		case strings.HasPrefix(line, "exit 0"):
			require.Equal(t, s.job.Stages, s.stages)
		}
	}
	require.Equal(t, s.H.Gone(), strings.Contains(did, "\nexit ") || strings.HasPrefix(did, "exit "))
}

func (s *storm) total() (n int64) {
	for stage := range s.job.Stages {
		for task := range s.job.Tasks {
			n += s.job.Result(stage, task)
		}
	}
	return n
}

func (s *storm) on(t *rapid.T, f func(h *hosttest.Host, name string)) {
	conns := s.H.Conns()
	if len(conns) == 0 {
		t.Skip("no connection")
	}
	name := rapid.SampledFrom(conns).Draw(t, "connection")
	s.do(t, func(h *hosttest.Host) { f(h, name) })
}

func (s *storm) receive(t *rapid.T, m host.Message) {
	s.on(t, func(h *hosttest.Host, name string) { h.Receive(name, m) })
}

var (
	terms   = rapid.Int64Range(1, 3)
	masters = rapid.SampledFrom([]host.Addr{"m1:7077", "m2:7077"})
	ids     = rapid.Int64Range(0, 5)
	states  = rapid.SampledFrom([]wire.ExecutorState{wire.ExecutorLost, wire.ExecutorKilled, wire.ExecutorExited, wire.ExecutorDecommissioned, wire.ExecutorRunning})
)

func (s *storm) actions() map[string]func(t *rapid.T) {
	return map[string]func(t *rapid.T){
		"split":   func(*rapid.T) { s.Split() },
		"connect": func(t *rapid.T) { s.on(t, func(h *hosttest.Host, name string) { h.Connect(name) }) },
		"break": func(t *rapid.T) {
			s.on(t, func(h *hosttest.Host, name string) {
				if name != "w1:7078" {
					h.Break(name, host.Reset)
				}
			})
		},
		"advance": func(t *rapid.T) {
			d := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 6 * time.Second, 21 * time.Second}).Draw(t, "by")
			s.do(t, func(h *hosttest.Host) { h.Advance(d) })
		},
		"executor": func(t *rapid.T) {
			s.accepted++
			name, m := fmt.Sprint("e", s.accepted), wire.RegisterExecutor{App: "a1", ID: ids.Draw(t, "id"), Cores: 2}
			s.do(t, func(h *hosttest.Host) {
				h.Accept(name)
				h.Receive(name, m)
			})
		},
		"registered": func(t *rapid.T) {
			s.receive(t, wire.RegisteredApplication{App: "a1", Master: masters.Draw(t, "master"), Term: terms.Draw(t, "term")})
		},
		"changed": func(t *rapid.T) {
			s.receive(t, wire.MasterChanged{Master: masters.Draw(t, "master"), Term: terms.Draw(t, "term")})
		},
		"updated": func(t *rapid.T) {
			s.receive(t, wire.ExecutorUpdated{App: "a1", ID: ids.Draw(t, "id"), State: states.Draw(t, "state"), Term: terms.Draw(t, "term")})
		},
		"task":    s.aTaskEnds,
		"deposit": func(t *rapid.T) { s.receive(t, wire.DepositResponse{Req: 1, Balance: 100}) },
		"over":    func(t *rapid.T) { s.receive(t, wire.UnregisteredApplication{App: "a1", Term: terms.Draw(t, "term")}) },
		"beat":    func(t *rapid.T) { s.receive(t, wire.ExecutorHeartbeat{ID: ids.Draw(t, "id")}) },
		"":        func(t *rapid.T) { s.check(t) },
	}
}

// aTaskEnds lets the executor of a task that was launched report it, perhaps
// once more.
func (s *storm) aTaskEnds(t *rapid.T) {
	if len(s.launched) == 0 || s.H.Gone() {
		t.Skip("no task")
	}
	i := rapid.IntRange(max(0, len(s.launched)-6), len(s.launched)-1).Draw(t, "task")
	m, name := s.launched[i], s.to[i]
	ok := rapid.IntRange(0, 9).Draw(t, "fails rarely") > 0
	for _, c := range s.H.Conns() {
		if c == name {
			id := ids.Draw(t, "id")
			s.do(t, func(h *hosttest.Host) {
				h.Receive(name, wire.StatusUpdate{ID: id, Stage: m.Stage, Task: m.Task, Attempt: m.Attempt, OK: ok, Result: s.job.Result(m.Stage, m.Task)})
			})
			return
		}
	}
}

// check holds the driver's books to what it may know.
func (s *storm) check(t *rapid.T) {
	st := s.d.Status()
	seen := map[int64]bool{}
	for _, id := range st.Executors {
		require.False(t, seen[id], "executor %d twice", id)
		seen[id] = true
	}
	if !s.H.Gone() && !s.ended {
		require.LessOrEqual(t, st.Running, 2*len(st.Executors), "one task a core, and none on an executor that is lost")
		require.Equal(t, int(s.job.Tasks), st.Waiting+st.Running+st.Done)
		if s.hardened && !st.Connected {
			require.Contains(t, s.H.Timers(), "Driver.register", "nobody looks for a master")
		}
	}
}

func TestAnythingMayHappenToAnApplication(t *testing.T) {
	for _, p := range []policy.Policy{policy.Hardened, policy.Spark} {
		t.Run(p.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { t.Repeat(newStorm(t, p).actions()) })
		})
	}
}
