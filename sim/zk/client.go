package zk

import (
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/proto"
)

// A ClientConfig says whose client a [Client] is.
type ClientConfig struct {
	Owner   string // the process: "m1"
	Inc     uint32 // its incarnation, from 1
	Machine network.MachineID
	// Virtual is how much virtual time passes while the machine's monotonic
	// clock moves by d nanoseconds. nil: d.
	Virtual func(d int64) int64
	// Deliver runs a continuation of the process with a pointer to a
	// coord.Result (Reply), coord.Event (Watch) or coord.StateChange (Session).
	// It is never called from inside a step of the process. What result points
	// to is valid only during the call.
	Deliver func(kind kernel.Kind, c host.Call, result any)
	Profile Profile
	// Estimates: a session counts as expired once its timeout has passed without
	// a connection, as Curator sees it; else only when a server says so.
	Estimates bool
	// Trouble, if not nil, is what faults do to the sessions.
	Trouble *Trouble
	// Wire makes the client speak ZooKeeper's own protocol, with servers that
	// are processes; else it speaks with a [Service].
	Wire bool
	// Sent, if not nil, is told each operation that goes out on the wire: of
	// which session, and with what xid. What op points to is valid only during
	// the call.
	Sent func(session int64, xid int32, op *coord.Op)
}

// A Client is the coordination service as one incarnation of a process has it:
// a library with timers and connections of its own, which behaves as its
// [Profile] says. It is an actor beside
// its process: who pauses or kills the process does it to [Client.Actors] too.
type Client struct {
	k        *kernel.Kernel
	net      *network.Net
	cfg      ClientConfig
	actor    kernel.ActorID
	end      network.End
	opened   coord.Session
	sessions []*link // those that may still have something to do
	queue    []delivery
	head     int             // of queue: the first that is not delivered
	free     []*coord.Result // delivered, to be used again
	inside   bool            // in a step of this actor, at whose end the queue is delivered
	gone     bool
}

// delivery is one continuation that waits to be run.
type delivery struct {
	kind   kernel.Kind
	call   host.Call
	result any
}

var _ coord.Client = (*Client)(nil)

// NewClient returns the client of one incarnation of a process.
func NewClient(k *kernel.Kernel, n *network.Net, c ClientConfig) *Client {
	if c.Virtual == nil {
		c.Virtual = func(d int64) int64 { return d }
	}
	cl := &Client{k: k, net: n, cfg: c}
	cl.actor = k.AddActor(c.Owner+"/zk", cl)
	k.SetIncarnation(cl.actor, c.Inc)
	cl.end = network.End{Machine: c.Machine, Actor: cl.actor, Inc: c.Inc}
	return cl
}

// Actors lists the kernel's actors that live and stand still with the process.
func (c *Client) Actors() []kernel.ActorID { return []kernel.ActorID{c.actor} }

// SessionIDs lists the ids, at the service, of the sessions that have one and
// have not ended as far as the client knows.
func (c *Client) SessionIDs() (ids []int64) {
	for _, l := range c.sessions {
		if l.id != 0 && l.ended == nil {
			ids = append(ids, l.id)
		}
	}
	return ids
}

// Gone tells that the process ended. With reset its machine resets the
// connections; without, the servers hear nothing.
func (c *Client) Gone(reset bool) {
	c.gone, c.queue, c.sessions = true, nil, nil
	c.net.Gone(c.end, reset)
	c.k.SetIncarnation(c.actor, noIncarnation)
}

// The timers of a session.
const (
	dialTimer    = iota // limits a dial and a handshake
	napTimer            // until the next lap over the servers
	pingTimer           // until the next ping
	silenceTimer        // until a silent connection is given up
	closeTimer          // until a close that no server was told of is given up
	slowTimer           // until an operation may be sent
	deadTimer           // until a session without a connection counts as expired
)

var timerNames = [...]string{"give up dialling", "next server", "ping", "silence", "give up closing", "slow operation", "estimated expiry"}

// Handle implements kernel.Handler.
func (c *Client) Handle(e *kernel.Event) {
	c.inside = true
	switch {
	case e.Kind == kernel.Service: // there is something to deliver
	case e.Kind == kernel.Timer:
		if l := c.find(coord.Session(e.B)); l != nil {
			l.rang(e.A)
		}
	case c.net.Arrive(e):
		if i := slices.IndexFunc(c.sessions, func(l *link) bool { return uint64(l.conn) == e.A }); i >= 0 {
			c.sessions[i].network(e)
		}
	}
	c.deliver()
	c.inside = false
}

