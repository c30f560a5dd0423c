// Package bound says how long after the healing of a live run a liveness
// property may stay false: sums of terms, in the words of sim/cluster/bound.
package bound

import (
	"fmt"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios"
)

// A Bound is how long after the healing a liveness property may stay false: a
// sum of terms, each from configuration or from what is pending then.
type Bound struct {
	Property string
	Cause    string // of a failover; empty for the others
	terms    []term
}

type term struct {
	why string
	d   time.Duration
}

// Total is the sum of a bound's terms.
func (b Bound) Total() time.Duration {
	var sum time.Duration
	for _, t := range b.terms {
		sum += t.d
	}
	return sum
}

// String prints the bound term by term.
func (b Bound) String() string {
	var parts []string
	for _, t := range b.terms {
		parts = append(parts, fmt.Sprintf("%v %s", t.d, t.why))
	}
	return b.Total().String() + " = " + strings.Join(parts, " + ")
}

// What stands below the protocol, on a real and busy machine.
const (
	message    = 100 * time.Millisecond // one message or one write of the service, with its sync to disk
	roundTrips = 40                     // messages one after another from an election to Alive
	syncLimit  = 5                      // ticks until a silent server of the service is given up
	begin      = 2 * time.Second        // from the start of a process until it runs
)

// ServerBegin is from the start of a server of the service, on a Java virtual
// machine, until it follows.
const ServerBegin = 5 * time.Second

// A World is what bounds are computed from.
type World struct {
	Timers  scenarios.Timers
	Tick    time.Duration // of the service
	Restart time.Duration // the longest until a process that ended is started again
	Masters int
	Ours    bool // the servers of the service were started by the run, and may have been lost
	Noting  int  // servers that tell what they do
	// Blocking: the store of a master blocks on its retries.
	Blocking bool
	Pending  int           // jobs that have not ended
	Longest  time.Duration // of a job
	PlanLeft time.Duration // while clients still submit
}

// elect is how long until some master has been elected.
func (w World) elect() []term {
	t := w.Timers
	out := []term{
		{"the service elects a leader", syncLimit * w.Tick},
		{"a session notices a dead connection", t.Granted() * 2 / 3},
		{"its client tries each server", t.Granted()},
		{"a handshake is given up", t.Granted()},
		{"a lost session expires", t.Granted() + 2*w.Tick},
		{"a process that ended is started again", w.Restart + begin},
		{"messages of an election", roundTrips * message},
	}
	if w.Ours {
		out = append(out, term{"a server of the service starts", ServerBegin})
	}
	if w.Blocking {
		out = append(out, term{"the blocking store's retries", 7 * t.StoreRetry})
	}
	return out
}

// AtHealing computes every liveness bound at the moment of healing. A cut is
// lifted by a proxy, which passes on what it held at once, so nothing waits for
// a retransmission.
func (w World) AtHealing() []Bound {
	t := w.Timers
	alive := append(w.elect(),
		term{"the predecessor's lease", t.Lease},
		term{"recovery timeout", t.Recovery},
	)
	rejoin := append(alive[:len(alive):len(alive)],
		term{"a worker dials", t.Dial},
		term{"a worker's slowest retry", t.RegisterSlow + t.RegisterSlow/2},
		term{"a lost worker is noticed", 2 * t.WorkerTimeout},
		term{"messages of a registration", roundTrips * message},
	)
	orphans := append(rejoin[:len(rejoin):len(rejoin)],
		term{"a worker is told to end it, and once more", 2 * t.Relaunch},
		term{"from TERM to the end", 2*t.Terminate + 8*message},
	)
	runs := append(rejoin[:len(rejoin):len(rejoin)],
		term{"the rest of the clients' plans", w.PlanLeft},
		term{fmt.Sprintf("%d jobs that have not ended, one after another", w.Pending),
			time.Duration(w.Pending) * (w.Longest + 2*t.Terminate + 8*message)},
		term{"a launch is sent again", 2 * t.Relaunch},
		term{"a client gives up", t.GiveUp},
	)
	answered := append(alive[:len(alive):len(alive)],
		term{"a client dials", t.Dial},
		term{"its patience with every master, twice", 2 * time.Duration(w.Masters) * t.Ask},
		term{"its pauses between two rounds", 2 * t.Retry},
	)
	return append(w.quorum(),
		Bound{"clients-find-the-master", "", answered},
		Bound{"one-alive-after-heal", "", alive}, Bound{"recovery-ends", "", alive}, Bound{"worker-rejoins", "", rejoin}, Bound{"runnable-runs", "", runs},
		Bound{"no-orphans", "", orphans},
	)
}

// quorum are how long a majority of the servers may take to serve, if they
// tell of themselves. What a server that looks for a leader waits now is not
// known, but at most it is ZooKeeper's maxNotificationInterval.
func (w World) quorum() []Bound {
	if w.Noting < 2 { // one alone is no quorum, and tells nothing
		return nil
	}
	const (
		initLimit   = 10
		longestWait = time.Minute
		finalWait   = 200 * time.Millisecond
	)
	return []Bound{{"quorum-serves", "", []term{
		{"a server of the service starts", ServerBegin},
		{"a silent leader or follower is given up", (syncLimit + 1) * w.Tick},
		{"servers that look ask again, and once more", 2 * longestWait},
		{"votes change, twice a server", 6 * finalWait},
		{"a failed attempt is given up", initLimit * w.Tick},
		{"messages of an election and a synchronisation", roundTrips * message},
	}}}
}

// Within is the property that failovers are within their bound.
const Within = "failover-within-bound"

// OfFailovers computes how long each cause of a lost reign may take to the
// next Alive master. A graceful stop pays neither the session nor the lease. If
// a server is lost, what costs the reign is that the master's client does not
// find another one in time, or the leader's loss, after which sessions are
// given their whole timeout again.
func (w World) OfFailovers() (out []Bound) {
	t := w.Timers
	stop := []term{{"messages of an election", roundTrips * message}, {"recovery timeout", t.Recovery}}
	lost := append([]term{{"the session expires", t.Granted() + 2*w.Tick}, {"the predecessor's lease", t.Lease}}, stop...)
	server := append([]term{
		{"the service elects a leader", syncLimit * w.Tick},
		{"a session notices a dead connection", t.Granted() * 2 / 3},
		{"its client tries each server", t.Granted()},
	}, lost...)
	out = append(out, Bound{Within, "stop", stop})
	for _, cause := range []string{"kill", "pause", "host-loss", "partition", "another"} {
		out = append(out, Bound{Within, cause, lost})
	}
	return append(out, Bound{Within, "server-loss", server})
}

// Session is how long a break of a master's connection to the service may be
// that costs no reign.
func (w World) Session() Bound {
	return Bound{"no-needless-failover", "", []term{{"a session lives", w.Timers.Granted()}}}
}

// Outage is the longest time without an active master that running work must
// outlive: a worker stops supervised drivers once its lease has passed since
// it sent the heartbeat that was answered last.
func (w World) Outage() Bound {
	return Bound{"running-work-survives", "", []term{
		{"the lease of workers", w.Timers.WorkerLease},
		{"its heartbeat before the outage, and one after it", -2 * w.Timers.Heartbeat},
		{"messages of a registration", -roundTrips / 2 * message},
	}}
}
