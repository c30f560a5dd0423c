package network

import (
	"fmt"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// each calls f for every connection and each of its sides that is on a machine
// while its other side is on another, in the order of slots. A machine of 0
// is any.
func (n *Net) each(at, other MachineID, f func(c *conn, s int)) {
	for i := range n.conns {
		c := &n.conns[i]
		for s := range c.side {
			if c.serial != 0 && (at == 0 || c.side[s].end.Machine == at) && (other == 0 || c.side[1-s].end.Machine == other) {
				f(c, s)
			}
		}
	}
}

// Gone tells that the owner of an end ended: its listening and its connections
// end with it. With reset its machine tells the peers, as far as the links
// allow; without, nobody is told, until a peer sends something to a machine
// that is up.
func (n *Net) Gone(e End, reset bool) {
	n.Unlisten(e)
	n.each(e.Machine, 0, func(c *conn, s int) {
		if c.side[s].state != open || c.side[s].end != e || !n.leave(c, s) || c.severed {
			return
		}
		if reset {
			n.abort(c, s)
			return
		}
		c.dir[s].held = slices.Delete(c.dir[s].held, 0, len(c.dir[s].held))
		n.answer(c, 1-s, 0)
	})
}

// SetMachine says whether a machine is up. One that goes down takes all that
// it had with it and tells nobody; what is already on its way arrives.
func (n *Net) SetMachine(m MachineID, up bool) {
	if n.machines[m].up == up {
		return
	}
	n.machines[m].up = up
	if up {
		n.each(m, 0, func(c *conn, s int) {
			n.resume(c, 1-s)
			n.resume(c, s)
		})
		return
	}
	n.unlisten(func(l *listener) bool { return l.end.Machine == m })
	n.each(m, 0, n.lose)
}

// lose takes a side off because its machine is lost.
func (n *Net) lose(c *conn, s int) {
	switch st := &c.dir[s]; c.side[s].state {
	case open:
		if !n.leave(c, s) {
			return
		}
		st.held = slices.Delete(st.held, 0, len(st.held))
	case gone:
		if len(st.held) > 0 {
			st.held, st.ending = slices.Delete(st.held, 0, len(st.held)), false
		}
	case unborn:
		n.halt(c, 1-s)
	}
}

// Cut lets nothing pass from one machine to another. Cuts are counted: two
// need two heals. A machine always reaches itself.
func (n *Net) Cut(from, to MachineID) {
	if from == to {
		return
	}
	l := &n.links[from][to]
	l.cuts++
	if l.cuts == 1 {
		n.each(from, to, n.halt)
	}
}

// Heal takes one cut back. What was held meanwhile goes on.
func (n *Net) Heal(from, to MachineID) {
	if from == to {
		return
	}
	l := &n.links[from][to]
	if l.cuts == 0 {
		panic(kernel.Bug(fmt.Sprintf("network: %s to %s is not cut", n.machines[from].name, n.machines[to].name)))
	}
	l.cuts--
	if l.cuts == 0 {
		n.each(from, to, n.resume)
	}
}

// Stall lets the connections that stand now between two machines carry
// nothing more in either direction. New ones work.
func (n *Net) Stall(a, b MachineID) {
	n.stalls[min(a, b)][max(a, b)]++
	n.each(a, b, func(c *conn, s int) {
		c.stalled = true
		n.halt(c, s)
		n.halt(c, 1-s)
	})
}

// Unstall takes one stall back; the last one lets the connections go on.
func (n *Net) Unstall(a, b MachineID) {
	depth := &n.stalls[min(a, b)][max(a, b)]
	if *depth == 0 {
		panic(kernel.Bug(fmt.Sprintf("network: %s and %s are not stalled", n.machines[a].name, n.machines[b].name)))
	}
	*depth--
	if *depth > 0 {
		return
	}
	n.each(a, b, func(c *conn, s int) {
		c.stalled = false
		n.resume(c, s)
		n.resume(c, 1-s)
	})
}

// ResetBetween resets every connection that stands between two machines, as a
// middlebox does that forgets them: each end is told on its own, even if the
// link between them is cut, and what would arrive later than that is lost. Those
// on b are told so many nanoseconds later.
func (n *Net) ResetBetween(a, b MachineID, later int64) {
	n.each(a, b, func(c *conn, _ int) {
		if c.severed {
			return
		}
		c.severed = true
		for s := range c.side {
			if c.side[s].state != open {
				continue
			}
			at := n.k.Now() + n.delay(&c.dir[1-s], c.side[1-s].end.Machine, c.side[s].end.Machine)
			if c.side[s].end.Machine == b {
				at += later
			}
			n.k.Post(at, n.event(c, 1-s, kernel.Hangup, host.Reset))
			st := &c.dir[1-s]
			st.held = slices.Delete(st.held, 0, len(st.held))
		}
	})
}

// Slow adds nanoseconds to each delay from one machine to another; what is
// added adds up, and a negative number takes it back. 0 restores the link.
func (n *Net) Slow(from, to MachineID, extra int64) {
	l := &n.links[from][to]
	if extra == 0 {
		l.extra = 0
		return
	}
	l.extra = max(0, l.extra+extra)
}

// Lossy adds to the packets of a thousand from one machine to another that are
// lost, and come as late as TCP sends them again; a negative number takes it back.
func (n *Net) Lossy(from, to MachineID, loss int64) { n.links[from][to].loss += loss }

// Drain adds nanoseconds to the time between two packets that a connection
// carries from one machine to another; a negative number takes it back.
func (n *Net) Drain(from, to MachineID, apart int64) { n.links[from][to].apart += apart }
