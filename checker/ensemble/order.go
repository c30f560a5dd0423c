package ensemble

import (
	"cmp"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
)

var sessionOrder = checker.Property{
	Name: "zk-session-order", Kind: checker.Safety,
	Says: "A ZooKeeper session is answered in the order in which it asked, by servers that never go back behind what it has " +
		"seen; it is told of a change by its watch before any answer shows the change; ephemerals live as long as their session.",
	Source: "ZooKeeper Programmer's Guide, consistency guarantees and watches; Hunt et al., ZooKeeper (2010)",
	New: func() checker.Monitor {
		return &zorder{Breach: checker.Breach{Property: "zk-session-order"}, tails: map[history.ZSession]*ztail{}}
	},
}

// zorder keeps what each session did, and judges when the run has ended: which
// transaction changed what is known only then.
type zorder struct {
	checker.Breach
	build   history.Znodes
	tails   map[history.ZSession]*ztail
	all     []*ztail // in the order of their first events
	changes map[string][]zchange
	ends    map[int64]int64 // zxid of the end of each session, by ID
	answers int
	fired   int
	ended   bool
}

// ztail is one session's events, in order.
type ztail struct {
	session history.ZSession
	events  []trace.Event
}

// zchange is what one transaction did to a path.
type zchange struct {
	zxid  int64
	what  zwhat
	owner int64 // of an ephemeral: its session's ID
	byEnd bool  // the end of that session did it
}

type zwhat uint8

const (
	zcreated zwhat = iota + 1
	zset
	zdeleted
	zchild // a child was created or deleted
)

// Observe implements checker.Monitor.
func (m *zorder) Observe(e *trace.Event) {
	m.build.Observe(e)
	switch e.Kind {
	case trace.ZCall, trace.ZReturn, trace.ZWatch:
		m.keep(e)
	case trace.Session:
		if e.M != 0 {
			m.keep(e)
		}
	case trace.Ended:
		m.ended = true
		m.judge()
	default:
	}
}

func (m *zorder) keep(e *trace.Event) {
	s := history.ZSession{Process: e.Process, Inc: e.Inc, Number: e.M}
	t := m.tails[s]
	if t == nil {
		t = &ztail{session: s}
		m.tails[s], m.all = t, append(m.all, t)
	}
	t.events = append(t.events, *e)
}

// Finding implements checker.Monitor.
func (m *zorder) Finding() checker.Finding {
	if !m.ended {
		c := *m
		c.judge()
		return c.conclude()
	}
	return m.conclude()
}

func (m *zorder) conclude() checker.Finding {
	if !m.build.Some() {
		return m.Judged("no process tells what it does to znodes")
	}
	f := m.Judged("%d answers and %d events of watches in %d sessions", m.answers, m.fired, len(m.all))
	if m.answers == 0 && f.Verdict == checker.Pass {
		f.Verdict = checker.Inconclusive
	}
	return f
}

func (m *zorder) judge() {
	m.answers, m.fired = 0, 0
	ops, ends, err := m.build.History()
	if err != nil {
		return // znodes-linearizable says so
	}
	m.timeline(ops, ends)
	byNumber := map[zkey]*history.ZOp{}
	for i := range ops {
		byNumber[zkey{ops[i].Process, ops[i].Inc, ops[i].N}] = &ops[i]
	}
	m.inTurn(ops)
	for _, t := range m.all {
		w := zwalk{m: m, ops: byNumber, watches: map[int64]*zarmed{}}
		for i := range t.events {
			w.event(&t.events[i])
		}
	}
}

// inTurn judges that the writes of each session took effect in the order in
// which they were asked for, those that nobody was answered included: one that
// was still under way through a server which the session has left must not
// come after a later one.
func (m *zorder) inTurn(ops []history.ZOp) {
	last := map[history.ZSession]*history.ZOp{}
	for i := range ops {
		o := &ops[i]
		if !o.Took() || o.Zxid == 0 {
			continue
		}
		s := history.ZSession{Process: o.Process, Inc: o.Inc, Number: o.Session}
		if b := last[s]; b != nil && b.Zxid > o.Zxid {
			late := trace.Event{Step: max(b.ReturnStep, o.ReturnStep)}
			m.Violated(&late, "%s was asked for before, and took effect after %s", b, o)
		}
		last[s] = o
	}
}

// zkey names an operation.
type zkey struct {
	process string
	inc     uint32
	n       int64
}

// timeline notes what every known transaction did to every path.
func (m *zorder) timeline(ops []history.ZOp, ends []history.ZEnd) {
	m.changes, m.ends = map[string][]zchange{}, map[int64]int64{}
	for i := range ops {
		o := &ops[i]
		if !o.Took() || o.Zxid == 0 {
			continue
		}
		for j := range o.Parts {
			m.changed(o, &o.Parts[j])
		}
	}
	for i := range ends {
		if ends[i].Zxid == 0 {
			continue
		}
		m.ends[ends[i].ID] = ends[i].Zxid
		for _, path := range ends[i].Paths {
			m.add(path, zchange{zxid: ends[i].Zxid, what: zdeleted, owner: ends[i].ID, byEnd: true})
			m.add(parent(path), zchange{zxid: ends[i].Zxid, what: zchild})
		}
	}
	for path := range m.changes { //det:allow each list by itself
		slices.SortStableFunc(m.changes[path], func(a, b zchange) int { return cmp.Compare(a.zxid, b.zxid) })
	}
}

func (m *zorder) changed(o *history.ZOp, p *history.ZPart) {
	c := zchange{zxid: o.Zxid}
	path := p.Path
	switch p.Kind {
	case "create":
		path = cmp.Or(p.Made, p.Path)
		if c.what = zcreated; p.Ephemeral {
			c.owner = o.ID
		}
	case "delete":
		c.what = zdeleted
	case "set":
		c.what = zset
	default:
		return
	}
	m.add(path, c)
	if c.what != zset {
		m.add(parent(path), zchange{zxid: o.Zxid, what: zchild})
	}
}

func (m *zorder) add(path string, c zchange) { m.changes[path] = append(m.changes[path], c) }

func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// latest is the last creation or deletion of a path up to a zxid, nil if none
// is known.
func (m *zorder) latest(path string, zxid int64) (last *zchange) {
	list := m.changes[path]
	for i := range list {
		if c := &list[i]; c.zxid <= zxid && (c.what == zcreated || c.what == zdeleted) {
			last = c
		}
	}
	return last
}
