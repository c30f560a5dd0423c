package cluster

import (
	"fmt"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/disk"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/zk"
	"github.com/simctl/simctl/sim/zk/quorum"
	"github.com/simctl/simctl/sim/zk/server"
)

// wallStart is the wall clock at virtual time 0: 2026-01-01 00:00:00 UTC.
const wallStart = 1_767_225_600_000_000_000

const million = 1_000_000

// terminated is the exit status of a program that SIGTERM ended: 128 + 15.
const terminated = 143

// noIncarnation is a dead actor's: no event is for it.
const noIncarnation = 1<<32 - 1

// machine is one simulated computer. It runs one process and its children.
type machine struct {
	name    string
	id      network.MachineID
	up      bool
	held    bool  // a fault stopped its process, and will start it again
	again   bool  // it was to be started again while its process was still ending
	drift   int64 // parts per million that its clocks run fast
	offset  int64 // of the wall clock, nanoseconds
	disk    *disk.Disk
	proc    *process    // nil on an endpoint of the service
	trouble zk.Trouble  // what faults do to its sessions
	server  int         // index of the server it runs, -1 if none
	zk      *zk.Service // whose endpoint it is, at the grain of a service
	end     int         // which of them

	// Of a server that is a process:
	ids     identity
	backup  map[string][]byte // its files, as copied
	booting bool              // it is being started
	boots   uint64            // counts what begins or ends that
	peer    *quorum.Peer
	role    server.Role // as seen last
}

// mono is the monotonic clock at a virtual time.
func (m *machine) mono(at int64) int64 { return at + at/million*m.drift }

// virtual is how much virtual time passes while the machine's clock moves by d.
func (m *machine) virtual(d int64) int64 {
	return d/(million+m.drift)*million + d%(million+m.drift)*million/(million+m.drift)
}

// life is whether a process runs.
type life uint8

const (
	dead life = iota
	running
	paused
)

const (
	strikeNone = iota
	strikeKill
	strikePause
	strikeHost
)

// strikeWithin is how long, in nanoseconds, a fault waits for outputs to strike
// between; then it strikes between two steps.
const strikeWithin = 1_000_000_000

// strike is a fault that waits until its target has made some more outputs.
type strike struct {
	kind  int
	after int    // outputs still allowed
	n     uint64 // counts the strikes at this process
}

// process is a program on a machine, across its incarnations.
type process struct {
	w       *World
	id      host.ProcessID
	kind    string // "master", "worker", "client", "server", "driver"
	machine *machine
	actor   kernel.ActorID
	life    life
	inc     uint32 // of the incarnation that runs, or ran last
	impl    host.Process
	host    *simHost
	zk      *zk.Client
	make    func() host.Process

	coordinated bool // it has a coordination client

	parent   *process
	children []*process

	state   string         // a master's recovery state, as it noted it
	follows string         // the master a worker is registered with, as it noted it
	term    int64          // of that, or of a master's state
	worker  string         // a worker's ID, as it noted it
	own     use            // a worker's, as it noted it
	counts  map[string]use // of workers by ID, as a master noted it in its reign

	begun   bool // it was called with Start
	asked   bool // to end, by a fault
	exiting bool
	status  int
	strike  strike
	strikes uint64
	struck  bool     // the strike fell in this step; the rest of it does not happen, or later
	held    []func() // outputs and notes that a pause holds back
	gone    func(status int)
}

// silent reports whether the process's effects have ended, though the Go code
// of its current step still runs: after Exit, or after a kill struck.
func (p *process) silent() bool {
	return p.struck && p.strike.kind != strikePause || p.life == dead
}

// when an output of a step happens.
type when uint8

const (
	never when = iota
	atOnce
	afterPause // to be handed to hold
)

// output is called before each output of a step, and says when that happens.
func (p *process) output() when {
	if p.life == dead {
		return never
	}
	if p.strike.kind != strikeNone && !p.struck {
		if p.strike.after <= 0 {
			p.struck = true
		}
		p.strike.after--
	}
	switch {
	case !p.struck:
		return atOnce
	case p.strike.kind == strikePause:
		return afterPause
	}
	return never
}

