package cluster

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/worker"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/cluster/plan"
)

// settings are what the processes of a world are told.
type settings struct {
	timers scenarios.Timers
	conf   conf.Conf // of the scenario, and before it of the options
}

// configure reads what the scenario and the options set, and refuses what
// contradicts itself or the policy. A recovery mode that is set goes before the
// scenario's own.
func configure(s *scenarios.Scenario, opts *Options) (settings, error) {
	own, err := conf.ParseAll(s.Conf)
	if err != nil {
		return settings{}, fmt.Errorf("conf: %w", err)
	}
	cfg := settings{conf: own.With(opts.Conf)}
	if cfg.timers, err = scenarios.TimersFor(s.Timers).With(cfg.conf.Timers()); err != nil {
		return settings{}, err
	}
	var m master.Config
	cfg.conf.Master(&m)
	switch m.RecoveryMode {
	case "":
	case persist.ZooKeeper:
		s.Recovery = scenarios.Recovery{}
	default:
		s.Recovery.Mode = strings.ToLower(string(m.RecoveryMode))
		s.Recovery.Shared = s.Recovery.Shared && m.RecoveryMode == persist.Files
	}
	return cfg, cfg.conf.Check(opts.Policy)
}

// newMaster makes a master's program from the scenario.
func (w *World) newMaster(m *machine) host.Process {
	t, p, given := w.timers, w.opts.Policy, w.s.To(m.name)
	if w.s.Curator == "5.6" && p == policy.Spark {
		p.LatchOwnerCheck = false // CURATOR-696
	}
	curator := w.s.Curator
	if p.TermFencing {
		curator = "" // the policy's own latch
	}
	c := master.Config{
		Addr: host.Addr(m.name + masterPort), ZK: addrs(given.Servers, serverPort, w.servers), Dir: given.Dir, Policy: p,
		RecoveryMode: persist.Mode(strings.ToUpper(w.s.Recovery.Mode)), RecordFormat: byte(given.Format),
		Session: t.Session, Lease: t.Lease, Recovery: t.Recovery, WorkerTimeout: t.WorkerTimeout,
		WorkerLease: t.WorkerLease, Terminate: t.Terminate, StoreRetry: t.StoreRetry, Relaunch: t.Relaunch, Drift: max(w.s.Drift, 1),
		Curator: curator, CuratorLag: w.s.CuratorLag,
	}
	w.conf.Master(&c)
	return master.New(c)
}

func (w *World) newWorker(m *machine) host.Process {
	t := w.timers
	c := worker.Config{
		Name: m.name, Listen: host.Addr(m.name + workerPort), Masters: w.mastersOf(m), Cores: w.s.WorkerCores, Memory: w.s.WorkerMemory,
		Policy: w.opts.Policy, Heartbeat: t.Heartbeat, Register: t.Register, RegisterSlow: t.RegisterSlow,
		RegisterFew: t.RegisterFew, RegisterMax: t.RegisterMax, Terminate: t.Terminate, Lease: t.WorkerLease, Relaunch: t.Relaunch, Dial: t.Dial,
	}
	w.conf.Worker(&c)
	return worker.New(c)
}

func (w *World) newSubmitter(m *machine) host.Process {
	t := w.timers
	return client.New(client.Config{
		Masters: w.mastersOf(m), Policy: w.opts.Policy, Ask: t.Ask, Retry: t.Retry, GiveUp: t.GiveUp, Dial: t.Dial,
		Plan: plan.Of(w.k, &w.s, m.name),
	})
}

// mastersOf are the masters that a worker or client is told.
func (w *World) mastersOf(m *machine) []host.Addr {
	return addrs(w.s.To(m.name).Masters, masterPort, w.masters)
}

// addrs are the addresses of machines, or all if none are named.
func addrs(names []string, port string, all []host.Addr) []host.Addr {
	if len(names) == 0 {
		return all
	}
	var out []host.Addr
	for _, name := range names {
		out = append(out, host.Addr(name+port))
	}
	return out
}

// submitterDone reports whether a client has carried out its plan and knows
// how its jobs ended.
func (w *World) submitterDone(p *process) bool {
	c, ok := p.impl.(*client.Client)
	if !ok {
		return true
	}
	g := c.Progress()
	return g.Begun == g.Steps && g.Open == 0 && g.Watched == 0 && g.Local == 0
}
