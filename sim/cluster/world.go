package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/ledger"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/cluster/plan"
	"github.com/simctl/simctl/sim/disk"
	"github.com/simctl/simctl/sim/fault"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/order"
	"github.com/simctl/simctl/sim/zk"
	"github.com/simctl/simctl/sim/zk/knock"
)

// Ports of the processes, Spark's and ZooKeeper's own.
const (
	masterPort = ":7077"
	workerPort = ":7078"
	serverPort = ":2181"
	peerPort   = ":2888"
)

// A World is one simulated cluster.
type World struct {
	s    scenarios.Scenario // drawn
	opts Options
	settings
	k      *kernel.Kernel
	net    *network.Net
	ens    *ensemble  // at the grain of an ensemble, else nil
	shared *disk.Disk // the masters' files, if they share them
	fault  *fault.Driver

	machines []*machine // in the order masters, workers, clients, servers
	byName   map[string]*machine
	byActor  map[kernel.ActorID]*process
	servers  []host.Addr
	masters  []host.Addr

	events []trace.Event
	digest host.Digest // scratch
	text   []byte      // scratch of intern
	joined map[string]string
	quiet  int  // checks in a row that found the healed core quiet
	open   int  // operations of clients without an answer
	closed bool // healed: supervisors start only the core
	cut    bool // the run was ended early
	core   map[string]bool
	self   kernel.ActorID

	vandals uint32 // third parties that have been there
}

var _ fault.World = (*World)(nil)

// newWorld builds every machine and starts every process.
func newWorld(s scenarios.Scenario, opts Options, cfg settings) *World {
	w := &World{
		s: s, opts: opts, settings: cfg,
		byName: map[string]*machine{}, byActor: map[kernel.ActorID]*process{}, joined: map[string]string{},
	}
	w.k = kernel.New(opts.Seed, worldHandler{w})
	w.adopt(opts.Arena)
	w.k.Force(opts.Overrides)
	w.k.OnStep, w.k.OnPanic = opts.OnStep, w.panicked
	w.k.Most = cmp.Or(opts.Most, defaultMost)
	w.k.Rate = w.k.Most / 100
	w.net = network.New(w.k, network.Config{
		Delay: network.Delay{
			Min: int64(s.Delay.Min), Max: int64(s.Delay.Max), Tail: s.Delay.Tail, TailMax: int64(s.Delay.TailMax),
		},
		DialTimeout: int64(w.timers.Dial), Encode: opts.Encode, Window: int64(s.Order.Window),
	})
	if c := order.New(w.k, s.Order); c != nil {
		w.k.Reorder(c, w.net.Chain)
	}
	w.addMachines("m", s.Masters)
	w.addMachines("w", s.Workers)
	w.addMachines("c", s.Clients)
	w.addMachines("z", s.Servers)
	w.addMachines("p", len(s.Probes))
	if s.HasLedger() {
		w.addMachines("l", 1)
	}
	if opts.Knock > 0 {
		w.addMachines("k", 1)
	}
	w.prepare()
	w.addService()
	w.fault = fault.New(w.k, w.net, w, s.Faults)
	for _, m := range w.machines {
		if m.server < 0 || w.ens != nil {
			w.addProcess(m)
		}
	}
	for _, r := range s.Require {
		w.tell(&trace.Event{Kind: trace.Require, Subject: r})
	}
	w.tellBounds()
	return w
}

func (w *World) addMachines(prefix string, n int) {
	for i := range n {
		name := fmt.Sprintf("%s%d", prefix, i+1)
		m := &machine{name: name, id: w.net.AddMachine(name), up: true, server: -1}
		m.drift = w.k.Between(kernel.KeyOf("drift "+name), 0, -w.s.Drift, w.s.Drift)
		m.disk = disk.New(w.k, name)
		if prefix == "m" && w.s.Recovery.Shared {
			if w.shared == nil {
				w.shared = m.disk
			}
			m.disk = w.shared
		}
		w.machines = append(w.machines, m)
		w.byName[name] = m
		switch prefix {
		case "m":
			w.masters = append(w.masters, host.Addr(name+masterPort))
		case "z":
			m.server = i
			w.servers = append(w.servers, host.Addr(name+serverPort))
		}
	}
}

