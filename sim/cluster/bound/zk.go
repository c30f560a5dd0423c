package bound

import (
	"cmp"
	"time"
)

// FinalWait is the silence that makes a quorum's vote final, and the first wait
// for votes.
const FinalWait = 200 * time.Millisecond

// BootMax is how long a JVM that is started again needs to get up, at most, as
// measured.
const BootMax = 2100 * time.Millisecond

// Constants of an ensemble's election and synchronisation: ZooKeeper's own, and
// the pace that sim/zk/quorum was calibrated to.
const (
	initLimit    = 10                     // ticks that a leader waits for a majority
	leaderDials  = 500 * time.Millisecond // a follower dials its leader five times, 100 ms apart
	slowestPace  = 300 * time.Millisecond // of a JVM: to detect, to open the port, to follow
	syncMessages = 20                     // messages one after another from the last vote to serving
)

// Quorum is how long a majority of the core may take to serve. A server
// that looks alone waits ever longer between two votes; what it waits now is
// known. One failed attempt is allowed for, because servers may have left
// the faults behind with different views of who leads.
func (w World) Quorum() []Bound {
	if w.Servers < 2 {
		return nil
	}
	tick := cmp.Or(w.Scenario.Ensemble.Tick, w.Timers.Tick)
	initial, silent := cmp.Or(w.Scenario.Ensemble.Init, initLimit), cmp.Or(w.Scenario.Ensemble.Sync, syncLimit)
	n := time.Duration(w.Servers)
	return []Bound{{"quorum-serves", "", []term{
		w.again(),
		{"a dial is given up", w.Timers.Dial},
		{"a server gets up", BootMax},
		{"a silent leader or follower is given up", time.Duration(silent+1) * tick},
		{"servers that look ask again, and once more", 2 * w.LongestWait},
		{"votes change, once a server", n * FinalWait},
		{"a failed attempt is given up", time.Duration(initial)*tick + leaderDials},
		{"votes again", n * FinalWait},
		{"followers dial the leader", leaderDials},
		{"the pace of a JVM", slowestPace},
		{"messages of an election and a synchronisation", w.messages(syncMessages)},
		{"clock drift", w.slow(time.Duration(initial+silent+1) * tick)},
	}}}
}
