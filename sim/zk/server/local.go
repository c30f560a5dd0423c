package server

import (
	"maps"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/expiry"
	"github.com/simctl/simctl/sim/zk/jute"
)

// locals are the local sessions of a server: those that it gives without a
// transaction, that no other server knows of, and that it expires itself.
// They end when it loses its leader.
type locals struct {
	expiry.Tracker
	// upgrading are the sessions whose createSession is on its way to the
	// order; they are local no more and not yet the ensemble's.
	upgrading map[int64]bool
}

// startLocals begins to give local sessions, if the configuration says so.
func (s *Server) startLocals() {
	if !s.cfg.LocalSessions || s.cfg.ID == 0 {
		return
	}
	s.local = &locals{expiry.New(s.h, s.cfg.Tick), map[int64]bool{}}
	s.awaitLocalExpiry()
}

func (s *Server) stopLocals() {
	if s.local != nil {
		s.h.StopTimer(s.local.Timer)
		s.local = nil
	}
}

func (s *Server) awaitLocalExpiry() {
	l := s.local
	l.Timer = host.After(s.h, l.Wait(s.h), (*Server).expireLocals, l.Bucket)
}

// expireLocals ends the local sessions of one bucket, without a transaction.
func (s *Server) expireLocals(bucket int64) {
	if s.local == nil || s.local.Bucket != bucket {
		return
	}
	for _, id := range s.local.Expired() {
		delete(s.local.Sessions, id)
		if c, here := s.bySess[id]; here {
			s.cut(c)
		}
	}
	s.awaitLocalExpiry()
}

func (s *Server) localCount() int {
	if s.local == nil {
		return 0
	}
	return len(s.local.Sessions)
}

// isLocal reports whether a session is a local one of this server.
func (s *Server) isLocal(session int64) bool {
	return s.local != nil && s.local.Sessions[session] != nil
}

// touchLocal notes that a local session's client lives, and reports whether
// it is one.
func (s *Server) touchLocal(session int64, timeout int32) bool {
	return s.local != nil && s.local.Touch(s.h, session, timeout, s.cfg.ID, false)
}

// foreignLocal reports whether a session of which the leader knows nothing may
// be a local one: its own, or one that another server gave.
func (s *Server) foreignLocal(session int64) bool {
	return s.local != nil && (s.local.Sessions[session] != nil || ServerID(session>>56) != s.cfg.ID)
}

// isKnown reports whether a follower has reason to believe in a session. One
// that gives no local sessions believes in all, and the leader decides.
func (s *Server) isKnown(session int64) bool {
	if s.local == nil || s.local.upgrading[session] {
		return true
	}
	_, ok := s.tree.Session(session)
	return ok
}

// upgrade makes a local session the ensemble's before it creates an ephemeral:
// its createSession is sent ahead. It reports false if that is not allowed.
func (s *Server) upgrade(cl *client, q *request) bool {
	if !s.isLocal(cl.session) || !createsEphemeral(q) {
		return true
	}
	if !s.cfg.LocalUpgrading {
		return false
	}
	timeout := s.local.Sessions[cl.session].Timeout
	delete(s.local.Sessions, cl.session)
	s.local.upgrading[cl.session] = true
	s.createSession(cl.session, timeout)
	return true
}

// closeLocal ends a local session as its client asks.
func (s *Server) closeLocal(c host.ConnID, cl *client, q *request) {
	delete(s.local.Sessions, cl.session)
	s.reply(c, q, s.tree.Zxid(), jute.OK, nil)
	s.cut(c)
}

// upgraded is told that a session is the ensemble's.
func (s *Server) upgraded(session int64) {
	if s.local != nil {
		delete(s.local.Sessions, session)
		delete(s.local.upgrading, session)
	}
}

// createsEphemeral reports whether a write does so by the flags of a create or
// a create2, alone or in a multi.
func createsEphemeral(q *request) bool {
	r, err := writeOf(q.Type, q.body)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(append(r.Multi, r.Op), func(op jute.Op) bool {
		plain := op.Type == jute.OpCreate || op.Type == jute.OpCreate2
		return plain && (op.Flags == jute.FlagEphemeral || op.Flags == jute.FlagEphemeral|jute.FlagSequential)
	})
}

func (l *locals) clone() *locals {
	if l == nil {
		return nil
	}
	return &locals{l.Tracker.Clone(), maps.Clone(l.upgrading)}
}

func (l *locals) digest(d *host.Digest) {
	d.Bool(l != nil)
	if l == nil {
		return
	}
	l.Tracker.Digest(d)
	for _, id := range slices.Sorted(maps.Keys(l.upgrading)) {
		d.Int(id)
	}
}
