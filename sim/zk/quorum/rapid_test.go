package quorum

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/server"
)

// small is a configuration in which much happens soon.
func small() Config { return Config{Tick: 200 * time.Millisecond, SnapCount: 16} }

// settle heals everything and demands that the ensemble serves, agrees, and
// has lost nothing.
func (w *world) settle(t require.TestingT) {
	for _, n := range w.nodes {
		n.start()
	}
	took, ok := w.until(60*time.Second, func() bool { return w.leader() != nil && w.serving() == len(w.nodes) })
	require.True(t, w.leader() != nil && 2*w.serving() > len(w.nodes), "quorum-serves: %d of %d serve after %v", w.serving(), len(w.nodes), took)
	l := w.leader()
	if !ok { // a server that has promised itself to a later epoch stays out, as in ZooKeeper
		for _, n := range w.nodes {
			require.True(t, n.role != server.Looking || n.peer.st.accepted > l.peer.st.accepted, "z%d does not serve", n.id)
		}
	}
	zxid := w.propose(l)
	require.NotZero(t, zxid)
	_, ok = w.until(10*time.Second, func() bool {
		return !slices.ContainsFunc(w.nodes, func(n *node) bool { return n.role != server.Looking && n.peer.applied != zxid })
	})
	require.True(t, ok, "the last transaction reaches everybody who serves")
	w.judge(t)
	w.same(t)
}

func TestEnsembleKeepsItsPromisesUnderFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { faults(t, small()) })
}

// moments are durations around those of the protocol.
var moments = []time.Duration{
	100 * time.Microsecond, 300 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	20 * time.Millisecond, 100 * time.Millisecond, 210 * time.Millisecond, 330 * time.Millisecond, 600 * time.Millisecond,
	1100 * time.Millisecond, 2500 * time.Millisecond,
}

// faults lets rapid break an ensemble.

func faults(t *rapid.T, cfg Config) {
	w := newWorld(rapid.Uint64().Draw(t, "seed"), rapid.SampledFrom([]int{3, 3, 5}).Draw(t, "size"), cfg).startAll()
	w.run(time.Second)
	var cuts [][2]int
	pick := func() *node { return w.nodes[rapid.IntRange(0, len(w.nodes)-1).Draw(t, "server")] }
	heal := func() {
		for _, c := range cuts {
			w.net.Heal(w.nodes[c[0]].mach, w.nodes[c[1]].mach)
		}
		cuts = nil
	}
	cut := func(a, b int) {
		if a != b {
			w.net.Cut(w.nodes[a].mach, w.nodes[b].mach)
			cuts = append(cuts, [2]int{a, b})
		}
	}
	t.Repeat(map[string]func(*rapid.T){
		"":         func(t *rapid.T) { w.judge(t) },
		"run":      func(t *rapid.T) { w.run(rapid.SampledFrom(moments).Draw(t, "time")) },
		"go on":    func(t *rapid.T) { w.run(rapid.SampledFrom(moments).Draw(t, "time")) },
		"a little": func(t *rapid.T) { w.run(rapid.SampledFrom(moments[:6]).Draw(t, "time")) },
		"recover": func(t *rapid.T) {
			for _, n := range w.nodes {
				n.start()
			}
			heal()
			w.run(rapid.SampledFrom(moments[6:]).Draw(t, "time"))
		},
		"propose": func(t *rapid.T) {
			for range rapid.SampledFrom([]int{1, 2, 5, 12}).Draw(t, "transactions") {
				for _, n := range w.nodes { // two may believe that they lead
					if n.up && n.role == server.Leading {
						w.propose(n)
					}
				}
			}
		},
		"crash": func(t *rapid.T) { n := pick(); n.crash(); w.lost(n) },
		"kill":  func(*rapid.T) { pick().kill() },
		"start": func(*rapid.T) { pick().start() },
		"isolate": func(t *rapid.T) {
			a := int(pick().id) - 1
			for b := range w.nodes {
				cut(a, b)
				cut(b, a)
			}
		},
		"cut":  func(t *rapid.T) { cut(int(pick().id)-1, int(pick().id)-1) },
		"heal": func(*rapid.T) { heal() },
	})
	heal()
	w.settle(t)
}

// lost lets the network forget a lost machine's connections once it is back.
func (w *world) lost(n *node) {
	w.net.SetMachine(n.mach, false)
	w.net.SetMachine(n.mach, true)
}

