package client

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
)

// tally counts operations.
type tally struct {
	Returned int64 // answered, refusals included
	Acked    int64 // answered positively
	GaveUp   int64 // never answered
}

// A Progress is how far a client is, for status pages and tests.
type Progress struct {
	Steps, Begun int   // of the plan: all, and those whose time has come
	Called       int64 // operations begun, polls included
	Returned     int64 // of those: answered, refusals included
	Acked        int64 // of those: answered positively
	GaveUp       int64 // never answered
	Open         int   // under way
	Watched      int   // submitted jobs that are polled and not known to have ended
	Local        int   `json:",omitempty"` // jobs whose drivers run beside the client
}

// Progress returns how far the client is.
func (c *Client) Progress() Progress {
	p := Progress{
		Steps: len(c.cfg.Plan), Begun: c.next, Called: c.calls,
		Returned: c.tally.Returned, Acked: c.tally.Acked, GaveUp: c.tally.GaveUp, Open: len(c.ops),
	}
	for i := range c.jobs {
		if j := &c.jobs[i]; j.id != "" && j.poll > 0 && !j.over && !j.failed {
			p.Watched++
		}
		if c.jobs[i].child != "" {
			p.Local++
		}
	}
	return p
}

// Clone implements [host.Process].
func (c *Client) Clone(h host.Host) host.Process {
	k := *c
	k.h = h
	k.jobs = slices.Clone(c.jobs)
	for i := range k.jobs {
		k.jobs[i].queue = slices.Clone(k.jobs[i].queue)
	}
	k.ops = slices.Clone(c.ops)
	k.links = slices.Clone(c.links)
	for i := range k.links {
		k.links[i].queue = slices.Clone(k.links[i].queue)
	}
	return &k
}

// Digest implements [host.Process]. The configuration never changes and is not
// part of it.
func (c *Client) Digest(d *host.Digest) {
	d.Int(int64(c.next))
	d.Uint(uint64(len(c.jobs)))
	for i := range c.jobs {
		c.jobs[i].digest(d)
	}
	d.Uint(uint64(len(c.ops)))
	for i := range c.ops {
		c.ops[i].digest(d)
	}
	d.Uint(uint64(len(c.links)))
	for i := range c.links {
		c.links[i].digest(d)
	}
	d.Int(int64(c.prefer))
	d.Int(c.calls)
	d.Int(c.reqs)
	d.Int(c.tally.Returned)
	d.Int(c.tally.Acked)
	d.Int(c.tally.GaveUp)
}

func (j *job) digest(d *host.Digest) {
	d.Str(j.tag)
	d.Str(string(j.id))
	d.Uint(uint64(len(j.queue)))
	for _, w := range j.queue {
		w.digest(d)
	}
	d.Bool(j.busy)
	d.Bool(j.failed)
	d.Bool(j.over)
	d.Int(int64(j.poll))
	j.desc.Digest(d)
	d.Uint(j.lost)
	d.Str(string(j.child))
}

func (w waiting) digest(d *host.Digest) {
	d.Str(string(w.kind))
	d.Bool(w.auto)
}

func (o *op) digest(d *host.Digest) {
	o.waiting.digest(d)
	d.Int(int64(o.job))
	d.Int(o.n)
	d.Int(o.req)
	d.Int(int64(o.start))
	d.Int(int64(o.asked))
	d.Int(o.heard)
	d.Timer(o.timer)
	d.Timer(o.giveUp)
}

func (l *link) digest(d *host.Digest) {
	d.Conn(l.conn)
	d.Bool(l.up)
	d.Uint(uint64(len(l.queue)))
	for _, m := range l.queue {
		d.Str(m.Name())
		m.Digest(d)
	}
	d.Timer(l.timer)
	d.Int(l.heard)
}
