package zk

import (
	"slices"

	"github.com/simctl/simctl/impl/coord"
)

// A Trouble is what faults do to the sessions of one machine's processes,
// whatever else the network does. The zero Trouble does nothing.
type Trouble struct {
	cuts []string // sessions that are cut off, by what they are for
	slow []slowness
	lose []loss
}

// slowness lets operations wait before they are sent. What the session asks
// behind them waits too, as it does in a server.
type slowness struct {
	what  string
	extra int64
}

// loss breaks the connection in the moment in which an answer arrives.
type loss struct {
	what string
	left int
}

// Slow lets operations of a kind take so many nanoseconds longer: "create",
// "delete", "set", "multi", each of them as "write", and others as "read".
func (t *Trouble) Slow(what string, extra int64) { t.slow = append(t.slow, slowness{what, extra}) }

// Quick takes one Slow back. What waits goes on waiting.
func (t *Trouble) Quick(what string, extra int64) {
	if i := slices.Index(t.slow, slowness{what, extra}); i >= 0 {
		t.slow = slices.Delete(t.slow, i, i+1)
	}
}

// Lose breaks the connection before the answers to the next n operations of a
// kind, as Slow names them: they have happened, and nobody is told.
func (t *Trouble) Lose(what string, n int) { t.lose = append(t.lose, loss{what, max(n, 1)}) }

// Answer takes one Lose back.
func (t *Trouble) Answer(what string) {
	if i := slices.IndexFunc(t.lose, func(l loss) bool { return l.what == what }); i >= 0 {
		t.lose = slices.Delete(t.lose, i, i+1)
	}
}

// Cut cuts the session off that was opened for a purpose, as "latch", or all:
// nothing it sends arrives, and it hears nothing. A process that has but one
// session uses it for everything.
func (t *Trouble) Cut(what string) { t.cuts = append(t.cuts, what) }

// Mend takes one Cut back. A connection that has lost something is reset.
func (t *Trouble) Mend(what string, c *Client) {
	if i := slices.Index(t.cuts, what); i >= 0 {
		t.cuts = slices.Delete(t.cuts, i, i+1)
	}
	if c == nil || c.gone {
		return
	}
	for _, l := range slices.Clone(c.sessions) {
		if l.deaf && !l.cut() {
			l.giveUp()
		}
	}
}

// is reports whether an operation is of a kind.
func is(op *coord.Op, what string) bool {
	writes := op.Kind == coord.Create || op.Kind == coord.Delete || op.Kind == coord.Set || op.Kind == coord.Multi
	switch what {
	case "write":
		return writes
	case "read":
		return !writes
	}
	return op.Kind.String() == what
}

// due is when an operation that is asked for now may be sent.
func (l *link) due(op *coord.Op) (at int64) {
	if t := l.c.cfg.Trouble; t != nil {
		for _, s := range t.slow {
			if is(op, s.what) {
				at = max(at, l.c.k.Now()+s.extra)
			}
		}
	}
	return at
}

// cut reports whether the session is cut off.
func (l *link) cut() bool {
	t := l.c.cfg.Trouble
	if t == nil || len(t.cuts) == 0 {
		return false
	}
	living := 0
	for _, o := range l.c.sessions {
		if o.ended == nil {
			living++
		}
	}
	return living == 1 || slices.ContainsFunc(t.cuts, func(what string) bool { return what == l.name || what == "all" })
}

// loses reports whether the answer to the i-th operation is lost, and the
// connection with it.
func (l *link) loses(i int) bool {
	t := l.c.cfg.Trouble
	if t == nil {
		return false
	}
	for n := range t.lose {
		if t.lose[n].left > 0 && is(&l.out[i].op, t.lose[n].what) {
			t.lose[n].left--
			l.giveUp()
			return true
		}
	}
	return false
}
