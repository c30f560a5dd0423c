package cluster

import (
	"time"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/zk"
)

// A bound is how long after the healing a liveness property may stay false:
// a sum of terms, each from configuration or from a back-off that the protocol
// has, none from what runs happened to show.
type bound struct {
	property string
	cause    string // of a failover; empty for the others
	terms    []term
}

type term struct {
	why string
	d   time.Duration
}

func (b bound) total() int64 {
	var sum time.Duration
	for _, t := range b.terms {
		sum += t.d
	}
	return int64(sum)
}

// String prints the bound term by term.
func (b bound) String() string {
	text := append(make([]byte, 0, 512), time.Duration(b.total()).String()...)
	for i, t := range b.terms {
		sign := " + "
		if i == 0 {
			sign = " = "
		}
		text = append(text, sign...)
		text = append(text, t.d.String()...)
		text = append(text, ' ')
		text = append(text, t.why...)
	}
	return string(text)
}

// Constants of the parts that stand below the protocol.
const (
	retransmission = 3 * time.Second         // sim/network: longest back-off after a cut heals
	dialServer     = time.Second             // go-zookeeper: dial timeout
	wrapSleep      = time.Second             // both clients: sleep when the server list wraps
	curatorPause   = time.Second             // Curator: the longest pause before a server is tried
	leaderElection = 650 * time.Millisecond  // research/zookeeper.md 7.1: a new leader serves
	serverStart    = 2100 * time.Millisecond // sim/zk: a server that is started again gets up
	syncLimit      = 5                       // ticks until a silent leader or follower is given up
	roundTrips     = 40                      // messages one after another from an election to Alive
)

// session is the session timeout that the service grants.
func (w *World) session() time.Duration {
	return min(max(w.timers.Session, 2*w.timers.Tick), 20*w.timers.Tick)
}

func (w *World) messages(n int) time.Duration {
	return time.Duration(n) * max(w.s.Delay.Max, w.s.Delay.TailMax)
}

// slow is the extra time that the fastest legal drift adds to d.
func (w *World) slow(d time.Duration) time.Duration {
	return d * 3 * time.Duration(w.s.Drift) / million
}

// serviceTerms are how long it may take until the service serves again, once
// everything that is left of it is well.
func (w *World) serviceTerms() []term {
	t := w.timers
	switch {
	case w.ens == nil:
		return []term{
			{"held messages are sent again", retransmission},
			{"a server gets up", serverStart},
			{"the service elects a leader", syncLimit*t.Tick + leaderElection},
		}
	case len(w.ens.servers) == 1:
		return []term{{"held messages are sent again", retransmission}, {"the server gets up", bootMax}}
	}
	return w.quorumBounds()[0].terms
}

// lapTerm is how long a client takes to try each server once.
func (w *World) lapTerm() term {
	n := time.Duration(w.s.Servers)
	if w.opts.Client == zk.Curator {
		return term{"its client tries each server, with a pause before each", w.session() + n*curatorPause + wrapSleep}
	}
	return term{"its client tries each server", n*dialServer + wrapSleep}
}

// hearsay is how late a leader may hear that a follower has heard a client.
func (w *World) hearsay() time.Duration {
	if w.ens == nil {
		return 0
	}
	return w.timers.Tick / 2
}

// bounds computes every liveness bound at the moment of healing.
func (w *World) bounds() []bound {
	t := w.timers
	reconnect := append(w.serviceTerms(),
		term{"a session notices a dead connection", w.session() * 2 / 3},
		w.lapTerm(),
		term{"a handshake is given up", w.session()},
	)
	elect := append(reconnect[:len(reconnect):len(reconnect)],
		term{"a lost session expires", w.session() + t.Tick + w.hearsay()},
		term{"a stopped process is started again", w.s.Restart.Hi},
		term{"messages of an election", w.messages(roundTrips)},
	)
	if w.opts.Policy.BlockingStore {
		elect = append(elect, term{"the blocking store's retries", 7 * t.StoreRetry})
	}
	alive := append(elect[:len(elect):len(elect)],
		term{"the predecessor's lease", t.Lease + w.slow(t.Lease)},
		term{"recovery timeout", t.Recovery},
		term{"clock drift", w.slow(2 * w.session())},
	)
	rejoin := append(alive[:len(alive):len(alive)],
		term{"a worker dials", t.Dial},
		term{"a worker's slowest retry", t.RegisterSlow + t.RegisterSlow/2},
		term{"a lost worker is noticed", 2 * t.WorkerTimeout},
		term{"messages of a registration", w.messages(roundTrips)},
	)
	jobs := time.Duration(w.s.Clients*w.s.Work.Jobs + len(w.s.Ops))
	longest := w.s.Work.RunFor.Hi
	for _, op := range w.s.Ops {
		longest = max(longest, op.RunFor.Hi)
	}
	runs := append(rejoin[:len(rejoin):len(rejoin)],
		term{"every job, one after another", jobs * (longest + 2*t.Terminate + w.messages(8))},
		term{"a launch is sent again", 2 * t.Relaunch},
		term{"a client gives up", t.GiveUp},
	)
	answered := append(alive[:len(alive):len(alive)],
		term{"a client dials", t.Dial},
		term{"its patience with every master, twice", 2 * time.Duration(w.s.Masters) * t.Ask},
		term{"its pauses between two rounds", 2 * t.Retry},
	)
	return []bound{
		{"clients-find-the-master", "", answered},
		{"one-alive-after-heal", "", alive},
		{"recovery-ends", "", alive},
		{"worker-rejoins", "", rejoin},
		{"runnable-runs", "", runs},
	}
}

// failoverBounds are how long each cause of a lost reign may take to the next
// Alive master, in a scenario with one such fault at a time.
func (w *World) failoverBounds() []bound {
	t := w.timers
	finish := []term{
		{"messages of an election", w.messages(roundTrips)},
		{"recovery timeout", t.Recovery},
		{"clock drift", w.slow(w.session())},
	}
	detect := append([]term{
		{"the session expires", w.session() + t.Tick + w.hearsay()},
		{"so does that of a lost standby which was next in line", w.session() + t.Tick + w.hearsay()},
		{"the predecessor's lease", t.Lease},
	}, finish...)
	cut := append([]term{{"held messages are sent again", retransmission}}, detect...)
	return []bound{
		{"failover-within-bound", "stop", finish},
		{"failover-within-bound", "kill", detect},
		{"failover-within-bound", "host-loss", detect},
		{"failover-within-bound", "pause", detect},
		{"failover-within-bound", "partition", cut},
		{"failover-within-bound", "another", detect},
	}
}

// tellFailoverBounds tells the judges what a failover may take, if the
// scenario requires it to be judged.
func (w *World) tellFailoverBounds() {
	for _, r := range w.s.Require {
		if r != "failover-within-bound" {
			continue
		}
		for _, b := range w.failoverBounds() {
			w.tell(&trace.Event{Kind: trace.Bound, Subject: b.property, Value: b.cause, N: b.total(), Detail: b.String()})
		}
	}
}