// hold keeps what a pause struck for the resumption.
func (p *process) hold(f func()) { p.held = append(p.held, f) }

// Handle implements kernel.Handler: one event becomes one call of the process.
func (p *process) Handle(e *kernel.Event) {
	switch e.Kind {
	case kernel.Start:
		p.begun = true
		p.impl.Start(p.host)
	case kernel.Timer:
		e.Call.Run(p.impl, nil)
	case kernel.Reply, kernel.Watch, kernel.Session, kernel.DiskDone:
		e.Call.Run(p.impl, e.V)
	case kernel.Accepted, kernel.Connected, kernel.Message, kernel.Hangup:
		if !p.w.net.Arrive(e) {
			return
		}
		p.connection(e)
	case kernel.ChildExit:
		p.impl.Exited(e.V.(host.ProcessID), int(int64(e.A)))
	case kernel.Signal:
		if !p.begun { // it had no time to handle signals
			p.die(trace.Exited, true, terminated)
			return
		}
		p.impl.Signalled(host.Signal(e.A))
	case kernel.Service:
		if id, ok := e.V.(doomed); ok {
			p.impl.(*server.Server).ExpireSession(int64(id))
			break
		}
		if p.strike.kind != strikeNone && p.strike.n == e.A { // too few outputs came
			p.struck = true
		}
	default:
		panic(kernel.Bug(fmt.Sprintf("cluster: %s got a %s", p.id, e.Kind)))
	}
	p.after()
}

func (p *process) connection(e *kernel.Event) {
	c := host.ConnID(e.A)
	switch e.Kind {
	case kernel.Accepted:
		p.impl.Accepted(c, e.V.(host.Addr))
	case kernel.Connected:
		p.impl.Connected(c)
	case kernel.Message:
		p.impl.Received(c, e.V.(host.Message))
	default:
		p.impl.Closed(c, host.Reason(e.B))
	}
}

// deliver runs a continuation that the coordination client has a result for.
func (p *process) deliver(_ kernel.Kind, c host.Call, result any) {
	if p.life != running {
		return
	}
	c.Run(p.impl, result)
	p.after()
}

// after ends a step: a strike that fell, or an exit, takes effect.
func (p *process) after() {
	switch {
	case p.life != running:
	case p.struck:
		kind := p.strike.kind
		p.strike, p.struck = strike{}, false
		switch kind {
		case strikePause:
			p.pause()
		case strikeKill:
			p.die(trace.KilledOff, true, -1)
		case strikeHost:
			p.w.LoseHost(p.machine.name, 0)
		}
	case p.exiting:
		p.die(trace.Exited, true, p.status)
	case p.kind == "server":
		p.w.ens.stepped(p.machine)
	}
}

// start starts the next incarnation.
func (p *process) start() {
	if p.life != dead || !p.machine.up {
		return
	}
	w := p.w
	p.inc++
	inc := p.inc
	w.k.SetIncarnation(p.actor, inc)
	p.impl = p.make()
	p.begun, p.asked = false, false
	if p.parent == nil {
		p.machine.again = false
	}
	p.life, p.exiting, p.status, p.strike, p.struck, p.held = running, false, 0, strike{}, false, nil
	p.children, p.state, p.follows, p.own, p.counts = nil, "", "", use{}, nil
	end := network.End{Machine: p.machine.id, Actor: p.actor, Inc: inc}
	p.host = &simHost{p: p, inc: inc, end: end, draws: map[string]*drawing{}}
	if p.coordinated {
		p.zk = w.newClient(p, inc)
	}
	w.tell(&trace.Event{Process: string(p.id), Inc: inc, Kind: trace.Started, N: int64(inc), Value: p.kind})
	w.k.Post(w.k.Now(), kernel.Event{
		Actor: p.actor, Inc: inc, Kind: kernel.Start, Name: "start " + p.kind, Sum: uint64(kernel.KeyOf(string(p.id), uint64(inc))),
	})
}

