package ensemble

import (
	"cmp"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/zk/fle"
	"github.com/simctl/simctl/sim/zk/quorum"
	"github.com/simctl/simctl/sim/zk/server"
)

// node is a server on its machine, across its incarnations.
type node struct {
	id     host.ProcessID
	i      int // among the servers
	inc    uint32
	peer   *quorum.Peer // nil: down
	role   server.Role
	log    []server.Txn // what it was told to apply
	timers []timer
	ends   []end
	disk   disk
	last   uint64 // number given last, to a timer or a connection
	dials  uint64 // connections dialled, ever

	sum     uint64 // of peer, with ranks for the numbers of timers and connections
	machine *machine
	exiting bool
}

// timer is one that is armed.
type timer struct {
	id   host.TimerID
	at   int64
	call host.Call
	sum  uint64
}

// end is one end of a connection.
type end struct {
	link uint64 // the same at the other end: the dialler, and how manieth
	side uint64 // 0: the dialler's
	id   host.ConnID
	peer int    // server at the other end
	in   []item // what is still to be told, oldest first
	held bool   // it is held up
}

// what is told of a connection
const (
	connected = iota + 1
	message
	closed
)

type item struct {
	kind uint8
	why  host.Reason
	msg  host.Message
	sum  uint64
	sent uint64 // when, among all
}

// way names one end of a connection.
func (e *end) way() uint64 { return e.link<<1 | e.side }

// push adds what is still to be told; its last may be a close.
func (e *end) push(x item) {
	if n := len(e.in); n == 0 || e.in[n-1].kind != closed {
		e.in = append(e.in[:n:n], x)
	}
}

// leads reports whether the server serves as an established leader.
func (n *node) leads() bool {
	return n.peer != nil && n.peer.Role() == fle.Leading && n.peer.Serving()
}

// close makes a changed server part of a state.
func (n *node) close() {
	if n.machine != nil {
		n.machine.w, n.machine.n = nil, nil
	}
	slices.SortFunc(n.timers, func(a, b timer) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.sum, b.sum), cmp.Compare(a.id, b.id))
	})
	if n.sum = 0; n.peer != nil {
		d := host.NewDigest(names{n})
		n.peer.Digest(&d)
		n.sum = d.Sum()
	}
}

// names are ranks in the order in which the server was given the numbers. What has
// gone is 1.
type names struct{ n *node }

// Timer implements host.Names.
func (n names) Timer(t host.TimerID) uint64 {
	if t == 0 {
		return 0
	}
	rank, there := uint64(2), false
	for i := range n.n.timers {
		there = there || n.n.timers[i].id == t
		if n.n.timers[i].id < t {
			rank++
		}
	}
	if !there {
		return 1
	}
	return rank
}

// Conn implements host.Names.
func (n names) Conn(c host.ConnID) uint64 {
	if c == 0 {
		return 0
	}
	return uint64(n.n.conn(c) + 2)
}

// digest writes the server. How often it has started matters to nobody.
func (n *node) digest(d *host.Digest, w *World) {
	d.Bool(n.peer != nil)
	n.disk.digest(d)
	if n.peer == nil {
		return
	}
	d.Uint(n.sum)
	d.Uint(uint64(n.role))
	d.Uint(uint64(len(n.log)))
	for i := range n.log {
		d.Int(n.log[i].Zxid)
		d.Bytes(n.log[i].Data)
	}
	d.Uint(uint64(len(n.timers)))
	for i := range n.timers {
		t := &n.timers[i]
		d.Int(max(0, t.at-w.now))
		d.Uint(t.sum)
		d.Uint(names{n}.Timer(t.id))
	}
	d.Uint(uint64(len(n.ends)))
	for i := range n.ends {
		e := &n.ends[i]
		d.Uint(e.side)
		d.Bool(e.held)
		d.Int(int64(e.peer))
		d.Int(int64(w.nodes[e.peer].find(e.link, 1-e.side)))
		d.Uint(uint64(len(e.in)))
		for j := range e.in {
			d.Uint(uint64(e.in[j].kind)<<8 | uint64(e.in[j].why))
			d.Uint(e.in[j].sum)
		}
	}
}

// find returns the index of one end of a link, -1 if it is not here.
func (n *node) find(link, side uint64) int {
	return slices.IndexFunc(n.ends, func(e end) bool { return e.link == link && e.side == side })
}

// conn returns the index of a connection, -1 if it has gone.
func (n *node) conn(c host.ConnID) int {
	return slices.IndexFunc(n.ends, func(e end) bool { return e.id == c })
}

// call calls a server; f is what to do.
func (w *World) call(i int, f func(p *quorum.Peer)) {
	n := w.mut(i)
	if n.machine == nil || n.machine.w != w {
		n.machine = &machine{w: w, n: n}
		n.peer = n.peer.Clone(n.machine, n.machine).(*quorum.Peer)
	}
	f(n.peer)
	if n.exiting {
		w.die(i, trace.Exited, false)
	}
}

// start starts a server's next incarnation.
func (w *World) start(i int) {
	n := w.mut(i)
	n.inc++
	n.exiting = false
	n.machine = &machine{w: w, n: n}
	cfg := quorum.Config{
		ID: server.ServerID(i + 1), Tick: tick, Init: initTicks, Sync: syncTicks, SnapCount: w.c.SnapCount, Defects: w.c.Defects,
	}
	for j := range w.nodes {
		cfg.Members = append(cfg.Members, quorum.Member{ID: server.ServerID(j + 1), Addr: addr(j)})
	}
	p, err := quorum.New(cfg)
	if err != nil {
		panic(err)
	}
	n.peer = p
	w.tell(trace.Event{Process: string(n.id), Inc: n.inc, Kind: trace.Started, N: int64(n.inc), Value: "server"})
	p.Start(n.machine, n.machine)
}

// die ends an incarnation. What its disk was asked for and what it has sent is lost,
// or carried out, and the others are told behind that.
func (w *World) die(i int, how trace.Kind, lost bool) {
	n := w.mut(i)
	w.tell(trace.Event{Process: string(n.id), Inc: n.inc, Kind: how})
	ends := n.ends
	n.disk.crash(lost)
	n.peer, n.machine, n.exiting, n.role, n.log, n.timers, n.ends = nil, nil, false, server.Looking, nil, nil, nil
	for _, e := range ends {
		w.reset(e.peer, e.link, 1-e.side, host.Reset, lost)
	}
}

// reset ends a connection at one end, behind what is under way to it or, if that
// is lost, at once.
func (w *World) reset(i int, link, side uint64, why host.Reason, lost bool) {
	at := w.nodes[i].find(link, side)
	if at < 0 {
		return
	}
	e := &w.mut(i).ends[at]
	if lost {
		e.in, e.held = nil, false
	}
	e.push(item{kind: closed, why: why, sent: w.next()})
}
