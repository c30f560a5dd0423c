package space

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/sums"
)

// the kinds of action
const (
	deliver     = iota + 1 // to a process, from a connection
	mailed                 // to a process: a signal, or the end of a child
	served                 // the service carries a session's request out
	heard                  // a client hears from its session
	rings                  // a timer
	expires                // a session, after its timeout
	starts                 // a process that is down
	crash                  // of a process: a fault, as all that follow
	cutLink                // of a connection
	cutLost                // of a session's connection, with what was asked
	cutLater               // the same, but what was asked is carried out later
	expire                 // of a session, before its time
	drop                   // of a connection's oldest message
	holdLink               // one direction of a connection is held up
	holdAsked              // what a session asks is
	holdAnswers            // what it is told is
)

// id packs a kind, a process and a number: of a connection its place among those of
// the process, which is the same in all states of a digest and stays the same as
// long as the process is not called or dialled.
func id(kind uint64, p int, n uint64) explore.Action {
	return explore.Action{ID: kind<<56 | uint64(p)<<48 | n}
}

func unpack(a explore.Action) (kind uint64, p int, n uint64) {
	return a.ID >> 56, int(a.ID >> 48 & 0xff), a.ID & (1<<48 - 1)
}

// able reports whether the service can carry a request of the session out.
func (s *session) able() bool {
	return len(s.reqs) > 0 && (s.phase != broken || s.reqs[0].kind == orphan)
}

// way is a queue whose oldest can be taken.
type way struct {
	take explore.Action
	sent uint64
	held bool
	kind uint64 // hold...: of what
}

// ways lists the queues of which something can be taken.
func (w *World) ways(dst []way) []way {
	for i, p := range w.procs {
		if p.impl == nil {
			continue
		}
		for j := range p.ends {
			if e := &p.ends[j]; len(e.in) > 0 && w.turn(p, j) {
				dst = append(dst, way{id(deliver, i, uint64(j)), e.in[0].sent, e.held, holdLink})
			}
		}
		if len(p.mail) > 0 {
			dst = append(dst, way{id(mailed, i, 0), p.mail[0].sent, false, 0})
		}
	}
	for _, s := range w.sess {
		if s.able() {
			dst = append(dst, way{id(served, 0, uint64(s.id)), s.reqs[0].sent, s.held[0], holdAsked})
		}
		if len(s.reps) > 0 && w.procs[s.owner].impl != nil {
			dst = append(dst, way{id(heard, 0, uint64(s.id)), s.reps[0].sent, s.held[1], holdAnswers})
		}
	}
	return dst
}

// actions appends what can happen in w.
func (w *World) actions(dst []explore.Action) []explore.Action {
	var room [16]way
	ways := w.ways(room[:0])
	first := -1 // of what is not held up, the oldest
	for i := range ways {
		if !ways[i].held && (first < 0 || ways[i].sent < ways[first].sent) {
			first = i
		}
	}
	for i := range ways {
		if ways[i].held || i == first || !w.c.InOrder {
			dst = append(dst, ways[i].take)
		}
	}
	if first < 0 {
		dst = w.timers(dst)
	}
	for i := range ways {
		if x := &ways[i]; w.left[late] > 0 && !x.held && x.kind != 0 && (i == first || !w.c.InOrder) {
			_, p, n := unpack(x.take)
			dst = append(dst, id(x.kind, p, n))
		}
	}
	for i, p := range w.procs {
		if p.impl == nil && p.parent < 0 && p.kind != "client" && (first < 0 || !w.c.InOrder) {
			dst = append(dst, id(starts, i, 0))
		}
	}
	return w.faults(dst)
}

// turn reports whether a connection is told of now: connections that nobody was
// told of are accepted in the order in which they were dialled.
func (w *World) turn(p *proc, j int) bool {
	return p.ends[j].id != 0 || !slices.ContainsFunc(p.ends[:j], func(e end) bool { return e.id == 0 && e.peer == p.ends[j].peer })
}

