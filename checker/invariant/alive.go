package invariant

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var aliveMaster = checker.Property{
	Name: "at-most-one-alive-master", Kind: checker.Safety, Optional: true,
	Says:   "At no moment do two running masters both believe that they are Alive.",
	Source: "mutual exclusion of the latch: needs bounded drift of clocks and no pause",
	New:    func() checker.Monitor { return NewOverlap() },
}

// An Interval is a stretch of a run during which two masters believed that they
// were Alive.
type Interval struct {
	From, To int64 // nanoseconds since the run began
	A, B     string
}

// An Overlap measures how long two running, unpaused masters both believed that
// they were Alive: the judge of at-most-one-alive-master, and the source of its
// plot. In a live run it counts only what is certain: from the latest moment at
// which the second may have become Alive to the earliest at which one ended.
type Overlap struct {
	checker.Breach
	roster    checker.Roster
	since     map[string]int64 // when each Alive master became so, at the latest
	alive     []string         // the Alive masters, the latest last
	second    trace.Event      // the event that made a second one Alive
	said      trace.Event      // the last by which one said so beside another
	intervals []Interval
	required  bool
}

// NewOverlap returns a judge that has seen nothing.
func NewOverlap() *Overlap {
	return &Overlap{Breach: checker.Breach{Property: "at-most-one-alive-master"}, since: map[string]int64{}}
}

// Observe takes the next event of the run.
func (o *Overlap) Observe(e *trace.Event) {
	if len(o.alive) > 1 {
		o.judge(e.At)
	}
	switch e.Kind {
	case trace.Require:
		o.required = o.required || e.Subject == o.Property
	case trace.Ended:
		for len(o.alive) > 0 {
			o.end(o.alive[len(o.alive)-1], e.At)
		}
	}
	p := o.roster.Observe(e)
	if p == nil {
		return
	}
	_, was := o.since[p.Name]
	switch {
	case p.Alive() && !was:
		o.says(e)
		o.since[p.Name] = e.Latest()
		o.alive = append(o.alive, p.Name)
		if len(o.alive) == 2 {
			o.second = *e
		}
	case !p.Alive() && was:
		o.end(p.Name, e.At)
	}
}

// says keeps the event by which a master says that it is Alive while another believes
// it. One that ran again in this instant has said nothing yet, and events whose time
// is not certain have no order.
func (o *Overlap) says(e *trace.Event) {
	for _, other := range o.alive {
		if e.Kind == trace.State && e.Latest() == e.At && o.since[other] < e.At {
			o.said = *e
		}
	}
}

// judge looks whether time has passed since a second master became Alive. Without that
// it is no overlap, unless it was said; see end.
func (o *Overlap) judge(now int64) {
	if o.Broken() != "" {
		return
	}
	a, b := o.alive[0], o.alive[1]
	if from := max(o.since[a], o.since[b]); now > from {
		o.Violated(&o.second, "%s and %s both believed that they were Alive from %s on: %s",
			a, b, trace.Moment(from), checker.At(&o.second))
	}
}

// end closes the intervals of a master that is Alive no more.
func (o *Overlap) end(name string, now int64) {
	mine := o.since[name]
	delete(o.since, name)
	kept := o.alive[:0]
	for _, other := range o.alive {
		if other == name {
			continue
		}
		kept = append(kept, other)
		switch from := max(mine, o.since[other]); {
		case now > from:
			o.intervals = append(o.intervals, Interval{From: from, To: now, A: name, B: other})
		case now == from && o.said.Kind == trace.State && o.said.At == now:
			o.Violated(&o.said, "%s and %s both believed that they were Alive for an instant: %s", name, other, checker.At(&o.said))
		}
	}
	o.alive = kept
}

// Intervals returns the overlaps so far, in the order in which they ended.
func (o *Overlap) Intervals() []Interval { return o.intervals }

// Total returns how long masters overlapped in all, pair by pair, in ns.
func (o *Overlap) Total() int64 {
	var sum int64
	for _, i := range o.intervals {
		sum += i.To - i.From
	}
	return sum
}

// Longest returns the longest overlap of two masters in ns.
func (o *Overlap) Longest() int64 {
	var most int64
	for _, i := range o.intervals {
		most = max(most, i.To-i.From)
	}
	return most
}

// Hears implements checker.Listener.
func (o *Overlap) Hears(e *trace.Event) bool {
	return len(o.alive) > 1 || o.roster.Hears(e) || e.Kind == trace.Require || e.Kind == trace.Ended
}

// Clone implements checker.Explorable.
func (o *Overlap) Clone() checker.Explorable {
	c := *o
	c.roster, c.since, c.alive, c.intervals = o.roster.Clone(), maps.Clone(o.since), slices.Clone(o.alive), slices.Clone(o.intervals)
	return &c
}

// Digest implements checker.Explorable.
func (o *Overlap) Digest(d checker.Sink) {
	o.roster.Digest(d)
	digestOptional(d, o.required, &o.Breach)
	d.Uint(uint64(len(o.alive)))
	for _, name := range o.alive {
		d.Str(name)
	}
	checker.DigestSorted(d, o.since, checker.Itself, func(name string, at int64) { d.Str(name); d.Ago(at, 1) })
}

// Broken implements checker.Explorable: only where the property is required.
func (o *Overlap) Broken() string { return brokenIf(o.required, &o.Breach) }

// Finding is a violation only where the scenario requires the property; it
// tells what was measured in any case.
func (o *Overlap) Finding() checker.Finding {
	f := o.Judged("no overlap")
	if len(o.intervals) > 0 {
		f.Detail = "overlap of " + trace.Moment(o.Total()) + " in all, " + trace.Moment(o.Longest()) + " at most"
		if o.required {
			f.Detail = o.Broken() + "; " + f.Detail
		}
	}
	if !o.required {
		f.Verdict, f.Step = checker.Pass, 0
		f.Detail += "; not required here"
	}
	return f
}
