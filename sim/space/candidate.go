package space

import (
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
)

// candidate is a latch and nothing else: it stands for election, and tells of
// its reign as a master does.
type candidate struct {
	h     host.Host
	cfg   election.Config
	asked coord.Options
	latch *election.Latch
	term  int64
}

func newCandidate(c *Config) *candidate {
	return &candidate{
		cfg:   election.Config{Dir: "/spark", Policy: c.Policy, Retry: c.Timers.Relaunch},
		asked: coord.Options{Servers: []host.Addr{"z1:2181"}, Timeout: c.Timers.Session, Name: "latch"},
	}
}

// Start implements host.Process.
func (c *candidate) Start(h host.Host) {
	c.h = h
	c.latch = election.New(h, c, c.cfg)
	c.note("Standby")
	c.open()
}

func (c *candidate) open() {
	c.latch.SetSession(coord.Of(c.h).OpenSession(c.asked, host.BindResult((*candidate).changed, struct{}{})))
}

func (c *candidate) changed(_ struct{}, s coord.StateChange) {
	c.latch.SessionChanged(s)
	if s.State == coord.Expired {
		c.open()
	}
}

func (c *candidate) note(state string) {
	c.h.Note(host.Note{Kind: host.NoteState, Value: state, Term: c.term})
}

// Part implements host.Composite.
func (c *candidate) Part(i int) any {
	if i == 0 {
		return c.latch
	}
	return nil
}

// TermSent implements election.Owner.
func (c *candidate) TermSent() {}

// LatchElected implements election.Owner.
func (c *candidate) LatchElected(w election.Win) {
	c.term = w.Term
	c.h.Note(host.Note{Kind: host.NoteElected, Term: w.Term, Zxid: w.Zxid})
	c.note("Alive")
}

// LatchLost implements election.Owner: it goes to the end of the queue, or ends
// as Spark's master does.
func (c *candidate) LatchLost(election.Reason) {
	c.term = 0
	c.note("Standby")
	if !c.cfg.Policy.HoldSuspended {
		c.h.Exit(0)
	}
}

// LatchReleased implements election.Owner.
func (c *candidate) LatchReleased() {}

// LatchRefused implements election.Owner.
func (c *candidate) LatchRefused(why string) { c.h.Note(host.Note{Kind: host.NoteFailed, Value: why}) }

// Accepted implements host.Process.
func (c *candidate) Accepted(host.ConnID, host.Addr) {}

// Connected implements host.Process.
func (c *candidate) Connected(host.ConnID) {}

// Received implements host.Process.
func (c *candidate) Received(host.ConnID, host.Message) {}

// Closed implements host.Process.
func (c *candidate) Closed(host.ConnID, host.Reason) {}

// Exited implements host.Process.
func (c *candidate) Exited(host.ProcessID, int) {}

// Signalled implements host.Process.
func (c *candidate) Signalled(host.Signal) {}

// Clone implements host.Process.
func (c *candidate) Clone(h host.Host) host.Process {
	k := *c
	k.h = h
	k.latch = c.latch.Clone(h, &k)
	return &k
}

// Digest implements host.Process.
func (c *candidate) Digest(d *host.Digest) {
	c.latch.Digest(d)
	d.Int(c.term)
}
