// Package cast is who plays in explored worlds: the programs of impl, told what
// they are told there.
package cast

import (
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/driver"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/impl/worker"
	"github.com/simctl/simctl/scenarios/timers"
	"github.com/simctl/simctl/sim/space/candidate"
	"github.com/simctl/simctl/sim/space/keeper"
)

// A Cast is what programs are told.
type Cast struct {
	Masters            int // whom workers and clients know
	Jobs               int // that each client submits at once
	Cores, WorkerCores int64
	Supervise          bool
	RunFor             time.Duration // of a job
	Fail               bool          // jobs end with status 1
	Poll               time.Duration // between a client's questions about its job; 0: none
	Policy             policy.Policy
	Timers             timers.Timers

	Records, Puts, Removals int // of a keeper; Puts and Removals are each incarnation's
}

// Timers are those of explored worlds: multiples of a second with few that ring
// within a failover, in the proportions that the safeguards need: the lease below
// the session, the worker's timeout above the heartbeats.
func Timers() timers.Timers {
	const s = time.Second
	return timers.Timers{
		Session: 10 * s, Lease: 9 * s, Recovery: 30 * s, WorkerTimeout: 40 * s, WorkerLease: 60 * s, Heartbeat: 12 * s,
		Register: 12 * s, RegisterSlow: 60 * s, RegisterFew: 6, RegisterMax: 16, Ask: 20 * s, Retry: 10 * s, GiveUp: 600 * s,
		StoreRetry: 5 * s, Terminate: 12 * s, Relaunch: 12 * s, Dial: 60 * s,
	}
}

func addr(name string, i, port int) host.Addr {
	return host.Addr(fmt.Sprintf("%s%d:%d", name, i, port))
}

func (c Cast) masters() (out []host.Addr) {
	for i := range c.Masters {
		out = append(out, addr("m", i+1, 7077))
	}
	return out
}

// Program makes the program of a process that starts, of a kind and a name that
// ends with its number. It panics if there is no such kind.
func (c Cast) Program(kind, id string) host.Process {
	t := c.Timers
	var n int
	if _, err := fmt.Sscanf(id[1:], "%d", &n); err != nil {
		panic("cast: " + id)
	}
	switch kind {
	case "candidate":
		return candidate.New(election.Config{Dir: "/spark", Policy: c.Policy, Retry: t.Relaunch},
			coord.Options{Servers: []host.Addr{"z1:2181"}, Timeout: t.Session, Name: "latch"})
	case "keeper":
		retry := t.Relaunch
		if c.Policy.BlockingStore {
			retry = t.StoreRetry
		}
		return keeper.New(keeper.Config{Policy: c.Policy, Records: c.Records, Puts: c.Puts, Removals: c.Removals, Retry: retry, Ask: time.Second,
			Session: coord.Options{Servers: []host.Addr{"z1:2181"}, Timeout: t.Session}})
	case "master":
		return master.New(master.Config{
			Addr: addr("m", n, 7077), ZK: []host.Addr{"z1:2181"}, Policy: c.Policy, Session: t.Session, Lease: t.Lease, Recovery: t.Recovery,
			WorkerTimeout: t.WorkerTimeout, WorkerLease: t.WorkerLease, Terminate: t.Terminate, StoreRetry: t.StoreRetry, Relaunch: t.Relaunch, Drift: 1,
		})
	case "worker":
		return worker.New(worker.Config{
			Name: id, Listen: addr("w", n, 7078), Masters: c.masters(), Cores: c.WorkerCores, Memory: 1024, Policy: c.Policy,
			Heartbeat: t.Heartbeat, Register: t.Register, RegisterSlow: t.RegisterSlow, RegisterFew: t.RegisterFew, RegisterMax: t.RegisterMax,
			Terminate: t.Terminate, Lease: t.WorkerLease, Relaunch: t.Relaunch, Dial: t.Dial,
		})
	}
	var plan []client.Step
	for i := range c.Jobs {
		plan = append(plan, client.Step{
			Kind: client.Submit, Tag: fmt.Sprintf("%s-job%d", id, i+1), Poll: c.Poll,
			Desc: wire.Desc{Cores: c.Cores, Memory: 1, Supervise: c.Supervise, RunFor: c.RunFor, Status: c.status()},
		})
	}
	return client.New(client.Config{
		Masters: c.masters(), Policy: c.Policy, Ask: t.Ask, Retry: t.Retry, GiveUp: t.GiveUp, Dial: t.Dial, Plan: plan,
	})
}

func (c Cast) status() int64 {
	if c.Fail {
		return 1
	}
	return 0
}

// Child makes the program of a child of a worker. It fails if there is none.
func (c Cast) Child(prog host.Program) (host.Process, error) {
	if prog.Kind != "driver" {
		return nil, fmt.Errorf("no program %q", prog.Kind)
	}
	return driver.New(prog.Args, driver.Config{Policy: c.Policy})
}