// deliver runs what waits, in order. A process that a fault pauses meanwhile
// gets the rest when it goes on.
func (c *Client) deliver() {
	for c.head < len(c.queue) && !c.gone {
		if c.k.IsPaused(c.actor) {
			c.postDelivery()
			return
		}
		d := c.queue[c.head]
		c.queue[c.head] = delivery{}
		c.head++
		c.cfg.Deliver(d.kind, d.call, d.result)
		if r, ok := d.result.(*coord.Result); ok {
			*r = coord.Result{}
			c.free = append(c.free, r)
		}
	}
	c.queue, c.head = c.queue[:0], 0
}

// result returns an empty result.
func (c *Client) result() *coord.Result {
	n := len(c.free)
	if n == 0 {
		return &coord.Result{}
	}
	r := c.free[n-1]
	c.free = c.free[:n-1]
	return r
}

// push queues a delivery. Outside of a step of this actor, it is delivered in
// one of its own.
func (c *Client) push(kind kernel.Kind, call host.Call, result any) {
	if call.IsZero() || c.gone {
		return
	}
	if !c.inside && c.head == len(c.queue) {
		c.postDelivery()
	}
	c.queue = append(c.queue, delivery{kind, call, result})
}

func (c *Client) postDelivery() {
	c.k.Post(c.k.Now(), kernel.Event{
		Actor: c.actor, Inc: c.end.Inc, Kind: kernel.Service, Name: "deliver", Sum: uint64(kernel.KeyOf("zk deliver")),
	})
}

func (c *Client) find(s coord.Session) *link {
	for _, l := range c.sessions {
		if l.s == s {
			return l
		}
	}
	return nil
}

// OpenSession implements [coord.Client]. The servers are tried in an order
// drawn for this session.
func (c *Client) OpenSession(o coord.Options, changed host.Call) coord.Session {
	c.opened++
	l := &link{
		c: c, s: c.opened, name: o.Name, changed: changed, state: coord.Connecting, asked: int64(o.Timeout), timeout: int64(o.Timeout),
		servers: slices.Clone(o.Servers), at: -1, last: -1,
	}
	key := c.key("zk servers", uint64(l.s))
	for i := len(l.servers) - 1; i > 0; i-- {
		j := c.k.Below(key, uint64(i), uint64(i)+1)
		l.servers[i], l.servers[j] = l.servers[j], l.servers[i]
	}
	if !c.gone {
		c.sessions = append(c.sessions, l)
		l.next()
	}
	return l.s
}

// key is the key of a draw for one of the client's sessions.
func (c *Client) key(purpose string, s uint64) kernel.Key {
	return kernel.KeyOf(purpose+" "+c.cfg.Owner, uint64(c.cfg.Inc), s)
}

// codec is that of the client's connections.
func (c *Client) codec() host.Codec {
	if c.cfg.Wire {
		return jute.Codec{}
	}
	return nil
}

// CloseSession implements [coord.Client]. If no server can be told within a
// second, the session lives at the service until it expires.
func (c *Client) CloseSession(s coord.Session) {
	l := c.find(s)
	if l == nil || c.bury(l) || l.ended != nil {
		return
	}
	l.finish(coord.ErrClosed, coord.Closed)
	l.start(closeTimer, closeLinger)
	if l.phase == connected {
		l.say(proto.CloseSession{})
	}
}

// DropSession implements [coord.Client].
func (c *Client) DropSession(s coord.Session) {
	if l := c.find(s); l != nil && !c.bury(l) && l.ended == nil {
		l.finish(coord.ErrClosed, coord.Closed)
		l.forget()
	}
}

// bury forgets a session that has expired: its owner has seen that.
func (c *Client) bury(l *link) bool {
	if l.ended != coord.ErrExpired {
		return false
	}
	c.sessions = slices.DeleteFunc(c.sessions, func(o *link) bool { return o == l })
	return true
}

// Do implements [coord.Client].
func (c *Client) Do(s coord.Session, op coord.Op, done, watch host.Call) {
	l := c.find(s)
	if l == nil || l.ended != nil {
		err := coord.ErrClosed
		if l != nil {
			err = l.ended
		}
		c.push(kernel.Reply, done, &coord.Result{Err: err})
		return
	}
	l.xid++
	l.out = append(l.out, entry{l.xid, op, done, watch, c.cfg.Wire && !legal(&op), l.due(&op)})
	if l.phase == connected {
		l.sendDue()
	}
}
