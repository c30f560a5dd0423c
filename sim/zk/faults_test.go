package zk

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/coord/coordtest"
	"github.com/simctl/simctl/impl/host"
)

// story is what one process asked for and was told, and what the service did,
// of writes that create a znode of their own each.
type story struct {
	asked    []string                // paths, in order
	answered []string                // in order
	answers  map[string]coord.Result // by path
	commits  map[string]int          // transactions that created the path
	zxids    []int64                 // of those answered with success, in order
}

// check returns what is wrong in a story, and nil if nothing is.
func (s *story) check() error {
	if len(s.answered) > len(s.asked) {
		return fmt.Errorf("%d answers to %d operations", len(s.answered), len(s.asked))
	}
	for i, path := range s.answered {
		if s.asked[i] != path {
			return fmt.Errorf("answer %d is to %s, not to %s", i, path, s.asked[i])
		}
		n, r := s.commits[path], s.answers[path]
		switch {
		case n > 1:
			return fmt.Errorf("%s was created %d times", path, n)
		case r.Err == nil && n == 0:
			return fmt.Errorf("%s was acknowledged and not committed", path)
		case r.Err != nil && n == 1 && !mayHaveHappened(r.Err):
			return fmt.Errorf("%s was committed, the answer says: %w", path, r.Err)
		}
	}
	for i := 1; i < len(s.zxids); i++ {
		if s.zxids[i] <= s.zxids[i-1] {
			return fmt.Errorf("zxid %#x after %#x", s.zxids[i], s.zxids[i-1])
		}
	}
	return nil
}

func mayHaveHappened(err error) bool {
	return errors.Is(err, coord.ErrConnectionLoss) || errors.Is(err, coord.ErrExpired)
}

func TestWrongStoriesAreRejected(t *testing.T) {
	ok := coord.Result{}
	tests := []struct {
		name string
		s    story
		want string // empty: it is right
	}{
		{"right", story{[]string{"/a", "/b"}, []string{"/a"}, map[string]coord.Result{"/a": ok}, map[string]int{"/a": 1}, []int64{1}}, ""},
		{"lost, applied", story{[]string{"/a"}, []string{"/a"}, map[string]coord.Result{"/a": {Err: coord.ErrConnectionLoss}}, map[string]int{"/a": 1}, nil}, ""},
		{"twice", story{[]string{"/a"}, []string{"/a"}, map[string]coord.Result{"/a": ok}, map[string]int{"/a": 2}, nil}, "created 2 times"},
		{"not committed", story{[]string{"/a"}, []string{"/a"}, map[string]coord.Result{"/a": ok}, nil, nil}, "not committed"},
		{"closed, yet applied", story{[]string{"/a"}, []string{"/a"}, map[string]coord.Result{"/a": {Err: coord.ErrNodeExists}}, map[string]int{"/a": 1}, nil}, "the answer says"},
		{"out of order", story{[]string{"/a", "/b"}, []string{"/b"}, nil, nil, nil}, "answer 0 is to /b"},
		{"too many", story{nil, []string{"/b"}, nil, nil, nil}, "1 answers to 0"},
		{"zxids fall", story{zxids: []int64{2, 1}}, "zxid 0x1 after 0x2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == "" {
				require.NoError(t, tt.s.check())
			} else {
				require.ErrorContains(t, tt.s.check(), tt.want)
			}
		})
	}
}

// writer is a process that keeps a story.
type writer struct {
	coordtest.Collector
	name    host.ProcessID
	c       coord.Client
	session coord.Session
	state   coord.State
	story   story
}

func (w *writer) wrote(path string, r coord.Result) {
	w.story.answered = append(w.story.answered, path)
	w.story.answers[path] = r
	if r.Err == nil {
		w.story.zxids = append(w.story.zxids, r.Zxid)
	}
}

func (w *writer) changed(_ struct{}, c coord.StateChange) { w.state = c.State }

func (w *writer) open(x *lab) {
	w.state = coord.Connecting
	w.session = w.c.OpenSession(coord.Options{Servers: x.addrs, Timeout: 2 * time.Second},
		host.BindResult((*writer).changed, struct{}{}))
}

func (w *writer) write() {
	path := fmt.Sprintf("/%s-%d", w.name, len(w.story.asked))
	w.story.asked = append(w.story.asked, path)
	op := coord.Op{Kind: coord.Create, Path: path, Mode: coord.Mode(len(w.story.asked) % 2)}
	coord.Do(w.c, w.session, op, (*writer).wrote, path)
}

