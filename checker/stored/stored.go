// Package stored judges what keepers of records read back: processes that are
// nothing but the store of a master and its election (sim/space/keeper). Each of
// their records says which write put it, so that what is read can be told from what
// was there before.
package stored

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// Properties lists the property of this package.
func Properties() []checker.Property { return []checker.Property{IsRecovered} }

// IsRecovered is the property that this package judges.
var IsRecovered = checker.Property{
	Name: "stored-is-recovered", Kind: checker.Safety,
	Says: "What a keeper's store acknowledged, and what a reading of it found, is what the next reading finds, but for writes that were " +
		"asked for since: the whole record or none; and nothing keeps it from reading, nor gives it a term twice.",
	Source: "atomicity and durability of a store: Gray, The Transaction Concept (1981); defects D-07d, D-41, D-42",
	New: func() checker.Monitor {
		return &monitor{Breach: checker.Breach{Property: "stored-is-recovered"}, keepers: map[string]bool{}, records: map[string]record{}, held: map[holder]found{}}
	},
}

// Unread begins the failure of a keeper that cannot read what it keeps.
const Unread = "recovery: "

// Undecodable is the Value of a record that was read and is none.
const Undecodable = "UNDECODABLE"

// Version is what a record says that the n-th write of an incarnation put.
func Version(inc uint32, n int64) int64 { return int64(inc)<<16 | n }

// A monitor knows of each record what it may be.
type monitor struct {
	checker.Breach
	keepers  map[string]bool // processes that are
	records  map[string]record
	held     map[holder]found // what a keeper has told of what it read
	term     int64            // the latest
	readings int
	acked    int
}

// holder is one incarnation of a keeper.
type holder struct {
	process string
	inc     uint32
}

// found is the version of each record that was read.
type found map[string]int64

// record is what one may be: what the latest acknowledged write, or the latest
// reading, made of it, or a later write that was asked for. Oldest first; none: it
// was never there.
type record []write

// write is one that was asked for. One that removes has no version.
type write struct {
	process string
	inc     uint32
	n       int64
	version int64 // 0: the record is not there
}

func (w *write) is(e *trace.Event) bool {
	return w.process == e.Process && w.inc == e.Inc && w.n == e.N
}

// Observe implements checker.Monitor.
func (m *monitor) Observe(e *trace.Event) {
	switch {
	case e.Kind == trace.Started && e.Value == "keeper":
		m.keepers[e.Process] = true
	case !m.keepers[e.Process]:
	case e.Kind == trace.Elected:
		if e.Term <= m.term {
			m.Violated(e, "%s, although term %d has begun", checker.At(e), m.term)
		}
		m.term = max(m.term, e.Term)
	case e.Kind == trace.Intent:
		m.intent(e)
	case e.Kind == trace.Written && e.Zxid != 0:
		m.written(e)
	case e.Kind == trace.Recovered:
		m.read(e)
	case e.Kind == trace.State && e.Value == "Alive":
		m.alive(e)
	case e.Kind == trace.Failed && strings.HasPrefix(e.Value, Unread):
		m.Violated(e, "%s", checker.At(e))
	}
}

// intent is a write that may take place from now on.
func (m *monitor) intent(e *trace.Event) {
	r := m.records[e.Subject]
	if r == nil {
		r = record{{}}
	}
	w := write{process: e.Process, inc: e.Inc, n: e.N}
	if e.Value == "put" {
		w.version = Version(e.Inc, e.N)
	}
	m.records[e.Subject] = append(r[:len(r):len(r)], w)
}

// written is a write that was acknowledged: it has taken place, or a later one has.
func (m *monitor) written(e *trace.Event) {
	m.acked++
	r := m.records[e.Subject]
	for i := range r {
		if r[i].is(e) {
			m.records[e.Subject] = r[i:len(r):len(r)]
			return
		}
	}
}

// read is a record that a keeper found, before it begins to act.
func (m *monitor) read(e *trace.Event) {
	if e.Value == Undecodable {
		m.Violated(e, "%s", checker.At(e))
		return
	}
	h := holder{e.Process, e.Inc}
	if m.held[h] == nil {
		m.held[h] = found{}
	}
	m.held[h][strings.Replace(e.Subject, "/", "_", 1)] = e.N
}

// alive holds what a keeper found against what may be.
func (m *monitor) alive(e *trace.Event) {
	m.readings++
	h := holder{e.Process, e.Inc}
	held := m.held[h]
	delete(m.held, h)
	checker.InOrder(m.records, checker.Itself, func(key string, r record) {
		for i := range r {
			if r[i].version == held[key] {
				m.records[key] = record{r[i]}
				return
			}
		}
		m.Violated(e, "%s with %s of record %s; it should hold %s", checker.At(e), told(held[key]), key, r)
	})
	checker.InOrder(held, checker.Itself, func(key string, version int64) {
		if m.records[key] == nil {
			m.Violated(e, "%s with %s of record %s, which nobody put", checker.At(e), told(version), key)
		}
	})
}

// told is a version in words.
func told(version int64) string {
	if version == 0 {
		return "nothing"
	}
	return fmt.Sprintf("write %d of incarnation %d", version&(1<<16-1), version>>16)
}

// String is what a record may be, in words.
func (r record) String() string {
	var words []string
	for i := range r {
		words = append(words, told(r[i].version))
	}
	return strings.Join(words, " or ")
}

// Hears implements checker.Listener.
func (m *monitor) Hears(e *trace.Event) bool {
	switch e.Kind {
	case trace.Started, trace.Elected, trace.Intent, trace.Written, trace.Recovered, trace.State, trace.Failed:
		return e.Kind == trace.Started && e.Value == "keeper" || m.keepers[e.Process]
	}
	return false
}

// Clone implements checker.Explorable.
func (m *monitor) Clone() checker.Explorable {
	c := *m
	c.keepers, c.records, c.held = copied(m.keepers), map[string]record{}, map[holder]found{}
	for key, r := range m.records {
		c.records[key] = append(record(nil), r...)
	}
	for h, f := range m.held {
		c.held[h] = copied(f)
	}
	return &c
}

func copied[K comparable, V any, M ~map[K]V](m M) M {
	c := make(M, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// Digest implements checker.Explorable.
func (m *monitor) Digest(d checker.Sink) {
	checker.DigestSet(d, m.keepers)
	checker.DigestSorted(d, m.records, checker.Itself, func(key string, r record) {
		d.Str(key)
		d.Uint(uint64(len(r)))
		for i := range r {
			d.Str(r[i].process)
			d.Uint(uint64(r[i].inc))
			d.Int(r[i].n)
			d.Int(r[i].version)
		}
	})
	checker.DigestSorted(d, m.held, func(h holder) string { return fmt.Sprint(h.process, " ", h.inc) }, func(h holder, f found) {
		d.Str(h.process)
		d.Uint(uint64(h.inc))
		checker.DigestSorted(d, f, checker.Itself, func(key string, version int64) { d.Str(key); d.Int(version) })
	})
	d.Int(m.term)
}

// Finding implements checker.Monitor.
func (m *monitor) Finding() checker.Finding {
	return m.Judged("%d times records were read, %d writes were acknowledged", m.readings, m.acked)
}
