package quorum

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/disk"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/zk/server"
)

// world is an ensemble on simulated machines, its servers' state being the
// list of all transactions they were ever told.
type world struct {
	k     *kernel.Kernel
	net   *network.Net
	cfg   Config
	nodes []*node

	proposed   uint64
	judges     []checker.Monitor
	reigns     int      // how many epochs were established
	complaints []string // of servers that could not go on
	sent       func(from *node, c host.ConnID, m host.Message)
	changed    func(n *node, what string)
	got        func(n *node, c host.ConnID, m host.Message)
	delay      func(from *node, c host.ConnID, m host.Message) time.Duration
}

// node is a server across its incarnations.
type node struct {
	w       *world
	id      server.ServerID
	addr    host.Addr
	mach    network.MachineID
	actor   kernel.ActorID
	disk    *disk.Disk
	inc     uint32
	up      bool
	peer    *Peer
	role    server.Role
	state   []server.Txn
	peers   map[host.ConnID]host.Addr
	draws   map[string]uint64
	exited  bool
	synced  []uint64
	touches []server.Touch
	heard   []string
}

func newWorld(seed uint64, size int, cfg Config) *world {
	w := &world{k: kernel.New(seed, nil), cfg: cfg, judges: newJudges()}
	w.net = network.New(w.k, network.Config{Encode: seed%4 == 0, Delay: network.Delay{
		Min: int64(200 * time.Microsecond), Max: int64(800 * time.Microsecond), Tail: 1000, TailMax: int64(20 * time.Millisecond)}})
	for i := range size {
		name := fmt.Sprintf("z%d", i+1)
		n := &node{w: w, id: server.ServerID(i + 1), addr: host.Addr(name + ":2888"), mach: w.net.AddMachine(name), disk: disk.New(w.k, name)}
		n.actor = w.k.AddActor(name, n)
		w.nodes = append(w.nodes, n)
		w.cfg.Members = append(w.cfg.Members, Member{n.id, n.addr})
	}
	return w
}

func (w *world) startAll() *world {
	for _, n := range w.nodes {
		n.start()
	}
	return w
}

func (w *world) run(d time.Duration) { w.k.Run(w.k.Now() + int64(d)) }

// until runs until ok says so, for at most d, and returns how long it took.
func (w *world) until(d time.Duration, ok func() bool) (time.Duration, bool) {
	begin := w.k.Now()
	for !ok() {
		at, some := w.k.Next()
		if !some || at > begin+int64(d) {
			return d, false
		}
		w.k.Run(at)
	}
	return time.Duration(w.k.Now() - begin), true
}

// leader is the server that leads and serves in the highest epoch.
func (w *world) leader() *node {
	var best *node
	for _, n := range w.nodes {
		if n.up && n.role == server.Leading && (best == nil || n.peer.Epoch() > best.peer.Epoch()) {
			best = n
		}
	}
	return best
}

func (w *world) serving() (n int) {
	for _, x := range w.nodes {
		if x.up && x.role != server.Looking {
			n++
		}
	}
	return n
}

func (n *node) end() network.End { return network.End{Machine: n.mach, Actor: n.actor, Inc: n.inc} }

func (n *node) start() {
	if n.up {
		return
	}
	n.inc++
	n.w.k.SetIncarnation(n.actor, n.inc)
	n.up, n.exited, n.role, n.state = true, false, server.Looking, nil
	n.peers, n.draws = map[host.ConnID]host.Addr{}, map[string]uint64{}
	cfg := n.w.cfg
	cfg.ID = n.id
	p, err := New(cfg)
	if err != nil {
		panic(err)
	}
	n.peer = p
	n.w.k.Post(n.w.k.Now(), kernel.Event{Actor: n.actor, Inc: n.inc, Kind: kernel.Start, Name: "start"})
}

// kill ends the process; the machine lives and resets its connections.
func (n *node) kill() { n.die(true) }

