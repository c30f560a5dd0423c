package server

import (
	"maps"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/jute"
)

// leading is what a server has only while it leads: its proposals and the
// sessions' deadlines.
type leading struct {
	prep     *datatree.Prep
	proposed int64 // the last zxid proposed
	tick     int64 // nanoseconds
	sessions map[int64]*tracked
	// buckets are the sessions by the tick at whose end they were to expire
	// when they were last put there; a session touched since is elsewhere too.
	buckets map[int64][]int64
	bucket  int64 // the next to expire
	expiry  host.TimerID
	sweep   host.TimerID
}

// tracked is one session as the leader knows it.
type tracked struct {
	timeout int32 // milliseconds
	bucket  int64
	owner   ServerID
	closing bool
}

// startLeading gives every session a full timeout.
func (s *Server) startLeading() {
	l := &leading{
		prep: datatree.NewPrep(s.tree), proposed: s.tree.Zxid(), tick: int64(s.cfg.Tick),
		sessions: map[int64]*tracked{}, buckets: map[int64][]int64{},
	}
	s.lead = l
	for _, id := range s.tree.Sessions() {
		timeout, _ := s.tree.Session(id)
		l.track(s.h, id, timeout, 0)
	}
	l.bucket = int64(s.h.Mono())/l.tick + 1
	s.awaitExpiry()
	l.sweep = host.After(s.h, s.cfg.ContainerCheck, (*Server).deleteAbandoned, struct{}{})
}

func (l *leading) stop(h host.Host) {
	h.StopTimer(l.expiry)
	h.StopTimer(l.sweep)
}

func (l *leading) next() int64 { return l.proposed + 1 }

// track begins to time a session.
func (l *leading) track(h host.Host, id int64, timeout int32, owner ServerID) {
	l.sessions[id] = &tracked{timeout: timeout, owner: owner}
	l.touch(h, id, timeout, owner, false)
}

// touch gives a session another timeout from now: it expires at the end of
// the tick in which that has passed. It reports whether the session lives. If
// move is set, the session is from now on that of server owner.
func (l *leading) touch(h host.Host, id int64, timeout int32, owner ServerID, move bool) bool {
	t := l.sessions[id]
	if t == nil || t.closing {
		return false
	}
	if move {
		t.owner = owner
	}
	t.timeout = timeout
	bucket := (int64(h.Mono())+int64(timeout)*int64(time.Millisecond))/l.tick + 1
	if bucket != t.bucket {
		t.bucket = bucket
		l.buckets[bucket] = append(l.buckets[bucket], id)
	}
	return true
}

// check returns why a session may not write through server from, or OK.
// Nobody owns a session that its leader has not heard of since it leads.
func (l *leading) check(f *forwarded, from ServerID) jute.Code {
	t := l.sessions[f.session]
	if t == nil || t.closing {
		return jute.SessionExpired
	}
	if t.owner == 0 {
		t.owner = from
	}
	if t.owner != from && f.typ != jute.OpCloseSession {
		return jute.SessionMoved
	}
	return jute.OK
}

func (l *leading) closing(id int64) { l.sessions[id].closing = true }

func (s *Server) awaitExpiry() {
	l := s.lead
	wait := l.bucket*l.tick - int64(s.h.Mono())
	l.expiry = host.After(s.h, time.Duration(max(wait, 0)), (*Server).expire, l.bucket)
}

// expire ends the sessions of one bucket.
func (s *Server) expire(bucket int64) {
	l := s.lead
	if l == nil || l.bucket != bucket {
		return
	}
	ids := l.buckets[bucket]
	slices.Sort(ids)
	delete(l.buckets, bucket)
	for _, id := range slices.Compact(ids) {
		t := l.sessions[id]
		if t == nil || t.bucket != bucket || t.closing {
			continue
		}
		t.closing = true
		zxid := l.next()
		c := l.prep.CloseSession(zxid, id)
		s.proposeTxn(zxid, &datatree.Txn{Session: id, Time: s.now(), Change: c})
	}
	l.bucket++
	s.awaitExpiry()
}

// deleteAbandoned proposes to delete containers and TTL znodes whose time has
// come.
func (s *Server) deleteAbandoned(struct{}) {
	l := s.lead
	if l == nil {
		return
	}
	for _, path := range s.tree.Abandoned(s.now()) {
		zxid := l.next()
		c := l.prep.Validate(zxid, &datatree.Request{Op: jute.Op{Type: jute.OpDeleteContainer, Path: path}})
		s.proposeTxn(zxid, &datatree.Txn{Time: s.now(), Change: c})
	}
	l.sweep = host.After(s.h, s.cfg.ContainerCheck, (*Server).deleteAbandoned, struct{}{})
}

func (l *leading) clone(t *datatree.Tree) *leading {
	if l == nil {
		return nil
	}
	c := *l
	c.prep = l.prep.Clone(t)
	c.sessions, c.buckets = maps.Clone(l.sessions), maps.Clone(l.buckets)
	for _, id := range slices.Sorted(maps.Keys(c.sessions)) {
		t := *c.sessions[id]
		c.sessions[id] = &t
	}
	for _, b := range slices.Sorted(maps.Keys(c.buckets)) {
		c.buckets[b] = slices.Clone(c.buckets[b])
	}
	return &c
}

func (l *leading) digest(d *host.Digest) {
	d.Bool(l != nil)
	if l == nil {
		return
	}
	l.prep.Digest(d)
	d.Int(l.proposed)
	d.Int(l.bucket)
	d.Uint(uint64(l.expiry))
	d.Uint(uint64(l.sweep))
	for _, id := range slices.Sorted(maps.Keys(l.sessions)) {
		t := l.sessions[id]
		d.Int(id)
		d.Int(int64(t.timeout))
		d.Int(t.bucket)
		d.Uint(uint64(t.owner))
		d.Bool(t.closing)
	}
	for _, b := range slices.Sorted(maps.Keys(l.buckets)) {
		d.Int(b)
		d.Any(l.buckets[b])
	}
}
