package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/lab/proc"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// resolve turns targets into machines; nil if a group is empty.
func (s *soak) resolve(ctx context.Context, f scenarios.Fault) [][]string {
	var groups [][]string
	var taken []string
	take := func(g int, names []string) {
		for _, n := range names {
			if !slices.Contains(taken, n) {
				groups[g], taken = append(groups[g], n), append(taken, n)
			}
		}
	}
	for g, targets := range f.Groups {
		groups = append(groups, nil)
		for _, t := range targets {
			if t != "rest" {
				take(g, s.expand(ctx, t))
			}
		}
	}
	for g, targets := range f.Groups {
		if slices.Contains(targets, "rest") {
			take(g, s.everyone())
		}
		if len(groups[g]) == 0 {
			return nil
		}
	}
	return groups
}

// expand lists the machines that a target names now.
func (s *soak) expand(ctx context.Context, target string) []string {
	of := func(kind string, want func(*member) bool) (out []string) {
		for _, m := range s.members {
			if m.Kind == kind && want(m) {
				out = append(out, m.ID)
			}
		}
		return out
	}
	all := func(*member) bool { return true }
	running := (*member).runs
	leads := func(m *member) bool { return m.runs() && m.state != "" && m.state != "Standby" }
	switch target {
	case "everyone":
		return s.everyone()
	case "masters", "workers", "clients", "probes":
		return of(target[:len(target)-1], all)
	case "servers":
		return s.everyone()[len(s.members):]
	case "active":
		if a := s.active(); a != nil {
			return []string{a.ID}
		}
		return s.one(of("master", leads))
	case "standby":
		return s.one(of("master", func(m *member) bool { return m.runs() && !leads(m) }))
	case "any-master", "any-probe":
		return s.one(of(target[len("any-"):], running))
	case "any-worker":
		return s.one(of("worker", running))
	case "busy-worker":
		return s.one(of("worker", func(m *member) bool { return m.runs() && m.busy }))
	case "driver-worker":
		return s.one(of("worker", func(m *member) bool { return len(m.running("driver")) > 0 }))
	case "any-driver", "any-executor":
		return s.one(s.processes(target[len("any-"):]))
	case "zk-leader", "zk-follower", "any-server":
		return s.one(s.serversThat(ctx, target))
	}
	if slices.Contains(s.everyone(), target) {
		return []string{target}
	}
	return nil
}

// one is one of the names, or none of none.
func (s *soak) one(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	i := s.draw.IntN(len(names))
	return names[i : i+1]
}