func (w *World) addService() {
	switch {
	case w.s.Servers == 0:
	case w.opts.Ensemble:
		w.ens = newEnsemble(w)
	case len(w.s.Apart) == 0:
		w.addEndpoints(w.Expand("servers", 0))
	default:
		for _, group := range w.s.Apart {
			w.addEndpoints(group)
		}
	}
}

// addEndpoints makes a service of some servers.
func (w *World) addEndpoints(names []string) {
	var servers []zk.Server
	for _, name := range names {
		m := w.byName[name]
		servers = append(servers, zk.Server{Name: m.name, Machine: m.id, Addr: w.servers[m.server]})
	}
	service := zk.New(w.k, w.net, zk.Config{Servers: servers, Tick: int64(w.timers.Tick)})
	service.OnCommit, service.OnSession, service.OnQuorum = w.committed, w.sessionChanged, w.quorum
	for i, name := range names {
		w.byName[name].zk, w.byName[name].end = service, i
	}
}

func (w *World) addActor(name string, p *process) kernel.ActorID {
	a := w.k.AddActor(name, p)
	w.byActor[a] = p
	return a
}

func (w *World) addProcess(m *machine) {
	p := &process{w: w, id: host.ProcessID(m.name), machine: m}
	m.proc = p
	p.actor = w.addActor(m.name, p)
	switch m.name[0] {
	case 'm':
		p.kind, p.coordinated, p.make = "master", true, func() host.Process { return w.newMaster(m) }
	case 'w':
		p.kind, p.make = "worker", func() host.Process { return w.newWorker(m) }
	case 'z':
		p.kind, p.make = "server", func() host.Process { return w.ens.newServer(m) }
	case 'k':
		p.kind, p.make = "knocker", func() host.Process { return knock.New(w.opts.Knock, w.servers) }
	case 'l':
		p.kind, p.make = "ledger", func() host.Process { return ledger.New(ledger.Config{Listen: plan.Ledger}) }
	case 'p':
		p.kind, p.coordinated, p.make = "probe", true, func() host.Process { return w.newProbe(m) }
	default:
		p.kind, p.make = "client", func() host.Process { return w.newSubmitter(m) }
	}
	p.start()
}

// retire is told when a process's incarnation ended: its supervisor starts it
// again after the scenario's pause, unless a fault ended it and says when.
func (w *World) retire(p *process) {
	again := p.machine.again
	p.machine.again = false
	switch {
	case p.parent != nil || !p.machine.up || p.machine.held:
		return
	case w.s.Restart.Hi == 0 && again: // its fault was over while it was still ending
		w.k.Post(w.k.Now(), kernel.Event{
			Actor: w.self, Kind: kernel.Service, A: superviseEvent, V: p.machine.name,
			Name: "start again", Sum: uint64(kernel.KeyOf(p.machine.name, uint64(p.inc))),
		})
		return
	case w.s.Restart.Hi == 0 || p.kind == "client":
		return
	}
	delay := w.k.Between(kernel.KeyOf("restart "+p.machine.name), uint64(p.inc), int64(w.s.Restart.Lo), int64(w.s.Restart.Hi))
	w.k.Post(w.k.Now()+delay, kernel.Event{
		Actor: w.self, Kind: kernel.Service, A: superviseEvent, V: p.machine.name,
		Name: "supervisor", Sum: uint64(kernel.KeyOf(p.machine.name, uint64(p.inc))),
	})
}

const (
	superviseEvent = iota + 1
	settleEvent
	bootEvent
)

// worldHandler is the world as actor 0.
type worldHandler struct{ w *World }

// Handle implements kernel.Handler.
func (h worldHandler) Handle(e *kernel.Event) {
	switch w := h.w; e.A {
	case superviseEvent:
		name := e.V.(string)
		if !w.byName[name].held && (!w.closed || w.core[name]) {
			w.Start(name)
		}
	case settleEvent:
		w.settle()
	case bootEvent:
		w.ens.boot(e.V.(string), e.B)
	}
}