// crash loses the machine, and what it had not synced.
func (n *node) crash() {
	if n.up {
		n.die(false)
		n.disk.Crash()
	}
}

func (n *node) die(reset bool) {
	if !n.up {
		return
	}
	n.up, n.role = false, server.Looking
	n.w.net.Gone(n.end(), reset)
	n.w.k.SetIncarnation(n.actor, 1<<31)
}

// Handle implements kernel.Handler.
func (n *node) Handle(e *kernel.Event) {
	was := n.peer.Role()
	switch c := host.ConnID(e.A); e.Kind {
	case kernel.Service:
		e.V.(func())() // a delayed message
	case kernel.Start:
		n.peer.Start(machineHost{n}, n)
	case kernel.Timer:
		e.Call.Run(process{n}, nil)
	case kernel.DiskDone:
		e.Call.Run(process{n}, e.V)
	default:
		if !n.w.net.Arrive(e) {
			return
		}
		if m, ok := e.V.(host.Message); ok && n.w.got != nil {
			n.w.got(n, c, m)
		}
		switch e.Kind {
		case kernel.Connected:
			n.peer.Connected(c)
		case kernel.Message:
			n.peer.Received(c, e.V.(host.Message))
		case kernel.Hangup:
			n.peer.Closed(c, host.Reason(e.B))
		}
	}
	if now := n.peer.Role(); now != was && n.w.changed != nil {
		n.w.changed(n, now.String())
	}
	if n.exited {
		n.die(true)
	}
}

// process is a node as continuations find it.
type process struct{ n *node }

func (p process) Part(i int) any                   { return p.n.peer.Part(i) }
func (process) Start(host.Host)                    {}
func (process) Accepted(host.ConnID, host.Addr)    {}
func (process) Connected(host.ConnID)              {}
func (process) Received(host.ConnID, host.Message) {}
func (process) Closed(host.ConnID, host.Reason)    {}
func (process) Exited(host.ProcessID, int)         {}
func (process) Signalled(host.Signal)              {}
func (process) Digest(*host.Digest)                {}
func (p process) Clone(host.Host) host.Process     { return p }

// machineHost is a node's machine as its process sees it.
type machineHost struct{ n *node }

func (h machineHost) Mono() host.Mono { return host.Mono(h.n.w.k.Now()) }
func (h machineHost) Wall() host.Wall { return host.Wall(h.n.w.k.Now()) }

func (h machineHost) StartTimer(d time.Duration, c host.Call) host.TimerID {
	var sum host.Digest
	c.Digest(&sum)
	r := h.n.w.k.Post(h.n.w.k.Now()+int64(d), kernel.Event{
		Actor: h.n.actor, Inc: h.n.inc, Kind: kernel.Timer, Call: c, Name: c.Name(), Sum: sum.Sum()})
	return host.TimerID(r.Uint())
}

func (h machineHost) StopTimer(t host.TimerID) bool { return h.n.w.k.Cancel(kernel.RefOf(uint64(t))) }

func (h machineHost) Listen(a host.Addr, c host.Codec) error {
	return h.n.w.net.Listen(h.n.end(), a, c)
}

func (h machineHost) Dial(a host.Addr, c host.Codec) host.ConnID {
	id := h.n.w.net.Dial(h.n.end(), a, c)
	h.n.peers[id] = a
	return id
}

func (h machineHost) Send(c host.ConnID, m host.Message) {
	if h.n.w.sent != nil {
		h.n.w.sent(h.n, c, m)
	}
	if h.n.w.delay != nil {
		if d := h.n.w.delay(h.n, c, m); d > 0 {
			h.n.w.k.Post(h.n.w.k.Now()+int64(d), kernel.Event{Actor: h.n.actor, Inc: h.n.inc, Kind: kernel.Service,
				Name: "late", V: func() { h.n.w.net.Send(h.n.end(), c, m) }})
			return
		}
	}
	h.n.w.net.Send(h.n.end(), c, m)
}

