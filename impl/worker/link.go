package worker

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A link is the worker's own connection to one master: Spark's outbox to an
// address. What it holds when it breaks is lost.
type link struct {
	addr  host.Addr
	conn  host.ConnID // 0: none
	up    bool
	queue []host.Message // while it is being dialled
	timer host.TimerID   // gives up the dial
	asked bool           // a registration was sent on it and nothing has come back since
}

// inbound is a connection that a master dialled to send its commands.
type inbound struct {
	conn host.ConnID
	term int64 // of its last message; 0 before the first
	// stale: it stands from before a master took this worker in anew. It has said
	// nothing, and is closed when it does, unless it is a child's.
	stale bool
}

// link returns the link to addr, which is valid until the next call.
func (w *Worker) link(addr host.Addr) *link {
	for i := range w.links {
		if w.links[i].addr == addr {
			return &w.links[i]
		}
	}
	w.links = append(w.links, link{addr: addr})
	return &w.links[len(w.links)-1]
}

// send sends m to a master, over a new connection if there is none.
func (w *Worker) send(addr host.Addr, m host.Message) {
	l := w.link(addr)
	if l.up {
		w.h.Send(l.conn, m)
		return
	}
	if l.conn == 0 {
		l.conn = w.h.Dial(addr, wire.Codec{})
		l.timer = host.After(w.h, w.cfg.Dial, (*Worker).dialTimedOut, l.conn)
	}
	l.queue = append(l.queue, m)
}

// hangUp closes a link and drops what it holds.
func (w *Worker) hangUp(l *link) {
	if l.conn != 0 {
		w.h.Close(l.conn)
		w.h.StopTimer(l.timer)
		*l = link{addr: l.addr}
		w.asksBroke(l.addr)
	}
}

// Accepted implements [host.Process].
func (w *Worker) Accepted(c host.ConnID, _ host.Addr) {
	w.inbound = append(w.inbound, inbound{conn: c})
}

// Connected implements [host.Process].
func (w *Worker) Connected(c host.ConnID) {
	for i := range w.links {
		l := &w.links[i]
		if l.conn != c {
			continue
		}
		w.h.StopTimer(l.timer)
		l.up, l.timer = true, 0
		for _, m := range l.queue {
			w.h.Send(c, m)
		}
		l.queue = nil
		return
	}
}

func (w *Worker) dialTimedOut(c host.ConnID) {
	w.h.Close(c)
	w.Closed(c, host.TimedOut)
}

// answered takes note that the peer of a link is there.
func (w *Worker) answered(c host.ConnID) {
	for i := range w.links {
		if w.links[i].conn == c {
			w.links[i].asked = false
		}
	}
}

// Closed implements [host.Process].
//
// Under Spark the close of any connection with the master is its loss, an old
// one and one that the master dialled included, but a dial that fails is not.
// With connection-incarnation only the worker's own connection counts, and
// with workers-try-all-masters a failed dial does too.
func (w *Worker) Closed(c host.ConnID, _ host.Reason) {
	for i := range w.links {
		l := &w.links[i]
		if l.conn != c {
			continue
		}
		was := *l
		w.h.StopTimer(l.timer)
		*l = link{addr: was.addr}
		w.asksBroke(was.addr)
		if was.addr == w.master && (was.up || w.cfg.Policy.WorkersTryAllMasters) {
			w.lostMaster()
		}
		return
	}
	w.watched = slices.DeleteFunc(w.watched, func(x watch) bool { return x.conn == c })
	for i, in := range w.inbound {
		if in.conn != c {
			continue
		}
		w.inbound = append(w.inbound[:i], w.inbound[i+1:]...)
		if w.master != "" && in.term == w.masterTerm && !w.cfg.Policy.ConnectionIncarnation {
			w.lostMaster()
		}
		return
	}
}
