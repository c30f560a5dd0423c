package lab

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/model/trace"
)

// heal ends the safety phase: every fault is undone, everything that ended is
// started. It tells the liveness bounds and returns the longest.
func (s *soak) heal(ctx context.Context) (time.Duration, error) {
	if err := s.doDue(ctx, math.MaxInt64); err != nil {
		return 0, err
	}
	for _, m := range s.members {
		if s.play != nil && m.Kind != "client" && m.proc.Ended() {
			if err := s.startMember(m); err != nil {
				return 0, err
			}
		}
	}
	var core []string
	for _, m := range s.members {
		core = append(core, m.ID)
	}
	for i := range s.servers {
		core = append(core, fmt.Sprintf("z%d", i+1))
	}
	s.tell(trace.Event{Kind: trace.Healed, Detail: strings.Join(core, " ")})
	longest := time.Duration(0)
	for _, b := range s.bounds() {
		s.tell(trace.Event{Kind: trace.Bound, Subject: b.property, N: int64(b.total()), Detail: b.String()})
		longest = max(longest, b.total())
	}
	return longest, nil
}

// quietFor is how long everything must have been quiet for the run to end: the
// judges want the counts of cores to have stood still for a while.
const quietFor = 3 * time.Second

// settle waits until all has been quiet for a while, or the bound has passed.
func (s *soak) settle(ctx context.Context, bound time.Duration) error {
	quiet := int64(0)
	_, err := s.until(ctx, bound+time.Second, func() bool {
		now := live.Monotonic()
		if quiet == 0 || !s.isQuiet() {
			quiet = 0
			if s.isQuiet() {
				quiet = now
			}
			return false
		}
		return now-quiet >= int64(quietFor)
	})
	return err
}

// A bound is how long after the healing a liveness property may stay false: a
// sum of terms, each from configuration or from what is pending then.
type bound struct {
	property string
	cause    string // of a failover; empty for the others
	terms    []term
}

type term struct {
	why string
	d   time.Duration
}

func (b bound) total() time.Duration {
	var sum time.Duration
	for _, t := range b.terms {
		sum += t.d
	}
	return sum
}

// String prints the bound term by term.
func (b bound) String() string {
	var parts []string
	for _, t := range b.terms {
		parts = append(parts, fmt.Sprintf("%v %s", t.d, t.why))
	}
	return b.total().String() + " = " + strings.Join(parts, " + ")
}

// What stands below the protocol, on a real and busy machine.
const (
	message    = 100 * time.Millisecond // one message or one write of the service, with its sync to disk
	roundTrips = 40                     // messages one after another from an election to Alive
	syncLimit  = 5                      // ticks until a silent server of the service is given up
	begin      = 2 * time.Second        // from the start of a process until it runs
	// serverBegin is from the start of a server of the service, on a Java
	// virtual machine, until it follows.
	serverBegin = 5 * time.Second
)

// bounds computes every liveness bound at the moment of healing, in the terms
// of sim/cluster. A cut is lifted by a proxy, which passes on what it held at
// once, so nothing waits for a retransmission.
func (s *soak) bounds() []bound {
	t := s.timers
	elect := []term{
		{"the service elects a leader", syncLimit * s.tick()},
		{"a session notices a dead connection", t.Granted() * 2 / 3},
		{"its client tries each server", t.Granted()},
		{"a handshake is given up", t.Granted()},
		{"a lost session expires", t.Granted() + 2*s.tick()},
		{"a process that ended is started again", s.scenario.Restart.Hi + begin},
		{"messages of an election", roundTrips * message},
	}
	if s.ensemble != nil {
		elect = append(elect, term{"a server of the service starts", serverBegin})
	}
	if s.o.Policy.BlockingStore {
		elect = append(elect, term{"the blocking store's retries", 7 * t.StoreRetry})
	}
	alive := append(elect,
		term{"the predecessor's lease", t.Lease},
		term{"recovery timeout", t.Recovery},
	)
	rejoin := append(alive[:len(alive):len(alive)],
		term{"a worker dials", t.Dial},
		term{"a worker's slowest retry", t.RegisterSlow + t.RegisterSlow/2},
		term{"a lost worker is noticed", 2 * t.WorkerTimeout},
		term{"messages of a registration", roundTrips * message},
	)
	pending := 0
	for _, c := range s.clients {
		pending += c.pending(s.jobsOf(c.id))
	}
	runs := append(rejoin[:len(rejoin):len(rejoin)],
		term{"the rest of the clients' plans", s.planLeft()},
		term{fmt.Sprintf("%d jobs that have not ended, one after another", pending),
			time.Duration(pending) * (s.longestJob() + 2*t.Terminate + 8*message)},
		term{"a launch is sent again", 2 * t.Relaunch},
		term{"a client gives up", t.GiveUp},
	)
	answered := append(alive[:len(alive):len(alive)],
		term{"a client dials", t.Dial},
		term{"its patience with every master, twice", 2 * time.Duration(s.scenario.Masters) * t.Ask},
		term{"its pauses between two rounds", 2 * t.Retry},
	)
	return append(s.quorumBounds(),
		bound{"clients-find-the-master", "", answered},
		bound{"one-alive-after-heal", "", alive}, bound{"recovery-ends", "", alive}, bound{"worker-rejoins", "", rejoin}, bound{"runnable-runs", "", runs},
	)
}

