package server

import (
	"net/netip"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/meter"
)

// A client is one connection that has spoken the client protocol.
type client struct {
	from     host.Addr
	session  int64
	timeout  int32 // granted, in milliseconds
	ready    bool  // the handshake is done
	readOnly bool  // the handshake had the readOnly byte
	who      []jute.ID
	queue    []request // not yet answered, in order
	ahead    int       // of queue: how many were looked at by askAhead
	received int64
	sent     int64
	done     meter.Connection
}

// patience is how long the client may be silent.
func (cl *client) patience() time.Duration { return time.Duration(cl.timeout) * time.Millisecond }

// A request is one packet of a client.
type request struct {
	jute.RequestHeader
	body []byte
	at   int64 // when it came, on the monotonic clock; for statistics
	// asked: it is a write or a sync that is on its way.
	asked bool
	// refused: it creates an ephemeral in a local session that is to stay one.
	refused bool
}

// packet takes a packet of a client: the handshake, or a request.
func (s *Server) packet(c host.ConnID, data []byte) {
	s.stats.received++
	s.wake()
	from, wasFresh := s.known(c)
	cl := s.clients[c]
	switch {
	case s.role == Looking && !s.readOnly, wasFresh && s.conns.tooMany(c, s.cfg.MaxClientCnxns):
		s.cut(c)
	case wasFresh:
		s.clients[c] = &client{from: from}
		s.connect(c, s.clients[c], data)
	case cl == nil:
		s.cut(c)
	case !cl.ready:
		s.cut(c)
	default:
		cl.received++
		s.request(c, cl, data)
	}
}

// connect begins or resumes a session.
func (s *Server) connect(c host.ConnID, cl *client, data []byte) {
	var r jute.ConnectRequest
	d := jute.NewDecoder(data)
	r.Decode(d)
	if d.Err() != nil || r.LastZxidSeen > s.tree.Zxid() || !s.admits(&r) {
		s.cut(c)
		return
	}
	lo, hi := s.cfg.MinSession.Milliseconds(), s.cfg.MaxSession.Milliseconds()
	cl.timeout = int32(min(max(int64(r.Timeout), lo), hi))
	cl.readOnly = r.HasReadOnly
	s.conns.touch(c, int64(s.h.Mono()), cl.patience())
	cl.who = []jute.ID{{Scheme: "ip", ID: ipOf(cl.from)}}
	if r.Session == 0 {
		s.nextSess++
		cl.session = s.nextSess
		s.bySess[cl.session] = c
		if s.local != nil {
			s.local.Track(s.h, cl.session, cl.timeout, s.cfg.ID)
			s.opened(c, true)
			return
		}
		s.createSession(cl.session, cl.timeout)
		return
	}
	if old, ok := s.bySess[r.Session]; ok {
		s.cut(old)
	}
	cl.session = r.Session
	if string(r.Password) != string(password(r.Session)) {
		s.refuse(c)
		return
	}
	s.bySess[r.Session] = c
	if s.touchLocal(r.Session, cl.timeout) {
		s.opened(c, true)
		return
	}
	if s.readOnly {
		s.refuse(c)
		return
	}
	if s.lead == nil {
		s.r.Revalidate(r.Session, time.Duration(cl.timeout)*time.Millisecond)
		return
	}
	s.opened(c, s.lead.Touch(s.h, r.Session, cl.timeout, s.cfg.ID, true))
}

// Revalidated tells the client whether its session lives.
func (s *Server) Revalidated(session int64, ok bool) {
	if c, waiting := s.bySess[session]; waiting && !s.clients[c].ready {
		s.opened(c, ok)
	}
}

// opened ends the handshake.
func (s *Server) opened(c host.ConnID, ok bool) {
	if !ok {
		s.refuse(c)
		return
	}
	cl := s.clients[c]
	cl.ready = true
	cl.received++
	cl.done = meter.Connection{Op: jute.OpCreateSession, Since: s.now(), Zxid: s.tree.Zxid(), Replied: int64(s.h.Mono()) / int64(time.Millisecond)}
	s.handshake(c, cl, jute.ConnectResponse{Timeout: cl.timeout, Session: cl.session, Password: password(cl.session)})
}

// refuse says that there is no such session.
func (s *Server) refuse(c host.ConnID) {
	s.handshake(c, s.clients[c], jute.ConnectResponse{Password: make([]byte, 16)})
	s.cut(c)
}

func (s *Server) handshake(c host.ConnID, cl *client, r jute.ConnectResponse) {
	var e jute.Encoder
	r.HasReadOnly, r.ReadOnly = cl.readOnly, s.readOnly
	r.Encode(&e)
	s.send(c, e.Buf)
}

// password is that of a session: what java.util.Random, seeded with it, draws.
func password(session int64) []byte {
	const mult, mask = 0x5DEECE66D, 1<<48 - 1
	seed := (uint64(session) ^ 0xB3415C00 ^ mult) & mask
	out := make([]byte, 0, 16)
	for range 4 {
		seed = (seed*mult + 0xB) & mask
		x := uint32(seed >> 16)
		out = append(out, byte(x), byte(x>>8), byte(x>>16), byte(x>>24))
	}
	return out
}

