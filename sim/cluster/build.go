package cluster

import (
	"strings"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/worker"
	"github.com/simctl/simctl/sim/cluster/plan"
)

// newMaster makes a master's program from the scenario.
func (w *World) newMaster(m *machine) host.Process {
	t, given := w.timers, w.s.To(m.name)
	return master.New(master.Config{
		Addr: host.Addr(m.name + masterPort), ZK: addrs(given.Servers, serverPort, w.servers), Dir: given.Dir, Policy: w.opts.Policy,
		RecoveryMode: persist.Mode(strings.ToUpper(w.s.Recovery.Mode)),
		Session:      t.Session, Lease: t.Lease, Recovery: t.Recovery, WorkerTimeout: t.WorkerTimeout,
		StoreRetry: t.StoreRetry, Relaunch: t.Relaunch, Drift: max(w.s.Drift, 1),
	})
}

func (w *World) newWorker(m *machine) host.Process {
	t := w.timers
	return worker.New(worker.Config{
		Name: m.name, Listen: host.Addr(m.name + workerPort), Masters: w.mastersOf(m), Cores: w.s.WorkerCores, Memory: w.s.WorkerMemory,
		Policy: w.opts.Policy, Heartbeat: t.Heartbeat, Register: t.Register, RegisterSlow: t.RegisterSlow,
		RegisterFew: t.RegisterFew, RegisterMax: t.RegisterMax, Terminate: t.Terminate, Relaunch: t.Relaunch, Dial: t.Dial,
	})
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
