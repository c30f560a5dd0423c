package network

import (
	"fmt"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// state is what one side of a connection is.
type state uint8

const (
	unborn state = iota // the dial has not arrived
	open
	gone // closed, or its owner ended; who sends to it is told so
)

// side is one end of a connection.
type side struct {
	end   End
	codec host.Codec
	state state
}

// stream is one direction of a connection, from the side of its index.
type stream struct {
	key    kernel.Key
	n      uint64 // draws made
	last   int64  // when the latest packet arrives
	flight flight
	held   []kernel.Event // sent, but the way is blocked or not yet known
	since  int64          // when the first of them was held
	ending bool           // a FIN or an RST is under way
	lost   bool           // something was sent that nobody will ever take
}

// conn is one connection. Side 0 dialled.
type conn struct {
	serial    uint64 // 0 if the slot is free
	slot      uint32
	addr      host.Addr
	side      [2]side
	dir       [2]stream
	connected bool // side 0 knows that it stands
	stalled   bool
	severed   bool       // reset on the way: both sides are being told
	timeout   kernel.Ref // of the dial
}

// A ConnID is serial<<24 | slot<<1 | side: it is never used again, and of two
// connections the one dialled later has the higher number.
const slotBits = 24

func (c *conn) id(s int) uint64 { return c.serial<<slotBits | uint64(c.slot)<<1 | uint64(s) }

// find returns the connection of an id, and nil if it is gone.
func (n *Net) find(id uint64) *conn {
	i := id & (1<<slotBits - 1) >> 1
	if i >= uint64(len(n.conns)) {
		return nil
	}
	c := &n.conns[i]
	if c.serial != id>>slotBits || c.serial == 0 {
		return nil
	}
	return c
}

// own returns the connection of an id and the side on which e has it, and nil
// if e has it no more.
func (n *Net) own(e End, id host.ConnID) (*conn, int) {
	c, s := n.find(uint64(id)), int(id&1)
	if c == nil || c.side[s].state != open || c.side[s].end != e {
		return nil, 0
	}
	return c, s
}

// create takes a slot for a new connection.
func (n *Net) create() *conn {
	var i uint32
	if l := len(n.free); l > 0 {
		i = n.free[l-1]
		n.free = n.free[:l-1]
	} else {
		i = uint32(len(n.conns))
		if i >= 1<<(slotBits-1) {
			panic(kernel.Bug("network: too many connections"))
		}
		n.conns = append(n.conns, conn{slot: i})
	}
	n.serial++
	c := &n.conns[i]
	c.serial = n.serial
	return c
}

// release frees a slot, but keeps its buffers.
func (n *Net) release(c *conn) {
	n.k.Cancel(c.timeout)
	was := *c
	*c = conn{slot: was.slot}
	for s := range c.dir {
		was.dir[s].flight.clear()
		clear(was.dir[s].held)
		c.dir[s].flight, c.dir[s].held = was.dir[s].flight, was.dir[s].held[:0]
	}
	n.free = append(n.free, c.slot)
}

// Dial opens a connection. The end gets Connected, or Hangup with a reason.
func (n *Net) Dial(e End, addr host.Addr, codec host.Codec) host.ConnID {
	c := n.create()
	c.addr = addr
	c.side[0] = side{e, codec, open}
	c.side[1] = side{end: End{Machine: n.resolve(addr)}}
	p := pair{kernel.KeyOf(n.k.Name(e.Actor)), addr}
	ordinal := n.dialled[p]
	n.dialled[p] = ordinal + 1
	base := kernel.KeyOf(string(addr), uint64(p.dialler), ordinal)
	c.dir[0].key, c.dir[1].key = kernel.KeyOf("there", uint64(base)), kernel.KeyOf("back", uint64(base))
	c.timeout = n.k.Post(n.k.Now()+n.cfg.DialTimeout, n.event(c, 1, kernel.Hangup, host.TimedOut))
	syn := kernel.Event{Actor: n.actor, Kind: kernel.Service, A: c.id(1), Name: "dial", Sum: n.sum("dial", c.dir[0].key)}
	if c.side[1].end.Machine == 0 { // no such host: the resolver says so
		n.transmit(c, 1, n.event(c, 1, kernel.Hangup, host.Refused), 0)
	} else {
		n.send(c, 0, &syn)
	}
	return host.ConnID(c.id(0))
}

// Handle implements kernel.Handler: a dial arrives at its machine, whose
// kernel answers, though the listening process may be paused.
func (n *Net) Handle(e *kernel.Event) {
	if late, ok := e.V.(*second); ok {
		n.sendAgain(late)
		return
	}
	c := n.find(e.A)
	if c == nil || c.severed {
		return
	}
	c.dir[0].flight.pop()
	l := n.listener(c.addr)
	if l == nil {
		ev := n.event(c, 1, kernel.Hangup, host.Refused)
		n.send(c, 1, &ev)
		return
	}
	c.side[1] = side{l.end, l.codec, open}
	from := &c.side[0].end
	acc := n.event(c, 0, kernel.Accepted, 0)
	acc.V = host.Addr(n.machines[from.Machine].name + ":" + n.k.Name(from.Actor))
	n.k.Post(n.k.Now(), acc)
	ack := n.event(c, 1, kernel.Connected, 0)
	n.send(c, 1, &ack)
}

// Send queues m behind what the end sent before. It does nothing if the end
// has lost the connection.
func (n *Net) Send(e End, id host.ConnID, m host.Message) {
	c, s := n.own(e, id)
	if c == nil || c.severed {
		return
	}
	if c.side[1-s].state == gone {
		c.dir[s].lost = true
		n.answer(c, s, 0)
		return
	}
	if n.cfg.Encode {
		var err error
		if m, err = n.transcode(c, s, m); err != nil {
			ev := n.event(c, s, kernel.Hangup, host.Malformed)
			n.send(c, s, &ev)
			return
		}
	}
	st := &c.dir[s]
	name := m.Name()
	n.digest = host.Digest{}
	n.digest.Str(name)
	n.digest.Uint(uint64(st.key))
	m.Digest(&n.digest)
	ev := kernel.Event{Kind: kernel.Message, V: m, Name: name, Sum: n.digest.Sum()}
	if len(n.traps) > 0 && n.trapped(c, s, &ev) {
		return
	}
	n.send(c, s, &ev)
}

// transcode encodes m as its sender does and decodes it as its receiver does.
func (n *Net) transcode(c *conn, s int, m host.Message) (host.Message, error) {
	there := c.side[1-s].codec
	if c.side[1-s].state == unborn {
		there = c.side[s].codec
	}
	if there == nil || c.side[s].codec == nil {
		return m, nil
	}
	b, err := c.side[s].codec.Append(n.buf[:0], m)
	if err != nil {
		panic(fmt.Sprintf("network: cannot encode %s: %v", m.Name(), err))
	}
	n.buf = b
	got, used, err := there.Decode(b)
	if err == nil && used != len(b) {
		err = fmt.Errorf("%d of %d bytes used", used, len(b))
	}
	return got, err
}

// Close ends a connection. The peer gets Hangup(ClosedByPeer) after all that
// was sent; a dial that is not connected yet is given up.
func (n *Net) Close(e End, id host.ConnID) {
	c, s := n.own(e, id)
	if c == nil {
		return
	}
	if !n.leave(c, s) || c.severed {
		return
	}
	if s == 0 && !c.connected {
		n.abort(c, s)
		return
	}
	ev := n.event(c, s, kernel.Hangup, host.ClosedByPeer)
	c.dir[s].ending = true
	n.send(c, s, &ev)
}

// Chain is the direction of the connection in which an event arrives: the same
// number for all that must not overtake each other. It reports false for what no
// connection carries.
func (n *Net) Chain(e *kernel.Event) (chain uint64, ok bool) {
	switch e.Kind {
	case kernel.Accepted, kernel.Connected, kernel.Message, kernel.Hangup:
	case kernel.Service:
		if _, again := e.V.(*second); e.Actor != n.actor || again {
			return 0, false
		}
	default:
		return 0, false
	}
	if c := n.find(e.A); c != nil {
		return uint64(c.dir[1-e.A&1].key), true
	}
	return e.A, true
}

// Arrive must be called by the owner's handler first thing with each event of
// kind Accepted, Connected, Message and Hangup. If it returns false, the event
// is to be dropped: that end of the connection is gone.
func (n *Net) Arrive(e *kernel.Event) bool {
	c, s := n.find(e.A), int(e.A&1)
	if c == nil {
		return false
	}
	if c.side[s].state != open {
		if c.side[s].state == gone && e.Kind != kernel.Hangup {
			c.dir[1-s].lost = true
			n.answer(c, 1-s, 0)
		}
		return false
	}
	switch e.Kind {
	case kernel.Message:
		c.dir[1-s].flight.pop()
		if e.Lost() {
			return false
		}
		if by := e.Late(); by > 0 {
			n.hinder(c, 1-s, e, by)
			return false
		}
	case kernel.Connected:
		c.dir[1-s].flight.pop()
		n.k.Cancel(c.timeout)
		c.connected = true
		if !n.blocked(c, 0) {
			n.flush(c, 0, 0)
		}
	case kernel.Hangup:
		why := host.Reason(e.B)
		if why == host.TimedOut && c.connected {
			return false
		}
		if !n.leave(c, s) {
			break
		}
		if why == host.Malformed {
			n.abort(c, s)
		}
		n.answer(c, 1-s, 0)
	}
	return true
}