func (h machineHost) Close(c host.ConnID) { h.n.w.net.Close(h.n.end(), c) }

func (h machineHost) AppendFile(name string, data []byte, c host.Call) {
	h.n.disk.AppendFile(h.n.actor, h.n.inc, name, data, c)
}
func (h machineHost) CreateFile(string, host.Call) { panic("a server creates no empty files") }
func (h machineHost) ListFiles(string, host.Call)  { panic("a server lists no files") }
func (h machineHost) SyncFile(name string, c host.Call) {
	h.n.disk.SyncFile(h.n.actor, h.n.inc, name, c)
}
func (h machineHost) RenameFile(from, to string, c host.Call) {
	h.n.disk.RenameFile(h.n.actor, h.n.inc, from, to, c)
}
func (h machineHost) RemoveFile(name string, c host.Call) {
	h.n.disk.RemoveFile(h.n.actor, h.n.inc, name, c)
}
func (h machineHost) ReadFile(name string, c host.Call) {
	h.n.disk.ReadFile(h.n.actor, h.n.inc, name, c)
}

func (h machineHost) Spawn(host.Program) host.ProcessID  { panic("no children") }
func (h machineHost) Signal(host.ProcessID, host.Signal) {}
func (h machineHost) Self() host.ProcessID               { return host.ProcessID(fmt.Sprintf("z%d", h.n.id)) }
func (h machineHost) Incarnation() uint32                { return h.n.inc }
func (h machineHost) Exit(int)                           { h.n.exited = true }

func (h machineHost) Draw(purpose string, n uint64) uint64 {
	h.n.draws[purpose]++
	return h.n.w.k.Below(kernel.KeyOf(purpose, uint64(h.n.id), uint64(h.n.inc)), h.n.draws[purpose], n)
}

func (h machineHost) Note(x host.Note) { h.n.w.tell(h.n, x) }

// Became implements server.Machine.
func (n *node) Became(r server.Role, _ int64) { n.role = r }

// Restore implements server.Machine.
func (n *node) Restore(s server.Txn) error {
	n.state = nil
	for b := s.Data; len(b) > 0; b = b[16:] {
		n.state = append(n.state, server.Txn{Zxid: int64(binary.BigEndian.Uint64(b)), Data: b[8:16]})
	}
	return nil
}

// Snapshot implements server.Machine.
func (n *node) Snapshot() server.Txn {
	var b []byte
	for _, t := range n.state {
		b = append(binary.BigEndian.AppendUint64(b, uint64(t.Zxid)), t.Data...)
	}
	return server.Txn{Data: b}
}

// Committed implements server.Machine.
func (n *node) Committed(t server.Txn) server.Answer {
	n.state = append(n.state, t)
	return server.NotHere
}

// The rest of server.Machine.
func (n *node) Forwarded(from server.ServerID, data []byte) {
	n.heard = append(n.heard, fmt.Sprintf("request of z%d: %s", from, data))
}
func (n *node) Synced(id uint64) { n.synced = append(n.synced, id) }
func (n *node) Touches() []server.Touch {
	t := n.touches
	n.touches = nil
	return t
}
func (n *node) Touched(from server.ServerID, touches []server.Touch) {
	for _, t := range touches {
		n.heard = append(n.heard, fmt.Sprintf("touch by z%d: %d for %v", from, t.Session, t.Timeout))
	}
}
func (n *node) Revalidate(from server.ServerID, session int64, timeout time.Duration) bool {
	n.heard = append(n.heard, fmt.Sprintf("revalidate by z%d: %d for %v", from, session, timeout))
	return session%2 == 1
}
func (n *node) Revalidated(session int64, ok bool) {
	n.heard = append(n.heard, fmt.Sprintf("revalidated: %d %v", session, ok))
}

// propose lets the leader propose the next number.
func (w *world) propose(n *node) int64 {
	w.proposed++
	return n.peer.Propose(binary.BigEndian.AppendUint64(nil, w.proposed))
}
