package lab

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// The room between two losses of the active master: from the moment at which
// the last one is undone and every worker follows the new one.
var room = scenarios.Range{Lo: time.Second, Hi: 4 * time.Second}

// safety takes the active master away, in every way in turn, until the time is
// over. In between a worker dies now and then, or a server of the service.
func (s *soak) safety(ctx context.Context) error {
	end := live.Monotonic() + int64(s.o.For)
	for {
		causes := slices.Clone(s.o.Causes)
		s.draw.Shuffle(len(causes), func(i, j int) { causes[i], causes[j] = causes[j], causes[i] })
		for _, cause := range causes {
			if err := s.pass(ctx, program.Between(s.draw, room), end); err != nil {
				return err
			}
			if s.draw.IntN(2) == 0 {
				if err := s.loseWorker(); err != nil {
					return err
				}
				if err := s.pass(ctx, program.Between(s.draw, room)/2, end); err != nil {
					return err
				}
			}
			if live.Monotonic() < end && s.draw.IntN(2) == 0 {
				if err := s.loseServer(ctx); err != nil {
					return err
				}
				if err := s.pass(ctx, program.Between(s.draw, room), end); err != nil {
					return err
				}
			}
			if live.Monotonic() >= end {
				return nil
			}
			if err := s.loseMaster(ctx, cause); err != nil {
				return err
			}
		}
	}
}

// pass lets time pass, but not beyond the end of the safety phase.
func (s *soak) pass(ctx context.Context, d time.Duration, end int64) error {
	left := time.Duration(end - live.Monotonic())
	_, err := s.until(ctx, min(d, left), func() bool { return false })
	return err
}

// loseMaster strikes the active master, and waits for the next one, until the
// fault is undone, and until every worker follows.
func (s *soak) loseMaster(ctx context.Context, cause scenarios.Class) error {
	ready, err := s.until(ctx, s.patience(), func() bool { return s.active() != nil })
	if err != nil || !ready {
		return err // without an active master there is none to lose: the judges will say why
	}
	m := s.active()
	term := m.term
	f := s.fault(cause, m)
	if err := s.strike(f, m); err != nil {
		return err
	}
	if _, err := s.until(ctx, s.patience(), func() bool {
		a := s.active()
		return a != nil && a.term > term
	}); err != nil {
		return err
	}
	_, err = s.until(ctx, s.patience(), func() bool { return !s.undoing() && s.rejoined() })
	if err == nil && s.o.OnFault != nil {
		s.o.OnFault(f, s.events)
	}
	return err
}

// patience is how long a failover may take before the soak goes on without.
func (s *soak) patience() time.Duration {
	t := s.timers
	return 2*t.Granted() + 5*t.Tick + t.Lease + 2*t.Recovery + t.RegisterSlow + 10*time.Second
}

// undoing reports whether something that was done is still to be undone.
func (s *soak) undoing() bool { return len(s.due) > 0 }

// fault draws the fault that strikes m now. A pause and a cut outlast the
// session.
func (s *soak) fault(class scenarios.Class, m *member) scenarios.Fault {
	at := time.Duration(live.Monotonic() - s.start).Round(time.Millisecond)
	lasts := s.scenario.Restart
	if class == scenarios.Pause || class == scenarios.Partition {
		least := s.timers.Granted() + 2*s.timers.Tick
		lasts = scenarios.Range{Lo: least + 2*time.Second, Hi: least + 6*time.Second}
	}
	d := program.Between(s.draw, lasts).Round(time.Millisecond)
	f := scenarios.Fault{
		At: scenarios.Range{Lo: at, Hi: at}, For: scenarios.Range{Lo: d, Hi: d}, Class: class, Groups: [][]string{{m.ID}},
	}
	if class == scenarios.Partition {
		var servers []string
		for i := range s.servers {
			servers = append(servers, fmt.Sprintf("z%d", i+1))
		}
		f.Groups = append(f.Groups, servers)
	}
	return f
}

// loseWorker kills a running worker, if there is another.
func (s *soak) loseWorker() error {
	var running []*member
	for _, m := range s.members {
		if m.Kind == "worker" && m.runs() {
			running = append(running, m)
		}
	}
	if len(running) < 2 {
		return nil
	}
	m := running[s.draw.IntN(len(running))]
	f := s.fault(scenarios.KillOff, m)
	if err := s.strike(f, m); err != nil {
		return err
	}
	if s.o.OnFault != nil {
		s.o.OnFault(f, s.events)
	}
	return nil
}

// strike begins a fault and sees to its end.
func (s *soak) strike(f scenarios.Fault, m *member) error {
	s.applied = append(s.applied, f)
	s.tellFault(f, "begin")
	var err error
	switch f.Class {
	case scenarios.Stop:
		m.ours = true
		err = m.proc.Stop()
	case scenarios.KillOff:
		s.end(m, trace.KilledOff)
	case scenarios.Pause:
		err = s.pause(m)
	case scenarios.Partition:
		for i := range s.servers {
			s.mesh.Cut(m.ID, serverName(i))
			s.mesh.Cut(serverName(i), m.ID)
		}
	default:
		err = fmt.Errorf("fault %q: no real process can have it", f)
	}
	s.after(f.For.Lo, func(context.Context) error {
		err := s.undo(f, m)
		s.tellFault(f, "end")
		return err
	})
	return err
}

func (s *soak) tellFault(f scenarios.Fault, phase string) {
	s.tell(trace.Event{Kind: trace.Fault, Subject: string(f.Class), Value: phase, Detail: f.String()})
}

func (s *soak) pause(m *member) error {
	from := s.from()
	if err := m.proc.Pause(); err != nil {
		return err
	}
	m.paused = true
	s.tell(trace.Event{Process: m.ID, Inc: m.Incarnation, Kind: trace.Paused, At: from, Until: live.Monotonic()})
	return nil
}

// undo undoes a fault.
func (s *soak) undo(f scenarios.Fault, m *member) error {
	switch f.Class {
	case scenarios.Stop, scenarios.KillOff:
		if !m.proc.Ended() { // it was asked to stop and did not
			s.end(m, trace.KilledOff)
		}
		return s.startMember(m)
	case scenarios.Pause:
		from := live.Monotonic()
		m.paused = false
		s.tell(trace.Event{Process: m.ID, Inc: m.Incarnation, Kind: trace.Resumed, At: from})
		return m.proc.Resume()
	default:
		for i := range s.servers {
			s.mesh.Heal(m.ID, serverName(i))
			s.mesh.Heal(serverName(i), m.ID)
		}
		return nil
	}
}
