package live

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/trouble"
)

// A phase is how far an entry is.
type phase uint8

const (
	queued  phase = iota // asked for
	sent                 // handed to go-zookeeper
	replied              // the server's reply was seen on the wire
	done                 // to be handed over
)

// An entry is one thing to hand over to the process: an answer, a watch event
// or a state.
type entry struct {
	phase  phase
	post   func(host.Process) // what hands it over, if it is no answer
	op     coord.Op
	done   host.Call
	watch  host.Call
	due    time.Time // it is not sent before
	zxid   int64
	code   int32 // of the server's reply
	result coord.Result
}

// Do carries out op in the session.
func (h *Host) Do(id coord.Session, op coord.Op, doneCall, watch host.Call) {
	s := h.sessions[id]
	if s == nil {
		r := coord.Result{Err: coord.ErrClosed}
		h.post(func() { doneCall.Run(h.p, &r) })
		return
	}
	if h.exited {
		return
	}
	h.output()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &entry{op: op, done: doneCall, watch: watch}
	if late := h.o.Trouble.Late(trouble.Kind(op.Kind.String())); late > 0 {
		e.due = time.Now().Add(late)
	}
	s.out = append(s.out, e)
	if s.ended != nil {
		e.fail(s.ended)
		s.flush()
		return
	}
	s.launch()
}

func (e *entry) fail(err error) {
	e.phase, e.result = done, coord.Result{Err: err}
}

// insert puts e before the first answer that the server has not given yet.
// The caller holds mu.
func (s *session) insert(e *entry) {
	i := slices.IndexFunc(s.out, func(x *entry) bool { return x.phase < replied })
	if i < 0 {
		i = len(s.out)
	}
	s.out = slices.Insert(s.out, i, e)
	s.flush()
}

// failAll answers everything that the server has not answered. The caller
// holds mu and flushes.
func (s *session) failAll(err error) {
	for _, e := range s.out {
		if e.phase < replied {
			e.fail(err)
		}
	}
}

// flush hands over what is ready, in order. The caller holds mu.
func (s *session) flush() {
	n := 0
	for n < len(s.out) && s.out[n].phase == done {
		e := s.out[n]
		n++
		s.h.post(func() {
			if e.post != nil {
				e.post(s.h.p)
			} else {
				e.done.Run(s.h.p, &e.result)
			}
		})
	}
	s.out = slices.Delete(s.out, 0, n)
}

// launch hands go-zookeeper the next request once the one before is on the
// wire: its calls block, and only so do they keep their order. The caller
// holds mu.
func (s *session) launch() {
	if !s.open || s.writing != nil || s.flying >= window {
		return
	}
	i := slices.IndexFunc(s.out, func(x *entry) bool { return x.phase == queued })
	if i < 0 {
		return
	}
	e := s.out[i]
	if late := time.Until(e.due); late > 0 { // and what was asked for behind it
		time.AfterFunc(late, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.launch()
		})
		return
	}
	e.phase = sent
	s.writing = e
	s.flying++
	s.h.others.Add(1)
	go s.carryOut(e)
}

// carryOut waits for go-zookeeper's answer.
func (s *session) carryOut(e *entry) {
	defer s.h.others.Done()
	r := request(s.conn, e.op, !e.watch.IsZero())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying--
	if s.writing == e {
		s.writing = nil
	}
	if e.phase != done { // else it was answered when the connection broke
		if s.ended != nil && errors.Is(r.Err, coord.ErrConnectionLoss) {
			r.Err = s.ended // its answer was cut short by the end
		}
		if e.phase == replied && e.code != 0 && s.ended == nil && errors.Is(r.Err, coord.ErrConnectionLoss) {
			r.Err = fmt.Errorf("zookeeper: error %d", e.code) // one that go-zookeeper does not know: it has not happened
		}
		r.Zxid = e.zxid
		e.phase, e.result = done, r
	}
	s.flush()
	s.launch()
}

