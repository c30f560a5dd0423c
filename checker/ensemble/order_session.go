package ensemble

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
)

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
		w.m.Violated(e, "%s, after %s", checker.At(e), checker.At(w.over))
	}
	if w.last != nil && w.last.N > e.N {
		w.m.Violated(e, "%s, after the answer to a later operation: %s", checker.At(e), checker.At(w.last))
	}
	w.last = e
	if w.high != nil && e.Zxid != 0 && e.Zxid < w.high.Zxid {
		w.m.Violated(e, "%s, at zxid %#x, but the session has seen %#x: %s", checker.At(e), e.Zxid, w.high.Zxid, checker.At(w.high))
	}
	if w.high == nil || e.Zxid > w.high.Zxid {
		w.high = e
	}
	for _, a := range w.order {
		if a.due != 0 && e.Zxid >= a.due && !w.invisible(a, e.Zxid) {
			w.m.Violated(e, "%s, at zxid %#x, before the watch on %s announced zxid %#x; it was left by %s",
				checker.At(e), e.Zxid, a.path, a.due, checker.At(&a.answer))
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
		w.m.Violated(e, "%s, but nothing left that watch", checker.At(e))
		return
	case a.fired:
		w.m.Violated(e, "%s, for the second time", checker.At(e))
		return
	}
	w.m.fired++
	a.fired = true
	w.order = slices.DeleteFunc(w.order, func(x *zarmed) bool { return x == a })
	if w.m.build.Logged() && !w.m.build.Foreign(a.path) && !slices.ContainsFunc(w.m.changes[a.path], func(c zchange) bool { return c.zxid > a.since }) {
		w.m.Violated(e, "%s, but nothing has changed there since zxid %#x: %s", checker.At(e), a.since, checker.At(&a.answer))
	}
}

// ephemerals judges what an answer shows of ephemerals.
func (w *zwalk) ephemerals(o *history.ZOp, e *trace.Event) {
	p := &o.Parts[0]
	if o.Write() || e.Zxid == 0 {
		return
	}
	if end := w.m.ends[p.Stat.Owner]; p.Stat.Owner != 0 && end != 0 && e.Zxid >= end {
		w.m.Violated(e, "%s shows an ephemeral of session %#x, which zxid %#x had ended", checker.At(e), p.Stat.Owner, end)
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
				w.m.Violated(e, "%s shows %s, an ephemeral of session %#x, which zxid %#x had ended", checker.At(e), name, c.owner, c.zxid)
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
	w.m.Violated(e, "%s does not see the ephemeral that zxid %#x made, whose session %#x %s", checker.At(e), c.zxid, c.owner, why)
}
