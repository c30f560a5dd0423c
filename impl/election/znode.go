package election

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/coord"
)

// create makes a new own znode, protected by a GUID in its name. With
// watch-own-latch the GUID stays: a creation whose connection was lost may be
// carried out late, behind the next one, by a server that stood still.
func (l *Latch) create() {
	if l.refused {
		return
	}
	l.own, l.watched, l.sent = "", "", false
	if l.guid == "" || !l.cfg.Policy.WatchOwnLatch {
		l.guid = l.newGUID()
	}
	l.nonce = l.word()<<32 | l.word()
	l.send()
}

func (l *Latch) newGUID() string {
	return fmt.Sprintf("%08x%08x%08x%08x", l.word(), l.word(), l.word(), l.word())
}

func (l *Latch) send() {
	l.round++
	op := coord.Op{Kind: coord.Create, Path: l.dir() + "/" + l.prefix() + "latch-", Mode: coord.EphemeralSequential}
	l.do(op, (*Latch).created, l.guid)
}

func (l *Latch) created(a at, r coord.Result) {
	name := r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	switch {
	case a.Name != l.guid:
		if r.Err == nil {
			l.garbage = append(l.garbage, name)
			l.sweep()
		}
	case a.Round != l.round:
	case r.Err == nil:
		l.own = name
		l.list()
	case errors.Is(r.Err, coord.ErrNoNode):
		l.makeParents()
	default:
		l.later(r.Err)
	}
}

// makeParents creates what is missing above the own znode and tries again.
func (l *Latch) makeParents() {
	l.round++
	l.parents()
	l.do(coord.Op{Kind: coord.Create, Path: l.dir(), Mode: l.mode()}, (*Latch).parentsMade, "")
}

// parents creates what is above the queue, and with an old version the queue.
func (l *Latch) parents() {
	for i, c := range l.dir() {
		if c == '/' && i > 0 {
			l.do(coord.Op{Kind: coord.Create, Path: l.dir()[:i], Mode: l.mode()}, (*Latch).ignored, "")
		}
	}
	if l.cfg.Curator == Curator213 {
		l.do(coord.Op{Kind: coord.Create, Path: l.dir(), Mode: l.mode()}, (*Latch).ignored, "")
	}
}

func (l *Latch) parentsMade(a at, r coord.Result) {
	switch {
	case a.Round != l.round:
	case r.Err == nil || errors.Is(r.Err, coord.ErrNodeExists):
		l.send()
	default:
		l.later(r.Err)
	}
}

// watchOwn leaves an exists-watch on the own znode, once.
func (l *Latch) watchOwn() {
	if !l.cfg.Policy.WatchOwnLatch || l.watched == l.own {
		return
	}
	l.watched = l.own
	coord.Watch(coord.Of(l.h), l.session, coord.Op{Kind: coord.Exists, Path: l.dir() + "/" + l.own},
		(*Latch).ownSeen, (*Latch).ownChanged, at{l.round, l.own})
}

func (l *Latch) ownSeen(a at, r coord.Result) {
	if r.Err == nil || a.Name != l.own || a.Name != l.watched {
		return
	}
	l.watched = ""
	if errors.Is(r.Err, coord.ErrNoNode) {
		l.list()
	}
}

func (l *Latch) ownChanged(a at, e coord.Event) {
	if a.Name != l.own || e.Type == coord.NotWatching {
		return
	}
	l.watched = ""
	if l.connected {
		l.list()
	}
}

// found takes note of a znode with this latch's GUID. Of two the earlier counts;
// the other would block the queue for as long as the session lives.
func (l *Latch) found(name string) {
	switch {
	case !l.cfg.Policy.WatchOwnLatch || l.own == "" && !slices.Contains(l.garbage, name):
		l.own = name
	case slices.Contains(l.garbage, name):
	case sequence(name) < sequence(l.own):
		l.garbage = append(l.garbage, l.own)
		l.own = name
		l.sweep()
	default:
		l.garbage = append(l.garbage, name)
		l.sweep()
	}
}

// dropOwn forgets the own znode and has it deleted.
func (l *Latch) dropOwn() {
	if l.own != "" {
		l.garbage = append(l.garbage, l.own)
	}
	l.own, l.watched = "", ""
	if !l.cfg.Policy.WatchOwnLatch {
		l.guid = ""
	}
	if l.connected {
		l.sweep()
	}
}

// sweep deletes own znodes of this session that are not wanted any more; one
// that stayed would block the queue for as long as the session lives.
func (l *Latch) sweep() {
	for _, name := range l.garbage {
		l.do(coord.Op{Kind: coord.Delete, Path: l.dir() + "/" + name, Version: coord.AnyVersion}, (*Latch).swept, name)
	}
}

func (l *Latch) swept(a at, r coord.Result) {
	if r.Err == nil || errors.Is(r.Err, coord.ErrNoNode) {
		if i := slices.Index(l.garbage, a.Name); i >= 0 {
			l.garbage = slices.Delete(l.garbage, i, i+1)
		}
	}
}
