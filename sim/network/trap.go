package network

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// A Trap waits for messages. TCP neither loses nor repeats one; what stands
// above it does, as an outbox that forgets what it held when its connection
// broke, or a sender that repeats itself.
type Trap struct {
	From, To []MachineID
	Name     string // of the messages; "any" for all
	N        int    // how many it takes; 0 means 1
	Twice    bool   // they arrive twice; else they are lost
	// Later is how long after the first one the second is sent, in
	// nanoseconds: over the same connection, or over the newest one between the
	// same processes if that has ended, or not at all.
	Later int64
}

// trap is a Trap that is set.
type trap struct {
	Trap
	id   uint64
	left int
}

// Set sets a trap under an id, by which [Net.Unset] takes it away.
func (n *Net) Set(id uint64, t Trap) {
	n.traps = append(n.traps, trap{t, id, max(t.N, 1)})
}

// Unset takes a trap away, whatever it still had to take.
func (n *Net) Unset(id uint64) {
	n.traps = slices.DeleteFunc(n.traps, func(t trap) bool { return t.id == id })
}

// trapped lets the first trap that wants it have a message which the side s of
// c sends, and reports whether it is lost.
func (n *Net) trapped(c *conn, s int, e *kernel.Event) (lost bool) {
	from, to := c.side[s].end.Machine, c.side[1-s].end.Machine
	i := slices.IndexFunc(n.traps, func(t trap) bool {
		return t.left > 0 && (t.Name == e.Name || t.Name == "any") && slices.Contains(t.From, from) && slices.Contains(t.To, to)
	})
	if i < 0 {
		return false
	}
	t := &n.traps[i]
	t.left--
	switch {
	case !t.Twice:
		return true
	case t.Later <= 0:
		first := *e
		n.send(c, s, &first)
	default:
		n.k.Post(n.k.Now()+t.Later, kernel.Event{
			Actor: n.actor, Kind: kernel.Service, Name: "again", Sum: e.Sum,
			V: &second{conn: c.id(s), from: c.side[s].end, to: c.side[1-s].end, event: *e},
		})
	}
	return false
}

// second is a message that is sent a second time.
type second struct {
	conn     uint64 // as its sender had it
	from, to End
	event    kernel.Event
}

// sendAgain sends it over its own connection, or over the newest one in its
// stead.
func (n *Net) sendAgain(t *second) {
	c, s := n.own(t.from, host.ConnID(t.conn))
	if c == nil || c.side[1-s].state != open || c.severed {
		c = nil
		n.each(t.from.Machine, t.to.Machine, func(o *conn, at int) {
			stands := o.connected && !o.severed && o.side[0].state == open && o.side[1].state == open
			if stands && o.side[at].end.Actor == t.from.Actor && o.side[1-at].end.Actor == t.to.Actor && (c == nil || o.serial > c.serial) {
				c, s = o, at
			}
		})
	}
	if c != nil {
		n.send(c, s, &t.event)
	}
}