// due returns the earliest of all timers, and whether there is one.
func (w *World) due() (first int64, any bool) {
	consider := func(at int64) {
		if !any || at < first {
			first, any = at, true
		}
	}
	for _, p := range w.procs {
		if p.impl != nil && len(p.timers) > 0 {
			consider(p.timers[0].at)
		}
	}
	for _, s := range w.sess {
		if s.expires != 0 {
			consider(s.expires)
		}
	}
	return max(first, w.now), any
}

func (w *World) timers(dst []explore.Action) []explore.Action {
	first, any := w.due()
	if !any {
		return dst
	}
	last := min(first+int64(w.c.Drift), w.until)
	for i, p := range w.procs {
		for j := range p.timers {
			if p.impl != nil && p.timers[j].at <= last {
				dst = append(dst, id(rings, i, uint64(p.timers[j].id)))
			}
		}
	}
	for _, s := range w.sess {
		if s.expires != 0 && s.expires <= last {
			dst = append(dst, id(expires, 0, uint64(s.id)))
		}
	}
	return dst
}

func (w *World) faults(dst []explore.Action) []explore.Action {
	for i, p := range w.procs {
		if p.impl == nil {
			continue
		}
		if w.left[crashes] > 0 && strings.IndexByte(w.c.Crash, p.kind[0]) >= 0 && p.parent < 0 {
			dst = append(dst, id(crash, i, 0))
		}
		for j := range p.ends {
			e := &p.ends[j]
			if w.left[cuts] > 0 && e.side == 0 && e.peer != i && w.procs[e.peer].find(e.link, 1) >= 0 {
				dst = append(dst, id(cutLink, i, uint64(j)))
			}
			if w.left[drops] > 0 && len(e.in) > 0 && e.in[0].kind == message {
				dst = append(dst, id(drop, i, uint64(j)))
			}
		}
	}
	for _, s := range w.sess {
		if s.phase == up && w.left[cuts] > 0 {
			dst = append(dst, id(cutLost, 0, uint64(s.id)))
			if len(s.reqs) > 0 {
				dst = append(dst, id(cutLater, 0, uint64(s.id)))
			}
		}
		if s.known && !s.dead && w.left[expiries] > 0 {
			dst = append(dst, id(expire, 0, uint64(s.id)))
		}
	}
	return dst
}

// hasten takes the steps that the grain takes at once.
func (w *World) hasten() {
	for again := true; again; {
		again = false
		for i := range w.procs {
			for w.procs[i].impl != nil {
				j := slices.IndexFunc(w.procs[i].ends, func(e end) bool { return len(e.in) > 0 && e.in[0].kind <= connected && !e.held })
				if j < 0 {
					break
				}
				again = true
				w.deliver(i, j)
			}
		}
		for i := 0; i < len(w.sess); i++ {
			for w.sess[i].able() && w.sess[i].reqs[0].reads() && !w.sess[i].held[0] {
				again = true
				w.serve(i)
			}
			for s := w.sess[i]; w.c.Grain == Reads && len(s.reps) > 0 && s.reps[0].read && !s.held[1] && w.procs[s.owner].impl != nil; s = w.sess[i] {
				again = true
				w.hear(i)
			}
		}
	}
}

// reads reports whether a request changes nothing that others see.
func (r *request) reads() bool {
	switch r.op.Kind {
	case coord.Get, coord.Exists, coord.Children, coord.Sync:
		return true
	}
	return r.kind == begins
}

