package network

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// flight is the packets of a stream that are on their way, first things first.
type flight struct {
	refs []kernel.Ref
	head int
}

func (f *flight) push(r kernel.Ref) {
	if f.head > 32 && f.head*2 > len(f.refs) {
		f.refs = f.refs[:copy(f.refs, f.refs[f.head:])]
		f.head = 0
	}
	f.refs = append(f.refs, r)
}

func (f *flight) pop() {
	f.head++
	if f.head >= len(f.refs) {
		f.clear()
	}
}

func (f *flight) clear() { f.refs, f.head = f.refs[:0], 0 }

// event returns an event for the side that the stream of side s leads to.
func (n *Net) event(c *conn, s int, kind kernel.Kind, why host.Reason) kernel.Event {
	name := kind.String()
	if kind == kernel.Hangup {
		name = why.String()
	}
	to := &c.side[1-s].end
	return kernel.Event{
		Actor: to.Actor, Inc: to.Inc, Kind: kind, A: c.id(1 - s), B: uint64(why), Name: name, Sum: n.sum(name, c.dir[s].key),
	}
}

func (n *Net) sum(name string, key kernel.Key) uint64 {
	n.digest = host.Digest{}
	n.digest.Str(name)
	n.digest.Uint(uint64(key))
	return n.digest.Sum()
}

// blocked reports whether the stream of side s carries nothing now.
func (n *Net) blocked(c *conn, s int) bool {
	return c.stalled || !n.carries(c.side[s].end.Machine, c.side[1-s].end.Machine)
}

// send lets an event travel the stream of side s, or holds it while the way is
// blocked, or while the dialler does not know yet that the connection stands.
func (n *Net) send(c *conn, s int, e *kernel.Event) {
	st := &c.dir[s]
	if len(st.held) == 0 && !n.blocked(c, s) && (s == 1 || c.connected || e.Kind == kernel.Service) {
		n.transmit(c, s, *e, 0)
		return
	}
	if len(st.held) == 0 {
		st.since = n.k.Now()
	}
	n.k.Mark(e)
	st.held = append(st.held, *e)
}

// transmit posts an event to the side that the stream of side s leads to.
func (n *Net) transmit(c *conn, s int, e kernel.Event, more int64) {
	st, from, to := &c.dir[s], &c.side[s].end, &c.side[1-s].end
	if e.Kind != kernel.Service {
		e.Actor, e.Inc, e.A = to.Actor, to.Inc, c.id(1-s)
	}
	at := n.k.Now() + n.delay(st, from.Machine, to.Machine) + more
	if apart := n.links[from.Machine][to.Machine].apart; apart > 0 {
		at = max(at, st.last+apart)
	}
	if w := n.cfg.Window; w > 0 {
		at = max(at-1+w-(at-1)%w, st.last)
	} else {
		at = max(at, st.last+1)
	}
	st.last = at
	st.flight.push(n.k.Post(at, e))
}

// hinder puts a packet that has arrived back on its way, so many nanoseconds
// more, and what follows it in its stream behind it.
func (n *Net) hinder(c *conn, s int, e *kernel.Event, by int64) {
	st := &c.dir[s]
	refs := slices.Clone(st.flight.refs[st.flight.head:])
	st.flight.clear()
	last := n.k.Now() + by
	st.flight.push(n.k.Post(last, e.Again()))
	for _, r := range refs {
		if next, at, ok := n.k.Recall(r); ok {
			last = max(at, last+1)
			st.flight.push(n.k.Post(last, next))
		}
	}
	st.last = max(st.last, last)
}

// take calls the packets of a stream that have not arrived back. What a
// paused process has not read yet has arrived.
func (n *Net) take(st *stream) []kernel.Event {
	var taken []kernel.Event
	refs := st.flight.refs
	kept := st.flight.head
	for _, r := range refs[st.flight.head:] {
		if e, ok := n.k.Take(r); ok {
			taken = append(taken, e)
		} else {
			refs[kept] = r
			kept++
		}
	}
	st.flight.refs = refs[:kept]
	if st.flight.head == kept {
		st.flight.clear()
	}
	return taken
}

// halt holds what is on its way in a stream that has become blocked. An RST is
// not repeated by who sent it, so it is lost.
func (n *Net) halt(c *conn, s int) {
	st := &c.dir[s]
	taken := n.take(st)
	if i := len(taken) - 1; i >= 0 && taken[i].Kind == kernel.Hangup && host.Reason(taken[i].B) == host.Reset {
		taken, st.ending = taken[:i], false
	}
	if len(taken) == 0 {
		return
	}
	st.since = n.k.Now()
	st.held = append(taken, st.held...)
}

// resume lets what was held go, if the way is free. Its first packet is a
// retransmission, which comes after a back-off.
func (n *Net) resume(c *conn, s int) {
	st := &c.dir[s]
	if n.blocked(c, s) {
		return
	}
	n.flush(c, s, n.backoff(st))
}

// flush lets what was held go after a while.
func (n *Net) flush(c *conn, s int, more int64) {
	st := &c.dir[s]
	sent := 0
	for i := range st.held {
		if s == 0 && !c.connected && st.held[i].Kind != kernel.Service {
			break
		}
		n.transmit(c, s, st.held[i], more)
		sent++
	}
	st.held = slices.Delete(st.held, 0, sent)
	for p := range c.side {
		n.answer(c, p, more)
	}
}

// backoff draws how long after the healing of its way a stream tries again.
func (n *Net) backoff(st *stream) int64 {
	if len(st.held) == 0 && !st.lost {
		return 0
	}
	return n.k.Between(kernel.KeyOf("backoff", uint64(st.key)), st.n, 0, min(n.k.Now()-st.since, maxBackoff))
}

// answer lets the machine of a gone side reset the other one, which has sent
// something to it.
func (n *Net) answer(c *conn, s int, more int64) {
	there, back := &c.dir[s], &c.dir[1-s]
	switch {
	case c.side[s].state != open || c.side[1-s].state != gone || c.severed:
	case !there.lost || back.ending || n.blocked(c, s) || n.blocked(c, 1-s):
	default:
		more += n.delay(there, c.side[s].end.Machine, c.side[1-s].end.Machine)
		back.ending = true
		n.transmit(c, 1-s, n.event(c, 1-s, kernel.Hangup, host.Reset), more)
	}
}

// leave takes a side off its connection, and reports whether the other side is
// still there.
func (n *Net) leave(c *conn, s int) bool {
	c.side[s].state = gone
	if c.side[1-s].state != open {
		n.release(c)
		return false
	}
	st := &c.dir[1-s]
	if len(n.take(st)) > 0 || len(st.held) > 0 {
		st.lost, st.since = true, n.k.Now()
	}
	st.flight.clear()
	st.held = slices.Delete(st.held, 0, len(st.held))
	return true
}

// abort drops what a side that has left still had to send, and resets the
// other one, if the way is free.
func (n *Net) abort(c *conn, s int) {
	st := &c.dir[s]
	st.held = slices.Delete(st.held, 0, len(st.held))
	if n.blocked(c, s) {
		return
	}
	st.ending = true
	n.transmit(c, s, n.event(c, s, kernel.Hangup, host.Reset), 0)
}
