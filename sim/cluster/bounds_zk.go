package cluster

import (
	"cmp"
	"time"
)

// Constants of an ensemble's election and synchronisation: ZooKeeper's own, and
// the pace that sim/zk/quorum was calibrated to.
const (
	initLimit    = 10                     // ticks that a leader waits for a majority
	finalWait    = 200 * time.Millisecond // silence that makes a quorum's vote final; also the first wait for votes
	leaderDials  = 500 * time.Millisecond // a follower dials its leader five times, 100 ms apart
	slowestPace  = 300 * time.Millisecond // of a JVM: to detect, to open the port, to follow
	syncMessages = 20                     // messages one after another from the last vote to serving
)

// quorumBounds are how long a majority of the core may take to serve. A server
// that looks alone waits ever longer between two votes; what it waits now is
// known. One failed attempt is allowed for, because servers may have left
// the faults behind with different views of who leads.
func (w *World) quorumBounds() []bound {
	if w.ens == nil || len(w.ens.servers) == 1 {
		return nil
	}
	tick := cmp.Or(w.s.Ensemble.Tick, w.timers.Tick)
	initial, silent := cmp.Or(w.s.Ensemble.Init, initLimit), cmp.Or(w.s.Ensemble.Sync, syncLimit)
	n := time.Duration(len(w.ens.servers))
	return []bound{{"quorum-serves", "", []term{
		{"held messages are sent again", retransmission},
		{"a dial is given up", w.timers.Dial},
		{"a server gets up", bootMax},
		{"a silent leader or follower is given up", time.Duration(silent+1) * tick},
		{"servers that look ask again, and once more", 2 * w.ens.longestWait()},
		{"votes change, once a server", n * finalWait},
		{"a failed attempt is given up", time.Duration(initial)*tick + leaderDials},
		{"votes again", n * finalWait},
		{"followers dial the leader", leaderDials},
		{"the pace of a JVM", slowestPace},
		{"messages of an election and a synchronisation", w.messages(syncMessages)},
		{"clock drift", w.slow(time.Duration(initial+silent+1) * tick)},
	}}}
}
