package invariant

import (
	"cmp"
	"fmt"
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
		return &zorder{verdict: verdict{property: "zk-session-order"}, tails: map[history.ZSession]*ztail{}}
	},
}

// zorder keeps what each session did, and judges when the run has ended: which
// transaction changed what is known only then.
type zorder struct {
	verdict
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
		return m.finding("no process tells what it does to znodes")
	}
	f := m.finding("%d answers and %d events of watches in %d sessions", m.answers, m.fired, len(m.all))
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
			m.violated(&late, "%s was asked for before, and took effect after %s", b, o)
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

// zarmed is a watch that was left.
type zarmed struct {
	kind   string // "data", "exist", "child"
	path   string
	since  int64 // the zxid of the answer that armed it
	due    int64 // the first transaction that it must announce; 0 for none
	cut    bool  // the session was disconnected since
	fired  bool
	answer trace.Event // that armed it
}

// announces reports whether a watch of a kind tells of a change.
func (a *zarmed) announces(c *zchange) bool {
	switch {
	case c.zxid <= a.since:
		return false
	case a.kind == "exist":
		return c.what == zcreated
	case a.kind == "child":
		return c.what == zchild || c.what == zdeleted
	}
	return c.what == zset || c.what == zdeleted
}

// zwalk goes through one session's events.
type zwalk struct {
	m       *zorder
	ops     map[zkey]*history.ZOp
	watches map[int64]*zarmed
	order   []*zarmed    // in the order in which they were armed, those that fired left out
	last    *trace.Event // the last answer
	high    *trace.Event // the first of those at the greatest zxid
	over    *trace.Event // the end of the session as the process knows it
}

func (w *zwalk) event(e *trace.Event) {
	switch e.Kind {
	case trace.ZReturn:
		if history.Answered(e.Value) {
			w.answered(e)
		}
	case trace.ZWatch:
		w.watched(e)
	case trace.Session:
		switch e.Value {
		case "disconnected":
			for _, a := range w.order {
				a.cut = true
			}
		case "expired", "closed": // one that it is about to close may still hand over what came before
			w.over = e
		}
	default:
	}
}

func (w *zwalk) answered(e *trace.Event) {
	w.m.answers++
	if w.over != nil {
		w.m.violated(e, "%s, after %s", at(e), at(w.over))
	}
	if w.last != nil && w.last.N > e.N {
		w.m.violated(e, "%s, after the answer to a later operation: %s", at(e), at(w.last))
	}
	w.last = e
	if w.high != nil && e.Zxid != 0 && e.Zxid < w.high.Zxid {
		w.m.violated(e, "%s, at zxid %#x, but the session has seen %#x: %s", at(e), e.Zxid, w.high.Zxid, at(w.high))
	}
	if w.high == nil || e.Zxid > w.high.Zxid {
		w.high = e
	}
	for _, a := range w.order {
		if a.due != 0 && e.Zxid >= a.due && !w.invisible(a, e.Zxid) {
			w.m.violated(e, "%s, at zxid %#x, before the watch on %s announced zxid %#x; it was left by %s",
				at(e), e.Zxid, a.path, a.due, at(&a.answer))
		}
	}
	if o := w.ops[zkey{e.Process, e.Inc, e.N}]; o != nil && len(o.Parts) > 0 {
		w.arm(o, e)
		w.ephemerals(o, e)
	}
}

// invisible reports whether a server need not have told a watch: one for a
// znode that was created and is gone again, while the session had no
// connection.
func (w *zwalk) invisible(a *zarmed, zxid int64) bool {
	if a.kind != "exist" || !a.cut {
		return false
	}
	c := w.m.latest(a.path, zxid)
	return c != nil && c.what == zdeleted
}

func (w *zwalk) arm(o *history.ZOp, e *trace.Event) {
	if !o.Watch || o.Zxid == 0 {
		return
	}
	a := &zarmed{path: o.Parts[0].Path, since: o.Zxid, answer: *e}
	switch kind := o.Parts[0].Kind; {
	case o.Err == "ok" && kind == "children":
		a.kind = "child"
	case o.Err == "ok":
		a.kind = "data"
	case o.Err == "no-node" && kind == "exists":
		a.kind = "exist"
	default:
		return
	}
	for i := range w.m.changes[a.path] {
		if c := &w.m.changes[a.path][i]; a.announces(c) {
			a.due = c.zxid
			break
		}
	}
	w.watches[o.N] = a
	w.order = append(w.order, a)
}

func (w *zwalk) watched(e *trace.Event) {
	a := w.watches[e.N]
	switch {
	case e.Value == "not-watching":
		return
	case a == nil:
		w.m.violated(e, "%s, but nothing left that watch", at(e))
		return
	case a.fired:
		w.m.violated(e, "%s, for the second time", at(e))
		return
	}
	w.m.fired++
	a.fired = true
	w.order = slices.DeleteFunc(w.order, func(x *zarmed) bool { return x == a })
	if w.m.build.Logged() && !w.m.build.Foreign(a.path) && !slices.ContainsFunc(w.m.changes[a.path], func(c zchange) bool { return c.zxid > a.since }) {
		w.m.violated(e, "%s, but nothing has changed there since zxid %#x: %s", at(e), a.since, at(&a.answer))
	}
}

// ephemerals judges what an answer shows of ephemerals.
func (w *zwalk) ephemerals(o *history.ZOp, e *trace.Event) {
	p := &o.Parts[0]
	if o.Write() || e.Zxid == 0 {
		return
	}
	if end := w.m.ends[p.Stat.Owner]; p.Stat.Owner != 0 && end != 0 && e.Zxid >= end {
		w.m.violated(e, "%s shows an ephemeral of session %#x, which zxid %#x had ended", at(e), p.Stat.Owner, end)
	}
	if !w.m.build.Logged() || w.m.build.Foreign(p.Path) {
		return // what has no answer may have changed it
	}
	switch {
	case p.Err == "no-node":
		w.gone(p.Path, e)
	case p.Kind == "children" && p.Read != "":
		for _, name := range strings.Split(p.Read, ",") {
			path := strings.TrimSuffix(p.Path, "/") + "/" + name
			if c := w.m.latest(path, e.Zxid); c != nil && c.byEnd {
				w.m.violated(e, "%s shows %s, an ephemeral of session %#x, which zxid %#x had ended", at(e), name, c.owner, c.zxid)
			}
		}
	}
}

// gone judges that an ephemeral is gone for a reason.
func (w *zwalk) gone(path string, e *trace.Event) {
	c := w.m.latest(path, e.Zxid)
	if c == nil || c.what != zcreated || c.owner == 0 {
		return
	}
	why := "goes on"
	switch end := w.m.ends[c.owner]; {
	case end != 0 && end <= e.Zxid:
		return
	case end != 0:
		why = fmt.Sprintf("was ended by zxid %#x", end)
	}
	w.m.violated(e, "%s does not see the ephemeral that zxid %#x made, whose session %#x %s", at(e), c.zxid, c.owner, why)
}
