package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/bound"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/scenarios"
)

// loseServer kills a server of the service, or asks it to end, starts it again
// after a while, and waits until all of them serve and the masters have made up
// their minds. Half of the time it is the leader. One server at a time: the
// others are a majority.
func (s *soak) loseServer(ctx context.Context) error {
	if s.ensemble == nil || len(s.ensemble.Servers()) < 3 {
		return nil
	}
	z := s.ensemble.Servers()[s.draw.IntN(len(s.ensemble.Servers()))]
	if s.draw.IntN(2) == 0 {
		if l := s.ensemble.Leader(ctx); l != nil {
			z = l
		}
	}
	class := []scenarios.Class{scenarios.KillOff, scenarios.KillOff, scenarios.Stop}[s.draw.IntN(3)]
	at := time.Duration(live.Monotonic() - s.start).Round(time.Millisecond)
	d := program.Between(s.draw, s.scenario.Restart).Round(time.Millisecond)
	f := scenarios.Fault{
		At: scenarios.Range{Lo: at, Hi: at}, For: scenarios.Range{Lo: d, Hi: d}, Class: class,
		Groups: [][]string{{fmt.Sprintf("z%d", z.ID())}},
	}
	s.applied = append(s.applied, f)
	s.tellFault(f, "begin")
	if class == scenarios.KillOff {
		z.Kill()
	} else if err := z.Terminate(); err != nil {
		return err
	}
	s.after(d, func(context.Context) error {
		z.Kill() // it may not have ended yet
		err := z.Start()
		s.tellFault(f, "end")
		return err
	})
	ready, err := s.until(ctx, s.patience()+bound.ServerBegin, func() bool {
		return !s.undoing() && s.whole(ctx) && s.active() != nil && s.rejoined()
	})
	if err != nil || !ready {
		return err // the judges will say why
	}
	if s.o.OnFault != nil {
		s.o.OnFault(f, s.events)
	}
	return nil
}

// whole reports whether every server of the service serves.
func (s *soak) whole(ctx context.Context) bool {
	for _, z := range s.ensemble.Servers() {
		if z.Mode(ctx) == "" {
			return false
		}
	}
	return true
}
