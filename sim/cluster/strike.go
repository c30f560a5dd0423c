package cluster

import (
	"time"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/zk"
)

// Stop implements fault.World.
func (w *World) Stop(name string, outputs int) {
	m := w.byName[name]
	if m == nil {
		w.stopProcess(name)
		return
	}
	if w.endpoint(m) {
		m.zk.KillServer(m.end)
		return
	}
	p := m.proc
	m.held = true
	m.stopBoot()
	if p.life == dead {
		return
	}
	_ = outputs // a graceful stop is itself a step of the process
	p.asked = true
	w.terminate(p)
}

// Kill implements fault.World.
func (w *World) Kill(name string, outputs int) {
	m := w.byName[name]
	if m == nil {
		w.strikeProcess(name, strike{kind: strikeKill, after: outputs})
		return
	}
	m.stopBoot()
	switch {
	case w.endpoint(m):
		m.zk.KillServer(m.end)
	case outputs > 0 && m.proc.life == running:
		m.held = true
		w.arm(m.proc, strike{kind: strikeKill, after: outputs})
	default:
		m.held = true
		m.proc.die(trace.KilledOff, true, -1)
	}
}

// arm makes a fault strike once the process has made a few more outputs, so
// that it may fall between two outputs of one step.
func (w *World) arm(p *process, s strike) {
	p.strikes++
	s.n = p.strikes
	p.strike, p.struck = s, false
	w.k.Post(w.k.Now()+strikeWithin, kernel.Event{
		Actor: p.actor, Inc: p.inc, Kind: kernel.Service, A: s.n,
		Name: "strike", Sum: uint64(kernel.KeyOf(string(p.id), uint64(p.inc), s.n)),
	})
}

// LoseHost implements fault.World.
func (w *World) LoseHost(name string, outputs int) {
	m := w.byName[name]
	if !m.up {
		return
	}
	if outputs > 0 && !w.endpoint(m) && m.proc.life == running {
		m.held = true
		w.arm(m.proc, strike{kind: strikeHost, after: outputs})
		return
	}
	m.up = false
	m.stopBoot()
	w.net.SetMachine(m.id, false)
	if w.endpoint(m) {
		m.zk.LoseServer(m.end)
		return
	}
	if m.disk != w.shared { // else the file server keeps it
		m.disk.Crash()
	}
	m.proc.die(trace.HostLost, false, -1)
}

// Start implements fault.World.
func (w *World) Start(name string) {
	m := w.byName[name]
	if m == nil {
		return // a process: whoever started it decides
	}
	m.held = false
	if !m.up {
		m.up = true
		w.net.SetMachine(m.id, true)
	}
	if w.endpoint(m) {
		m.zk.RestartServer(m.end)
		return
	}
	m.proc.strike = strike{}
	m.again = m.proc.life != dead && m.proc.asked
	if m.server >= 0 {
		w.ens.bootSoon(m)
		return
	}
	m.proc.start()
}

// Pause implements fault.World.
func (w *World) Pause(name string, outputs int) {
	m := w.byName[name]
	if m == nil {
		w.strikeProcess(name, strike{kind: strikePause, after: outputs})
		return
	}
	switch {
	case w.endpoint(m):
		m.zk.PauseServer(m.end)
	case outputs > 0 && m.proc.life == running:
		w.arm(m.proc, strike{kind: strikePause, after: outputs})
	default:
		m.proc.pause()
	}
}

// Resume implements fault.World.
func (w *World) Resume(name string) {
	m := w.byName[name]
	if m == nil {
		w.resumeProcess(name)
		return
	}
	if w.endpoint(m) {
		m.zk.ResumeServer(m.end)
		return
	}
	m.proc.strike = strike{}
	m.proc.resume()
}

// Expire implements fault.World.
func (w *World) Expire(name string) {
	p := w.byName[name].proc
	if p == nil || p.zk == nil {
		return
	}
	for _, id := range p.zk.SessionIDs() {
		if w.ens != nil {
			w.ens.expire(id)
		} else {
			for _, service := range w.services() {
				service.ExpireSession(id)
			}
		}
	}
}

// LoseLeader implements fault.World.
func (w *World) LoseLeader() {
	if w.ens != nil {
		w.ens.loseLeader()
		return
	}
	for _, service := range w.services() {
		service.LoseLeader()
	}
}

// stopBoot gives up the start of a server that is under way.
func (m *machine) stopBoot() { m.booting = false }

// endpoint reports whether a machine is an endpoint of the service, rather
// than one with a process of its own.
func (w *World) endpoint(m *machine) bool { return m.zk != nil }

// JumpClock implements fault.World.
func (w *World) JumpClock(name string, by time.Duration) { w.byName[name].offset += int64(by) }

// services are the services that stand for servers.
func (w *World) services() []*zk.Service {
	var out []*zk.Service
	for _, m := range w.machines {
		if m.zk != nil && m.end == 0 {
			out = append(out, m.zk)
		}
	}
	return out
}
