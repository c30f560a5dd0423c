package server

import (
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
)

// readOnlyAfter is how long a server has looked for a leader, or a tick if that
// is longer, before it serves read-only.
const readOnlyAfter = 2 * time.Second

// awaitReadOnly begins to wait until reads are better than nothing, if the
// configuration says so.
func (s *Server) awaitReadOnly() {
	if s.cfg.ReadOnly && s.cfg.ID != 0 {
		s.roTimer = host.After(s.h, max(readOnlyAfter, s.cfg.Tick), (*Server).startReadOnly, struct{}{})
	}
}

// startReadOnly serves reads to the clients that allow it in their handshake.
// Their sessions are local, or there are none.
func (s *Server) startReadOnly(struct{}) {
	s.readOnly = true
	s.startLocals()
}

func (s *Server) stopReadOnly() {
	s.h.StopTimer(s.roTimer)
	s.readOnly = false
}

// admits reports whether a read-only server takes a handshake. It resumes none
// of the ensemble's sessions.
func (s *Server) admits(r *jute.ConnectRequest) bool {
	_, global := s.tree.Session(r.Session)
	return !s.readOnly || r.ReadOnly && s.local != nil && !global
}

// readsOnly answers what a read-only server does not do, and reports whether q
// was such.
func (s *Server) readsOnly(c host.ConnID, q *request) bool {
	refused := s.readOnly && (q.Type == jute.OpSync || isWrite(q.Type) && q.Type != jute.OpCloseSession)
	if refused {
		s.reply(c, q, s.tree.Zxid(), jute.NotReadOnly, nil)
	}
	return refused
}
