package worker_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/impl/worker"
)

// A storm is a worker to which anything happens in any order.
type storm struct {
	hosttest.Twins
	w        *worker.Worker
	hardened bool
	seen     int64           // the highest term of any message so far
	spawned  map[string]bool // first processes of attempts
	children []host.ProcessID
}

func newStorm(p policy.Policy) *storm {
	s := &storm{w: worker.New(config(p)), hardened: p == policy.Hardened, spawned: map[string]bool{}}
	s.H = hosttest.New("w1", 1)
	s.H.Start(s.w)
	s.H.Take()
	return s
}

// do lets something happen and looks at what the worker did.
func (s *storm) do(t *rapid.T, f func(h *hosttest.Host)) (did string) {
	if s.H.Gone() {
		return ""
	}
	did, err := s.Do(f)
	require.NoError(t, err)
	for line := range strings.Lines(did) {
		var term int64
		var name string
		if i := strings.Index(line, " term="); i >= 0 {
			fmt.Sscanf(line[i:], " term=%d", &term)
		}
		n, _ := fmt.Sscanf(line, "spawn driver %s", &name)
		m, _ := fmt.Sscanf(line, "spawn executor %s", &name)
		switch {
		case n+m == 1:
			require.False(t, s.spawned[name], "%s is started a second time", name)
			s.spawned[name] = true
			s.children = append(s.children, host.ProcessID("w1/"+name))
		case strings.HasPrefix(line, "note obeyed") && s.hardened:
			require.GreaterOrEqual(t, term, s.seen, line)
		case strings.HasPrefix(line, "note executor"): // all that was kept for it is forgotten
			app := strings.Fields(line)[2]
			maps.DeleteFunc(s.spawned, func(name string, _ bool) bool { return strings.HasPrefix(name, app+"#") })
		case strings.HasPrefix(line, "note refused") && strings.Contains(line, "-executor "):
			require.True(t, !s.hardened || term < s.seen || s.w.Status().Decommissioned, line)
		case strings.HasPrefix(line, "note refused"):
			require.True(t, s.hardened)
			require.Less(t, term, s.seen, line)
		}
	}
	return did
}

// receive delivers a message of a term. Over a connection from before the
// worker was taken in anew it is not heard.
func (s *storm) receive(t *rapid.T, term int64, m host.Message) {
	conns := s.H.Conns()
	if len(conns) == 0 {
		t.Skip("no connection")
	}
	name := rapid.SampledFrom(conns).Draw(t, "connection")
	if did := s.do(t, func(h *hosttest.Host) { h.Receive(name, m) }); !strings.HasPrefix(did, "close "+name+"\n") {
		s.seen = max(s.seen, term)
	}
}

var (
	terms    = rapid.Int64Range(1, 4)
	attempts = rapid.Int64Range(1, 3)
	masters  = rapid.SampledFrom([]host.Addr{"m1:7077", "m2:7077"})
	drivers  = rapid.SampledFrom([]wire.DriverID{"d1", "d2"})
	apps     = rapid.SampledFrom([]wire.AppID{"a1", "a2"})
)

