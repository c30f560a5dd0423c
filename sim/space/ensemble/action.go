package ensemble

import (
	"fmt"
	"slices"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/zk/quorum"
)

// the kinds of action
const (
	delivers  = iota + 1 // to a server, from a connection
	writes               // a disk goes on
	rings                // a timer
	proposes             // a leader
	starts               // a server that is down
	crashLost            // a machine crashes: a fault, as all that follow
	crashKept            // a server's process does
	cutLink              // of a connection
	holdLink             // one direction of a connection is held up
	holdDisk             // a disk is
)

// id packs a kind, a server and a number that is the same for the same thing in
// states that another action makes of one.
func id(kind uint64, i int, n uint64) explore.Action {
	return explore.Action{ID: kind<<56 | uint64(i)<<48 | n}
}

func unpack(a explore.Action) (kind uint64, i int, n uint64) {
	return a.ID >> 56, int(a.ID >> 48 & 0xff), a.ID & (1<<48 - 1)
}

// way is a queue whose oldest can be taken.
type way struct {
	take explore.Action
	hold uint64 // kind of action
	sent uint64
	held bool
}

// ways lists the queues of which something can be taken.
func (w *World) ways(dst []way) []way {
	for i, n := range w.nodes {
		if n.peer == nil {
			continue
		}
		for j := range n.ends {
			if e := &n.ends[j]; len(e.in) > 0 {
				dst = append(dst, way{id(delivers, i, e.way()), holdLink, e.in[0].sent, e.held})
			}
		}
		if len(n.disk.asked) > 0 {
			dst = append(dst, way{id(writes, i, 0), holdDisk, n.disk.asked[0].sent, n.disk.held})
		}
	}
	return dst
}

// actions appends what can happen in w.
func (w *World) actions(dst []explore.Action) []explore.Action {
	var room [16]way
	ways := w.ways(room[:0])
	first := -1 // of what is not held up, the oldest
	for i := range ways {
		if !ways[i].held && (first < 0 || ways[i].sent < ways[first].sent) {
			first = i
		}
	}
	for i := range ways {
		if ways[i].held || i == first || !w.c.InOrder {
			dst = append(dst, ways[i].take)
		}
	}
	if first < 0 {
		dst = w.timers(dst)
	}
	for i := range ways {
		if x := &ways[i]; w.left[late] > 0 && !x.held && (i == first || !w.c.InOrder) {
			_, p, n := unpack(x.take)
			dst = append(dst, id(x.hold, p, n))
		}
	}
	for i, n := range w.nodes {
		switch {
		case n.peer == nil && (first < 0 || !w.c.InOrder):
			dst = append(dst, id(starts, i, 0))
		case n.leads() && w.left[txns] > 0:
			dst = append(dst, id(proposes, i, 0))
		}
	}
	return w.faults(dst)
}

func (w *World) timers(dst []explore.Action) []explore.Action {
	first := int64(-1)
	for _, n := range w.nodes {
		if len(n.timers) > 0 && (first < 0 || n.timers[0].at < first) {
			first = n.timers[0].at
		}
	}
	last := max(first, w.now) + int64(w.c.Drift)
	if w.holds() {
		last = min(last, w.until)
	}
	for i, n := range w.nodes {
		for j := range n.timers {
			if n.timers[j].at <= last {
				dst = append(dst, id(rings, i, uint64(n.timers[j].id)))
			}
		}
	}
	return dst
}

func (w *World) faults(dst []explore.Action) []explore.Action {
	for i, n := range w.nodes {
		if n.peer == nil {
			continue
		}
		if w.left[crashes] > 0 {
			dst = append(dst, id(crashKept, i, 0))
			if len(n.disk.asked) > 0 || w.sends(n) {
				dst = append(dst, id(crashLost, i, 0))
			}
		}
		for j := range n.ends {
			e := &n.ends[j]
			if w.left[cuts] > 0 && e.side == 0 && w.nodes[e.peer].find(e.link, 1) >= 0 {
				dst = append(dst, id(cutLink, i, e.way()))
			}
		}
	}
	return dst
}