// written is told by the tap that a request goes out.
func (s *session) written(xid, op int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case op == opSetWatches:
		s.resync[xid] = true
	case op > 0 && op < opSetWatches && xid > 0 && s.writing != nil:
		s.byXid[xid] = s.writing
		s.writing = nil
		s.launch()
	}
}

// replied is told by the tap that a reply came in.
func (s *session) replied(xid int32, zxid int64, code int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resync[xid] {
		delete(s.resync, xid)
		if !s.open && s.state == coord.Connected {
			s.open = true
			s.launch()
		}
		return
	}
	e := s.byXid[xid]
	if e == nil {
		return
	}
	delete(s.byXid, xid)
	if e.phase != sent {
		return
	}
	e.phase, e.zxid, e.code = replied, zxid, code
	s.arm(e, code)
}

const codeNoNode = -101

// arm begins the watch that e leaves. The caller holds mu.
func (s *session) arm(e *entry, code int32) {
	if e.watch.IsZero() {
		return
	}
	switch {
	case e.op.Kind == coord.Exists && (code == 0 || code == codeNoNode), e.op.Kind == coord.Get && code == 0:
		s.data[e.op.Path] = append(s.data[e.op.Path], e.watch)
	case e.op.Kind == coord.Children && code == 0:
		s.kids[e.op.Path] = append(s.kids[e.op.Path], e.watch)
	}
}

// fired is told by the tap that a watch event came in.
func (s *session) fired(kind int32, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := coord.Event{Type: coord.EventType(kind), Path: path}
	if e.Type != coord.ChildrenChanged {
		s.fire(s.data, e)
	}
	if e.Type == coord.ChildrenChanged || e.Type == coord.Deleted {
		s.fire(s.kids, e)
	}
}

// fire hands e to the watches of its path in one table. The caller holds mu.
func (s *session) fire(table map[string][]host.Call, e coord.Event) {
	for _, call := range table[e.Path] {
		s.insert(&entry{phase: done, post: func(p host.Process) { call.Run(p, &e) }})
	}
	delete(table, e.Path)
}

// unwatch tells every watch that the session is over. The caller holds mu.
func (s *session) unwatch() {
	for _, table := range []map[string][]host.Call{s.data, s.kids} {
		paths := make([]string, 0, len(table))
		for path := range table {
			paths = append(paths, path)
		}
		slices.Sort(paths)
		for _, path := range paths {
			s.fire(table, coord.Event{Type: coord.NotWatching, Path: path})
		}
	}
}

// request has go-zookeeper carry out one operation.
func request(c *zk.Conn, op coord.Op, watch bool) coord.Result {
	var r coord.Result
	var st *zk.Stat
	var err error
	switch op.Kind {
	case coord.Create:
		if op.Mode == coord.Container {
			r.Path, err = c.CreateContainer(op.Path, op.Data, zk.FlagContainer, zk.WorldACL(zk.PermAll))
			break
		}
		r.Path, err = c.Create(op.Path, op.Data, int32(op.Mode), zk.WorldACL(zk.PermAll))
	case coord.Delete:
		err = c.Delete(op.Path, op.Version)
	case coord.Set:
		st, err = c.Set(op.Path, op.Data, op.Version)
	case coord.Sync:
		_, err = c.Sync(op.Path)
	case coord.Multi:
		return multi(c, op.Ops)
	case coord.Get, coord.Exists, coord.Children:
		r, st, err = read(c, op, watch)
	default:
		err = zk.ErrBadArguments
	}
	if r.Err = translate(err); r.Err != nil {
		return coord.Result{Err: r.Err}
	}
	if st != nil {
		r.Stat = stat(st)
	}
	return r
}