func (s *storm) actions() map[string]func(t *rapid.T) {
	onConn := func(t *rapid.T, f func(h *hosttest.Host, name string)) {
		conns := s.H.Conns()
		if len(conns) == 0 {
			t.Skip("no connection")
		}
		name := rapid.SampledFrom(conns).Draw(t, "connection")
		s.do(t, func(h *hosttest.Host) { f(h, name) })
	}
	accepted := 0
	return map[string]func(t *rapid.T){
		"split":   func(*rapid.T) { s.Split() },
		"connect": func(t *rapid.T) { onConn(t, func(h *hosttest.Host, name string) { h.Connect(name) }) },
		"break":   func(t *rapid.T) { onConn(t, func(h *hosttest.Host, name string) { h.Break(name, host.Reset) }) },
		"accept": func(t *rapid.T) {
			accepted++
			s.do(t, func(h *hosttest.Host) { h.Accept(fmt.Sprint("in", accepted)) })
		},
		"advance": func(t *rapid.T) {
			d := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 11 * time.Second}).Draw(t, "by")
			s.do(t, func(h *hosttest.Host) { h.Advance(d) })
		},
		"exit": func(t *rapid.T) {
			if len(s.children) == 0 {
				t.Skip("no child")
			}
			i := rapid.IntRange(0, len(s.children)-1).Draw(t, "child")
			status := rapid.SampledFrom([]int{0, 1, -1}).Draw(t, "status")
			child := s.children[i]
			if !s.hardened { // it forgets what ended, and may be told to start it again
				delete(s.spawned, strings.TrimPrefix(string(child), "w1/"))
			}
			s.children = append(s.children[:i], s.children[i+1:]...)
			s.do(t, func(h *hosttest.Host) { h.Exited(child, status) })
		},
		"registered": func(t *rapid.T) {
			m := wire.RegisteredWorker{Master: masters.Draw(t, "master"), Term: terms.Draw(t, "term")}
			s.receive(t, m.Term, m)
		},
		"changed": func(t *rapid.T) {
			m := wire.MasterChanged{Master: masters.Draw(t, "master"), Term: terms.Draw(t, "term")}
			s.receive(t, m.Term, m)
		},
		"reconnect": func(t *rapid.T) {
			m := wire.ReconnectWorker{Master: masters.Draw(t, "master"), Term: terms.Draw(t, "term")}
			s.receive(t, m.Term, m)
		},
		"launch": func(t *rapid.T) {
			desc := wire.Desc{Cores: 1, Memory: 10, Supervise: rapid.Bool().Draw(t, "supervise")}
			m := wire.LaunchDriver{Driver: drivers.Draw(t, "driver"), Attempt: attempts.Draw(t, "attempt"), Term: terms.Draw(t, "term"), Desc: desc}
			s.receive(t, m.Term, m)
		},
		"kill": func(t *rapid.T) {
			m := wire.KillDriver{Driver: drivers.Draw(t, "driver"), Attempt: attempts.Draw(t, "attempt"), Term: terms.Draw(t, "term")}
			s.receive(t, m.Term, m)
		},
		"ack": func(t *rapid.T) {
			m := wire.DriverStateAck{Driver: drivers.Draw(t, "driver"), Attempt: attempts.Draw(t, "attempt"), Term: terms.Draw(t, "term"), State: wire.Finished}
			s.receive(t, m.Term, m)
		},
		"launch executor": func(t *rapid.T) {
			m := wire.LaunchExecutor{Master: masters.Draw(t, "master"), Term: terms.Draw(t, "term"), App: apps.Draw(t, "app"), ID: attempts.Draw(t, "id"), Cores: 1, Memory: 10}
			s.receive(t, m.Term, m)
		},
		"kill executor": func(t *rapid.T) {
			m := wire.KillExecutor{Master: masters.Draw(t, "master"), Term: terms.Draw(t, "term"), App: apps.Draw(t, "app"), ID: attempts.Draw(t, "id")}
			s.receive(t, m.Term, m)
		},
		"confirm": func(t *rapid.T) {
			m := wire.ExecutorStateAck{Req: rapid.Int64Range(1, 20).Draw(t, "req"), OK: rapid.Bool().Draw(t, "ok"), Term: terms.Draw(t, "term")}
			s.receive(t, m.Term, m)
		},
		"finish": func(t *rapid.T) {
			m := wire.ApplicationFinished{Term: terms.Draw(t, "term"), App: apps.Draw(t, "app")}
			s.receive(t, m.Term, m)
		},
		"watch": func(t *rapid.T) {
			if len(s.children) == 0 {
				t.Skip("no child")
			}
			s.receive(t, 0, wire.WatchWorker{Process: rapid.SampledFrom(s.children).Draw(t, "child")})
		},
		"decommission": func(t *rapid.T) {
			if rapid.IntRange(0, 9).Draw(t, "rarely") == 0 {
				s.do(t, func(h *hosttest.Host) { h.Decommission() })
			}
		},
		"": func(t *rapid.T) { s.check(t) },
	}
}

// check holds the worker's books to what it runs.
func (s *storm) check(t *rapid.T) {
	st := s.w.Status()
	require.GreaterOrEqual(t, st.CoresUsed, int64(0))
	if !s.hardened {
		return
	}
	used, running := int64(0), map[wire.DriverID]int64{}
	for _, d := range st.Drivers {
		if d.State.Terminal() {
			continue
		}
		used += d.Cores
		require.Less(t, running[d.ID], d.Attempt, "an attempt twice, or not in order")
		running[d.ID] = d.Attempt
	}
	for _, e := range st.Executors {
		if !e.State.Finished() {
			used += e.Cores
		}
	}
	require.Equal(t, used, st.CoresUsed)
	require.Equal(t, used*10, st.MemoryUsed)
	require.Equal(t, s.seen, st.Term)
	if !st.Connected && !s.H.Gone() {
		require.True(t, st.Registering, "nobody looks for a master")
	}
}

func TestAnythingMayHappenToAWorker(t *testing.T) {
	for _, p := range []policy.Policy{policy.Hardened, policy.Spark} {
		t.Run(p.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { t.Repeat(newStorm(p).actions()) })
		})
	}
}
