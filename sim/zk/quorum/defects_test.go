package quorum

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/zk/server"
)

// crashes loses machines of three at moments that the actions choose, brings
// them back, and returns the world in the end.
func crashes(seed uint64, d Defects, actions []string) *world {
	cfg := small()
	cfg.SnapCount, cfg.Defects = 1000, d
	w := newWorld(seed, 3, cfg).startAll()
	w.run(time.Second)
	draws := uint64(0)
	draw := func(n int) int {
		draws++
		return int(w.k.Below(kernel.KeyOf("crashes"), draws, uint64(n)))
	}
	for range 60 {
		for _, n := range w.nodes {
			if n.up && n.role == server.Leading {
				for range draw(12) {
					w.propose(n)
				}
			}
		}
		n := w.nodes[draw(3)]
		w.strike(n, actions[draw(len(actions))])
		w.run(time.Duration(draw(3)*draw(400_000)+draw(8_000)) * time.Microsecond)
	}
	for _, n := range w.nodes {
		n.start()
	}
	w.until(30*time.Second, func() bool { return w.leader() != nil && w.serving() == len(w.nodes) })
	return w
}

func (w *world) lose(n *node) {
	n.crash()
	w.lost(n)
}

// strike carries an action out.
func (w *world) strike(n *node, action string) {
	switch action {
	case "crash":
		w.lose(n)
	case "leave":
		for _, m := range w.nodes {
			if m != n {
				w.lose(m)
			}
		}
	case "reign": // all are lost as soon as one leads; it stays away for a while
		reigns := w.reigns
		if _, ok := w.until(time.Second, func() bool { return w.reigns > reigns }); !ok {
			return
		}
		l := w.leader()
		for _, m := range w.nodes {
			w.lose(m)
		}
		for _, m := range w.nodes {
			if m != l {
				m.start()
			}
		}
		w.run(time.Second)
	case "start":
		for _, n := range w.nodes {
			n.start()
		}
	}
}

// TestKnownDefectsAreFound turns each on and searches a seed that shows it. The
// same seeds show nothing without.
func TestKnownDefectsAreFound(t *testing.T) {
	for _, tt := range []struct {
		name string
		d    Defects
		acts []string
	}{
		{"ZOOKEEPER-4643", Defects{EpochBeforeLog: true}, []string{"crash", "start", "nothing"}},
		{"ZOOKEEPER-4646", Defects{AckBeforeLog: true}, []string{"crash", "leave", "reign", "start", "start", "start", "nothing"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(2000) {
				w := crashes(seed, tt.d, tt.acts)
				if w.broken() == "" {
					continue
				}
				t.Logf("seed %d: %s: %v %v", seed, w.broken(), w.violations()[0], w.complaints)
				clean := crashes(seed, Defects{}, tt.acts)
				require.Empty(t, clean.broken(), "without it")
				return
			}
			t.Fatal("not found")
		})
	}
}
