package lab

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/lab/lines"
	"github.com/simctl/simctl/impl/live/lab/refusal"
	"github.com/simctl/simctl/impl/live/lab/rounds"
	"github.com/simctl/simctl/impl/live/trouble"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// A playing is a scenario that is carried out.
type playing struct {
	written scenarios.Scenario
	waiting []waiting
	closed  bool // the safety phase is over: no fault begins any more
	broken  []broken
	jumped  map[string]time.Duration
	down    map[int]int // how many faults want a server gone now, by its id
	lines   lines.Faults
	sheets  map[string]*trouble.Sheet // what is wrong with machines
	struck  []struck
	since   int64 // see from
}

// waiting is a fault whose moment has come and whose event has not.
type waiting struct {
	fault scenarios.Fault
	left  int  // events of its kind still to come
	due   bool // none is
}

// setScenario takes from the scenario what else the options say.
func (o *Options) setScenario() error {
	s := o.Scenario
	if err := refusal.Of(s); err != nil {
		return fmt.Errorf("soak %s: %w", s.Name, err)
	}
	if err := refusal.Service(s, o.Embedded, len(o.ZK) > 0); err != nil {
		return fmt.Errorf("soak %s: %w", s.Name, err)
	}
	own, err := conf.ParseAll(s.Conf)
	if err != nil {
		return fmt.Errorf("soak %s: %w", s.Name, err)
	}
	o.Conf = own.With(o.Conf)
	o.Masters, o.Workers, o.Clients = s.Masters, s.Workers, s.Clients
	if o.For == 0 {
		o.For = s.Safety
	}
	return nil
}

// prepare draws the run: the scenario's faults and its operations, again for
// each time that it is played.
func (s *soak) prepare() error {
	s.play = &playing{written: s.o.Scenario.Clone(), jumped: map[string]time.Duration{}, down: map[int]int{}, lines: lines.Faults{Mesh: &s.mesh}, sheets: map[string]*trouble.Sheet{}}
	written := s.o.Scenario.Clone()
	s.scenario = rounds.Of(written, s.o.For, s.o.Seed)
	s.scenario.Conf, s.scenario.Timers = s.o.Conf.List(), s.o.Timers
	if err := s.scenario.Check(); err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	return nil
}

// written is the scenario as it stands in its file.
func (s *soak) written() scenarios.Scenario {
	if s.play == nil {
		return s.scenario
	}
	return s.play.written
}

// opsOf are the explicit operations of one client.
func (s *soak) opsOf(client string) (out []scenarios.Op) {
	for _, o := range s.scenario.Ops {
		if o.Client == client {
			out = append(out, o)
		}
	}
	return out
}

// jobsOf counts what a client submits and then asks about: of a driver beside
// it nobody asks.
func (s *soak) jobsOf(client string) int {
	n := s.scenario.Work.Jobs
	if s.scenario.Work.App.Mode == scenarios.InClient {
		n = 0
	}
	for _, o := range s.opsOf(client) {
		if o.Kind == scenarios.Submit && o.App.Mode != scenarios.InClient {
			n++
		}
	}
	return n
}

// longestJob is how long a job may run.
func (s *soak) longestJob() time.Duration {
	longest := max(s.scenario.Work.RunFor.Hi, s.scenario.Work.App.Longest())
	for _, o := range s.scenario.Ops {
		longest = max(longest, o.RunFor.Hi, o.App.Longest())
	}
	return longest
}

// tickOf is the tick of a scenario's servers.
func (s *soak) tickOf(sc *scenarios.Scenario) time.Duration {
	if sc.Ensemble.Tick > 0 {
		return sc.Ensemble.Tick
	}
	return s.timers.Tick
}

// route puts a link of its own between a process and everybody who listens
// elsewhere, and gives its machine a clock that can be moved.
func (s *soak) route(m *member) error {
	if s.play == nil {
		return nil
	}
	for _, to := range s.members {
		if to.Listen == "" || to.ID == m.ID {
			continue
		}
		addr, err := s.mesh.Add(m.ID, to.ID, to.Listen, wire.Frame)
		if err != nil {
			return err
		}
		m.Routes = append(m.Routes, fmt.Sprintf("%s=%s", to.Listen, addr))
	}
	if err := s.routeToDrivers(m); err != nil {
		return err
	}
	s.give(m)
	m.Clock, m.Trouble = filepath.Join(s.o.Dir, "clock-"+m.ID), s.troubleOf(m.ID)
	return nil
}

