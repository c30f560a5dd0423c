package space

import (
	"errors"
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/driver"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/impl/worker"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios/timers"
	"github.com/simctl/simctl/sim/space/candidate"
	"github.com/simctl/simctl/sim/space/tree"
)

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

// limit is how many processes there can be at most.
const limit = 40

func (c *Config) complete() error {
	if c.Timers == (timers.Timers{}) {
		c.Timers = Timers()
	}
	if c.Crash == "" {
		c.Crash = "mwc"
		if c.Candidates == 0 {
			c.Crash = "mw"
		}
	}
	c.Cores, c.WorkerCores = max(1, c.Cores), max(1, c.WorkerCores)
	switch n := c.Candidates + c.Masters + c.Workers + c.Clients; {
	case n == 0:
		return errors.New("space: no processes")
	case n > limit/2:
		return fmt.Errorf("space: %d processes are too many", n)
	case c.Masters == 0 && c.Workers+c.Clients > 0:
		return errors.New("space: workers and clients need a master")
	case min(c.Jobs, c.Crashes, c.Cuts, c.Expiries, c.Drops, c.Late) < 0:
		return errors.New("space: a budget is negative")
	}
	return nil
}

func addr(name string, i, port int) host.Addr {
	return host.Addr(fmt.Sprintf("%s%d:%d", name, i, port))
}

func (c *Config) masters() (out []host.Addr) {
	for i := range c.Masters {
		out = append(out, addr("m", i+1, 7077))
	}
	return out
}

// first is the initial state. Events, if not nil, gets what happened before it.
func (s *System) first(events *[]trace.Event) *World {
	c := &s.c
	w := &World{c: c, tree: tree.New(), watch: &watch{}, out: events}
	if c.Monitors != nil {
		w.watch.list = c.Monitors()
	}
	for _, kind := range []struct {
		name, kind string
		n          int
	}{{"e", "candidate", c.Candidates}, {"m", "master", c.Masters}, {"w", "worker", c.Workers}, {"c", "client", c.Clients}} {
		for i := range kind.n {
			w.procs = append(w.procs, &proc{id: host.ProcessID(fmt.Sprintf("%s%d", kind.name, i+1)), kind: kind.kind, i: len(w.procs), parent: -1})
		}
	}
	w.until = int64(c.Horizon)
	if c.Settled {
		w = w.boot(events)
		w.until = w.now + int64(c.Horizon)
	}
	w = w.begin()
	w.out = events
	for i, p := range w.procs {
		if p.inc == 0 {
			w.start(i)
		}
	}
	w.left = [budgets]int{crashes: c.Crashes, cuts: c.Cuts, expiries: c.Expiries, drops: c.Drops, late: c.Late}
	return w.end()
}

// boot starts the processes but the clients, one after another, and takes the
// first action that there is until they have settled.
func (w *World) boot(events *[]trace.Event) *World {
	w.until = int64(time.Hour)
	for n := 0; ; n++ {
		if n > 10_000 {
			panic("space: the processes do not settle")
		}
		next := w.begin()
		next.out = events
		if w.idle() && w.settled() {
			return w
		}
		actions := w.actions(nil)
		kind, i, _ := unpack(actions[0])
		switch {
		case !w.idle(): // the first
		case w.toStart() >= 0:
			kind, i = starts, w.toStart()
		}
		if kind == starts {
			next.start(i)
		} else {
			next.apply(actions[0])
		}
		w = next.end()
	}
}

// toStart is the first process that has not been started, -1 if there is none.
func (w *World) toStart() int {
	for i, p := range w.procs {
		if p.inc == 0 && p.kind != "client" {
			return i
		}
	}
	return -1
}

// settled reports whether the processes have what they need.
func (w *World) settled() bool {
	leads := false
	for _, p := range w.procs {
		switch {
		case p.kind == "client":
		case p.inc == 0 || p.kind == "worker" && !p.joined:
			return false
		}
		leads = leads || p.state == "Alive"
	}
	return leads
}

// program makes the program of a process that starts.
func (w *World) program(p *proc) host.Process {
	c, t := w.c, w.c.Timers
	var n int
	if _, err := fmt.Sscanf(string(p.id[1:]), "%d", &n); err != nil {
		panic("space: " + string(p.id))
	}
	switch p.kind {
	case "candidate":
		return candidate.New(election.Config{Dir: "/spark", Policy: c.Policy, Retry: t.Relaunch},
			coord.Options{Servers: []host.Addr{"z1:2181"}, Timeout: t.Session, Name: "latch"})
	case "master":
		return master.New(master.Config{
			Addr: addr("m", n, 7077), ZK: []host.Addr{"z1:2181"}, Policy: c.Policy, Session: t.Session, Lease: t.Lease, Recovery: t.Recovery,
			WorkerTimeout: t.WorkerTimeout, WorkerLease: t.WorkerLease, Terminate: t.Terminate, StoreRetry: t.StoreRetry, Relaunch: t.Relaunch, Drift: 1,
		})
	case "worker":
		return worker.New(worker.Config{
			Name: string(p.id), Listen: addr("w", n, 7078), Masters: c.masters(), Cores: c.WorkerCores, Memory: 1024, Policy: c.Policy,
			Heartbeat: t.Heartbeat, Register: t.Register, RegisterSlow: t.RegisterSlow, RegisterFew: t.RegisterFew, RegisterMax: t.RegisterMax,
			Terminate: t.Terminate, Lease: t.WorkerLease, Relaunch: t.Relaunch, Dial: t.Dial,
		})
	}
	var plan []client.Step
	for i := range c.Jobs {
		plan = append(plan, client.Step{
			Kind: client.Submit, Tag: fmt.Sprintf("%s-job%d", p.id, i+1), Poll: c.Poll,
			Desc: wire.Desc{Cores: c.Cores, Memory: 1, Supervise: c.Supervise, RunFor: c.RunFor, Status: c.status()},
		})
	}
	return client.New(client.Config{
		Masters: c.masters(), Policy: c.Policy, Ask: t.Ask, Retry: t.Retry, GiveUp: t.GiveUp, Dial: t.Dial, Plan: plan,
	})
}

func (c *Config) status() int64 {
	if c.Fail {
		return 1
	}
	return 0
}

// child makes the program of a child.
func (w *World) child(prog host.Program) (host.Process, error) {
	if prog.Kind != "driver" {
		return nil, fmt.Errorf("no program %q", prog.Kind)
	}
	return driver.New(prog.Args, driver.Config{Policy: w.c.Policy})
}