// Everyone implements fault.World.
func (w *World) Everyone() []string {
	var out []string
	for _, m := range w.machines {
		out = append(out, m.name)
	}
	return out
}

// Expand implements fault.World.
func (w *World) Expand(target string, key kernel.Key) []string {
	switch target {
	case "everyone":
		return w.Everyone()
	case "masters", "workers", "clients", "servers", "probes":
		prefix := strings.Replace(target[:1], "s", "z", 1)
		return w.pick(func(m *machine) bool { return strings.HasPrefix(m.name, prefix) })
	case "active":
		return w.one(key, func(m *machine) bool { return m.acting() })
	case "standby":
		return w.one(key, func(m *machine) bool { return m.runs("master") && !m.acting() })
	case "any-master":
		return w.one(key, func(m *machine) bool { return m.runs("master") })
	case "any-worker":
		return w.one(key, func(m *machine) bool { return m.runs("worker") })
	case "busy-worker":
		return w.one(key, func(m *machine) bool { return m.runs("worker") && len(m.proc.children) > 0 })
	case "driver-worker":
		return w.one(key, func(m *machine) bool { return m.runs("worker") && w.hosts(m, "driver") })
	case "any-driver", "any-executor":
		return w.oneProcess(key, strings.TrimPrefix(target, "any-"))
	case "any-probe":
		return w.one(key, func(m *machine) bool { return m.runs("probe") })
	case "zk-leader":
		return w.one(key, func(m *machine) bool { return w.ens != nil && m == w.ens.leader() })
	case "zk-follower":
		return w.one(key, func(m *machine) bool { return w.ens != nil && w.ens.serves(m) })
	case "any-server":
		return w.one(key, func(m *machine) bool { return m.server >= 0 && m.up && (w.ens == nil || m.runs("server")) })
	default:
		if w.byName[machineOf(target)] == nil {
			return nil
		}
		return []string{target}
	}
}

func (w *World) pick(want func(*machine) bool) []string {
	var out []string
	for _, m := range w.machines {
		if want(m) {
			out = append(out, m.name)
		}
	}
	return out
}

// one returns one of the machines that match, chosen by key.
func (w *World) one(key kernel.Key, want func(*machine) bool) []string {
	return w.choose(key, w.pick(want))
}

// choose returns one of the names, chosen by key; none of none.
func (w *World) choose(key kernel.Key, all []string) []string {
	if len(all) == 0 {
		return nil
	}
	i := w.k.Below(key, 0, uint64(len(all)))
	return all[i : i+1]
}

func (m *machine) runs(kind string) bool {
	return m.proc != nil && m.proc.kind == kind && m.proc.life != dead
}

// acting reports whether the machine's master leads, whatever its phase.
func (m *machine) acting() bool {
	return m.runs("master") && m.proc.state != "" && m.proc.state != "Standby"
}

// newClient makes the coordination client of a process's incarnation.
func (w *World) newClient(p *process, inc uint32) *zk.Client {
	cfg := zk.ClientConfig{
		Owner: string(p.id), Inc: inc, Machine: p.machine.id,
		Virtual: p.machine.virtual, Deliver: p.deliver, Profile: w.profile(p),
		Trouble: &p.machine.trouble, Estimates: w.s.Curator != "" && p.kind == "master",
	}
	if w.ens != nil {
		cfg.Wire, cfg.Sent = true, w.ens.log.Sent
	}
	c := zk.NewClient(w.k, w.net, cfg)
	for _, a := range c.Actors() {
		w.byActor[a] = p // a panic in a continuation is the process's
	}
	return c
}

// sorted returns the core's machines in a fixed order.
func (w *World) sorted() []string {
	var out []string
	for _, m := range w.machines {
		if w.core[m.name] {
			out = append(out, m.name)
		}
	}
	return slices.Clip(out)
}
