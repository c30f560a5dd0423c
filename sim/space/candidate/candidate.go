// Package candidate is a process that stands for election and does nothing else.
package candidate

import (
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
)

// A Candidate is a latch and nothing else: it tells of its reign as a master
// does, and of being Alive as soon as it has won.
type Candidate struct {
	h     host.Host
	cfg   election.Config
	asked coord.Options
	latch *election.Latch
	term  int64
}

// New makes a candidate that has not started, with the latch that cfg says, in
// sessions that are asked for so.
func New(cfg election.Config, session coord.Options) *Candidate {
	return &Candidate{cfg: cfg, asked: session}
}

// Start implements host.Process.
func (c *Candidate) Start(h host.Host) {
	c.h = h
	c.latch = election.New(h, c, c.cfg)
	c.note("Standby")
	c.open()
}

func (c *Candidate) open() {
	c.latch.SetSession(coord.Of(c.h).OpenSession(c.asked, host.BindResult((*Candidate).changed, struct{}{})))
}

func (c *Candidate) changed(_ struct{}, s coord.StateChange) {
	c.latch.SessionChanged(s)
	if s.State == coord.Expired {
		c.open()
	}
}

func (c *Candidate) note(state string) {
	c.h.Note(host.Note{Kind: host.NoteState, Value: state, Term: c.term})
}

// Part implements host.Composite.
func (c *Candidate) Part(i int) any {
	if i == 0 {
		return c.latch
	}
	return nil
}

// TermSent implements election.Owner.
func (c *Candidate) TermSent() {}

// LatchElected implements election.Owner.
func (c *Candidate) LatchElected(w election.Win) {
	c.term = w.Term
	c.h.Note(host.Note{Kind: host.NoteElected, Term: w.Term, Zxid: w.Zxid})
	c.note("Alive")
}

// LatchLost implements election.Owner: it goes to the end of the queue, or ends
// as Spark's master does.
func (c *Candidate) LatchLost(election.Reason) {
	c.term = 0
	c.note("Standby")
	if !c.cfg.Policy.HoldSuspended {
		c.h.Exit(0)
	}
}

// LatchReleased implements election.Owner.
func (c *Candidate) LatchReleased() {}

// LatchRefused implements election.Owner.
func (c *Candidate) LatchRefused(why string) { c.h.Note(host.Note{Kind: host.NoteFailed, Value: why}) }

// Accepted implements host.Process.
func (c *Candidate) Accepted(host.ConnID, host.Addr) {}

// Connected implements host.Process.
func (c *Candidate) Connected(host.ConnID) {}

// Received implements host.Process.
func (c *Candidate) Received(host.ConnID, host.Message) {}

// Closed implements host.Process.
func (c *Candidate) Closed(host.ConnID, host.Reason) {}

// Exited implements host.Process.
func (c *Candidate) Exited(host.ProcessID, int) {}

// Signalled implements host.Process.
func (c *Candidate) Signalled(host.Signal) {}

// Clone implements host.Process.
func (c *Candidate) Clone(h host.Host) host.Process {
	k := *c
	k.h = h
	k.latch = c.latch.Clone(h, &k)
	return &k
}

// Digest implements host.Process.
func (c *Candidate) Digest(d *host.Digest) {
	c.latch.Digest(d)
	d.Int(c.term)
}
