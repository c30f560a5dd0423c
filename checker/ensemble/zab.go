package ensemble

import (
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var zabAgreement = checker.Property{
	Name: "zab-agreement", Kind: checker.Safety,
	Says:   "No two servers deliver different transactions under one zxid, nor one server twice.",
	Source: "Junqueira, Reed, Serafini, Zab (2011), agreement; one zxid names one transaction",
	New: func() checker.Monitor {
		return &agreement{Breach: checker.Breach{Property: "zab-agreement"}, txns: map[int64]told{}}
	},
}

// told is who first told something, and what it was.
type told struct {
	what    int64 // a digest
	process string
	step    uint64
	at      int64
}

func tells(e *trace.Event, what int64) told { return told{what, e.Process, e.Step, e.At} }

func (t *told) String() string {
	return fmt.Sprintf("%s (%s, step %d)", t.process, trace.Moment(t.at), t.step)
}

// agreement keeps the transaction of every zxid, as first delivered.
type agreement struct {
	checker.Breach
	txns map[int64]told
	seen int
}

func (m *agreement) Observe(e *trace.Event) {
	if e.Kind != trace.Delivered {
		return
	}
	m.seen++
	first, known := m.txns[e.Zxid]
	switch {
	case !known:
		m.txns[e.Zxid] = tells(e, e.N)
	case first.what != e.N:
		m.Violated(e, "%s, and it is not the transaction that was delivered under this zxid by %s", checker.At(e), &first)
	}
}

// Hears implements checker.Listener.
func (m *agreement) Hears(e *trace.Event) bool {
	return e.Kind == trace.Delivered
}

// Clone implements checker.Explorable.
func (m *agreement) Clone() checker.Explorable {
	c := *m
	c.txns = maps.Clone(m.txns)
	return &c
}

// Digest implements checker.Explorable.
func (m *agreement) Digest(d checker.Sink) {
	d.Uint(uint64(len(m.txns)))
	for _, zxid := range slices.Sorted(maps.Keys(m.txns)) {
		d.Int(zxid)
		d.Int(m.txns[zxid].what)
	}
}

func (m *agreement) Finding() checker.Finding {
	return m.Judged("%d transactions, delivered %d times", len(m.txns), m.seen)
}

var zabPrefix = checker.Property{
	Name: "zab-prefix", Kind: checker.Safety,
	Says: "Of what any two servers deliver, through restarts, snapshots and truncations, one is a prefix of the other, in the order of zxids; " +
		"and a server serves an epoch with all that it began with.",
	Source: "Junqueira, Reed, Serafini, Zab (2011), total order and primary integrity; ZOOKEEPER-2845, 3023",
	New: func() checker.Monitor {
		return &prefix{Breach: checker.Breach{Property: "zab-prefix"}, servers: servers[place]{fresh: place{at: nowhere}}, epochs: map[int64]int64{}}
	},
}

// prefix keeps the longest sequence of transactions that anybody delivered, and
// where in it each server is.
type prefix struct {
	checker.Breach
	order   []entry
	older   bool // order[0] is a snapshot's, made before the record began
	servers servers[place]
	epochs  map[int64]int64 // the zxid with which an epoch began
	seen    int
}

// entry is one delivered transaction.
type entry struct {
	zxid  int64
	first told // what: digest of all that was delivered with it
}

// place is where a server is: it has delivered order[at] last.
type place struct {
	at   int // nowhere before the first transaction; lost where the record cannot tell
	zxid int64
}

const (
	nowhere = -1
	lost    = -2
)

// servers are what is known of each server. They are few: a search is faster
// than a map, and has an order.
type servers[T any] struct {
	fresh T // what is known of a server that told nothing yet
	names []string
	all   []T
}

// of returns what is known of a server, until the next call.
func (s *servers[T]) of(name string) *T {
	for i := range s.names {
		if s.names[i] == name {
			return &s.all[i]
		}
	}
	s.names, s.all = append(s.names, name), append(s.all, s.fresh)
	return &s.all[len(s.all)-1]
}

func (s *servers[T]) clone() servers[T] {
	return servers[T]{fresh: s.fresh, names: slices.Clone(s.names), all: slices.Clone(s.all)}
}

// digest writes what is known of each server, in the order of their names.
func (s *servers[T]) digest(d checker.Sink, write func(*T)) {
	at := make(map[string]int, len(s.names))
	for i, name := range s.names {
		at[name] = i
	}
	checker.DigestSorted(d, at, checker.Itself, func(name string, i int) { d.Str(name); write(&s.all[i]) })
}

func (m *prefix) Observe(e *trace.Event) {
	switch e.Kind {
	case trace.Delivered:
		m.seen++
		m.delivered(e, m.servers.of(e.Process))
	case trace.Restored:
		m.restored(e, m.servers.of(e.Process))
	case trace.Serving:
		m.serves(e, m.servers.of(e.Process))
	}
}

func (m *prefix) delivered(e *trace.Event, p *place) {
	if e.Zxid <= p.zxid {
		m.Violated(e, "%s behind %#x", checker.At(e), p.zxid)
	}
	p.zxid = e.Zxid
	next := p.at + 1
	switch {
	case p.at == lost || m.older && p.at == nowhere:
		m.find(e, p)
	case next < len(m.order) && m.order[next].zxid != e.Zxid:
		x := &m.order[next]
		m.Violated(e, "%s, but the one in that place is %#x, delivered by %s", checker.At(e), x.zxid, &x.first)
		m.find(e, p)
	case next < len(m.order):
		p.at = next
	default:
		m.order = append(m.order, entry{e.Zxid, tells(e, e.M)})
		p.at = next
	}
}

// find looks a server's place up by its zxid.
func (m *prefix) find(e *trace.Event, p *place) {
	i := sort.Search(len(m.order), func(i int) bool { return m.order[i].zxid >= p.zxid })
	p.at = lost
	switch {
	case i < len(m.order) && m.order[i].zxid == p.zxid:
		p.at = i
		if x := &m.order[i]; x.first.what != e.M {
			m.Violated(e, "%s, but what led up to %#x is not what %s delivered", checker.At(e), x.zxid, &x.first)
		}
	case i > 0 || !m.older:
		m.Violated(e, "%s, but nobody has delivered %#x", checker.At(e), p.zxid)
	}
}

// restored moves a server to the end of a snapshot. A snapshot that is older
// than the record is where the order begins.
func (m *prefix) restored(e *trace.Event, p *place) {
	p.at, p.zxid = nowhere, e.Zxid
	switch {
	case e.Zxid == 0:
	case len(m.order) == 0:
		m.older = true
		m.order = append(m.order, entry{e.Zxid, tells(e, e.M)})
		p.at = 0
	default:
		m.find(e, p)
	}
}

func (m *prefix) serves(e *trace.Event, p *place) {
	if e.Value == "leading" {
		m.epochs[e.Term] = e.Zxid
	} else if began := m.epochs[e.Term]; p.zxid < began {
		m.Violated(e, "%s, which began with everything up to %#x, but has delivered only up to %#x", checker.At(e), began, p.zxid)
	}
}

// Hears implements checker.Listener.
func (m *prefix) Hears(e *trace.Event) bool {
	return e.Kind == trace.Delivered || e.Kind == trace.Restored || e.Kind == trace.Serving
}

// Clone implements checker.Explorable.
func (m *prefix) Clone() checker.Explorable {
	c := *m
	c.order, c.servers, c.epochs = slices.Clone(m.order), m.servers.clone(), maps.Clone(m.epochs)
	return &c
}

// Digest implements checker.Explorable.
func (m *prefix) Digest(d checker.Sink) {
	d.Uint(uint64(len(m.order)))
	for i := range m.order {
		d.Int(m.order[i].zxid)
		d.Int(m.order[i].first.what)
	}
	d.Bool(m.older)
	m.servers.digest(d, func(p *place) { d.Int(int64(p.at)); d.Int(p.zxid) })
	d.Uint(uint64(len(m.epochs)))
	for _, epoch := range slices.Sorted(maps.Keys(m.epochs)) {
		d.Int(epoch)
		d.Int(m.epochs[epoch])
	}
}

func (m *prefix) Finding() checker.Finding {
	return m.Judged("%d transactions in one order, delivered %d times", len(m.order), m.seen)
}

var oneLeaderPerEpoch = checker.Property{
	Name: "one-leader-per-epoch", Kind: checker.Safety,
	Says:   "An epoch is established once, and by one leader.",
	Source: "Zab's specification, Leadership1 and Leadership2: at most one established leader an epoch",
	New: func() checker.Monitor {
		return &epochs{Breach: checker.Breach{Property: "one-leader-per-epoch"}, led: map[int64]told{}}
	},
}

// epochs keeps who led.
type epochs struct {
	checker.Breach
	led map[int64]told
}

func (m *epochs) Observe(e *trace.Event) {
	if e.Kind != trace.Serving || e.Value != "leading" {
		return
	}
	if first, known := m.led[e.Term]; known {
		m.Violated(e, "%s, but that epoch was established before by %s", checker.At(e), &first)
		return
	}
	m.led[e.Term] = tells(e, 0)
}

// Hears implements checker.Listener.
func (m *epochs) Hears(e *trace.Event) bool {
	return e.Kind == trace.Serving
}

// Clone implements checker.Explorable.
func (m *epochs) Clone() checker.Explorable {
	c := *m
	c.led = maps.Clone(m.led)
	return &c
}

// Digest implements checker.Explorable.
func (m *epochs) Digest(d checker.Sink) {
	d.Uint(uint64(len(m.led)))
	for _, epoch := range slices.Sorted(maps.Keys(m.led)) {
		d.Int(epoch)
	}
}

func (m *epochs) Finding() checker.Finding { return m.Judged("%d epochs", len(m.led)) }
