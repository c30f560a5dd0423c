package server

import (
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/expiry"
	"github.com/simctl/simctl/sim/zk/jute"
)

// leading is what a server has only while it leads: its proposals and the
// sessions' deadlines.
type leading struct {
	expiry.Tracker
	prep     *datatree.Prep
	proposed int64 // the last zxid proposed
	sweep    host.TimerID
}

// startLeading gives every session a full timeout.
func (s *Server) startLeading() {
	l := &leading{Tracker: expiry.New(s.h, s.cfg.Tick), prep: datatree.NewPrep(s.tree), proposed: s.tree.Zxid()}
	s.lead = l
	for _, id := range s.tree.Sessions() {
		timeout, _ := s.tree.Session(id)
		l.Track(s.h, id, timeout, 0)
	}
	s.awaitExpiry()
	l.sweep = host.After(s.h, s.cfg.ContainerCheck, (*Server).deleteAbandoned, struct{}{})
}

func (l *leading) stop(h host.Host) {
	h.StopTimer(l.Timer)
	h.StopTimer(l.sweep)
}

func (l *leading) next() int64 { return l.proposed + 1 }

// check returns why a session may not write through server from, or OK, and
// why it may not create an ephemeral. Nobody owns a session that its leader has
// not heard of since it leads; one that it never heard of may be a local one
// of another server.
func (s *Server) check(f *forwarded, from ServerID) (may, ephemeral jute.Code) {
	t := s.lead.Sessions[f.session]
	switch {
	case t == nil && s.foreignLocal(f.session):
		if f.refused {
			return jute.OK, jute.EphemeralOnLocalSession
		}
		return jute.OK, jute.SessionExpired
	case t == nil || t.Closing:
		return jute.SessionExpired, 0
	}
	if t.Owner == 0 {
		t.Owner = from
	}
	if t.Owner != from && f.typ != jute.OpCloseSession {
		return jute.SessionMoved, 0
	}
	return jute.OK, jute.OK
}

// moved reports whether a session belongs to another server than this, by
// which its client asks. A follower does not know.
func (l *leading) moved(session int64, me ServerID) bool {
	t := l.Sessions[session]
	if t != nil && t.Owner == 0 {
		t.Owner = me
	}
	return t != nil && t.Owner != me
}

func (l *leading) closing(id int64) {
	if t := l.Sessions[id]; t != nil {
		t.Closing = true
	}
}

func (s *Server) awaitExpiry() {
	l := s.lead
	l.Timer = host.After(s.h, l.Wait(s.h), (*Server).expire, l.Bucket)
}

// expire ends the sessions of one bucket.
func (s *Server) expire(bucket int64) {
	l := s.lead
	if l == nil || l.Bucket != bucket {
		return
	}
	for _, id := range l.Expired() {
		s.endSession(id)
	}
	s.awaitExpiry()
}

// ExpireSession ends a session as its client's long silence does, by one
// transaction. It does nothing if this server does not lead, or knows of no
// such session.
func (s *Server) ExpireSession(id int64) {
	if s.lead == nil {
		return
	}
	t := s.lead.Sessions[id]
	if t == nil || t.Closing {
		return
	}
	t.Closing = true
	s.endSession(id)
}

func (s *Server) endSession(id int64) {
	zxid := s.lead.next()
	c := s.lead.prep.CloseSession(zxid, id)
	s.proposeTxn(zxid, &datatree.Txn{Session: id, Time: s.now(), Change: c})
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
	c.prep, c.Tracker = l.prep.Clone(t), l.Tracker.Clone()
	return &c
}

func (l *leading) digest(d *host.Digest) {
	d.Bool(l != nil)
	if l == nil {
		return
	}
	l.prep.Digest(d)
	d.Int(l.proposed)
	l.Tracker.Digest(d)
	d.Uint(uint64(l.sweep))
}
