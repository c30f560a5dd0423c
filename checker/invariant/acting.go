package invariant

import (
	"maps"
	"slices"
	"strconv"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var actingMaster = checker.Property{
	Name: "at-most-one-acting-master", Kind: checker.Safety,
	Says: "Once a later term was created, no write of an earlier one commits, nobody who has seen it obeys an earlier one, " +
		"and nothing that an earlier one had not decided before is obeyed or acknowledged.",
	Source: "invariant I1; Kleppmann, How to do distributed locking (2016): fencing tokens; defects D-03, D-25, D-26",
	New: func() checker.Monitor {
		return &acting{Breach: checker.Breach{Property: "at-most-one-acting-master"}, seen: map[receiver]trace.Event{}}
	},
}

// acting judges three clauses:
//
//	(a) no store write of term t commits after the transaction that created a term above t;
//	(b) no incarnation of a receiver obeys term t after it has seen a term above t;
//	(c) what is obeyed or acknowledged in term t was decided by a transaction before the one
//	    that created a term above t. What names no decision is its own decision.
//
// Transactions are ordered by zxid. An act without a decision is ordered by
// time, and judged only if all of its interval lies after the election.
//
// To follow a new master and to register again on request need no decision of
// that master's but its presence: without one, only (b) judges them.
type acting struct {
	checker.Breach
	terms []reign // in ascending order of term
	seen  map[receiver]trace.Event
	acts  int
}

// receiver is one incarnation of a process that takes commands.
type receiver struct {
	process string
	inc     uint32
}

// reign is what is known of one term.
type reign struct {
	term    int64
	elected trace.Event // of the earliest zxid; Kind is empty before it is known
	last    trace.Event // the write or decision of this term with the highest zxid
}

func (m *acting) Observe(e *trace.Event) {
	switch e.Kind {
	case trace.Elected:
		m.electedAt(e)
	case trace.Commit:
		if e.M > 0 && e.Term > 0 {
			m.decided(e)
		}
	case trace.Written:
		if e.Zxid > 0 && e.Term > 0 {
			m.decided(e)
		}
	case trace.Acked:
		m.acted(e)
	case trace.Registered:
		m.received(e)
	case trace.Obeyed:
		m.received(e)
		if e.Zxid != 0 || e.Subject != "master" && e.Subject != "reconnect" {
			m.acted(e)
		}
	}
}

// reign returns the index of term, and adds it if it is new.
func (m *acting) reign(term int64) int {
	i := len(m.terms)
	for i > 0 && m.terms[i-1].term >= term {
		i--
	}
	if i < len(m.terms) && m.terms[i].term == term {
		return i
	}
	m.terms = append(m.terms, reign{})
	copy(m.terms[i+1:], m.terms[i:])
	m.terms[i] = reign{term: term}
	return i
}

func (m *acting) electedAt(e *trace.Event) {
	i := m.reign(e.Term)
	r := &m.terms[i]
	if r.elected.Kind != "" && r.elected.Zxid <= e.Zxid {
		return
	}
	r.elected = *e
	for j := range m.terms[:i] {
		if last := &m.terms[j].last; last.Kind != "" && last.Zxid > e.Zxid {
			m.late(e, last, e)
		}
	}
}

// decided judges a transaction of e's term, its zxid in e: clause (a), and (c)
// for what names a decision.
func (m *acting) decided(e *trace.Event) {
	i := m.reign(e.Term)
	if last := &m.terms[i].last; last.Kind == "" || e.Zxid > last.Zxid {
		*last = *e
	}
	for j := i + 1; j < len(m.terms); j++ {
		if el := &m.terms[j].elected; el.Kind != "" && e.Zxid > el.Zxid {
			m.late(e, e, el)
		}
	}
}

// late reports act, whose transaction came after the creation of a later term.
// Told is the event by which it became known.
func (m *acting) late(told, act, elected *trace.Event) {
	switch act.Kind {
	case trace.Commit, trace.Written:
		m.Violated(told, "a write of term %d, zxid %#x, committed after zxid %#x created term %d: %s; %s",
			act.Term, act.Zxid, elected.Zxid, elected.Term, checker.At(act), checker.At(elected))
	default:
		m.Violated(told, "a decision of term %d, zxid %#x, came after zxid %#x created term %d: %s; %s",
			act.Term, act.Zxid, elected.Zxid, elected.Term, checker.At(act), checker.At(elected))
	}
}

// acted judges clause (c).
func (m *acting) acted(e *trace.Event) {
	m.acts++
	if e.Term == 0 {
		return
	}
	if e.Zxid != 0 {
		m.decided(e)
		return
	}
	for j := m.reign(e.Term) + 1; j < len(m.terms); j++ {
		if el := &m.terms[j].elected; el.Kind != "" && after(e, el) {
			m.Violated(e, "term %d acted without a decision after term %d was created: %s; %s",
				e.Term, el.Term, checker.At(e), checker.At(el))
		}
	}
}

// after reports whether all of e's interval lies after b's.
func after(e, b *trace.Event) bool {
	if e.Until == 0 && b.Until == 0 {
		return e.At > b.At || e.At == b.At && e.Step > b.Step
	}
	return e.At > b.Latest()
}

// received judges clause (b).
func (m *acting) received(e *trace.Event) {
	if e.Term == 0 {
		return
	}
	who := receiver{e.Process, e.Inc}
	before, known := m.seen[who]
	switch {
	case !known || e.Term > before.Term:
		m.seen[who] = *e
	case e.Term < before.Term:
		m.Violated(e, "%s had seen term %d and obeyed term %d: %s; before it %s",
			e.Process, before.Term, e.Term, checker.At(e), checker.At(&before))
	}
}

// Hears implements checker.Listener.
func (m *acting) Hears(e *trace.Event) bool {
	switch e.Kind {
	case trace.Elected, trace.Commit, trace.Written, trace.Acked, trace.Registered, trace.Obeyed:
		return true
	}
	return false
}

// Clone implements checker.Explorable.
func (m *acting) Clone() checker.Explorable {
	c := *m
	c.terms, c.seen = slices.Clone(m.terms), maps.Clone(m.seen)
	return &c
}

// Digest implements checker.Explorable.
func (m *acting) Digest(d checker.Sink) {
	d.Uint(uint64(len(m.terms)))
	for i := range m.terms {
		r := &m.terms[i]
		d.Int(r.term)
		d.Bool(r.elected.Kind != "")
		d.Zxid(r.elected.Zxid)
		d.Bool(r.last.Kind != "")
		d.Zxid(r.last.Zxid)
	}
	checker.DigestSorted(d, m.seen, receiver.name, func(r receiver, e trace.Event) {
		d.Str(r.process)
		d.Uint(uint64(r.inc))
		d.Int(e.Term)
	})
}

func (r receiver) name() string { return r.process + "#" + strconv.FormatUint(uint64(r.inc), 10) }

func (m *acting) Finding() checker.Finding {
	return m.Judged("%d terms, %d commands and acknowledgements", len(m.terms), m.acts)
}
