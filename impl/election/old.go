package election

import (
	"errors"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// Versions of Curator whose latch is not today's, which is that of 5.9.
const (
	// Curator213 is that of Spark 2.4 to 3.5. Whenever the connection is back it
	// throws its place away; it does the same when its predecessor is gone
	// between two looks (CURATOR-645); an answer that comes late may make it lead
	// with a znode that it has given up, and nothing takes that back at a later
	// place (CURATOR-620, 652, 653); a creation that is tried again after its
	// session takes what it finds under its GUID for its own, whosever session
	// that belongs to (CURATOR-498); what fails four times is only logged
	// (CURATOR-504).
	Curator213 = "2.13"
	// Curator56 does not look whose its own znode is (CURATOR-696), and never
	// stands again once the queue's own znode is gone (CURATOR-724).
	Curator56 = "5.6"
	// Curator57 is that of Spark 4.0; it has the second of the two alone.
	Curator57 = "5.7"
)

// curatorTries is how often Curator tries a background operation again
// (ExponentialBackoffRetry(5000 ms, 3) of Spark).
const curatorTries = 3

// mode is that of the znodes above the queue.
func (l *Latch) mode() coord.Mode {
	if l.cfg.Curator != "" {
		return coord.Container
	}
	return coord.Persistent
}

// neverAgain reports whether the latch does nothing about a queue that is gone.
func (l *Latch) neverAgain() bool { return l.cfg.Curator == Curator56 || l.cfg.Curator == Curator57 }

// An attempt is a background operation: the creation with a GUID, or a list.
type attempt struct {
	GUID    string
	N       int  // how often it has failed
	Parents bool // it has made what is above the queue
}

// seen is what a list told about the own znode as it was known then.
type seen struct {
	Own, Pred string
	Index     int // in the queue; -1: it is not there
	Zxid      int64
}

// late is how far one of Curator's two threads is behind the other.
func (l *Latch) late() time.Duration {
	if l.cfg.Lag == 0 {
		return 0
	}
	return time.Duration(l.h.Draw("curator thread", uint64(l.cfg.Lag)))
}

// reconnected is RECONNECTED, which the thread of the listeners handles.
func (l *Latch) reconnected() {
	host.After(l.h, l.late(), (*Latch).reset, 0)
}

// reset throws the own znode away and makes another.
func (l *Latch) reset(int) {
	l.lose(Suspended)
	l.setNode("")
	l.guid = l.newGUID()
	l.attempt(attempt{GUID: l.guid})
}

// setNode makes name the own znode, and has the one before deleted.
func (l *Latch) setNode(name string) {
	if l.own != "" {
		l.garbage = append(l.garbage, l.own)
		l.sweep()
	}
	l.own = name
}

// attempt creates a protected znode; if that failed before it may have
// happened, so it looks for the GUID first. Without a connection it waits for
// one (Curator for 15 s, before that counts as a failure).
func (l *Latch) attempt(t attempt) {
	switch {
	case !l.connected:
		host.After(l.h, l.cfg.Backoff, (*Latch).attempt, t)
		return
	case t.N > 0:
		coord.Do(coord.Of(l.h), l.session, coord.Op{Kind: coord.Children, Path: l.dir()}, (*Latch).sought, t)
		return
	}
	l.protected(t)
}

func (l *Latch) protected(t attempt) {
	op := coord.Op{Kind: coord.Create, Path: l.dir() + "/_c_" + t.GUID + "-latch-", Mode: coord.EphemeralSequential}
	coord.Do(coord.Of(l.h), l.session, op, (*Latch).attempted, t)
}

func (l *Latch) sought(t attempt, r coord.Result) {
	switch {
	case errors.Is(r.Err, coord.ErrNoNode):
		l.protected(t)
	case r.Err != nil:
		l.tryAgain(t, (*Latch).attempt)
	default:
		for _, name := range r.Children {
			if strings.HasPrefix(name, "_c_"+t.GUID+"-") {
				l.attempted(t, coord.Result{Path: "/" + name})
				return
			}
		}
		l.protected(t)
	}
}

func (l *Latch) attempted(t attempt, r coord.Result) {
	switch {
	case r.Err == nil:
		l.setNode(r.Path[strings.LastIndexByte(r.Path, '/')+1:])
		l.look(attempt{})
	case errors.Is(r.Err, coord.ErrNoNode) && !t.Parents:
		l.parents()
		t.Parents = true
		l.protected(t)
	default:
		l.tryAgain(t, (*Latch).attempt)
	}
}

// tryAgain does f once more after a pause that doubles; the fourth failure is
// only logged.
func (l *Latch) tryAgain(t attempt, f func(*Latch, attempt)) {
	if t.N < curatorTries {
		pause := l.cfg.Backoff << t.N
		t.N++
		host.After(l.h, pause, f, t)
	}
}

// look lists the queue.
func (l *Latch) look(t attempt) {
	if !l.connected {
		host.After(l.h, l.cfg.Backoff, (*Latch).look, t)
		return
	}
	coord.Do(coord.Of(l.h), l.session, coord.Op{Kind: coord.Children, Path: l.dir()}, (*Latch).looked, t)
}

func (l *Latch) looked(t attempt, r coord.Result) {
	if r.Err != nil {
		l.tryAgain(t, (*Latch).look)
		return
	}
	s := seen{Own: l.own, Index: -1, Zxid: r.Zxid}
	before := 0
	for _, name := range r.Children {
		switch {
		case l.own == "" || !strings.Contains(name, "latch-"):
		case name == l.own:
			s.Index = 0
		case sequence(name) < sequence(l.own):
			before++
			if s.Pred == "" || sequence(name) > sequence(s.Pred) {
				s.Pred = name
			}
		}
	}
	if s.Index == 0 {
		s.Index = before
	}
	if l.cfg.Lag == 0 {
		l.judge(s)
		return
	}
	host.After(l.h, l.late(), (*Latch).judge, s)
}

// judge acts on a list. What was told meanwhile it does not see, and at a later
// place in the queue it does not stop to lead.
func (l *Latch) judge(s seen) {
	switch {
	case s.Index < 0:
		l.reset(0)
	case s.Index > 0:
		coord.Watch(coord.Of(l.h), l.session, coord.Op{Kind: coord.Get, Path: l.dir() + "/" + s.Pred},
			(*Latch).beforeRead, (*Latch).beforeChanged, s)
	case !l.leading:
		l.leading = true
		l.owner.LatchElected(Win{Term: sequence(s.Own) + 1, Zxid: s.Zxid})
	}
}

func (l *Latch) beforeRead(_ seen, r coord.Result) {
	if errors.Is(r.Err, coord.ErrNoNode) {
		l.reset(0) // the predecessor is gone
	}
}

func (l *Latch) beforeChanged(_ seen, e coord.Event) {
	if e.Type == coord.Deleted {
		l.look(attempt{})
	}
}
