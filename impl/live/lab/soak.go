// Package lab is a live cluster on this machine: its processes, the faults that
// they are put under, drawn at random or a scenario's, and their records as a
// trace. Everything is on loopback, and gone when the run is.
package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/bound"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/lab/records"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// Options say what is started, and for how long it is put under faults.
type Options struct {
	// Binary is the program that is every process: it must know `node`.
	Binary string
	// Dir is where everything is written; empty means a temporary directory
	// that is removed at the end.
	Dir string
	// ZK is an ensemble that stands already; without it three servers of
	// Debian's ZooKeeper are started, or, with Embedded, of Binary's own.
	ZK       []host.Addr
	Embedded bool
	// Scenario, if not nil, says what is started and what happens to it, and
	// Masters, Workers, Clients and Causes are not looked at. With a longer For
	// than its safety phase it is played again and again.
	Scenario                  *scenarios.Scenario
	Masters, Workers, Clients int // 0 means 3, 3 and 2
	Policy                    policy.Policy
	Timers                    scenarios.TimersName // empty means fast
	Conf                      conf.Conf            // goes before the timers
	// For is how long faults go on.
	For  time.Duration
	Seed uint64
	// Causes are the ways in which the active master is lost; nil means stop,
	// kill, pause and partition.
	Causes []scenarios.Class
	// OnFault is told each fault: a loss of the active master once it is undone
	// and the next one is Alive with every worker, or once the time for that is
	// over. SoFar gives the events until then.
	OnFault func(f scenarios.Fault, soFar func() []trace.Event)
}

// The causes of a failover that a soak goes through.
var allCauses = []scenarios.Class{scenarios.Stop, scenarios.KillOff, scenarios.Pause, scenarios.Partition}

// The demand of each client: a job every so long, and what it is.
const (
	jobEvery     = 1250 * time.Millisecond
	workerCores  = 16
	workerMemory = 16384
)

func (o *Options) setDefaults() error {
	if o.Scenario != nil {
		if err := o.setScenario(); err != nil {
			return err
		}
	}
	set := func(n *int, to int) {
		if *n == 0 && o.Scenario == nil {
			*n = to
		}
	}
	set(&o.Masters, 3)
	set(&o.Workers, 3)
	set(&o.Clients, 2)
	if o.Timers == "" {
		o.Timers = scenarios.Fast
	}
	if o.Causes == nil {
		o.Causes = allCauses
	}
	switch {
	case o.For <= 0:
		return fmt.Errorf("soak: for %s: want more than nothing", o.For)
	case o.Masters < 2 && o.Scenario == nil:
		return fmt.Errorf("soak: %d masters: want at least 2", o.Masters)
	case scenarios.TimersFor(o.Timers) == scenarios.Timers{}:
		return fmt.Errorf("soak: no timers %q", o.Timers)
	}
	for _, key := range []string{"spark.deploy.zookeeper.dir", "spark.deploy.recoveryMode", "spark.deploy.recoveryDirectory"} {
		if o.Conf.Given(key) {
			return fmt.Errorf("soak: %s: masters keep their records in a directory of ZooKeeper that is the soak's own", key)
		}
	}
	if err := o.Conf.Check(o.Policy); err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	if _, err := o.timers(); err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	return nil
}

// timers are the named ones after what is set.
func (o *Options) timers() (scenarios.Timers, error) {
	return scenarios.TimersFor(o.Timers).With(o.Conf.Timers())
}

// scenario is what the soak is, as a scenario says it.
func (o *Options) scenario(servers int) scenarios.Scenario {
	return scenarios.Scenario{
		Name: "soak/random-loss", Doc: "real processes lose their active master in every way, at random moments",
		Masters: o.Masters, Workers: o.Workers, Clients: o.Clients, Servers: servers,
		WorkerCores: workerCores, WorkerMemory: workerMemory,
		Timers: o.Timers, Conf: o.Conf.List(), Safety: o.For, Restart: scenarios.Range{Lo: 2 * time.Second, Hi: 5 * time.Second},
		Work: scenarios.Work{
			Jobs: max(1, int(o.For/jobEvery)), Cores: 2, Memory: 64,
			RunFor: scenarios.Range{Lo: 200 * time.Millisecond, Hi: 2 * time.Second}, Kill: 15, Supervised: 20, Fail: 10,
			Status: scenarios.Range{Lo: 400 * time.Millisecond, Hi: time.Second},
		},
		Require: []string{bound.Within},
	}
}

// A Recording is what a soak leaves.
type Recording struct {
	Scenario  scenarios.Scenario
	Drawn     scenarios.Scenario // what the seed made of it
	Applied   []scenarios.Fault  // the faults that were carried out
	Events    []trace.Event
	ZKVersion string // "unknown" if the ensemble does not tell
	WallNs    int64  // from the first process to the end
	// Interrupted: the context was done before the run was over. There was no
	// healing then, and liveness cannot be judged.
	Interrupted bool
}

