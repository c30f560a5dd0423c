package quorum

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/server"
	"github.com/simctl/simctl/sim/zk/txnlog"
)

// table writes an election down, vote by vote.
type table struct {
	w   *world
	out strings.Builder
}

func (b *table) line(from, to, what string, n *node) {
	own := n.peer.el.Current()
	fmt.Fprintf(&b.out, "%9.1f  %-4s %-4s %-18s %s\n", float64(b.w.k.Now())/1e6, from, to, what, own.Vote)
}

// TestElectionsVoteByVote runs elections whose servers have logged up to the
// given zxids and writes them down. Delays are of notifications, in
// milliseconds. A line is a notification as it arrives, with the state of its
// sender; the last column is the receiver's vote before it takes it.
func TestElectionsVoteByVote(t *testing.T) {
	datadriven.RunTest(t, "testdata/elections", func(t *testing.T, d *datadriven.TestData) string {
		w := newWorld(1, len(d.CmdArgs), Config{})
		for i, a := range d.CmdArgs {
			var zxid int64
			_, err := fmt.Sscan(a.Key, &zxid)
			require.NoError(t, err)
			var log []byte
			for z := range zxid {
				log = txnlog.Append(log, server.Txn{Zxid: z + 1, Data: []byte{1}})
			}
			n := w.nodes[i]
			n.disk.AppendFile(n.actor, 0, logFile(0), log, host.Call{})
			n.disk.SyncFile(n.actor, 0, logFile(0), host.Call{})
		}
		delays := map[[2]int64]time.Duration{}
		for line := range strings.Lines(d.Input) {
			var from, to int64
			var ms float64
			_, err := fmt.Sscanf(line, "%d to %d: %f ms", &from, &to, &ms)
			require.NoError(t, err)
			delays[[2]int64{from, to}] = time.Duration(ms * float64(time.Millisecond))
		}
		return election1(w, delays)
	})
}

func election1(w *world, delays map[[2]int64]time.Duration) string {
	b := &table{w: w}
	peer := func(n *node, c host.ConnID) int64 {
		if i := n.peer.linkOf(c); i >= 0 {
			return int64(w.cfg.Members[i].ID)
		}
		return 0
	}
	w.delay = func(n *node, c host.ConnID, m host.Message) time.Duration {
		if _, ok := m.(Notification); !ok {
			return 0
		}
		return delays[[2]int64{int64(n.id), peer(n, c)}]
	}
	w.got = func(n *node, c host.ConnID, m host.Message) {
		switch m := m.(type) {
		case Notification:
			b.line(fmt.Sprint(peer(n, c)), fmt.Sprint(n.id), fmt.Sprintf("%s %s", m.State, m.Vote), n)
		case Packet:
			if m.Type == Refusal {
				b.line("", fmt.Sprint(n.id), fmt.Sprintf("%d does not lead", n.peer.f.leader), n)
			}
		}
	}
	w.changed = func(n *node, what string) { b.line("", fmt.Sprint(n.id), "is "+what, n) }
	fmt.Fprintf(&b.out, "%9s  %-4s %-4s %-18s %s\n", "ms", "from", "to", "says", "own vote")
	w.startAll()
	w.until(10*time.Second, func() bool { return w.serving() == len(w.nodes) })
	for _, n := range w.nodes {
		fmt.Fprintf(&b.out, "server %d is %s, and serves: %v\n", n.id, n.peer.Role(), n.peer.Serving())
	}
	return b.out.String()
}
