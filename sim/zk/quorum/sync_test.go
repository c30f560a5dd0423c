package quorum

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
)

// What a leader sends a follower that was away: the transactions that it
// lacks, from memory or from the log on the disk, or a snapshot where the log
// does not reach back or is too long beside it.
func TestAFollowerThatLagsGetsTheLogOrASnapshot(t *testing.T) {
	for _, c := range []struct {
		name   string
		before int  // transactions before a snapshot is made; 0: none is made
		missed int  // while the follower was away
		again  bool // another snapshot is made meanwhile, and a new log begun
		want   PacketType
		log    bool // it comes from the disk
	}{
		{"within memory", 0, 100, false, Diff, false},
		{"within the window, at its end", 0, defaultCommitLog - 50, false, Diff, false},
		{"beyond memory, and there is no snapshot", 0, 3 * defaultCommitLog, false, Diff, true},
		{"beyond memory, and the snapshot is large", 14 * defaultCommitLog, 3 * defaultCommitLog, false, Diff, true},
		{"beyond memory, and the snapshot is small", 2 * defaultCommitLog, 3 * defaultCommitLog, false, Snap, false},
		{"beyond the log", 14 * defaultCommitLog, 3 * defaultCommitLog, true, Snap, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(1, 3, Config{Tick: 200 * time.Millisecond, SnapCount: 1 << 30}).startAll()
			w.run(2 * time.Second)
			l, f := w.leader(), w.nodes[0]
			many := func(n int) {
				for range n {
					w.propose(l)
				}
				w.run(500 * time.Millisecond)
			}
			snapshot := func() {
				gen := l.peer.st.gen
				l.peer.cfg.SnapCount = 2
				many(1)
				l.peer.cfg.SnapCount = 1 << 30
				w.run(500 * time.Millisecond)
				require.Greater(t, l.peer.st.gen, gen)
			}
			many(c.before)
			if c.before > 0 {
				snapshot()
			}
			f.kill()
			many(c.missed)
			if c.again {
				snapshot()
				many(3 * defaultCommitLog)
			}
			var sent []PacketType
			w.sent = func(from *node, _ host.ConnID, m host.Message) {
				if p, ok := m.(Packet); ok && from == l && (p.Type == Diff || p.Type == Snap || p.Type == Trunc) {
					sent = append(sent, p.Type)
				}
			}
			require.Equal(t, c.log, c.want == Diff && f.stored() < l.peer.st.base, "memory begins at %#x", l.peer.st.base)
			f.start()
			many(50) // it goes on meanwhile
			w.run(time.Second)
			require.Equal(t, []PacketType{c.want}, sent)
			w.settle(t)
			require.Equal(t, l.state, f.state)
		})
	}
}

// A follower whose log ends in an epoch that went on without it, far behind the
// leader's memory, is given a snapshot, as one that ends there in memory.
func TestAFollowerWithATailOfAnotherEpochGetsASnapshot(t *testing.T) {
	w := newWorld(2, 3, Config{Tick: 200 * time.Millisecond, SnapCount: 1 << 30}).startAll()
	w.run(2 * time.Second)
	old := w.leader()
	for range 10 {
		w.propose(old)
	}
	w.run(500 * time.Millisecond)
	for _, n := range w.nodes {
		if n != old {
			w.net.Cut(old.mach, n.mach)
		}
	}
	w.propose(old) // nobody else gets it
	w.run(50 * time.Millisecond)
	tail := old.stored()
	old.kill()
	w.run(2 * time.Second)
	l := w.leader()
	require.NotNil(t, l)
	for range 3 * defaultCommitLog {
		w.propose(l)
	}
	w.run(time.Second)
	require.Greater(t, l.peer.st.base, tail, "memory begins behind it")
	for _, n := range w.nodes {
		if n != old {
			w.net.Heal(old.mach, n.mach)
		}
	}
	var sent []PacketType
	w.sent = func(from *node, _ host.ConnID, m host.Message) {
		if p, ok := m.(Packet); ok && from == l && (p.Type == Diff || p.Type == Snap || p.Type == Trunc) {
			sent = append(sent, p.Type)
		}
	}
	old.start()
	w.run(3 * time.Second)
	require.Equal(t, []PacketType{Snap}, sent, "a tail of another epoch is not known to end where the next begins")
	w.settle(t)
	require.Equal(t, l.state, old.state)
}

// stored is the last zxid that a server's memory held when it last ran.
func (n *node) stored() int64 { return n.peer.st.last() }

// A server makes its snapshots while the ensemble goes on, so that much is
// committed, and dropped from memory, before one is written: the log behind it
// holds that too.
func TestWhatIsCommittedDuringASnapshotIsInTheLogBehindIt(t *testing.T) {
	for seed := range uint64(10) {
		cfg := small()
		cfg.CommitLogCount = 1
		w := newWorld(seed, 3, cfg).startAll()
		w.run(2 * time.Second)
		for i := range 600 {
			w.propose(w.leader())
			w.run(50 * time.Microsecond)
			if i%100 == 99 {
				n := w.nodes[int(seed)%3]
				n.kill()
				n.start()
				_, ok := w.until(10*time.Second, func() bool { return w.leader() != nil && w.serving() == 3 })
				require.True(t, ok, "%v", w.complaints)
			}
		}
		for _, n := range w.nodes {
			n.kill()
		}
		w.settle(t)
		require.Empty(t, w.complaints)
		require.Len(t, w.leader().state, 601)
	}
}

// A leader's snapshot comes while the follower still writes one of its own:
// what its disk switches to is never an old snapshot with a log that begins
// behind the new one, whenever it crashes.
func TestALeadersSnapshotReplacesOneBeingWritten(t *testing.T) {
	installed := 0
	for crash := range 40 {
		cfg := small()
		cfg.SnapCount, cfg.CommitLogCount = 1<<30, 1
		w := newWorld(uint64(crash), 3, cfg).startAll()
		w.run(2 * time.Second)
		l, f := w.leader(), w.nodes[0]
		many := func(n int) {
			for range n {
				w.propose(l)
				w.run(5 * time.Millisecond)
			}
		}
		many(20)
		f.disk.SetSlow(int64(800 * time.Millisecond))
		f.peer.cfg.SnapCount = 2
		many(3)
		f.peer.cfg.SnapCount = 1 << 30
		for _, n := range w.nodes {
			if n != f {
				w.net.Cut(n.mach, f.mach)
				w.net.Cut(f.mach, n.mach)
			}
		}
		l.peer.cfg.SnapCount = 2
		many(20)
		w.run(1200 * time.Millisecond)
		w.heal()
		w.until(2*time.Second, func() bool { return f.peer.st.next != nil })
		if f.peer.st.next != nil {
			installed++
		}
		many(5)
		w.run(time.Duration(crash) * 250 * time.Millisecond)
		f.disk.SetSlow(0)
		w.lose(f)
		f.start()
		w.settle(t)
		require.Empty(t, w.complaints, "crash %d", crash)
		require.Equal(t, l.state, f.state)
	}
	require.Greater(t, installed, 20)
}
