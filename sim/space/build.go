package space

import (
	"errors"
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios/timers"
	"github.com/simctl/simctl/sim/space/cast"
	"github.com/simctl/simctl/sim/space/monitor"
	"github.com/simctl/simctl/sim/space/tree"
)

// limit is how many processes there can be at most.
const limit = 40

func (c *Config) complete() error {
	if c.Timers == (timers.Timers{}) {
		c.Timers = cast.Timers()
	}
	if c.Crash == "" {
		c.Crash = "mwc"
		if c.Candidates == 0 {
			c.Crash = "mwk"
		}
	}
	c.Cores, c.WorkerCores = max(1, c.Cores), max(1, c.WorkerCores)
	switch n := c.Candidates + c.Keepers + c.Masters + c.Workers + c.Clients; {
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

// first is the initial state. Events, if not nil, gets what happened before it.
func (s *System) first(events *[]trace.Event) *World {
	c := &s.c
	w := &World{c: c, tree: tree.New(), watch: &monitor.Watch{}, out: events}
	if c.Monitors != nil {
		w.watch = monitor.New(c.Monitors())
	}
	for _, kind := range []struct {
		name, kind string
		n          int
	}{{"e", "candidate", c.Candidates}, {"k", "keeper", c.Keepers}, {"m", "master", c.Masters}, {"w", "worker", c.Workers}, {"c", "client", c.Clients}} {
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
		if p.inc == 0 && w.watch.Property == "" {
			w.start(i)
		}
	}
	w.left = [budgets]int{crashes: c.Crashes, cuts: c.Cuts, expiries: c.Expiries, drops: c.Drops, late: c.Late}
	return w.end()
}

// boot starts the processes but the clients, one after another, and takes the
// first action that there is until they have settled or a property is violated.
func (w *World) boot(events *[]trace.Event) *World {
	w.until = int64(time.Hour)
	for n := 0; ; n++ {
		if n > 10_000 {
			panic("space: the processes do not settle")
		}
		next := w.begin()
		next.out = events
		if w.watch.Property != "" || w.idle() && w.settled() {
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
	made := w.cast().Program(p.kind, string(p.id))
	if w.c.around != nil {
		return w.c.around(made)
	}
	return made
}

func (w *World) cast() cast.Cast {
	c := w.c
	return cast.Cast{
		Masters: c.Masters, Jobs: c.Jobs, Cores: c.Cores, WorkerCores: c.WorkerCores, Supervise: c.Supervise, RunFor: c.RunFor, Fail: c.Fail,
		Poll: c.Poll, Policy: c.Policy, Timers: c.Timers, Records: c.Records, Puts: c.Puts, Removals: c.Removals,
	}
}