// Soak runs a real cluster and takes its active master away, again and again,
// for a time; then it heals everything and waits until all is quiet, or until
// the longest liveness bound has passed. Everything that it started is gone
// when it returns. The error says that there is nothing to judge.
func Soak(ctx context.Context, o Options) (_ *Recording, err error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "simctl-soak-")
		if err != nil {
			return nil, fmt.Errorf("soak: %w", err)
		}
		defer os.RemoveAll(dir)
		o.Dir = dir
	}
	t, err := o.timers()
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	s := &soak{o: o, timers: t, draw: program.Draws(o.Seed, "soak")}
	defer s.close()
	defer s.endAll()
	if err := s.findZooKeeper(ctx); err != nil {
		return nil, err
	}
	s.scenario = o.scenario(len(s.servers))
	if o.Scenario != nil {
		if err := s.prepare(); err != nil {
			return nil, err
		}
	}
	if err := s.startAll(ctx); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	err = s.run(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("soak: %w", err)
	}
	s.tell(trace.Event{Kind: trace.Ended})
	wall := live.Monotonic() - s.start
	s.endAll()
	if err := s.readAll(); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	return &Recording{
		Scenario: s.written(), Drawn: s.scenario, Applied: s.applied, Events: s.events(), ZKVersion: s.version, WallNs: wall,
		Interrupted: err != nil,
	}, nil
}

// run is the safety phase with its faults, the healing, and the liveness phase.
func (s *soak) run(ctx context.Context) error {
	safety := s.safety
	if s.play != nil {
		safety = s.carryOut
	}
	if err := safety(ctx); err != nil {
		return err
	}
	bound, err := s.heal(ctx)
	if err != nil {
		return err
	}
	return s.settle(ctx, bound)
}

// findZooKeeper starts an ensemble, or asks the one that stands.
func (s *soak) findZooKeeper(ctx context.Context) error {
	s.servers, s.version = s.o.ZK, "none"
	if s.o.Scenario != nil && s.o.Scenario.Servers == 0 {
		return nil
	}
	if len(s.servers) == 0 {
		dir := filepath.Join(s.o.Dir, "zookeeper")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("soak: %w", err)
		}
		eo := ensemble.Options{Servers: 3, Tick: s.timers.Tick, Dir: dir}
		if sc := s.o.Scenario; sc != nil {
			eo.Servers, eo.Tick, eo.Init, eo.Sync = sc.Servers, s.tickOf(sc), sc.Ensemble.Init, sc.Ensemble.Sync
			eo.Apart, eo.Route, eo.Trouble, eo.Lines = apart(sc), s.routeServer, s.o.Dir, zooKeeperLines(sc.Ensemble)
		}
		if s.o.Embedded {
			eo.Program = s.o.Binary
			if len(eo.Apart) == 0 { // the judges know one service
				eo.Records = filepath.Join(s.o.Dir, "records")
			}
			eo.Lines = append(eo.Lines, "snapCount=200") // servers are lost while they write snapshots too
			if err := os.MkdirAll(filepath.Join(s.o.Dir, "records"), 0o755); err != nil {
				return fmt.Errorf("soak: %w", err)
			}
		}
		e, err := ensemble.Start(ctx, eo)
		if err != nil {
			return fmt.Errorf("soak: %w", err)
		}
		s.ensemble, s.servers = e, e.Addrs()
		for _, z := range e.Servers() {
			if file := z.Records(); file != "" {
				s.noted = append(s.noted, &records.Tail{Name: file})
			}
		}
	}
	if !reachable(s.servers) {
		return fmt.Errorf("soak: nobody listens at %s", s.servers)
	}
	s.version = "unknown"
	for _, addr := range s.servers {
		for line := range strings.Lines(ensemble.At(addr).Ask(ctx, "srvr")) {
			if v, ok := strings.CutPrefix(line, "Zookeeper version: "); ok {
				s.version, _, _ = strings.Cut(strings.TrimSpace(v), "-")
			}
		}
	}
	return nil
}

// reachable reports whether somebody listens at one of the addresses.
func reachable(addrs []host.Addr) bool {
	return slices.ContainsFunc(addrs, func(a host.Addr) bool {
		c, err := net.DialTimeout("tcp", string(a), time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// tell records an event of the lab's, now or, if it has moments, then.
func (s *soak) tell(e trace.Event) {
	if e.At == 0 {
		e.At = live.Monotonic()
	}
	s.world = append(s.world, e)
	s.saw(e)
}

func (s *soak) events() []trace.Event {
	return records.Merge(s.start, s.records, slices.Concat(s.world, s.sessionEnds()))
}
