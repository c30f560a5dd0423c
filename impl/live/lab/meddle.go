package lab

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/vandal"
	"github.com/simctl/simctl/impl/live/trouble"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// meddled are the faults that are told to the processes of a machine.
var meddled = []scenarios.Class{scenarios.DiskFull, scenarios.SlowDisk, scenarios.LostReply, scenarios.SlowOp, scenarios.CutOff}

// troubleOf is the file that says what is wrong with a machine.
func (s *soak) troubleOf(machine string) string { return filepath.Join(s.o.Dir, "trouble-"+machine) }

// sheet is what faults do to a machine now.
func (s *soak) sheet(machine string) *trouble.Sheet {
	if s.play.sheets[machine] == nil {
		s.play.sheets[machine] = trouble.NewSheet(s.troubleOf(machine))
	}
	return s.play.sheets[machine]
}

// meddle begins, or undoes, a fault that the processes of a machine are told of.
func (s *soak) meddle(f scenarios.Fault, machine string, begins bool) error {
	sheet, sign := s.sheet(machine), time.Duration(1)
	if !begins {
		sign = -1
	}
	switch f.Class {
	case scenarios.DiskFull:
		return sheet.Fill(begins)
	case scenarios.SlowDisk:
		return sheet.Slow(f.Extra * sign)
	case scenarios.LostReply:
		return sheet.Lose(f.What, f.N, begins)
	case scenarios.SlowOp:
		return sheet.Delay(f.What, f.Extra, begins)
	default:
		return sheet.Cut(f.What, begins)
	}
}

// vandalise lets a third party delete znodes of a master.
func (s *soak) vandalise(ctx context.Context, f scenarios.Fault, m *member) error {
	t := vandal.Target{Servers: s.servers, Timeout: s.timers.Session, Dir: m.Dir, Term: f.What == "term"}
	for i := range s.records {
		if r := &s.records[i]; string(r.Process) == m.ID && r.Inc == m.Incarnation && r.Event == string(trace.Session) && r.N != 0 {
			t.Owners = append(t.Owners, r.N)
		}
	}
	_, err := vandal.Strike(ctx, t)
	return err
}

// strikeWithin is how long a fault waits for outputs to strike between; then it
// strikes wherever its target happens to be. As in the simulation.
const strikeWithin = time.Second

// A struck is a fault that waits until its target stands still between two
// outputs.
type struck struct {
	fault   scenarios.Fault
	machine string
	process string
}

// strikesBetween lets a fault strike a process once it has made some more
// outputs. It reports false if there is none to be struck so.
func (s *soak) strikesBetween(f scenarios.Fault, name string) (bool, error) {
	machine, _, child := strings.Cut(name, "/")
	m, z := s.member(machine), s.server(name)
	inc, runs := uint32(1), child
	switch {
	case m != nil && !child:
		inc, runs = m.Incarnation, m.runs()
	case z != nil:
		inc, runs = z.Starts(), !z.Ended() && z.Trouble() != "" && z.Records() != ""
	}
	if f.Outputs <= 0 || f.Class == scenarios.Stop || !runs {
		return false, nil
	}
	if m != nil && !child {
		m.held = m.held || f.Class != scenarios.Pause
	}
	waits := struck{f, machine, name}
	s.play.struck = append(s.play.struck, waits)
	s.after(strikeWithin, func(ctx context.Context) error { // too few outputs came
		if !s.spare(waits.fault, name) {
			return nil
		}
		return s.actOnOne(ctx, f, name, 0)
	})
	return true, s.sheet(machine).Strike(name, inc, f.Outputs)
}

// spare takes a strike of a fault back that has not been carried out, and
// reports whether there was one.
func (s *soak) spare(f scenarios.Fault, name string) bool {
	i := slices.IndexFunc(s.play.struck, func(w struck) bool { return w.process == name && w.fault.String() == f.String() })
	if i < 0 {
		return false
	}
	w := s.play.struck[i]
	s.play.struck = slices.Delete(s.play.struck, i, i+1)
	_ = s.sheet(w.machine).Spare() // what is written next says so too
	return true
}

// standsStill is told that a process stands still between two outputs, and does
// with it what the fault is.
func (s *soak) standsStill(r *live.Record) {
	at, name := r.Until, string(r.Process)
	s.due = append(s.due, action{0, func(ctx context.Context) error {
		for _, w := range s.play.struck {
			if w.process == name && s.spare(w.fault, name) {
				return s.actOnOne(ctx, w.fault, name, at)
			}
		}
		return nil
	}})
}

// keep adds records that were read to the run's. That a process stands still, or
// has done all, is for the lab alone.
func (s *soak) keep(rs []live.Record) {
	for i := range rs {
		switch rs[i].Event {
		case live.Struck:
			s.standsStill(&rs[i])
		case live.Done:
		default:
			s.records = append(s.records, rs[i])
		}
	}
}
