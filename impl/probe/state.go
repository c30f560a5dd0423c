package probe

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
)

// A Progress is how far a probe is, for worlds and tests.
type Progress struct {
	Called   int64 // operations asked for
	Answered int64 // of those: answered, with an error or not
	Acked    int64 // of those: without one
	Open     int   // without an answer
	// Done: every step was answered, the random work and the rounds of Lock and
	// Transfer are over. Watcher, Provider, Consumer and Member never are, and
	// are not waited for.
	Done bool
}

// Progress returns how far the probe is.
func (p *Probe) Progress() Progress {
	g := Progress{Called: p.calls, Answered: p.told, Acked: p.acked, Open: len(p.open)}
	g.Done = len(p.open) == 0
	if p.h != nil && p.h.Incarnation() == 1 {
		g.Done = g.Done && !slices.Contains(p.done, false)
	}
	for i := range p.slots {
		g.Done = g.Done && p.slots[i].left == 0
	}
	for i := range p.recipes {
		k := p.cfg.Program.Recipes[i].Kind
		g.Done = g.Done && (p.recipes[i].phase == over || k != Lock && k != Transfer)
	}
	return g
}

// Clone implements [host.Process].
func (p *Probe) Clone(h host.Host) host.Process {
	c := *p
	c.h = h
	c.slots, c.done = slices.Clone(p.slots), slices.Clone(p.done)
	c.open, c.watches = clonePending(p.open), clonePending(p.watches)
	c.seen, c.made, c.recipes = slices.Clone(p.seen), slices.Clone(p.made), slices.Clone(p.recipes)
	return &c
}

func clonePending(list []pending) []pending {
	out := slices.Clone(list)
	for i := range out {
		out[i].parts = slices.Clone(out[i].parts)
	}
	return out
}

// Digest implements [host.Process]. The configuration never changes and is not
// part of it.
func (p *Probe) Digest(d *host.Digest) {
	d.Uint(uint64(len(p.slots)))
	for i := range p.slots {
		p.slots[i].digest(d)
	}
	d.Uint(uint64(len(p.done)))
	for _, x := range p.done {
		d.Bool(x)
	}
	d.Int(int64(p.begun))
	for _, list := range [...][]pending{p.open, p.watches} {
		d.Uint(uint64(len(list)))
		for i := range list {
			list[i].digest(d)
		}
	}
	d.Int(p.calls)
	d.Int(p.opened)
	d.Int(p.told)
	d.Int(p.acked)
	d.Uint(uint64(len(p.seen)))
	for _, s := range p.seen {
		d.Str(s.path)
		d.Int(int64(s.v))
	}
	d.Uint(uint64(len(p.made)))
	for _, s := range p.made {
		d.Str(s)
	}
	d.Uint(uint64(len(p.recipes)))
	for i := range p.recipes {
		p.recipes[i].digest(d)
	}
	d.Bool(p.ending)
}

func (s *slot) digest(d *host.Digest) {
	d.Uint(uint64(s.session))
	d.Int(s.number)
	d.Int(s.id)
	d.Uint(uint64(s.state))
	d.Int(int64(s.left))
	d.Bool(s.rooted)
	d.Int(int64(s.turn))
}

func (x *pending) digest(d *host.Digest) {
	d.Int(x.n)
	d.Int(int64(x.slot))
	d.Int(x.number)
	d.Uint(uint64(x.by))
	d.Int(int64(x.of))
	d.Uint(uint64(x.kind))
	d.Str(x.path)
	d.Uint(uint64(x.mode))
	d.Uint(uint64(len(x.parts)))
	for _, k := range x.parts {
		d.Uint(uint64(k))
	}
	d.Bool(x.watch)
}

func (r *recipe) digest(d *host.Digest) {
	d.Bool(r.due)
	d.Uint(uint64(r.phase))
	for _, n := range [...]int64{r.session, r.waits, r.gen, int64(r.round), r.token} {
		d.Int(n)
	}
	d.Str(r.node)
	d.Str(r.ahead)
	for _, a := range [...]amount{r.a, r.b} {
		d.Int(a.n)
		d.Int(int64(a.version))
		d.Int(a.mzxid)
	}
}
