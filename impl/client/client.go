// Package client is who submits jobs: a process that carries out a plan of
// submissions, kills and status requests against a list of masters, as
// spark-submit in cluster mode and the REST submission client do. Operations of
// different jobs overlap; those of one job are done in order.
package client

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

// terminated is the exit status of a client that was asked to end: 128 + 15.
const terminated = 143

// A Kind is what an operation does. Its text stands in notes.
type Kind string

// The operations.
const (
	Submit Kind = "submit"
	Kill   Kind = "kill"
	Status Kind = "status"
)

// A Step is one operation of the plan.
type Step struct {
	At   time.Duration // since the client's start, on its own clock
	Kind Kind
	Tag  string // the job; kill and status wait for its submission's answer
	// Desc is what is submitted; its Tag and Key are the client's to set.
	Desc wire.Desc
	// Poll is the time between a submitted job's status requests, from the
	// answer until it has ended; 0 asks none.
	Poll time.Duration
	// Local starts the driver of a submitted application beside the client, in
	// client mode: no master knows the driver, and nobody is asked for its state.
	Local bool
}

// A Config says what a client does. Durations that are 0 are Spark's defaults.
type Config struct {
	Masters []host.Addr // whom it asks; one at least and 64 at most
	Policy  policy.Policy
	Ask     time.Duration // patience with one master; default 10 s
	Retry   time.Duration // pause before the next round of masters; default 5 s
	GiveUp  time.Duration // patience with one operation; default 10 min
	Dial    time.Duration // a dial that takes longer is given up; default Ask
	Plan    []Step        // in any order
	Host    string        // of the addresses of drivers beside it; default: its process's name
}

