package client

import (
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A link is the client's connection to one master, which all its operations
// share.
type link struct {
	conn  host.ConnID // 0: none
	up    bool
	queue []host.Message // while it is being dialled
	timer host.TimerID   // gives up the dial
	heard int64          // messages received from this master, ever
}

// send sends a request to master m, over a new connection if there is none.
func (c *Client) send(m int, r host.Message) {
	l := &c.links[m]
	if l.up {
		c.h.Send(l.conn, r)
		return
	}
	if l.conn == 0 {
		l.conn = c.h.Dial(c.cfg.Masters[m], wire.Codec{})
		l.timer = host.After(c.h, c.cfg.Dial, (*Client).dialTimedOut, m)
	}
	l.queue = append(l.queue, r)
}

// linkOf returns the number of the master behind a connection, -1 if the
// connection is not ours any more.
func (c *Client) linkOf(conn host.ConnID) int {
	for m := range c.links {
		if c.links[m].conn == conn {
			return m
		}
	}
	return -1
}

// hear counts a message.
func (c *Client) hear(conn host.ConnID) {
	if m := c.linkOf(conn); m >= 0 {
		c.links[m].heard++
	}
}

// Connected implements [host.Process].
func (c *Client) Connected(conn host.ConnID) {
	m := c.linkOf(conn)
	if m < 0 {
		return
	}
	l := &c.links[m]
	c.h.StopTimer(l.timer)
	l.up, l.timer = true, 0
	for _, r := range l.queue {
		c.h.Send(conn, r)
	}
	l.queue = nil
}

// Closed implements [host.Process].
func (c *Client) Closed(conn host.ConnID, _ host.Reason) {
	if m := c.linkOf(conn); m >= 0 {
		c.broken(m)
	}
}

func (c *Client) dialTimedOut(m int) { c.hangUp(m) }

// hangUp closes the connection to master m.
func (c *Client) hangUp(m int) {
	c.h.Close(c.links[m].conn)
	c.broken(m)
}

// broken fails every request that was sent over the connection to master m, as
// an ask fails when its connection does. Whether the master got it, and did it,
// nobody knows.
func (c *Client) broken(m int) {
	l := &c.links[m]
	c.h.StopTimer(l.timer)
	*l = link{heard: l.heard}
	var out []int64
	for i := range c.ops {
		if o := &c.ops[i]; o.req != 0 && o.master(c) == m {
			out = append(out, o.req)
		}
	}
	for _, req := range out {
		if i := c.asking(req); i >= 0 {
			c.fail(i)
		}
	}
}
