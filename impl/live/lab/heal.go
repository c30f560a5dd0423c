package lab

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/bound"
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
	if s.play != nil && s.ensemble != nil {
		for _, z := range s.ensemble.Servers() {
			if z.Ended() { // by itself
				if err := z.Start(); err != nil {
					return 0, err
				}
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
	for _, b := range s.bounds().AtHealing() {
		s.tell(trace.Event{Kind: trace.Bound, Subject: b.Property, N: int64(b.Total()), Detail: b.String()})
		longest = max(longest, b.Total())
	}
	if len(s.scenario.Probes) > 0 {
		longest = max(longest, probesEnd)
	}
	return longest, nil
}

// probesEnd is how long after the healing probes may still work: what faults have
// held up is asked for then.
const probesEnd = time.Minute

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

// bounds is what bounds are computed from now.
func (s *soak) bounds() bound.World {
	pending := 0
	for _, c := range s.clients {
		pending += c.Pending(s.jobsOf(c.ID))
	}
	return bound.World{
		Timers: s.timers, Tick: s.tick(), Restart: s.scenario.Restart.Hi, Masters: s.scenario.Masters, Ours: s.ensemble != nil,
		Noting: len(s.noted), Blocking: s.o.Policy.BlockingStore, Pending: pending, Longest: s.longestJob(), PlanLeft: s.planLeft(),
	}
}

// tellFailoverBounds tells how long a failover may take, and requires it, if
// the run wants that, and how long sessions live.
func (s *soak) tellFailoverBounds() {
	w := s.bounds()
	for _, name := range s.scenario.Require {
		s.tell(trace.Event{Kind: trace.Require, Subject: name})
	}
	if o := w.Outage(); s.scenario.HasApplications() || slices.Contains(s.scenario.Require, o.Property) {
		s.tell(trace.Event{Kind: trace.Bound, Subject: o.Property, N: int64(o.Total()), Detail: o.String()})
	}
	if b := w.Session(); s.scenario.Servers > 0 {
		s.tell(trace.Event{Kind: trace.Bound, Subject: b.Property, N: int64(b.Total()), Detail: b.String()})
	}
	if !slices.Contains(s.scenario.Require, bound.Within) {
		return
	}
	for _, b := range w.OfFailovers() {
		s.tell(trace.Event{Kind: trace.Bound, Subject: b.Property, Value: b.Cause, N: int64(b.Total()), Detail: b.String()})
	}
}

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