// act begins a fault whose roles are resolved.
func (s *soak) act(ctx context.Context, f scenarios.Fault) error {
	if f.Class.Links() {
		s.play.lines.Act(f, true)
		return nil
	}
	if f.Class == scenarios.Leader {
		if z := s.ensemble.Leader(ctx); z != nil {
			s.takeServer(z, trace.KilledOff)
			s.after(serverBack, func(context.Context) error { return s.giveServer(z) })
		}
		return nil
	}
	var errs []error
	for _, name := range f.Groups[0] {
		waits, err := s.strikesBetween(f, name)
		if !waits && err == nil {
			err = s.actOnOne(ctx, f, name, 0)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// actOnOne begins a fault of a machine or process. With a moment it has stood
// still since then.
func (s *soak) actOnOne(ctx context.Context, f scenarios.Fault, name string, since int64) error {
	s.play.since = since
	defer func() { s.play.since = 0 }()
	if child, err := s.strikeChild(f.Class, name); child {
		return err
	}
	if slices.Contains(meddled, f.Class) {
		return s.meddle(f, name, true)
	}
	if z := s.server(name); z != nil {
		return s.actOnServer(f.Class, z)
	}
	if m := s.member(name); m != nil {
		return s.actOn(ctx, f, m)
	}
	return nil
}

// from is when what is done now began: at this moment, or when the process that
// it is done to stood still for it.
func (s *soak) from() int64 {
	if s.play != nil && s.play.since > 0 {
		return s.play.since
	}
	return live.Monotonic()
}

func (s *soak) actOn(ctx context.Context, f scenarios.Fault, m *member) error {
	gone := m.proc.Ended()
	m.held = m.held || slices.Contains([]scenarios.Class{scenarios.Stop, scenarios.KillOff, scenarios.HostLoss}, f.Class)
	switch f.Class {
	case scenarios.Stop:
		m.ours = true
		if !gone {
			return m.proc.Stop()
		}
	case scenarios.KillOff:
		s.end(m, trace.KilledOff)
	case scenarios.HostLoss:
		s.isolate(m.ID)
		s.end(m, trace.HostLost)
	case scenarios.Pause:
		if !gone && !m.paused {
			return s.pause(m)
		}
	case scenarios.Decommission:
		if !gone {
			return m.proc.Decommission()
		}
	case scenarios.Expire:
		return s.expire(ctx, m)
	case scenarios.DeleteZ:
		return s.vandalise(ctx, f, m)
	case scenarios.ClockJump:
		return s.moveClock(m, f.Extra)
	default:
		return fmt.Errorf("no real process can have it")
	}
	return nil
}

// end kills a process that runs, and tells how; one that has ended stays so.
func (s *soak) end(m *member, how trace.Kind) {
	gone := m.proc.Ended()
	m.ours, m.paused = true, false
	if gone {
		return
	}
	m.told = true
	from := s.from()
	_ = m.proc.Kill() // it may have ended by itself: then its record says so
	m.proc.Wait()
	s.tell(trace.Event{Process: m.ID, Inc: m.Incarnation, Kind: how, N: proc.Killed, At: from, Until: live.Monotonic()})
}

// unact undoes a fault.
func (s *soak) unact(f scenarios.Fault) error {
	if f.Class.Links() {
		s.play.lines.Act(f, false)
		return nil
	}
	var errs []error
	for _, name := range slices.Concat(f.Groups...) {
		s.spare(f, name) // it may still wait
		z, m := s.server(name), s.member(name)
		if z == nil && m == nil {
			errs = append(errs, s.resumeChild(f.Class, name))
			continue
		}
		if slices.Contains(meddled, f.Class) {
			errs = append(errs, s.meddle(f, name, false))
			continue
		}
		switch f.Class {
		case scenarios.HostLoss, scenarios.Stop, scenarios.KillOff:
			if f.Class == scenarios.HostLoss {
				s.rejoin(name)
			}
			if z != nil {
				errs = append(errs, s.giveServer(z))
			} else {
				errs = append(errs, s.startAgain(m))
			}
		case scenarios.Pause:
			switch {
			case z != nil && !z.Ended():
				errs = append(errs, z.Resume())
			case m != nil && m.paused && !m.proc.Ended():
				errs = append(errs, s.undo(f, m))
			}
		default: // it has no end
		}
	}
	return errors.Join(errs...)
}

// startAgain starts a process that a fault ended, unless something else has
// started it meanwhile.
func (s *soak) startAgain(m *member) error {
	m.held = false
	if !m.ours {
		return nil
	}
	s.end(m, trace.KilledOff) // it was asked to stop and did not
	return s.startMember(m)
}

// expire ends the sessions of a process at the service, before it knows: it
// takes each over with the password that the service gave, which stands in
// what came over the link, and closes it.
func (s *soak) expire(ctx context.Context, m *member) error {
	for i, addr := range s.servers {
		for _, p := range s.mesh.From(m.ID, serverName(i)) {
			for _, hello := range p.Greetings() {
				if id, password, ok := ensemble.SessionIn(hello); ok {
					_ = ensemble.CloseSession(ctx, addr, id, password, s.timers.Session) // a server that is away: the session lives on
				}
			}
		}
	}
	return nil
}
