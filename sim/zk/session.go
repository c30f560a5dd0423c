package zk

import (
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/zk/proto"
)

// session is one session at the service.
type session struct {
	id       int64
	password uint64
	owner    string
	timeout  int64 // granted, nanoseconds
	deadline int64 // the end of its bucket
	conn     *conn // on which it was opened or continued last; nil if that is gone
	dead     bool
}

// bucket is when a session that was touched now expires: at the end of a tick,
// more than its timeout from now and at most a tick more.
func bucket(now, timeout, tick int64) int64 { return ((now+timeout)/tick + 1) * tick }

// doomed is the deadline of a session that nothing saves any more.
const doomed = 0

func (s *Service) touch(se *session) {
	if se.deadline != doomed {
		se.deadline = bucket(s.clock(), se.timeout, s.cfg.Tick)
	}
}

// open begins a session: a transaction of its own.
func (s *Service) open(sv *server, m proto.ConnectRequest) *session {
	x := s.begin(0)
	s.opened++
	se := &session{
		id: int64(sv.i+1)<<56 | s.opened, owner: m.Owner,
		password: s.k.Draw(kernel.KeyOf("session password"), uint64(s.opened)) | 1,
		timeout:  s.clamp(m.Timeout),
	}
	s.sessions = append(s.sessions, se)
	se.deadline = bucket(s.clock(), se.timeout, s.cfg.Tick)
	if s.OnCommit != nil {
		s.OnCommit(Commit{Zxid: x.zxid, At: s.k.Now(), Session: se.id, Owner: se.owner, Ops: []string{"createSession"}})
	}
	if s.OnSession != nil {
		s.OnSession(SessionEvent{At: s.k.Now(), Session: se.id, Owner: se.owner, Up: true})
	}
	return se
}

func (s *Service) clamp(timeout int64) int64 {
	return min(max(timeout, s.cfg.MinSession), s.cfg.MaxSession)
}

// end ends a session: one transaction, which deletes its ephemerals.
func (s *Service) end(se *session, why string) {
	x := s.begin(se.id)
	se.dead = true
	s.sessions = slices.DeleteFunc(s.sessions, func(o *session) bool { return o == se })
	s.tree.closeSession(x, se.id)
	if s.OnCommit != nil {
		c := Commit{Zxid: x.zxid, At: s.k.Now(), Session: se.id, Owner: se.owner, Ops: []string{"closeSession"}}
		for i, ch := range s.tree.changes {
			if i == 0 {
				c.Ops = c.Ops[:0]
			}
			c.Ops, c.Paths = append(c.Ops, coord.Delete.String()), append(c.Paths, ch.path)
		}
		s.OnCommit(c)
	}
	if s.OnSession != nil {
		s.OnSession(SessionEvent{At: s.k.Now(), Session: se.id, Owner: se.owner, Why: why})
	}
	s.fire()
}

// expire ends every session whose bucket has passed. Their servers close their
// connections, if the transaction reaches them; no client is told why.
func (s *Service) expire() {
	now := s.clock()
	if !slices.ContainsFunc(s.sessions, func(se *session) bool { return se.deadline <= now }) {
		return
	}
	for _, se := range slices.Clone(s.sessions) {
		if se.deadline > now {
			continue
		}
		s.end(se, "expired")
		if c := se.conn; c != nil && s.able(c.sv) {
			c.close()
		}
	}
}

// ExpireSession ends a session before its time, as its owner's long silence
// would. Without a quorum it ends when there is one again.
func (s *Service) ExpireSession(id int64) {
	se := s.find(id)
	if se == nil {
		return
	}
	se.deadline = doomed
	if s.serves() {
		s.expire()
	}
}
