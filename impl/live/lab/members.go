package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/lab/link"
	"github.com/simctl/simctl/impl/live/lab/onlooker"
	"github.com/simctl/simctl/impl/live/lab/proc"
	"github.com/simctl/simctl/impl/live/lab/progress"
	"github.com/simctl/simctl/impl/live/lab/records"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// A soak is one run of [Soak]. It belongs to one goroutine, which sleeps only
// in poll.
type soak struct {
	o        Options
	timers   scenarios.Timers
	scenario scenarios.Scenario
	draw     *rand.Rand
	start    int64 // when the run began

	ports        proc.Ports         // of masters and workers
	ensemble     *ensemble.Ensemble // nil if it stands already
	servers      []host.Addr
	version      string
	members      []*member
	clients      []*progress.Client
	noted        []*records.Tail // what the servers note
	mesh         link.Mesh       // the links between machines
	ledger       host.Addr       // where accounts are; empty: no job has one
	drivers      []driverPorts   // where the drivers of applications listen
	play         *playing        // nil: there is no scenario
	clientsBegan int64

	onlooker *onlooker.Onlooker // nil: nobody looks

	records []live.Record
	world   []trace.Event
	applied []scenarios.Fault
	due     []action
}

// A member is one process of the cluster, across its incarnations.
type member struct {
	program.Options
	proc   *proc.Proc
	ours   bool // the lab ended it, or its end was seen
	told   bool // its end was told
	held   bool // a fault ended it, and will start it again
	paused bool
	tails  []*records.Tail
	busy   bool // a worker that runs something
	done   bool // a probe that has done all that it was to do

	// What its records tell of the incarnation that runs.
	begun   bool
	state   string // of a master
	term    int64
	follows string // of a worker: the master it is registered with
	// children are the numbers of the processes that it started, by name, also
	// of those that have ended.
	children map[string]int
}

// An action is something to be done at a moment.
type action struct {
	at int64
	do func(context.Context) error
}

// startAll starts masters, workers and, once one master is Alive and has every
// worker, the clients.
func (s *soak) startAll(ctx context.Context) error {
	ports, err := s.ports.Take(s.o.Masters + s.o.Workers)
	if err != nil {
		return err
	}
	s.start = live.Monotonic()
	dir := fmt.Sprintf("/simctl-soak-%d-%d", os.Getpid(), s.start)
	var masters []host.Addr
	for i := range s.o.Masters {
		masters = append(masters, loopbackPort(ports[i]))
	}
	for i := range s.o.Masters {
		m := &member{Options: program.Options{Kind: "master", ID: fmt.Sprintf("m%d", i+1), Listen: masters[i], Dir: dir}}
		if err := s.link(m); err != nil {
			return err
		}
		s.members = append(s.members, m)
	}
	for i := range s.o.Workers {
		s.members = append(s.members, &member{Options: program.Options{
			Kind: "worker", ID: fmt.Sprintf("w%d", i+1), Listen: loopbackPort(ports[s.o.Masters+i]), Masters: masters,
			Cores: s.scenario.WorkerCores, Memory: s.scenario.WorkerMemory,
		}})
	}
	if err := s.addLedger(); err != nil {
		return err
	}
	if err := s.addProbes(); err != nil {
		return err
	}
	if err := s.addDriverPorts(); err != nil {
		return err
	}
	for _, m := range s.members {
		if err := s.route(m); err != nil {
			return err
		}
	}
	if len(s.servers) > 0 && s.o.Masters > 0 {
		s.startOnlooker(dir)
	}
	s.tellFailoverBounds()
	for _, m := range s.members {
		if m.ours, m.told = s.isAbsent(m), s.isAbsent(m); m.ours {
			continue
		}
		if err := s.startMember(m); err != nil {
			return err
		}
	}
	if s.play != nil {
		return s.startClients(masters)
	}
	limit := time.Minute + 2*s.timers.Granted() + s.timers.Recovery
	ready, err := s.until(ctx, limit, func() bool { return s.active() != nil && s.rejoined() })
	if err != nil {
		return err
	}
	if !ready {
		return fmt.Errorf("after %s no master is Alive with every worker: %s", limit, s.lastWords())
	}
	return s.startClients(masters)
}

func (s *soak) startClients(masters []host.Addr) error {
	s.clientsBegan = live.Monotonic()
	for i := range s.o.Clients {
		name := fmt.Sprintf("c%d", i+1)
		args := program.ClientArgs{Work: s.scenario.Work, Safety: s.scenario.Safety, Ops: s.opsOf(name), Ledger: s.ledger}
		file := filepath.Join(s.o.Dir, "plan-"+name+".json")
		if err := os.WriteFile(file, []byte(args.JSON()), 0o644); err != nil {
			return err
		}
		c := &member{Options: program.Options{Kind: "client", ID: name, Masters: masters, Args: "@" + file}}
		if err := s.route(c); err != nil {
			return err
		}
		s.members = append(s.members, c)
		s.clients = append(s.clients, progress.New(c.ID))
		if err := s.startMember(c); err != nil {
			return err
		}
	}
	return nil
}

// link puts a proxy between a master and each server.
func (s *soak) link(m *member) error {
	for i, server := range s.servers {
		addr, err := s.mesh.Add(m.ID, serverName(i), server, link.Prefixed)
		if err != nil {
			return err
		}
		m.ZK = append(m.ZK, addr)
	}
	return nil
}

