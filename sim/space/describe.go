package space

import (
	"fmt"
	"time"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/space/inside"
)

// describe says what an action does.
func (w *World) describe(a explore.Action) string {
	kind, i, n := unpack(a)
	switch kind {
	case deliver, cutLink, drop, holdLink:
		return w.describeLink(kind, i, n)
	case mailed:
		if m := w.procs[i].mail[0]; m.signal == 0 {
			return fmt.Sprintf("%s is told that %s ended with %d", w.procs[i].id, m.child, m.status)
		}
		return fmt.Sprintf("%s is signalled", w.procs[i].id)
	case rings:
		p := w.procs[i]
		for _, t := range p.timers {
			if t.id == host.TimerID(n) {
				return fmt.Sprintf("%s: %s after %v", p.id, t.call, time.Duration(max(0, t.at-w.now)))
			}
		}
	case starts:
		return fmt.Sprintf("%s starts", w.procs[i].id)
	case crash:
		return fmt.Sprintf("%s crashes", w.procs[i].id)
	}
	for _, s := range w.sess {
		if s.id == int64(n) {
			return s.describe(kind, string(w.procs[s.owner].id))
		}
	}
	return "?"
}

func (w *World) describeLink(kind uint64, i int, n uint64) string {
	p := w.procs[i]
	e := &p.ends[n]
	peer := w.procs[e.peer].id
	switch {
	case kind == cutLink:
		return fmt.Sprintf("the connection of %s to %s is cut", p.id, peer)
	case kind == holdLink:
		return fmt.Sprintf("what comes from %s to %s is held up", peer, p.id)
	case kind == drop:
		return fmt.Sprintf("%s from %s to %s is lost", e.in[0].msg.Name(), peer, p.id)
	}
	switch x := &e.in[0]; x.kind {
	case accepted:
		return fmt.Sprintf("%s accepts a connection of %s", p.id, peer)
	case connected:
		return fmt.Sprintf("%s is connected to %s", p.id, peer)
	case closed:
		if e.peer == i {
			return fmt.Sprintf("%s is told that what it dialled is %s", p.id, x.why)
		}
		return fmt.Sprintf("%s is told that its connection to %s closed: %s", p.id, peer, x.why)
	default:
		return fmt.Sprintf("%s receives %s from %s", p.id, x.msg.Name(), peer)
	}
}

func (s *session) describe(kind uint64, owner string) string {
	switch kind {
	case served:
		switch r := &s.reqs[0]; r.kind {
		case begins:
			return "the service takes in a session of " + owner
		case ends:
			return "the service closes a session of " + owner
		case orphan:
			return fmt.Sprintf("the service carries out%s of %s, who does not wait for it", inside.Operation(&r.op), owner)
		default:
			return fmt.Sprintf("the service carries out%s of %s", inside.Operation(&r.op), owner)
		}
	case heard:
		switch r := &s.reps[0]; r.kind {
		case answers:
			return fmt.Sprintf("%s is answered: %s", owner, r.calls[0].Name())
		case fires:
			return fmt.Sprintf("%s is told by a watch: %s %s", owner, r.event.Path, r.event.Type)
		case stands:
			return owner + " is told that its session stands"
		case breaks:
			return owner + " is told that its session's connection broke"
		case expired:
			return owner + " is told that its session expired"
		default:
			return owner + " has closed its session"
		}
	case holdAsked:
		return "what a session of " + owner + " asks is held up"
	case holdAnswers:
		return "what a session of " + owner + " is told is held up"
	case expires:
		return "a session of " + owner + " expires after its timeout"
	case cutLost:
		return "the connection of a session of " + owner + " is cut, and what was asked is lost"
	case cutLater:
		return "the connection of a session of " + owner + " is cut, and what was asked comes through later"
	}
	return "a session of " + owner + " expires before its time"
}