// ipOf is the host of an address; in simulation it is a machine's name.
func ipOf(a host.Addr) string {
	if p, err := netip.ParseAddrPort(string(a)); err == nil {
		return p.Addr().Unmap().String()
	}
	return "127.0.0.1"
}

// request takes one request of an open session into its queue.
func (s *Server) request(c host.ConnID, cl *client, data []byte) {
	d := jute.NewDecoder(data)
	var q request
	q.Decode(d)
	if d.Err() != nil {
		s.cut(c)
		return
	}
	q.body, q.at = d.Rest(), int64(s.h.Mono())
	s.conns.touch(c, q.at, cl.patience())
	if q.Type == jute.OpAuth {
		s.auth(c, cl, &q)
		return
	}
	if !s.heard(cl) {
		return
	}
	cl.queue = append(cl.queue, q)
	s.drain(c, cl)
}

// heard notes that a session's client lives. It reports false if there is no
// such session: what its client asks for is then dropped.
func (s *Server) heard(cl *client) bool {
	if s.touchLocal(cl.session, cl.timeout) {
		return true
	}
	if s.lead != nil {
		return s.lead.Touch(s.h, cl.session, cl.timeout, s.cfg.ID, false)
	}
	if !s.isKnown(cl.session) {
		return false
	}
	s.touches[cl.session] = cl.timeout
	return true
}

// auth adds to who a client is. It waits for no other request.
func (s *Server) auth(c host.ConnID, cl *client, q *request) {
	var a jute.Auth
	d := jute.NewDecoder(q.body)
	if a.Decode(d); d.Err() != nil {
		s.cut(c)
		return
	}
	id, known := identify(cl, &a)
	if known && id.Scheme == "digest" && id.ID == s.cfg.Super {
		cl.add(datatree.Super)
	}
	h := jute.ReplyHeader{Xid: q.Xid}
	if !known {
		h.Err = jute.AuthFailed
	}
	var e jute.Encoder
	h.Encode(&e)
	s.send(c, e.Buf)
	if !known {
		s.cut(c)
		return
	}
	cl.add(id)
}

func (cl *client) add(id jute.ID) {
	if !slices.Contains(cl.who, id) {
		cl.who = append(cl.who, id)
	}
}

// drain answers what it can of a client's queue: a write, or a follower's
// sync, holds up everything behind it, pings included.
func (s *Server) drain(c host.ConnID, cl *client) {
	for len(cl.queue) > 0 && !cl.queue[0].asked && s.clients[c] == cl {
		switch q := &cl.queue[0]; {
		case s.readsOnly(c, q):
			cl.pop()
		case q.Type == jute.OpCloseSession && s.isLocal(cl.session):
			s.closeLocal(c, cl, q)
			return
		case q.isWrite():
			s.askWrite(cl, q)
		case q.Type == jute.OpSync && s.lead == nil:
			q.asked = true
			s.syncs++
			s.syncing[s.syncs] = c
			s.r.Sync(s.syncs)
		case s.lead != nil && s.lead.moved(cl.session, s.cfg.ID):
			s.cut(c)
			return
		default:
			q := cl.pop()
			s.read(c, cl, &q)
		}
	}
	s.askAhead(cl)
}

// pop takes the first request off the queue.
func (cl *client) pop() request {
	q := cl.queue[0]
	cl.queue = cl.queue[1:]
	cl.ahead = max(cl.ahead-1, 0)
	if len(cl.queue) == 0 {
		cl.queue = nil
	}
	return q
}

// askAhead sends writes on their way before it is their turn to be answered:
// the order in which they are asked for is that in which they will be carried
// out, and reads between them are answered between them. Not so behind a
// follower's sync, whose mark may come back later than their commits.
func (s *Server) askAhead(cl *client) {
	for ; cl.ahead < len(cl.queue); cl.ahead++ {
		q := &cl.queue[cl.ahead]
		switch {
		case q.Type == jute.OpSync && s.lead == nil, q.Type == jute.OpCloseSession && s.isLocal(cl.session):
			return
		case !q.asked && q.isWrite():
			s.askWrite(cl, q)
		}
	}
}

// askWrite sends a write on its way.
func (s *Server) askWrite(cl *client, q *request) {
	q.refused, q.asked = !s.upgrade(cl, q), true
	f := forwarded{cl.session, q.Xid, q.Type, cl.timeout, q.refused, cl.who, q.body}
	if s.lead == nil {
		s.r.Forward(f.encode())
	} else {
		s.propose(s.cfg.ID, &f)
	}
}

// Synced answers the sync whose mark has come back.
func (s *Server) Synced(id uint64) {
	c, ok := s.syncing[id]
	delete(s.syncing, id)
	cl := s.clients[c]
	if !ok || cl == nil || len(cl.queue) == 0 || !cl.queue[0].asked {
		return
	}
	q := cl.pop()
	s.read(c, cl, &q)
	s.drain(c, cl)
}

func isWrite(typ int32) bool {
	switch typ {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL, jute.OpDelete, jute.OpSetData,
		jute.OpSetACL, jute.OpCheck, jute.OpMulti, jute.OpDeleteContainer, jute.OpReconfig, jute.OpCloseSession:
		return true
	}
	return false
}