// give tells a process what the scenario tells it otherwise than the others.
func (s *soak) give(m *member) {
	for _, g := range s.scenario.Given {
		if g.Who != m.ID {
			continue
		}
		m.Format = g.Format
		if g.Dir != "" {
			m.Dir += "-" + strings.Trim(strings.ReplaceAll(g.Dir, "/", "-"), "-")
		}
		if len(g.Masters) > 0 {
			m.Masters = nil
			for _, other := range s.members {
				if slices.Contains(g.Masters, other.ID) {
					m.Masters = append(m.Masters, other.Listen)
				}
			}
		}
		if len(g.Servers) > 0 {
			m.ZK = nil
			for _, name := range g.Servers {
				for _, p := range s.mesh.From(m.ID, name) {
					m.ZK = append(m.ZK, p.Addr())
				}
			}
		}
	}
}

// keepRecords tells a master where it keeps what it must not forget, if that is
// not ZooKeeper.
func (s *soak) keepRecords(m *member) {
	mode := s.scenario.Recovery.Mode
	if m.Kind != "master" || mode == "" {
		return
	}
	where, err := conf.ParseAll([]string{
		"spark.deploy.recoveryMode=" + strings.ToUpper(mode), "spark.deploy.recoveryDirectory=recovery",
	})
	if err != nil {
		panic("lab: " + err.Error()) // the scenario was checked
	}
	m.Conf = m.Conf.With(where)
}

// forever is the moment of what happens at the healing.
const forever = math.MaxInt64

// carryOut lets the scenario's faults happen when their time has come.
func (s *soak) carryOut(ctx context.Context) error {
	for _, f := range s.scenario.Faults {
		s.due = append(s.due, action{s.start + int64(f.At.Lo), func(ctx context.Context) error {
			if f.On.Kind != "" {
				s.play.waiting = append(s.play.waiting, waiting{fault: f, left: max(f.On.N, 1)})
				return nil
			}
			return s.begin(ctx, f)
		}})
	}
	end := s.start + int64(s.scenario.Safety)
	for live.Monotonic() < end {
		if err := s.poll(ctx); err != nil {
			return err
		}
		for {
			i := slices.IndexFunc(s.play.waiting, func(w waiting) bool { return w.due })
			if i < 0 {
				break
			}
			f := s.play.waiting[i].fault
			s.play.waiting = slices.Delete(s.play.waiting, i, i+1)
			if err := s.begin(ctx, f); err != nil {
				return err
			}
		}
	}
	s.play.closed = true
	return nil
}

// saw is told what a process tells, and what happens to it: a fault may wait
// for that.
func (s *soak) saw(e trace.Event) {
	if s.play == nil {
		return
	}
	for i := range s.play.waiting {
		if w := &s.play.waiting[i]; w.fault.On.Is(e.Process, string(e.Kind), e.Subject, e.Value) {
			w.left--
			w.due = w.left <= 0
		}
	}
}

// begin looks up whom a fault strikes, strikes, and sees to its end.
func (s *soak) begin(ctx context.Context, f scenarios.Fault) error {
	if s.play.closed {
		return nil
	}
	groups := s.resolve(ctx, f)
	if groups == nil && f.Class != scenarios.Leader {
		s.tellFault(f, "skipped")
		return nil
	}
	f.Groups = groups
	s.applied = append(s.applied, f)
	s.tellFault(f, "begin")
	if err := s.act(ctx, f); err != nil {
		return fmt.Errorf("fault %q: %w", f, err)
	}
	end := func(context.Context) error {
		err := s.unact(f)
		s.tellFault(f, "end")
		return err
	}
	at := int64(forever)
	if f.For.Lo > 0 {
		at = live.Monotonic() + int64(f.For.Lo)
	}
	s.due = append(s.due, action{at, end})
	if s.o.OnFault != nil {
		s.after(max(f.For.Lo, costs), func(context.Context) error {
			s.o.OnFault(f, s.events)
			return nil
		})
	}
	return nil
}

// costs is when a fault is reported at the earliest: by then it has mostly
// shown what it costs.
const costs = 15 * time.Second

// moveClock lets the wall clock of a process's machine jump.
func (s *soak) moveClock(m *member, by time.Duration) error {
	s.play.jumped[m.ID] += by
	text := strconv.FormatInt(int64(s.play.jumped[m.ID]), 10)
	beside := m.Clock + ".new"
	if err := os.WriteFile(beside, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(beside, m.Clock)
}

// member is the process of that name, nil if it is a server.
func (s *soak) member(name string) *member {
	for _, m := range s.members {
		if m.ID == name {
			return m
		}
	}
	return nil
}

// server is the server of that name, nil if it is none of ours.
func (s *soak) server(name string) *ensemble.Server {
	if s.ensemble == nil {
		return nil
	}
	for i, z := range s.ensemble.Servers() {
		if serverName(i) == name {
			return z
		}
	}
	return nil
}

// everyone lists every machine.
func (s *soak) everyone() (out []string) {
	for _, m := range s.members {
		out = append(out, m.ID)
	}
	for i := range s.servers {
		out = append(out, serverName(i))
	}
	return out
}
