package refine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// A Tracker is a Monitor as a part of explored states, in which all that a job may
// have come from has a part.
type Tracker struct{ Monitor }

var _ checker.Listener = (*Tracker)(nil)

// NewTracker returns a Tracker that has seen nothing.
func NewTracker() *Tracker { return &Tracker{*newMonitor()} }

// Hears implements checker.Listener.
func (t *Tracker) Hears(e *trace.Event) bool {
	switch e.Kind {
	case trace.Elected, trace.State, trace.Registered, trace.Intent, trace.Written, trace.Recovered, trace.Acked, trace.Accepted:
		return true
	case trace.Started:
		return e.Value == "master"
	case trace.Call, trace.Return:
		return e.Value == "submit" || e.Value == "kill"
	case trace.Job:
		return e.Value == "finished"
	case trace.Obeyed:
		return e.Subject == "launch"
	}
	return false
}

// Clone implements checker.Explorable.
func (t *Tracker) Clone() checker.Explorable {
	c := *t
	c.byID, c.tags, c.masters, c.follows, c.latest = maps.Clone(t.byID), maps.Clone(t.tags), maps.Clone(t.masters), maps.Clone(t.follows), maps.Clone(t.latest)
	c.jobs, c.reigns = slices.Clone(t.jobs), make(map[int64]*reign, len(t.reigns))
	for i := range c.jobs {
		j := &c.jobs[i]
		j.writes, j.ran, j.front = slices.Clone(j.writes), slices.Clone(j.ran), cloneWays(j.front)
	}
	for term, r := range t.reigns { //det:allow into a map
		own := *r
		own.jobs, own.entered, own.heard, own.workers = maps.Clone(r.jobs), maps.Clone(r.entered), maps.Clone(r.heard), slices.Clone(r.workers)
		c.reigns[term] = &own
	}
	return &c
}

// cloneWays copies ways and what they came from: what two of them share once.
func cloneWays(front []*way) []*way {
	known := map[*way]*way{}
	var of func(w *way) *way
	of = func(w *way) *way {
		if w == nil {
			return nil
		}
		if known[w] == nil {
			own := *w
			own.before = of(w.before)
			known[w] = &own
		}
		return known[w]
	}
	out := slices.Clone(front)
	for i := range out {
		out[i] = of(out[i])
	}
	return out
}

// Digest implements checker.Explorable.
func (t *Tracker) Digest(d checker.Sink) {
	d.Int(t.term)
	checker.DigestSorted(d, t.masters, life.name, func(who life, at master) {
		d.Str(who.process)
		d.Uint(uint64(who.inc))
		d.Uint(uint64(at.mode))
		d.Int(at.term)
		d.Bool(at.completing)
	})
	checker.DigestSorted(d, t.follows, life.name, func(who life, term int64) {
		d.Str(who.process)
		d.Uint(uint64(who.inc))
		d.Int(term)
	})
	checker.DigestSorted(d, t.tags, checker.Itself, func(name string, x tag) {
		d.Str(name)
		d.Bool(x.supervised)
		d.Bool(x.kill)
		d.Str(x.id)
	})
	checker.DigestSorted(d, t.reigns, func(term int64) string { return fmt.Sprint(term) }, func(term int64, r *reign) {
		d.Int(term)
		r.digest(d)
	})
	d.Uint(uint64(len(t.jobs)))
	for i := range t.jobs {
		t.jobs[i].digest(d)
	}
}

func (l life) name() string { return fmt.Sprint(l.process, " ", l.inc) }

func (r *reign) digest(d checker.Sink) {
	d.Zxid(r.zxid)
	d.Bool(r.acted)
	checker.DigestSet(d, r.jobs)
	d.Uint(uint64(len(r.workers)))
	for _, id := range r.workers {
		d.Str(id)
	}
	checker.DigestSet(d, r.entered)
	checker.DigestSet(d, r.heard)
}

func (j *job) digest(d checker.Sink) {
	d.Str(j.id)
	d.Uint(uint64(len(j.writes)))
	for _, w := range j.writes {
		d.Int(w.term)
		d.Int(w.n)
		d.Zxid(w.zxid)
	}
	d.Uint(uint64(len(j.front)))
	for _, w := range j.front {
		for ; w != nil; w = w.before {
			d.Int(int64(w.write))
			d.Uint(uint64(w.rec.Phase))
			d.Uint(uint64(w.rec.Worker))
			d.Uint(uint64(w.rec.Attempt))
			d.Bool(w.rec.Kill)
			d.Bool(w.supervised)
			d.Bool(w.dropped)
		}
		d.Bool(false)
	}
	d.Uint(j.finished)
	d.Bool(j.wished)
	d.Uint(uint64(len(j.ran)))
	for _, r := range j.ran {
		d.Int(r.attempt)
		d.Str(r.by.process)
		d.Uint(uint64(r.by.inc))
	}
}