// sends reports whether something that n has sent is under way.
func (w *World) sends(n *node) bool {
	return slices.ContainsFunc(n.ends, func(e end) bool {
		q := w.nodes[e.peer]
		at := q.find(e.link, 1-e.side)
		return at >= 0 && len(q.ends[at].in) > 0
	})
}

// hasten takes what takes no time: dials, who it was that dialled, and reads.
func (w *World) hasten() {
	for again := true; again; {
		again = false
		for i := range w.nodes {
			for w.nodes[i].peer != nil {
				n := w.nodes[i]
				j := slices.IndexFunc(n.ends, func(e end) bool { return len(e.in) > 0 && !e.held && e.in[0].quick() })
				switch {
				case j >= 0:
					w.deliver(i, j)
				case len(n.disk.asked) > 0 && n.disk.asked[0].kind == reads:
					w.read(i)
				default:
					n = nil
				}
				if n == nil {
					break
				}
				again = true
			}
		}
	}
}

// quick reports whether it is told at once.
func (x *item) quick() bool {
	_, greets := x.msg.(quorum.Hello)
	return greets || x.kind == connected || x.why == host.Refused
}

// apply carries a out in w, which is being made.
func (w *World) apply(a explore.Action) {
	kind, i, n := unpack(a)
	switch kind {
	case delivers:
		w.deliver(i, w.nodes[i].find(n>>1, n&1))
	case writes:
		w.write(i)
	case rings:
		w.ring(i, host.TimerID(n))
	case proposes:
		w.left[txns]--
		number := byte(w.c.Txns - w.left[txns])
		w.call(i, func(p *quorum.Peer) { p.Propose([]byte{number}) })
	case starts:
		w.start(i)
	case crashLost, crashKept:
		w.spend(crashes, map[bool]string{true: "host-loss", false: "kill"}[kind == crashLost], string(w.nodes[i].id))
		w.die(i, trace.KilledOff, kind == crashLost)
	case cutLink:
		e := w.nodes[i].ends[w.nodes[i].find(n>>1, n&1)]
		w.spend(cuts, "reset", fmt.Sprintf("%s %s", w.nodes[i].id, w.nodes[e.peer].id))
		w.reset(i, e.link, 0, host.Reset, true)
		w.reset(e.peer, e.link, 1, host.Reset, true)
	case holdLink:
		w.hold()
		p := w.mut(i)
		p.ends[p.find(n>>1, n&1)].held = true
	case holdDisk:
		w.hold()
		w.mut(i).disk.held = true
	}
}

func (w *World) hold() {
	w.left[late]--
	w.until = w.now + int64(w.c.Stall)
}

func (w *World) spend(budget int, class, who string) {
	w.left[budget]--
	w.tell(trace.Event{Kind: trace.Fault, Subject: class, Value: "begin", Detail: class + " " + who})
}

// deliver tells a server the oldest thing of its connection number at.
func (w *World) deliver(i, at int) {
	n := w.mut(i)
	e := &n.ends[at]
	x, c := e.in[0], e.id
	e.in, e.held = e.in[1:], false
	if x.kind == closed {
		n.ends = slices.Delete(n.ends, at, at+1)
	}
	w.call(i, func(p *quorum.Peer) {
		switch x.kind {
		case connected:
			p.Connected(c)
		case message:
			p.Received(c, x.msg)
		case closed:
			p.Closed(c, x.why)
		}
	})
}

func (w *World) ring(i int, t host.TimerID) {
	n := w.mut(i)
	at := slices.IndexFunc(n.timers, func(x timer) bool { return x.id == t })
	x := n.timers[at]
	n.timers = slices.Delete(n.timers, at, at+1)
	w.now = max(w.now, x.at)
	w.call(i, func(p *quorum.Peer) { x.call.Run(process{peer: p}, nil) })
}

// complete tells a server that its disk has done something.
func (w *World) complete(i int, o *order, result any) {
	if !o.done.IsZero() && w.nodes[i].peer != nil {
		w.call(i, func(p *quorum.Peer) { o.done.Run(process{peer: p}, result) })
	}
}