// apply carries a out in w, which is being made.
func (w *World) apply(a explore.Action) {
	kind, i, n := unpack(a)
	si := -1
	switch kind {
	case served, heard, expires, cutLost, cutLater, expire, holdAsked, holdAnswers:
		si = slices.IndexFunc(w.sess, func(s *session) bool { return s.id == int64(n) })
	}
	w.foot.All = kind != deliver && kind != served && kind != heard
	switch kind {
	case deliver:
		w.deliver(i, int(n))
	case mailed:
		w.read(i)
	case served:
		w.serve(si)
	case heard:
		w.hear(si)
	case rings:
		w.ring(i, host.TimerID(n))
	case expires:
		w.now = max(w.now, w.sess[si].expires)
		w.endSession(si, "expired")
	case starts:
		w.start(i)
	case crash:
		w.spend(crashes, "kill", string(w.procs[i].id))
		w.die(i, trace.KilledOff, -1)
	case cutLink:
		p := w.mut(i)
		e := p.ends[n]
		w.spend(cuts, "reset", string(p.id)+" "+string(w.procs[e.peer].id))
		w.reset(i, e.link, 0, true)
		w.reset(e.peer, e.link, 1, true)
	case cutLost, cutLater:
		w.spend(cuts, "zk-disconnect", string(w.procs[w.sess[si].owner].id))
		w.cut(si, kind == cutLater)
	case expire:
		w.spend(expiries, "zk-expire", string(w.procs[w.sess[si].owner].id))
		w.endSession(si, "expired")
	case drop:
		p := w.mut(i)
		w.spend(drops, "drop", string(p.id))
		e := &p.ends[n]
		e.in = e.in[1:]
	case holdLink:
		w.left[late]--
		p := w.mut(i)
		p.ends[n].held = true
	case holdAsked, holdAnswers:
		w.left[late]--
		w.mutSess(si).held[kind-holdAsked] = true
	}
}

func (w *World) spend(budget int, class, who string) {
	w.left[budget]--
	w.tell(trace.Event{Kind: trace.Fault, Subject: class, Value: "begin", Detail: class + " " + who})
}

// deliver tells a process the oldest thing of one of its connections.
func (w *World) deliver(i, at int) {
	p := w.mut(i)
	e := &p.ends[at]
	x := e.in[0]
	e.in, e.held = e.in[1:], false
	c := e.id
	switch x.kind {
	case accepted:
		p.last++
		c = host.ConnID(p.last)
		e.id = c
		told := *e
		p.ends = append(slices.Delete(p.ends, at, at+1), told) // in the order in which it was told of them
		q := w.mut(told.peer)
		w.foot.Pushed |= 1 << told.peer
		if to := q.find(told.link, 0); to >= 0 {
			q.ends[to].push(item{kind: connected, sent: w.next()})
		}
	case closed:
		p.ends = slices.Delete(p.ends, at, at+1)
	}
	what := sums.Of(uint64(x.kind)<<32|uint64(x.why), sums.Of(x.sum, uint64(c)))
	w.call(i, what, func(p *proc) {
		switch x.kind {
		case accepted:
			p.impl.Accepted(c, x.from)
		case connected:
			p.impl.Connected(c)
		case message:
			p.impl.Received(c, x.msg)
		case closed:
			p.impl.Closed(c, x.why)
		}
	})
}

// read gives a process the oldest of its mail.
func (w *World) read(i int) {
	p := w.mut(i)
	m := p.mail[0]
	p.mail = p.mail[1:]
	what := sums.Name(m.child, uint32(m.signal), "mail", uint64(int64(m.status)))
	w.call(i, what, func(p *proc) {
		if m.signal != 0 {
			p.impl.Signalled(m.signal)
		} else {
			p.impl.Exited(m.child, m.status)
		}
	})
}

func (w *World) ring(i int, t host.TimerID) {
	p := w.mut(i)
	at := slices.IndexFunc(p.timers, func(x timer) bool { return x.id == t })
	x := p.timers[at]
	p.timers = slices.Delete(p.timers, at, at+1)
	w.now = max(w.now, x.at)
	w.call(i, sums.Of(uint64(t), x.sum), func(p *proc) { x.call.Run(p.impl, nil) })
}

// idle reports whether nothing is under way.
func (w *World) idle() bool { return len(w.ways(nil)) == 0 }