// quorumBounds are how long a majority of the servers may take to serve, if
// they tell of themselves. What a server that looks for a leader waits now is
// not known, but at most it is ZooKeeper's maxNotificationInterval.
func (s *soak) quorumBounds() []bound {
	if len(s.noted) < 2 { // one alone is no quorum, and tells nothing
		return nil
	}
	const (
		initLimit   = 10
		longestWait = time.Minute
		finalWait   = 200 * time.Millisecond
	)
	return []bound{{"quorum-serves", "", []term{
		{"a server of the service starts", serverBegin},
		{"a silent leader or follower is given up", (syncLimit + 1) * s.tick()},
		{"servers that look ask again, and once more", 2 * longestWait},
		{"votes change, twice a server", 6 * finalWait},
		{"a failed attempt is given up", initLimit * s.tick()},
		{"messages of an election and a synchronisation", roundTrips * message},
	}}}
}

// tellFailoverBounds tells how long each cause of a lost reign may take to the
// next Alive master, and requires it. A graceful stop pays neither the session
// nor the lease. If a server is lost, what costs the reign is that the master's
// client does not find another one in time, or the leader's loss, after which
// sessions are given their whole timeout again.
func (s *soak) tellFailoverBounds() {
	t := s.timers
	stop := []term{{"messages of an election", roundTrips * message}, {"recovery timeout", t.Recovery}}
	lost := append([]term{{"the session expires", t.Granted() + 2*s.tick()}, {"the predecessor's lease", t.Lease}}, stop...)
	server := append([]term{
		{"the service elects a leader", syncLimit * s.tick()},
		{"a session notices a dead connection", t.Granted() * 2 / 3},
		{"its client tries each server", t.Granted()},
	}, lost...)
	for _, name := range s.scenario.Require {
		s.tell(trace.Event{Kind: trace.Require, Subject: name})
	}
	if o := s.outage(); s.scenario.HasApplications() || slices.Contains(s.scenario.Require, o.property) {
		s.tell(trace.Event{Kind: trace.Bound, Subject: o.property, N: int64(o.total()), Detail: o.String()})
	}
	if !slices.Contains(s.scenario.Require, withinBound) {
		return
	}
	for _, b := range []bound{
		{withinBound, "stop", stop}, {withinBound, "kill", lost}, {withinBound, "pause", lost}, {withinBound, "host-loss", lost}, {withinBound, "partition", lost}, {withinBound, "another", lost},
		{withinBound, "server-loss", server},
	} {
		s.tell(trace.Event{Kind: trace.Bound, Subject: b.property, Value: b.cause, N: int64(b.total()), Detail: b.String()})
	}
}

// outage is the longest time without an active master that running work must
// outlive: a worker stops supervised drivers once its lease
// has passed since it sent the heartbeat that was answered last.
func (s *soak) outage() bound {
	return bound{"running-work-survives", "", []term{
		{"the lease of workers", s.timers.WorkerLease},
		{"its heartbeat before the outage, and one after it", -2 * s.timers.Heartbeat},
		{"messages of a registration", -roundTrips / 2 * message},
	}}
}

const withinBound = "failover-within-bound"

// tick is the service's tick. One that stands already is taken to have that of
// ZooKeeper's sample configuration, if ours is not longer.
func (s *soak) tick() time.Duration {
	if s.ensemble != nil {
		return s.ensemble.Tick()
	}
	return max(s.timers.Tick, 2*time.Second)
}

// planLeft is how long the clients still have jobs to submit.
func (s *soak) planLeft() time.Duration {
	return max(0, s.scenario.Safety-time.Duration(live.Monotonic()-s.clientsBegan))
}
