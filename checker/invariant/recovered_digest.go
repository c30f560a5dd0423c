package invariant

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// Digest implements checker.Explorable. Of the moment of an acknowledgement it
// matters which faults of links were over before.
func (m *recovered) Digest(d checker.Sink) {
	checker.DigestSorted(d, m.drivers, checker.Itself, func(id string, x *driver) {
		d.Str(id)
		x.digest(d)
		m.digestCuts(d, &x.acked, checker.Lag)
	})
	checker.DigestSorted(d, m.workers, checker.Itself, func(id string, w *worker) {
		d.Str(id)
		told(d, &w.acked)
		m.digestCuts(d, &w.acked, 0)
	})
	checker.DigestSorted(d, m.held, holder.name, func(h holder, held map[string]trace.Event) {
		h.digest(d)
		checker.DigestSorted(d, held, checker.Itself, func(key string, e trace.Event) { d.Str(key); d.Str(e.Value) })
	})
	checker.DigestNames(d, m.owners)
	checker.DigestSorted(d, m.judged, holder.name, func(h holder, term int64) { h.digest(d); d.Int(term) })
	checker.DigestSet(d, m.harmed)
	d.Uint(uint64(len(m.faults)))
	for i := range m.faults {
		f := &m.faults[i]
		d.Str(f.text)
		d.Bool(f.until < 0)
		if f.until >= 0 {
			d.Ago(f.until, checker.Lag)
		}
	}
	m.apps.digest(d)
}

// digestCuts writes which faults were over some time before an acknowledgement.
func (m *recovered) digestCuts(d checker.Sink, acked *trace.Event, lag int64) {
	for i := range m.faults {
		d.Bool(acked.Kind != "" && m.faults[i].until >= acked.At-lag)
	}
}

// told writes whether an event was seen, and its term.
func told(d checker.Sink, e *trace.Event) {
	d.Bool(e.Kind != "")
	d.Int(e.Term)
}

func (x *driver) digest(d checker.Sink) {
	told(d, &x.acked)
	names := make([]string, len(x.carriers))
	for i, c := range x.carriers {
		names[i] = d.Rename(c)
	}
	slices.Sort(names)
	d.Str(strings.Join(names, " "))
	d.Bool(x.killed)
	d.Bool(x.ended.Kind != "")
	d.Str(x.ended.Value)
	d.Bool(x.final)
	told(d, &x.reported)
	d.Uint(uint64(len(x.puts)))
	for i, p := range x.puts {
		d.Int(p.term)
		if i == len(x.puts)-1 { // it may be told again
			d.Str(p.process)
			d.Uint(uint64(p.inc))
			d.Int(p.n)
		}
	}
	d.Bool(x.dropped)
	d.Bool(x.removed)
}

func (h holder) name() string { return receiver(h).name() }

func (h holder) digest(d checker.Sink) {
	d.Str(h.process)
	d.Uint(uint64(h.inc))
}

func (apps applications) digest(d checker.Sink) {
	checker.DigestSorted(d, apps, checker.Itself, func(id string, a *application) {
		d.Str(id)
		told(d, &a.acked)
		told(d, &a.over)
		d.Bool(a.removed)
	})
}