// die ends the incarnation. With reset its peers are told at once, as the
// kernel of a living machine tells them.
func (p *process) die(how trace.Kind, reset bool, status int) {
	if p.life == dead {
		return
	}
	w := p.w
	p.life, p.struck, p.strike, p.held = dead, false, strike{}, nil
	w.tell(&trace.Event{Process: string(p.id), Inc: p.host.inc, Kind: how, N: int64(status)})
	w.net.Gone(p.host.end, reset)
	if p.zk != nil {
		p.zk.Gone(reset)
		p.zk = nil
	}
	w.k.SetIncarnation(p.actor, noIncarnation)
	w.retire(p)
	for _, c := range p.children {
		c.die(trace.KilledOff, reset, -1)
	}
	p.children, p.impl = nil, nil
	if p.gone != nil {
		p.gone(status)
	}
	p.looked()
}

// looked lets the ensemble see what became of one of its servers.
func (p *process) looked() {
	if p.kind == "server" {
		p.w.ens.look()
	}
}

func (p *process) pause() {
	if p.life != running {
		return
	}
	p.life = paused
	p.w.k.Pause(p.actor)
	if p.zk != nil {
		for _, a := range p.zk.Actors() {
			p.w.k.Pause(a)
		}
	}
	p.w.tell(&trace.Event{Process: string(p.id), Inc: p.host.inc, Kind: trace.Paused})
	p.looked()
}

func (p *process) resume() {
	if p.life != paused {
		return
	}
	p.life = running
	p.w.tell(&trace.Event{Process: string(p.id), Inc: p.host.inc, Kind: trace.Resumed})
	held := p.held
	p.held = nil
	for _, f := range held {
		f()
	}
	p.w.k.Resume(p.actor)
	if p.zk != nil {
		for _, a := range p.zk.Actors() {
			p.w.k.Resume(a)
		}
	}
	p.looked()
}

// spawn starts a child of p.
func (w *World) spawn(p *process, prog host.Program) host.ProcessID {
	id := host.ProcessID(string(p.id) + "/" + prog.Name)
	c := &process{w: w, id: id, kind: prog.Kind, machine: p.machine, parent: p}
	inc := p.host.inc
	c.gone = func(status int) { w.childGone(p, inc, c, status) }
	program, err := w.newChild(prog)
	c.make = func() host.Process { return program } // a child starts once
	c.actor = w.addActor(string(id), c)
	if err != nil {
		w.childGone(p, inc, c, -1)
		return id
	}
	p.children = append(p.children, c)
	c.start()
	return id
}

// childGone tells a living parent that its child ended.
func (w *World) childGone(p *process, inc uint32, c *process, status int) {
	if p.life == dead || p.host.inc != inc {
		return
	}
	for i, other := range p.children {
		if other == c {
			p.children = append(p.children[:i:i], p.children[i+1:]...)
			break
		}
	}
	w.k.Post(w.k.Now(), kernel.Event{
		Actor: p.actor, Inc: inc, Kind: kernel.ChildExit, A: uint64(int64(status)), V: c.id,
		Name: "child exit", Sum: uint64(kernel.KeyOf(string(c.id), uint64(int64(status)))),
	})
}

// signal sends a signal to a child.
func (w *World) signal(p *process, child host.ProcessID, s host.Signal) {
	for _, c := range p.children {
		if c.id != child {
			continue
		}
		if s == host.Kill {
			c.die(trace.KilledOff, true, -1)
			return
		}
		w.k.Post(w.k.Now(), kernel.Event{
			Actor: c.actor, Inc: c.host.inc, Kind: kernel.Signal, A: uint64(s),
			Name: "signal", Sum: uint64(kernel.KeyOf(string(child), uint64(s))),
		})
		return
	}
}
