// Package bound computes how long after the healing a liveness property may
// stay false, from what is configured and from back-offs that the protocol has.
package bound

import (
	"slices"
	"time"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/timers"
	"github.com/simctl/simctl/sim/zk"
)

// A Bound is how long after the healing a liveness property may stay false:
// a sum of terms, each from configuration or from a back-off that the protocol
// has, none from what runs happened to show.
type Bound struct {
	Property string
	Cause    string // of a failover; empty for the others
	terms    []term
}

type term struct {
	why string
	d   time.Duration
}

// A World is what the bounds follow from.
type World struct {
	Scenario scenarios.Scenario
	Timers   timers.Timers
	Blocking bool // the store blocks the master
	Client   zk.Profile
	// Servers is how many processes the service is made of; 0: it is one
	// service behind endpoints.
	Servers int
	// LongestWait is how long a server that looks for a leader waits for votes
	// now, at most.
	LongestWait time.Duration
}

// Total is the bound in nanoseconds.
func (b Bound) Total() int64 {
	var sum time.Duration
	for _, t := range b.terms {
		sum += t.d
	}
	return int64(sum)
}

// String prints the bound term by term.
func (b Bound) String() string {
	text := append(make([]byte, 0, 512), time.Duration(b.Total()).String()...)
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
	lossyLag       = 6200 * time.Millisecond // sim/network: a packet that was lost five times, the last time just before
	dialServer     = time.Second             // go-zookeeper: dial timeout
	wrapSleep      = time.Second             // both clients: sleep when the server list wraps
	curatorPause   = time.Second             // Curator: the longest pause before a server is tried
	leaderElection = 650 * time.Millisecond  // research/zookeeper.md 7.1: a new leader serves
	serverStart    = 2100 * time.Millisecond // sim/zk: a server that is started again gets up
	syncLimit      = 5                       // ticks until a silent leader or follower is given up
	leases         = 3                       // times a worker's timeout: its lease
	roundTrips     = 40                      // messages one after another from an election to Alive
)

// session is the session timeout that the service grants.
func (w World) session() time.Duration {
	return min(max(w.Timers.Session, 2*w.Timers.Tick), 20*w.Timers.Tick)
}

func (w World) messages(n int) time.Duration {
	return time.Duration(n) * (max(w.Scenario.Delay.Max, w.Scenario.Delay.TailMax) + w.Scenario.Order.Window)
}

// slow is the extra time that the fastest legal drift adds to d.
func (w World) slow(d time.Duration) time.Duration {
	return d * 3 * time.Duration(w.Scenario.Drift) / 1_000_000
}

// again is how long after the faults, or the end of one, TCP may wait before it sends
// what was held up or lost.
func (w World) again() term {
	lossy := func(f scenarios.Fault) bool { return f.Class == scenarios.Lossy }
	if slices.ContainsFunc(w.Scenario.Faults, lossy) {
		return term{"lost messages are sent again", lossyLag}
	}
	return term{"held messages are sent again", retransmission}
}

// serviceTerms are how long it may take until the service serves again, once
// everything that is left of it is well.
func (w World) serviceTerms() []term {
	t := w.Timers
	switch {
	case w.Scenario.Servers == 0:
		return nil
	case w.Servers == 0:
		return []term{
			w.again(),
			{"a server gets up", serverStart},
			{"the service elects a leader", syncLimit*t.Tick + leaderElection},
		}
	case w.Servers == 1:
		return []term{w.again(), {"the server gets up", BootMax}}
	}
	return w.Quorum()[0].terms
}

// lapTerm is how long a client takes to try each server once.
func (w World) lapTerm() term {
	n := time.Duration(w.Scenario.Servers)
	if w.Client == zk.Curator {
		return term{"its client tries each server, with a pause before each", w.session() + n*curatorPause + wrapSleep}
	}
	return term{"its client tries each server", n*dialServer + wrapSleep}
}

// hearsay is how late a leader may hear that a follower has heard a client.
func (w World) hearsay() time.Duration {
	if w.Servers == 0 {
		return 0
	}
	return w.Timers.Tick / 2
}

// Healed computes every liveness bound at the moment of healing.
func (w World) Healed() []Bound {
	t := w.Timers
	reconnect := append(w.serviceTerms(),
		term{"a session notices a dead connection", w.session() * 2 / 3},
		w.lapTerm(),
		term{"a handshake is given up", w.session()},
	)
	elect := append(reconnect[:len(reconnect):len(reconnect)],
		term{"a lost session expires", w.session() + t.Tick + w.hearsay()},
		term{"a stopped process is started again", w.Scenario.Restart.Hi},
		term{"messages of an election", w.messages(roundTrips)},
	)
	if w.Blocking {
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
	orphans := append(rejoin[:len(rejoin):len(rejoin)],
		term{"a worker is told to end it, and once more", 2 * t.Relaunch},
		term{"from TERM to the end", 2*t.Terminate + w.messages(8)},
	)
	jobs := time.Duration(w.Scenario.Clients*w.Scenario.Work.Jobs + len(w.Scenario.Ops))
	longest := max(w.Scenario.Work.RunFor.Hi, w.Scenario.Work.App.Longest())
	for _, op := range w.Scenario.Ops {
		longest = max(longest, op.RunFor.Hi, op.App.Longest())
	}
	runs := append(rejoin[:len(rejoin):len(rejoin)],
		term{"every job, one after another", jobs * (longest + 2*t.Terminate + w.messages(8))},
		term{"the lease of a lost worker", t.WorkerLease + t.Terminate + w.slow(t.WorkerLease+t.Terminate)},
		term{"a launch is sent again", 2 * t.Relaunch},
		term{"a client gives up", t.GiveUp},
	)
	answered := append(alive[:len(alive):len(alive)],
		term{"a client dials", t.Dial},
		term{"its patience with every master, twice", 2 * time.Duration(w.Scenario.Masters) * t.Ask},
		term{"its pauses between two rounds", 2 * t.Retry},
	)
	return []Bound{
		{"clients-find-the-master", "", answered},
		{"one-alive-after-heal", "", alive},
		{"recovery-ends", "", alive},
		{"worker-rejoins", "", rejoin},
		{"no-orphans", "", orphans},
		{"runnable-runs", "", runs},
	}
}

// Failovers are how long each cause of a lost reign may take to the next
// Alive master, in a scenario with one such fault at a time.
func (w World) Failovers() []Bound {
	t := w.Timers
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
	cut := append([]term{w.again()}, detect...)
	return []Bound{
		{"failover-within-bound", "stop", finish},
		{"failover-within-bound", "kill", detect},
		{"failover-within-bound", "host-loss", detect},
		{"failover-within-bound", "pause", detect},
		{"failover-within-bound", "partition", cut},
		{"failover-within-bound", "another", detect},
	}
}

// Session is how long a break of a master's connection to the service may be
// that costs no reign.
func (w World) Session() Bound {
	return Bound{"no-needless-failover", "", []term{{"a session lives", w.session()}}}
}

// Outage is the longest time without an active master that running work must
// outlive: a worker stops supervised drivers once its lease has passed since it
// sent the heartbeat that was answered last.
func (w World) Outage() Bound {
	t := w.Timers
	lease := leases * t.WorkerTimeout
	return Bound{"running-work-survives", "", []term{
		{"the lease of workers", lease},
		{"its heartbeat before the outage, and one after it", -2 * t.Heartbeat},
		{"messages of a registration", -w.messages(roundTrips / 2)},
		{"clock drift", -w.slow(lease)},
	}}
}