func TestEnsembleElectsAndCommits(t *testing.T) {
	for _, size := range []int{1, 3, 5} {
		w := newWorld(1, size, small()).startAll()
		took, ok := w.until(10*time.Second, func() bool { return w.serving() == size })
		require.True(t, ok, "%d servers after %v: %v", size, took, w.complaints)
		require.Equal(t, server.ServerID(size), w.leader().id, "of equal ones the largest id")
		for range 100 {
			w.propose(w.leader())
			w.run(time.Millisecond)
		}
		w.settle(t)
		require.Len(t, w.leader().state, 101)
	}
}

func TestTheNextLargestIDLeads(t *testing.T) {
	w := newWorld(2, 5, small()).startAll()
	w.run(5 * time.Second)
	for id := 5; id >= 3; id-- {
		require.NotNil(t, w.leader())
		require.Equal(t, server.ServerID(id), w.leader().id)
		w.leader().kill()
		w.run(5 * time.Second)
	}
	require.Nil(t, w.leader(), "two of five are no quorum")
	require.Zero(t, w.serving())
	w.settle(t)
}

func TestSynchronisationTakesEveryPath(t *testing.T) {
	seen := map[PacketType]int{}
	for seed := range uint64(40) {
		w := newWorld(seed, 3, small())
		w.sent = func(_ *node, _ host.ConnID, m host.Message) {
			if p, ok := m.(Packet); ok {
				seen[p.Type]++
			}
		}
		w.startAll().run(2 * time.Second)
		l, f := w.leader(), w.nodes[seed%2]
		f.kill()
		for range 10 + 5*seed {
			w.propose(l)
		}
		w.run(time.Second)
		for _, n := range w.nodes { // the leader logs what nobody else gets
			if n != l {
				w.net.Cut(l.mach, n.mach)
			}
		}
		w.propose(l)
		w.run(100 * time.Millisecond)
		l.kill()
		for _, n := range w.nodes {
			if n != l {
				w.net.Heal(l.mach, n.mach)
			}
			if n != l && n != f { // it forgets what its snapshot holds
				n.kill()
				n.start()
			}
		}
		f.start()
		w.run(5 * time.Second)
		w.settle(t)
	}
	for _, p := range []PacketType{Diff, Trunc, Snap, Refusal} {
		require.NotZero(t, seen[p], "no %s", Packet{Type: p}.Name())
	}
}

func TestRequestsOfFollowersReachTheLeaderInOrder(t *testing.T) {
	w := newWorld(3, 3, small()).startAll()
	w.run(3 * time.Second)
	l, f := w.leader(), w.nodes[0]
	require.Equal(t, server.Following, f.role)
	f.peer.Forward([]byte("one"))
	f.peer.Forward([]byte("two"))
	f.peer.Revalidate(7, time.Second)
	f.peer.Revalidate(8, time.Second)
	zxid := w.propose(l)
	f.peer.Sync(42)
	f.touches = []server.Touch{{Session: 7, Timeout: time.Second}}
	w.until(time.Second, func() bool { return len(f.synced) > 0 })
	require.Equal(t, []uint64{42}, f.synced)
	require.Equal(t, zxid, f.peer.applied, "the mark comes behind what was committed before")
	w.run(time.Second)
	require.Equal(t, []string{"request of z1: one", "request of z1: two", "revalidate by z1: 7 for 1s",
		"revalidate by z1: 8 for 1s", "touch by z1: 7 for 1s"}, l.heard)
	require.Equal(t, []string{"revalidated: 7 true", "revalidated: 8 false"}, f.heard)
}

func TestAnIDThatIsNotInTheConfigurationIsRefused(t *testing.T) {
	members := []Member{{1, "a:1"}, {2, "b:1"}}
	for _, tt := range []struct {
		cfg  Config
		want string
	}{
		{Config{ID: 3, Members: members}, "my id 3 is not among the servers"},
		{Config{ID: 1, Members: append(slices.Clone(members), Member{2, "c:1"})}, "two servers have the id 2"},
		{Config{ID: 1, Members: append(slices.Clone(members), Member{3, ""})}, "an address is needed"},
		{Config{ID: 1, Members: members, Sync: -1}, "may be negative"},
	} {
		_, err := New(tt.cfg)
		require.ErrorContains(t, err, tt.want)
	}
}

func TestEqualSeedsGiveEqualRuns(t *testing.T) {
	one := func() uint64 {
		w := newWorld(9, 3, small()).startAll()
		w.run(2 * time.Second)
		for range 50 {
			w.propose(w.leader())
		}
		w.run(time.Second)
		w.leader().kill()
		w.run(3 * time.Second)
		var d host.Digest
		for _, n := range w.nodes {
			n.peer.Digest(&d)
		}
		return d.Sum() ^ w.k.Fingerprint()
	}
	require.Equal(t, one(), one())
}