// startMember starts the next incarnation of a process.
func (s *soak) startMember(m *member) error {
	dir := s.o.Dir
	for _, sub := range []string{"records", "logs", filepath.Join("data", m.ID)} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	m.Incarnation++
	m.Policy, m.Timers, m.Conf, m.Seed = s.o.Policy, s.o.Timers, s.o.Conf, s.o.Seed
	s.keepRecords(m)
	m.Data, m.Record = filepath.Join(dir, "data", m.ID), filepath.Join(dir, "records", m.ID+".ndjson")
	if s.scenario.Recovery.Shared && m.Kind == "master" {
		m.Data = filepath.Join(dir, "data", "masters")
		if err := os.MkdirAll(m.Data, 0o755); err != nil {
			return err
		}
	}
	if m.tails == nil {
		m.tails = append(m.tails, &records.Tail{Name: m.Record})
		if m.Kind == "worker" || m.Kind == "client" {
			m.tails = append(m.tails, &records.Tail{Name: program.DriversOf(m.Record)})
		}
	}
	log, err := os.OpenFile(s.logOf(m), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.o.Binary, m.Flags()...)
	cmd.Stdout, cmd.Stderr = log, log
	m.proc, err = proc.Start(cmd)
	m.told, m.held, m.children = false, false, map[string]int{}
	m.ours, m.paused, m.begun, m.busy, m.done, m.state, m.term, m.follows = false, false, false, false, false, "", 0, ""
	return err
}

func (s *soak) logOf(m *member) string { return filepath.Join(s.o.Dir, "logs", m.ID+".log") }

// lastWords is what the processes wrote last, for an error.
func (s *soak) lastWords() string {
	for _, m := range s.members {
		if words := s.wordsOf(m); words != "" {
			return m.ID + " says: " + words
		}
	}
	return "no process says why"
}

func (s *soak) wordsOf(m *member) string {
	text, err := os.ReadFile(s.logOf(m))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// pollEvery is how often a soak looks around.
const pollEvery = 20 * time.Millisecond

// until polls until a condition holds. It reports false if it does not within
// limit.
func (s *soak) until(ctx context.Context, limit time.Duration, holds func() bool) (bool, error) {
	deadline := live.Monotonic() + int64(limit)
	for !holds() {
		if live.Monotonic() >= deadline {
			return false, nil
		}
		if err := s.poll(ctx); err != nil {
			return false, err
		}
	}
	return true, nil
}

// poll waits a little, reads what was recorded, does what is due, and starts
// again what has ended by itself.
func (s *soak) poll(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Canceled
	case <-time.After(pollEvery):
	}
	if err := s.readAll(); err != nil {
		return err
	}
	for _, m := range s.members {
		if err := s.supervise(m); err != nil {
			return err
		}
	}
	s.superviseServers()
	return s.doDue(ctx, live.Monotonic())
}

// doDue does what is due at a moment.
func (s *soak) doDue(ctx context.Context, now int64) error {
	var errs []error
	waiting := s.due
	s.due = nil
	for _, a := range waiting {
		if a.at > now {
			s.due = append(s.due, a)
			continue
		}
		errs = append(errs, a.do(ctx))
	}
	return errors.Join(errs...)
}

func (s *soak) after(d time.Duration, do func(context.Context) error) {
	s.due = append(s.due, action{live.Monotonic() + int64(d), do})
}

// supervise notes the end of a process that ended by itself, and starts it
// again after a while. One that ended before it began cannot run at all.
func (s *soak) supervise(m *member) error {
	if m.proc == nil || !m.proc.Ended() || m.told {
		return nil
	}
	m.told = true
	if m.ours { // it was told to end, perhaps before it could say that it did
		if m.proc.Wait() == proc.Killed {
			s.tell(trace.Event{Process: m.ID, Inc: m.Incarnation, Kind: trace.KilledOff, N: proc.Killed})
		}
		return nil
	}
	m.ours = true
	if err := s.readMember(m); err != nil {
		return err
	}
	status := m.proc.Wait()
	if !m.begun {
		return fmt.Errorf("%s ended with status %d before it began: %s", m.ID, status, s.wordsOf(m))
	}
	e := trace.Event{Process: m.ID, Inc: m.Incarnation, Kind: trace.Exited, N: int64(status)}
	if status == proc.Killed {
		e.Kind = trace.KilledOff
	}
	s.tell(e)
	if m.Kind != "client" && s.scenario.Restart.Hi > 0 {
		s.after(program.Between(s.draw, s.scenario.Restart), func(context.Context) error {
			if m.held || !m.proc.Ended() {
				return nil
			}
			return s.startMember(m)
		})
	}
	return nil
}

func (s *soak) readAll() error {
	for _, m := range s.members {
		if err := s.readMember(m); err != nil {
			return err
		}
	}
	for _, t := range s.noted {
		rs, err := t.Read()
		if err != nil {
			return err
		}
		s.keep(rs)
	}
	return nil
}

func (s *soak) readMember(m *member) error {
	for _, t := range m.tails {
		rs, err := t.Read()
		if err != nil {
			return err
		}
		s.keep(rs)
		for i := range rs {
			s.observe(m, &rs[i])
		}
	}
	return nil
}
