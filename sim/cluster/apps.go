package cluster

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/driver"
	"github.com/simctl/simctl/impl/executor"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
)

// newChild makes the program of a child.
func (w *World) newChild(prog host.Program) (host.Process, error) {
	t := w.timers
	switch prog.Kind {
	case "driver":
		return driver.New(prog.Args, driver.Config{
			Policy: w.opts.Policy, Register: t.Registration(), Dial: t.Dial, ExecutorTimeout: t.Executor(), RemoveDelay: t.Retry, Retry: t.Retry,
			Silence: t.WorkerTimeout,
		})
	case "executor":
		return executor.New(prog.Args, executor.Config{Heartbeat: t.ExecutorBeat(), Dial: t.Dial})
	}
	return nil, fmt.Errorf("no program %q", prog.Kind)
}

func ledgers(s scenarios.Scenario) int {
	if s.HasLedger() {
		return 1
	}
	return 0
}

// machineOf is the machine of a process that runs on one: "w1" of
// "w1/driver-1#1".
func machineOf(target string) string {
	name, _, _ := strings.Cut(target, "/")
	return name
}

// processes lists the running children of a kind, machine by machine.
func (w *World) processes(kind string) []*process {
	var out []*process
	for _, m := range w.machines {
		if m.proc == nil {
			continue
		}
		for _, c := range m.proc.children {
			if c.kind == kind && c.life != dead {
				out = append(out, c)
			}
		}
	}
	return out
}

// hosts reports whether a child of a kind runs on a machine.
func (w *World) hosts(m *machine, kind string) bool {
	return slices.ContainsFunc(m.proc.children, func(c *process) bool { return c.kind == kind && c.life != dead })
}

// oneProcess returns one of the running children of a kind, chosen by key.
func (w *World) oneProcess(key kernel.Key, kind string) []string {
	var all []string
	for _, p := range w.processes(kind) {
		all = append(all, string(p.id))
	}
	return w.choose(key, all)
}

// process returns the running child of that name, nil if there is none.
func (w *World) process(name string) *process {
	m := w.byName[machineOf(name)]
	if m == nil || m.proc == nil {
		return nil
	}
	for _, c := range m.proc.children {
		if string(c.id) == name && c.life != dead {
			return c
		}
	}
	return nil
}

// stopProcess asks a child to end, as kill(1) does.
func (w *World) stopProcess(name string) {
	if p := w.process(name); p != nil {
		w.terminate(p)
	}
}

// terminate sends a process SIGTERM.
func (w *World) terminate(p *process) { w.send(p, host.Terminate) }

// send sends a process a signal that it handles.
func (w *World) send(p *process, s host.Signal) {
	w.k.Post(w.k.Now(), kernel.Event{
		Actor: p.actor, Inc: p.inc, Kind: kernel.Signal, A: uint64(s),
		Name: "signal", Sum: uint64(kernel.KeyOf(string(p.id), uint64(p.inc), uint64(s))),
	})
}

// strikeProcess kills or pauses a child, between two outputs if the strike says
// so. One that is gone is left alone.
func (w *World) strikeProcess(name string, s strike) {
	p := w.process(name)
	switch {
	case p == nil:
	case s.after > 0 && p.life == running:
		w.arm(p, s)
	case s.kind == strikeKill:
		p.die(trace.KilledOff, true, -1)
	default:
		p.pause()
	}
}

func (w *World) resumeProcess(name string) {
	if p := w.process(name); p != nil {
		p.strike = strike{}
		p.resume()
	}
}
