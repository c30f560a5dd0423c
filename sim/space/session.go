package space

import (
	"cmp"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/space/sums"
)

// phase is what a session's client does about its connection.
type phase uint8

const (
	joining phase = iota // a request to begin or continue the session is under way
	up                   // it stands
	broken               // the connection is gone, and the client has not been told
	over                 // the client has done with it
)

// session is one session: as the client sees it, as the service does, and what
// is under way between them.
type session struct {
	owner   int // process
	inc     uint32
	n       coord.Session
	id      int64 // made of the owner, its incarnation and n: the same in whatever order sessions begin
	changed host.Call
	timeout int64
	ended   error // ErrExpired or ErrClosed once it is over for the client
	phase   phase
	known   bool  // the service has begun it
	dead    bool  // the service has ended it
	expires int64 // when the service will; 0: not while the connection stands
	reqs    []request
	reps    []reply
	held    [2]bool // reqs, reps are held up
	watches []armed
	late    []reply // events that wait for the connection
	gone    bool    // nothing is left of it
}

// what is under way to the service
const (
	begins = iota + 1 // to begin the session, or to continue it
	asks              // an operation
	orphan            // an operation that nobody waits for any more
	ends              // to end the session
)

type request struct {
	kind  uint8
	op    coord.Op
	done  host.Call
	watch host.Call
	sum   uint64 // of op, done and watch
	sent  uint64 // when, among all
}

// what is under way to the client
const (
	answers = iota + 1
	fires   // watches
	stands  // the session
	breaks  // the connection has ended; calls are what will not be answered
	expired
	finished // the client closed it; calls are what will not be answered
)

type reply struct {
	kind   uint8
	calls  []host.Call
	result coord.Result
	event  coord.Event
	read   bool // answers of a read
	sum    uint64
	sent   uint64
}

// armed is one watch.
type armed struct {
	kind coord.Kind // Get: of data, Exists: of existence, Children
	path string
	call host.Call
}

func (s *session) ask(w *World, r request) {
	r.sent = w.next()
	s.reqs = append(s.reqs, r)
}

func (s *session) answer(w *World, r reply) {
	var d host.Digest
	sums.Calls(&d, r.calls...)
	sums.Result(&d, &r.result)
	d.Uint(uint64(r.event.Type))
	d.Str(r.event.Path)
	r.sum, r.sent = d.Sum(), w.next()
	if s.phase == broken && r.kind == fires {
		s.late = append(s.late, r)
		return
	}
	s.reps = append(s.reps, r)
}

func (s *session) digest(d *host.Digest, now int64) {
	d.Int(s.id)
	d.Bool(s.ended != nil)
	d.Uint(uint64(s.phase))
	d.Bool(s.known)
	d.Bool(s.dead)
	d.Bool(s.held[0])
	d.Bool(s.held[1])
	d.Bool(s.expires != 0)
	if s.expires != 0 {
		d.Int(max(0, s.expires-now))
	}
	d.Uint(uint64(len(s.reqs)))
	for i := range s.reqs {
		d.Uint(uint64(s.reqs[i].kind))
		d.Uint(s.reqs[i].sum)
	}
	for _, list := range [...][]reply{s.reps, s.late} {
		d.Uint(uint64(len(list)))
		for i := range list {
			d.Uint(uint64(list[i].kind))
			d.Uint(list[i].sum)
		}
	}
	d.Uint(uint64(len(s.watches)))
	for i := range s.watches {
		a := &s.watches[i]
		d.Uint(uint64(a.kind))
		d.Str(a.path)
		a.call.Digest(d)
	}
}

// session returns the index of a session of the process that runs, -1 if it is
// not known any more.
func (h *machine) session(n coord.Session) int {
	return slices.IndexFunc(h.w.sess, func(s *session) bool {
		return s.owner == h.p.i && s.inc == h.p.inc && s.n == n && !s.gone
	})
}

// OpenSession implements coord.Client.
func (h *machine) OpenSession(o coord.Options, changed host.Call) coord.Session {
	h.note(&effect{kind: opens, opts: o, call: changed})
	p := h.p
	p.opened++
	h.w.foot.Sessions |= 1 << p.i
	n := coord.Session(p.opened)
	s := &session{
		owner: p.i, inc: p.inc, n: n, changed: changed, timeout: int64(o.Timeout),
		id: int64(p.i+1)<<32 | int64(p.inc)<<16 | int64(n),
	}
	s.ask(h.w, request{kind: begins})
	at, _ := slices.BinarySearchFunc(h.w.sess, s.id, func(s *session, id int64) int { return cmp.Compare(s.id, id) })
	h.w.sess = slices.Insert(h.w.sess, at, s)
	low := h.w.freshSess & (1<<at - 1)
	h.w.freshSess = (h.w.freshSess-low)<<1 | 1<<at | low
	return n
}

// CloseSession implements coord.Client.
func (h *machine) CloseSession(n coord.Session) {
	h.note(&effect{kind: closesSession, sess: n})
	i := h.session(n)
	if i < 0 {
		return
	}
	s := h.w.mutSess(i)
	if s.ended != nil {
		s.gone = s.ended == coord.ErrExpired
		return
	}
	s.leave(h.w)
	s.ask(h.w, request{kind: ends})
}

// DropSession implements coord.Client.
func (h *machine) DropSession(n coord.Session) {
	h.note(&effect{kind: dropsSession, sess: n})
	if i := h.session(n); i >= 0 && h.w.sess[i].ended == nil {
		s := h.w.mutSess(i)
		s.leave(h.w)
		s.expires = h.w.now + s.timeout
	}
}