// read has go-zookeeper carry out a read.
func read(c *zk.Conn, op coord.Op, watch bool) (r coord.Result, st *zk.Stat, err error) {
	found := true
	switch {
	case op.Kind == coord.Get && watch:
		r.Data, st, _, err = c.GetW(op.Path)
	case op.Kind == coord.Get:
		r.Data, st, err = c.Get(op.Path)
	case op.Kind == coord.Exists && watch:
		found, st, _, err = c.ExistsW(op.Path)
	case op.Kind == coord.Exists:
		found, st, err = c.Exists(op.Path)
	case watch:
		r.Children, st, _, err = c.ChildrenW(op.Path)
	default:
		r.Children, st, err = c.Children(op.Path)
	}
	slices.Sort(r.Children)
	if err == nil && !found {
		err = zk.ErrNoNode
	}
	return r, st, err
}

// multi has go-zookeeper carry out a transaction.
func multi(c *zk.Conn, ops []coord.Op) coord.Result {
	reqs := make([]any, len(ops))
	for i, op := range ops {
		switch op.Kind {
		case coord.Create:
			reqs[i] = &zk.CreateRequest{Path: op.Path, Data: op.Data, Acl: zk.WorldACL(zk.PermAll), Flags: int32(op.Mode)}
		case coord.Delete:
			reqs[i] = &zk.DeleteRequest{Path: op.Path, Version: op.Version}
		case coord.Set:
			reqs[i] = &zk.SetDataRequest{Path: op.Path, Data: op.Data, Version: op.Version}
		case coord.Check:
			reqs[i] = &zk.CheckVersionRequest{Path: op.Path, Version: op.Version}
		default:
			return coord.Result{Err: coord.ErrBadArguments}
		}
	}
	resp, err := c.Multi(reqs...)
	r := coord.Result{Err: translate(err)}
	for _, x := range resp {
		sub := coord.Result{Path: x.String}
		switch {
		case r.Err == nil && x.Stat != nil:
			sub.Stat = stat(x.Stat)
		case r.Err != nil && x.Error != nil && errors.Is(translate(x.Error), r.Err):
			sub.Err = r.Err
		case r.Err != nil:
			sub.Err = coord.ErrRolledBack
		}
		r.Results = append(r.Results, sub)
	}
	return r
}

func stat(s *zk.Stat) coord.Stat {
	return coord.Stat{
		Czxid: s.Czxid, Mzxid: s.Mzxid, Pzxid: s.Pzxid, Ctime: s.Ctime, Mtime: s.Mtime,
		Version: s.Version, Cversion: s.Cversion, Aversion: s.Aversion,
		EphemeralOwner: s.EphemeralOwner, DataLength: s.DataLength, NumChildren: s.NumChildren,
	}
}

// translate turns go-zookeeper's errors into those of coord. What is not known
// to have failed may have happened.
func translate(err error) error {
	pairs := []struct{ zk, coord error }{
		{nil, nil},
		{zk.ErrNoNode, coord.ErrNoNode},
		{zk.ErrNodeExists, coord.ErrNodeExists},
		{zk.ErrBadVersion, coord.ErrBadVersion},
		{zk.ErrNotEmpty, coord.ErrNotEmpty},
		{zk.ErrNoChildrenForEphemerals, coord.ErrNoChildrenForEphemerals},
		{zk.ErrBadArguments, coord.ErrBadArguments},
		{zk.ErrInvalidPath, coord.ErrBadArguments},
		{zk.ErrInvalidFlags, coord.ErrBadArguments},
		{zk.ErrSessionExpired, coord.ErrExpired},
	}
	for _, p := range pairs {
		if err == p.zk || p.zk != nil && errors.Is(err, p.zk) {
			return p.coord
		}
	}
	for _, sure := range []error{zk.ErrNoAuth, zk.ErrInvalidACL, zk.ErrAuthFailed, zk.ErrShortBuffer, zk.ErrAPIError, zk.ErrUnknown} {
		if errors.Is(err, sure) {
			return fmt.Errorf("zookeeper: %w", err)
		}
	}
	return coord.ErrConnectionLoss
}