func (c *Config) setDefaults() {
	c.Ask = cmp.Or(c.Ask, 10*time.Second)
	c.Retry = cmp.Or(c.Retry, 5*time.Second)
	c.GiveUp = cmp.Or(c.GiveUp, 10*time.Minute)
	c.Dial = cmp.Or(c.Dial, c.Ask)
	c.Plan = slices.Clone(c.Plan)
	slices.SortStableFunc(c.Plan, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
}

// A Client implements [host.Process].
type Client struct {
	h   host.Host
	cfg Config

	next   int   // the first step of the plan that is not begun
	jobs   []job // in the order in which the plan names them
	ops    []op  // what is under way, one a job at most
	links  []link
	prefer int   // the master that last answered
	calls  int64 // operations begun
	reqs   int64 // requests sent
	tally  tally
}

// A job is one tag and everything asked about it.
type job struct {
	tag    string
	id     wire.DriverID // "" until the submission is answered
	queue  []waiting     // in order, behind what is under way
	busy   bool          // an operation is under way
	failed bool          // no ID will ever come
	over   bool          // it is known to have ended
	poll   time.Duration // between status requests, 0 for none
	desc   wire.Desc
	lost   uint64         // Spark's lost masters, a bit each; see [Client.fail]
	child  host.ProcessID // its driver, while that runs beside the client
}

// waiting is an operation that is not begun.
type waiting struct {
	kind Kind
	auto bool // a status request that no step of the plan asks for
}

// An op is an operation under way: all its requests, one at a time.
type op struct {
	waiting
	job    int
	n      int64 // its number
	req    int64 // the request that is out, 0 between two rounds
	start  int   // the master at which the round began
	asked  int   // masters of this round that are done with
	heard  int64 // what its master's link had received when it was asked
	timer  host.TimerID
	giveUp host.TimerID
}

// New makes a client.
func New(c Config) *Client {
	c.setDefaults()
	k := &Client{cfg: c, links: make([]link, len(c.Masters))}
	for _, s := range c.Plan {
		if k.job(s.Tag) < 0 {
			k.jobs = append(k.jobs, job{tag: s.Tag})
		}
	}
	return k
}

// job returns the number of a tag's job, -1 if there is none.
func (c *Client) job(tag string) int {
	return slices.IndexFunc(c.jobs, func(j job) bool { return j.tag == tag })
}

// Start implements [host.Process]. Only a client's first incarnation carries
// out the plan: a restarted one does not know what it did, and doing it again
// would be a second user's jobs under the first one's names.
func (c *Client) Start(h host.Host) {
	c.h = h
	if h.Incarnation() == 1 {
		c.armNext(0)
	}
}

func (c *Client) armNext(now time.Duration) {
	if c.next < len(c.cfg.Plan) {
		host.After(c.h, c.cfg.Plan[c.next].At-now, (*Client).step, c.next)
	}
}

// step begins a step of the plan.
func (c *Client) step(i int) {
	s := &c.cfg.Plan[i]
	c.next = i + 1
	c.armNext(s.At)
	n := c.job(s.Tag)
	j := &c.jobs[n]
	if s.Kind == Submit {
		j.desc, j.poll = s.Desc, s.Poll
		j.desc.Tag, j.desc.Key = s.Tag, c.key(s.Tag)
		if j.desc.Job.Kind != wire.NoJob {
			j.desc.App.Tag = s.Tag
		}
		if s.Local {
			c.startHere(i, j)
			return
		}
	}
	j.queue = append(j.queue, waiting{kind: s.Kind})
	c.advance(n)
}

// key is the idempotency key of a submission: the same in all its requests,
// and in no other submission's.
func (c *Client) key(tag string) string {
	if !c.cfg.Policy.IdempotencyKeys {
		return ""
	}
	return fmt.Sprintf("%s-%d-%s", c.h.Self(), c.h.Incarnation(), tag)
}

// advance begins a job's next operation if it can.
func (c *Client) advance(n int) {
	j := &c.jobs[n]
	if j.busy {
		return
	}
	if j.failed {
		j.queue = nil
	}
	i := 0
	if j.id == "" {
		i = slices.IndexFunc(j.queue, func(w waiting) bool { return w.kind == Submit })
	}
	if i < 0 || i >= len(j.queue) {
		return
	}
	w := j.queue[i]
	j.queue = slices.Delete(j.queue, i, i+1)
	c.begin(n, w)
}

func (c *Client) begin(n int, w waiting) {
	j := &c.jobs[n]
	j.busy = true
	if !w.auto {
		j.lost = 0 // each command is a new run of spark-submit; polls belong to the submission's
	}
	c.calls++
	c.ops = append(c.ops, op{waiting: w, job: n, n: c.calls, start: c.prefer})
	o := &c.ops[len(c.ops)-1]
	c.note(host.NoteCall, o, "")
	o.giveUp = host.After(c.h, c.cfg.GiveUp, (*Client).waitedTooLong, o.n)
	c.ask(len(c.ops) - 1)
}

// poll asks for a job's state, if nobody knows yet that it has ended.
func (c *Client) poll(n int) {
	if j := &c.jobs[n]; !j.over {
		j.queue = append(j.queue, waiting{kind: Status, auto: true})
		c.advance(n)
	}
}

// finish ends an operation with its answer.
func (c *Client) finish(i int, answer string) {
	o := c.ops[i]
	c.note(host.NoteReturn, &o, answer)
	c.tally.Returned++
	c.remove(i)
	c.advance(o.job)
}

// abandon ends an operation without one.
func (c *Client) abandon(i int) {
	o := c.ops[i]
	c.note(host.NoteGaveUp, &o, "")
	c.tally.GaveUp++
	c.remove(i)
	j := &c.jobs[o.job]
	switch {
	case o.kind == Submit:
		j.failed = true
	case o.auto && c.allLost(j):
		j.poll = 0 // spark-submit has exited
	case o.auto:
		c.armPoll(o.job)
	}
	c.advance(o.job)
}

func (c *Client) remove(i int) {
	o := &c.ops[i]
	c.h.StopTimer(o.timer)
	c.h.StopTimer(o.giveUp)
	c.jobs[o.job].busy = false
	c.ops = slices.Delete(c.ops, i, i+1)
}

func (c *Client) armPoll(n int) {
	if d := c.jobs[n].poll; d > 0 {
		host.After(c.h, d, (*Client).poll, n)
	}
}

func (c *Client) waitedTooLong(n int64) {
	if i := c.op(n); i >= 0 {
		c.abandon(i)
	}
}

// op returns the index of operation n, -1 if it is over.
func (c *Client) op(n int64) int {
	return slices.IndexFunc(c.ops, func(o op) bool { return o.n == n })
}

func (c *Client) note(k host.NoteKind, o *op, detail string) {
	n := host.Note{Kind: k, Subject: c.jobs[o.job].tag, Value: string(o.kind), Detail: detail, N: o.n}
	if d := &c.jobs[o.job].desc; k == host.NoteCall && o.kind == Submit {
		n.M, n.P = d.Cores, d.Memory
		if d.Supervise {
			n.Q = 1
		}
		n.Detail = d.Application()
	}
	c.h.Note(n)
}

// Signalled implements [host.Process].
func (c *Client) Signalled(s host.Signal) {
	if s == host.Terminate {
		c.h.Exit(terminated)
	}
}

// Accepted implements [host.Process]. A client listens nowhere.
func (c *Client) Accepted(host.ConnID, host.Addr) {}
