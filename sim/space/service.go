package space

import (
	"cmp"
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/tree"
)

// serve carries out a session's oldest request.
func (w *World) serve(i int) {
	s := w.mutSess(i)
	r := s.reqs[0]
	s.reqs, s.held[0] = s.reqs[1:], false
	switch r.kind {
	case begins:
		w.join(s)
	case ends:
		w.endSession(i, "closed")
		s.gone = true
	default:
		w.carryOut(s, &r)
	}
	if s.ended != nil && s.dead && len(s.reqs) == 0 && len(s.reps) == 0 && w.procs[s.owner].impl == nil {
		s.gone = true
	}
}

func (w *World) join(s *session) {
	if s.dead {
		s.reps = nil
		s.answer(w, reply{kind: expired})
		return
	}
	if !s.known {
		w.tell(trace.Event{Process: string(w.procs[s.owner].id), Kind: trace.SessionUp, N: s.id})
	}
	s.known, s.expires, s.phase = true, 0, up
	s.answer(w, reply{kind: stands})
	for _, r := range s.late {
		r.sent = w.next()
		s.reps = append(s.reps, r)
	}
	s.late = nil
}

func (w *World) carryOut(s *session, r *request) {
	var res coord.Result
	var did []tree.Change
	w.foot.Read, w.foot.Written = true, w.foot.Written || !r.reads()
	switch {
	case s.dead:
		res.Err = coord.ErrExpired
	case r.op.Kind == coord.Get || r.op.Kind == coord.Exists || r.op.Kind == coord.Children || r.op.Kind == coord.Sync:
		res = w.tree.Read(&r.op)
	default:
		w.tree, res, did = w.tree.Apply(s.id, &r.op)
		if res.Err == nil {
			w.committed(s, &r.op, &res)
		}
	}
	w.fire(did)
	if r.kind == orphan {
		return
	}
	if !r.watch.IsZero() {
		a := armed{r.op.Kind, r.op.Path, r.watch}
		switch {
		case a.kind == coord.Exists && res.Err == nil:
			a.kind = coord.Get // ZooKeeper's table of data watches
			s.watches = append(s.watches, a)
		case res.Err == nil || a.kind == coord.Exists:
			s.watches = append(s.watches, a)
		}
	}
	s.answer(w, reply{kind: answers, calls: []host.Call{r.done}, result: res, read: r.reads()})
}

// committed tells of a transaction as sim/cluster does.
func (w *World) committed(s *session, op *coord.Op, r *coord.Result) {
	e := trace.Event{
		Process: string(w.procs[s.owner].id), Kind: trace.Commit, Zxid: r.Zxid, N: s.id, Term: op.Tag.Term, M: op.Tag.Write,
	}
	if op.Kind != coord.Multi {
		e.Value, e.Subject = op.Kind.String(), cmp.Or(r.Path, op.Path)
	}
	for i := range op.Ops {
		if i > 0 {
			e.Value, e.Subject = e.Value+" ", e.Subject+" "
		}
		e.Value += op.Ops[i].Kind.String()
		e.Subject += cmp.Or(r.Results[i].Path, op.Ops[i].Path)
	}
	w.tell(e)
}

// fire tells every session what a transaction did that it watches.
func (w *World) fire(did []tree.Change) {
	for _, c := range did {
		for i := range w.sess {
			if len(w.sess[i].watches) > 0 {
				w.fireOne(i, c)
			}
		}
	}
}

func (w *World) fireOne(i int, c tree.Change) {
	hit := func(path string, kinds ...coord.Kind) (calls []host.Call) {
		for _, k := range kinds {
			for _, a := range w.sess[i].watches {
				if a.path == path && a.kind == k {
					calls = append(calls, a.call)
				}
			}
		}
		if calls != nil {
			s := w.mutSess(i)
			s.watches = slices.DeleteFunc(s.watches, func(a armed) bool { return a.path == path && slices.Contains(kinds, a.kind) })
		}
		return calls
	}
	kinds := []coord.Kind{coord.Get, coord.Exists}
	if c.Type == coord.Deleted {
		kinds = append(kinds, coord.Children)
	}
	if calls := hit(c.Path, kinds...); calls != nil {
		w.mutSess(i).answer(w, reply{kind: fires, calls: calls, event: coord.Event{Type: c.Type, Path: c.Path}})
	}
	if c.Type == coord.DataChanged {
		return
	}
	up := tree.Parent(c.Path)
	if calls := hit(up, coord.Children); calls != nil {
		w.mutSess(i).answer(w, reply{kind: fires, calls: calls, event: coord.Event{Type: coord.ChildrenChanged, Path: up}})
	}
}

// endSession ends a session at the service. One that stands is not told why.
func (w *World) endSession(i int, why string) {
	s := w.mutSess(i)
	s.dead, s.expires, w.foot.Written = true, 0, true
	s.late = nil
	var did []tree.Change
	w.tree, did = w.tree.EndSession(s.id)
	w.tell(trace.Event{Process: string(w.procs[s.owner].id), Kind: trace.SessionExpired, N: s.id, Value: why})
	watches := s.watches
	s.watches = nil // it hears of nothing any more
	w.fire(did)
	s = w.mutSess(i)
	s.watches = watches // to be told that they do not watch
	if s.phase == up {
		s.phase = broken
		s.answer(w, reply{kind: breaks})
	}
	s.gone = s.phase == over && len(s.reps) == 0 && len(s.reqs) == 0
}

// cut ends a session's connection. What was asked and not carried out is lost,
// or with later still comes through.
func (w *World) cut(i int, later bool) {
	s := w.mutSess(i)
	for _, r := range s.reps {
		if r.kind == fires {
			s.late = append(s.late, r)
		}
	}
	calls := s.abandon()
	if !later {
		s.reqs = nil
	}
	s.reps, s.phase, s.held = nil, broken, [2]bool{}
	s.expires = w.now + s.timeout
	s.answer(w, reply{kind: breaks, calls: calls})
}
