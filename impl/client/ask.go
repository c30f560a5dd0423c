package client

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// ask sends operation i's next request: to each master in turn, beginning with
// the one that last answered, then after a pause from the beginning.
func (c *Client) ask(i int) {
	o := &c.ops[i]
	j := &c.jobs[o.job]
	o.req, o.timer = 0, 0
	for ; o.asked < len(c.cfg.Masters); o.asked++ {
		m := o.master(c)
		if j.lost&(1<<m) != 0 {
			continue
		}
		c.reqs++
		o.req = c.reqs
		o.heard = c.links[m].heard
		o.timer = host.After(c.h, c.cfg.Ask, (*Client).askTimedOut, o.req)
		c.send(m, c.request(o))
		return
	}
	if c.allLost(j) {
		c.abandon(i)
		return
	}
	o.timer = host.After(c.h, c.cfg.Retry, (*Client).nextRound, o.n)
}

// master is the number of the master that the operation asks.
func (o *op) master(c *Client) int { return (o.start + o.asked) % len(c.cfg.Masters) }

func (c *Client) request(o *op) host.Message {
	j := &c.jobs[o.job]
	switch o.kind {
	case Submit:
		return wire.RequestSubmitDriver{Req: o.req, Desc: j.desc}
	case Kill:
		return wire.RequestKillDriver{Req: o.req, Driver: j.id}
	default:
		return wire.RequestDriverStatus{Req: o.req, Driver: j.id}
	}
}

func (c *Client) nextRound(n int64) {
	if i := c.op(n); i >= 0 {
		c.ops[i].start, c.ops[i].asked = c.prefer, 0
		c.ask(i)
	}
}

// asking returns the index of the operation whose request is out, -1 if none
// waits for its answer any more.
func (c *Client) asking(req int64) int {
	return slices.IndexFunc(c.ops, func(o op) bool { return o.req == req })
}

// askTimedOut goes on to the next master. A connection on which nothing came
// while we waited may be dead: the next request gets a new one.
func (c *Client) askTimedOut(req int64) {
	i := c.asking(req)
	if i < 0 {
		return
	}
	o := &c.ops[i]
	o.timer = 0
	m := o.master(c)
	if c.links[m].heard == o.heard {
		c.hangUp(m)
		return
	}
	c.fail(i)
}

// fail gives up the master that operation i asked and asks the next. Spark's
// clients never ask such a master again (D-33): a job's submission and polls
// are one run of spark-submit, which fails when it has lost them all.
func (c *Client) fail(i int) {
	o := &c.ops[i]
	if !c.cfg.Policy.ClientsNeverForgetAMaster {
		c.jobs[o.job].lost |= 1 << o.master(c)
	}
	c.askNext(i)
}

func (c *Client) askNext(i int) {
	o := &c.ops[i]
	c.h.StopTimer(o.timer)
	o.asked++
	c.ask(i)
}

func (c *Client) allLost(j *job) bool {
	return j.lost == 1<<len(c.cfg.Masters)-1
}

// Received implements [host.Process].
func (c *Client) Received(conn host.ConnID, m host.Message) {
	c.hear(conn)
	switch m := m.(type) {
	case wire.SubmitDriverResponse:
		c.submitted(m)
	case wire.KillDriverResponse:
		c.killed(m)
	case wire.DriverStatusResponse:
		c.state(m)
	}
}

func (c *Client) submitted(m wire.SubmitDriverResponse) {
	i := c.answered(Submit, m.Req, m.NotAlive)
	if i < 0 {
		return
	}
	n := c.ops[i].job
	j := &c.jobs[n]
	if !m.OK {
		j.failed = true
		c.finish(i, refused(m.Reason))
		return
	}
	j.id = m.Driver
	c.tally.Acked++
	c.armPoll(n)
	c.finish(i, string(m.Driver))
}

func (c *Client) killed(m wire.KillDriverResponse) {
	i := c.answered(Kill, m.Req, m.NotAlive)
	switch {
	case i < 0:
	case m.OK:
		c.tally.Acked++
		c.finish(i, "ok")
	default:
		c.finish(i, refused(m.Reason))
	}
}

func (c *Client) state(m wire.DriverStatusResponse) {
	i := c.answered(Status, m.Req, m.NotAlive)
	if i < 0 {
		return
	}
	o := c.ops[i]
	answer := string(m.State)
	switch {
	case m.Reason == wire.Evicted:
		answer = m.Reason
		c.jobs[o.job].over = true
	case m.Reason != "":
		answer = refused(m.Reason)
	case !m.Found:
		answer = "not found"
		c.jobs[o.job].over = true // as spark-submit, which stops asking
	case m.State.Terminal():
		c.jobs[o.job].over = true
	}
	if m.Reason == "" || m.Reason == wire.Evicted {
		c.tally.Acked++
	}
	if o.auto && !c.jobs[o.job].over {
		c.armPoll(o.job)
	}
	c.finish(i, answer)
}

// refused is the answer of an operation that a master refused for good.
func refused(reason string) string { return "error: " + reason }

// answered returns the operation that a response answers. It is -1 if nobody
// waits for it any more, or if the master does not lead and the next is asked.
func (c *Client) answered(k Kind, req int64, notAlive bool) int {
	i := c.asking(req)
	if i < 0 || c.ops[i].kind != k {
		return -1
	}
	if notAlive {
		c.askNext(i)
		return -1
	}
	c.prefer = c.ops[i].master(c)
	return i
}