// chaos is a world under random faults.
type chaos struct {
	*lab
	writers []*writer
	cuts    [][2]string
}

func newChaos(t *rapid.T) *chaos {
	x := &chaos{lab: newLab(t, rapid.Uint64().Draw(t, "seed"), rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "servers"), 500*time.Millisecond)}
	for i := range 2 {
		w := &writer{name: host.ProcessID(fmt.Sprintf("p%d", i+1))}
		w.story.answers, w.story.commits = map[string]coord.Result{}, map[string]int{}
		w.c = x.Attach(w.name, w)
		w.open(x.lab)
		x.writers = append(x.writers, w)
	}
	x.svc.OnCommit = func(c Commit) {
		if c.Err != nil || c.Ops[0] != "create" {
			return
		}
		for _, w := range x.writers {
			if string(w.name) == c.Owner {
				w.story.commits[c.Paths[0]]++
			}
		}
	}
	return x
}

func (x *chaos) machine(t *rapid.T, label string) string {
	names := []string{"p1", "p2"}
	for _, s := range x.svc.cfg.Servers {
		names = append(names, s.Name)
	}
	return rapid.SampledFrom(names).Draw(t, label)
}

func (x *chaos) link(names [2]string, cut bool) {
	a, _ := x.net.Machine(names[0])
	b, _ := x.net.Machine(names[1])
	if cut {
		x.net.Cut(a, b)
	} else {
		x.net.Heal(a, b)
	}
}

// heal ends every fault.
func (x *chaos) heal() {
	for _, c := range x.cuts {
		x.link(c, false)
	}
	x.cuts = nil
	for i, sv := range x.svc.servers {
		x.net.SetMachine(sv.cfg.Machine, true)
		x.svc.ResumeServer(i)
		x.svc.RestartServer(i)
	}
}

// checkAll holds every story and every ephemeral to what they promise.
func (x *chaos) checkAll(t *rapid.T) {
	for _, w := range x.writers {
		require.NoError(t, w.story.check(), "%s", w.name)
	}
	for path, z := range x.svc.tree.nodes {
		if z.owner != 0 {
			_, alive := x.svc.Session(z.owner)
			require.True(t, alive, "%s outlives its session", path)
		}
	}
}

func TestNoFaultBreaksAPromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newChaos(t)
		server := func(t *rapid.T) int { return rapid.IntRange(0, len(x.svc.servers)-1).Draw(t, "server") }
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) { rapid.SampledFrom(x.writers).Draw(t, "writer").write() },
			"run":   func(t *rapid.T) { x.Run(time.Duration(rapid.IntRange(1, 3000).Draw(t, "ms")) * time.Millisecond) },
			"blink": func(t *rapid.T) { x.Run(time.Duration(rapid.IntRange(1, 500).Draw(t, "us")) * time.Microsecond) },
			"cut": func(t *rapid.T) {
				c := [2]string{x.machine(t, "from"), x.machine(t, "to")}
				x.cuts = append(x.cuts, c)
				x.link(c, true)
			},
			"kill":   func(t *rapid.T) { x.svc.KillServer(server(t)) },
			"pause":  func(t *rapid.T) { x.svc.PauseServer(server(t)) },
			"resume": func(t *rapid.T) { x.svc.ResumeServer(server(t)) },
			"restart": func(t *rapid.T) {
				i := server(t)
				x.net.SetMachine(x.svc.servers[i].cfg.Machine, true)
				x.svc.RestartServer(i)
			},
			"lose": func(t *rapid.T) {
				i := server(t)
				x.net.SetMachine(x.svc.servers[i].cfg.Machine, false)
				x.svc.LoseServer(i)
			},
			"leader": func(*rapid.T) { x.svc.LoseLeader() },
			"expire": func(t *rapid.T) {
				if s := x.svc.sessions; len(s) > 0 {
					x.svc.ExpireSession(rapid.SampledFrom(s).Draw(t, "session").id)
				}
			},
			"heal": func(*rapid.T) { x.heal() },
			"":     x.checkAll,
		})
		x.heal()
		for _, w := range x.writers {
			w.write()
		}
		// A leader, a lap of the list, a held packet: then all are answered.
		x.Run(30 * time.Second)
		x.checkAll(t)
		require.GreaterOrEqual(t, x.svc.Leader(), 0)
		for _, w := range x.writers {
			require.Len(t, w.story.answered, len(w.story.asked), "%s", w.name)
			require.Contains(t, []coord.State{coord.Connected, coord.Expired}, w.state)
		}
	})
}