// leave ends a session for its client, which closes or drops it.
func (s *session) leave(w *World) {
	calls := s.abandon()
	s.ended, s.phase, s.reps, s.late = coord.ErrClosed, over, nil, nil
	s.answer(w, reply{kind: finished, calls: calls})
}

// abandon makes orphans of what is asked, and returns what was waiting for it.
func (s *session) abandon() []host.Call {
	var calls []host.Call
	for i := range s.reps {
		switch r := &s.reps[i]; r.kind {
		case answers, breaks:
			calls = append(calls, r.calls...)
		}
	}
	var kept []request
	for _, r := range s.reqs {
		if r.kind == asks {
			calls = append(calls, r.done)
			kept = append(kept, request{kind: orphan, op: r.op, sum: r.sum})
		}
		if r.kind == orphan {
			kept = append(kept, r)
		}
	}
	s.reqs = kept
	return calls
}

// Do implements coord.Client.
func (h *machine) Do(n coord.Session, op coord.Op, done, watch host.Call) {
	var d host.Digest
	sums.Op(&d, &op)
	sums.Calls(&d, done, watch)
	h.do(&effect{kind: does, sess: n, op: op, call: done, watch: watch, sum: d.Sum()})
}

func (h *machine) do(e *effect) {
	h.note(e)
	i := h.session(e.sess)
	if i < 0 || h.p.exiting {
		return
	}
	s := h.w.mutSess(i)
	if s.ended != nil {
		s.answer(h.w, reply{kind: answers, calls: []host.Call{e.call}, result: coord.Result{Err: s.ended}})
		return
	}
	s.ask(h.w, request{kind: asks, op: e.op, done: e.call, watch: e.watch, sum: e.sum})
}

// orphanSessions is told that a process ended: the service hears nothing of its
// sessions any more, but what they have sent.
func (w *World) orphanSessions(owner int) {
	for i, s := range w.sess {
		if s.owner != owner || s.phase == over && s.dead || s.gone {
			continue
		}
		s = w.mutSess(i)
		s.abandon()
		s.phase, s.reps, s.late, s.watches, s.ended = over, nil, nil, nil, coord.ErrClosed
		if s.known && !s.dead && s.expires == 0 {
			s.expires = w.now + s.timeout
		}
		s.gone = s.dead || !s.known
	}
}

// hear tells a client the oldest of what its session has for it.
func (w *World) hear(i int) {
	s := w.mutSess(i)
	r := s.reps[0]
	s.reps, s.held[1] = s.reps[1:], false
	change := coord.StateChange{Session: s.n, ID: s.id, Timeout: time.Duration(s.timeout)}
	switch r.kind {
	case answers:
		w.call(s.owner, sums.Of(answers, r.sum), func(p *proc) { p.run(&r.result, r.calls...) })
	case fires:
		w.call(s.owner, sums.Of(fires, r.sum), func(p *proc) { p.run(&r.event, r.calls...) })
	case stands:
		change.State = coord.Connected
		w.call(s.owner, sums.Of(stands<<56|uint64(s.id), sums.OfCalls(s.changed)), func(p *proc) { p.run(&change, s.changed) })
	case breaks:
		calls := slices.Clone(r.calls)
		s.reqs = slices.DeleteFunc(s.reqs, func(q request) bool {
			if q.kind == asks {
				calls = append(calls, q.done)
			}
			return q.kind != orphan
		})
		s.phase = joining
		s.ask(w, request{kind: begins})
		change.State = coord.Disconnected
		w.call(s.owner, sums.Of(breaks<<56|uint64(s.id), sums.Of(sums.OfCalls(s.changed), sums.OfCalls(calls...))), func(p *proc) {
			p.run(&coord.Result{Err: coord.ErrConnectionLoss}, calls...)
			p.run(&change, s.changed)
		})
	case expired, finished:
		w.finish(s, &r, &change)
	}
}

// finish ends a session for its client.
func (w *World) finish(s *session, r *reply, change *coord.StateChange) {
	err, calls := coord.ErrClosed, r.calls
	change.State = coord.Closed
	if r.kind == expired {
		err, change.State = coord.ErrExpired, coord.Expired
		calls, s.reqs = s.abandon(), nil
	}
	s.ended, s.phase = err, over
	watches := s.watches
	s.watches = nil
	slices.SortStableFunc(watches, func(a, b armed) int {
		return cmp.Or(cmp.Compare(order(a.kind), order(b.kind)), cmp.Compare(a.path, b.path))
	})
	what := sums.Of(uint64(r.kind)<<56|uint64(s.id), sums.OfCalls(append(calls[:len(calls):len(calls)], s.changed)...))
	for _, a := range watches {
		what = sums.Of(what, sums.Name(host.ProcessID(a.path), 0, "watch", sums.OfCalls(a.call)))
	}
	w.call(s.owner, what, func(p *proc) {
		p.run(&coord.Result{Err: err}, calls...)
		for _, a := range watches {
			p.run(&coord.Event{Type: coord.NotWatching, Path: a.path}, a.call)
		}
		p.run(change, s.changed)
	})
}

// run runs continuations with a result, until the process ends.
func (p *proc) run(result any, calls ...host.Call) {
	for _, c := range calls {
		if !p.exiting {
			c.Run(p.impl, result)
		}
	}
}

// order is that in which watches are told that they do not watch any more.
func order(k coord.Kind) int {
	return slices.Index([]coord.Kind{coord.Get, coord.Exists, coord.Children}, k)
}
