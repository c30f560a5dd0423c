package server

import (
	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/jute"
	"time"
)

// A forwarded is a write on its way to the leader.
type forwarded struct {
	session int64
	xid     int32
	typ     int32
	timeout int32 // of a new session, in milliseconds
	refused bool  // see request; it is told no leader
	who     []jute.ID
	body    []byte
}

func (f *forwarded) encode() []byte {
	e := jute.Encoder{Buf: make([]byte, 0, 64+len(f.body))}
	e.Long(f.session)
	e.Int(f.xid)
	e.Int(f.typ)
	e.Int(f.timeout)
	jute.EncodeIDs(&e, f.who)
	e.Buffer(f.body)
	return e.Buf
}

func (f *forwarded) decode(b []byte) error {
	d := jute.NewDecoder(b)
	*f = forwarded{session: d.Long(), xid: d.Int(), typ: d.Int(), timeout: d.Int(), who: jute.DecodeIDs(d), body: d.Buffer()}
	return d.Err()
}

// writeOf decodes the body of a write.
func writeOf(typ int32, body []byte) (r datatree.Request, err error) {
	d := jute.NewDecoder(body)
	r.Op.Type = typ
	switch typ {
	case jute.OpMulti:
		r.Multi = jute.DecodeMulti(d, false)
		for i := range r.Multi {
			asInMulti(&r.Multi[i])
		}
	case jute.OpReconfig, jute.OpCloseSession, jute.OpCreateSession, jute.OpDeleteContainer:
	default:
		r.Op.Decode(d)
	}
	return r, d.Err()
}

// asInMulti makes a create of a multi what ZooKeeper 3.8 takes it for: its
// flags decide, and create2 is no more than create (ZOOKEEPER-4026).
func asInMulti(op *jute.Op) {
	switch op.Type {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		switch {
		case op.Flags == jute.FlagContainer:
			op.Type = jute.OpCreateContainer
		case op.Type == jute.OpCreateTTL && op.WantsTTL():
		default:
			op.Type = jute.OpCreate
		}
	}
}

// createSession sends the creation of a session on its way: to the leader, or
// into the order.
func (s *Server) createSession(session int64, timeout int32) {
	f := forwarded{session: session, typ: jute.OpCreateSession, timeout: timeout}
	if s.lead == nil {
		s.r.Forward(f.encode())
		return
	}
	s.propose(s.cfg.ID, &f)
}

// Forwarded takes a write that a client of another server asks for.
func (s *Server) Forwarded(from ServerID, data []byte) {
	s.wake()
	var f forwarded
	if s.lead == nil || f.decode(data) != nil {
		return
	}
	s.propose(from, &f)
}

// propose validates a write and proposes its transaction. A write that is
// refused, or does not decode, has a transaction too.
func (s *Server) propose(from ServerID, f *forwarded) {
	r, err := writeOf(f.typ, f.body)
	r.Session, r.Who = f.session, f.who
	var c datatree.Change
	zxid := s.lead.next()
	code, ephemeral := s.check(f, from)
	r.Denied, r.NoEphemerals = code, ephemeral
	switch {
	case f.typ == jute.OpCreateSession:
		s.lead.Track(s.h, f.session, f.timeout, from)
		c = datatree.Change{Type: jute.OpCreateSession, Timeout: f.timeout}
	case f.typ == jute.OpCloseSession:
		s.lead.closing(f.session)
		c = s.lead.prep.CloseSession(zxid, f.session)
	case code != jute.OK && !looksFirst(f.typ):
		c = datatree.Change{Type: jute.OpError, Code: code}
	case err != nil:
		c = datatree.Change{Type: jute.OpError, Code: jute.MarshallingError}
	case f.typ == jute.OpDeleteContainer:
		// Only the leader itself may; of a client's, ZooKeeper reads the whole
		// packet as the path, which is none.
		c = datatree.Change{Type: jute.OpError, Code: jute.BadArguments}
	case f.typ == jute.OpReconfig:
		c = datatree.Change{Type: jute.OpError, Code: s.reconfig(f)}
	default:
		c = s.lead.prep.Validate(zxid, &r)
	}
	s.proposeTxn(zxid, &datatree.Txn{Session: f.session, Cxid: f.xid, Time: s.now(), Change: c})
}

// looksFirst reports whether ZooKeeper looks at a write before it does at the
// session that asks for it.
func looksFirst(typ int32) bool {
	switch typ {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL, jute.OpMulti, jute.OpDeleteContainer, jute.OpReconfig:
		return true
	}
	return false
}

func (s *Server) proposeTxn(zxid int64, x *datatree.Txn) {
	data := x.Encode()
	s.stats.sizes.Made(len(data))
	if got := s.r.Propose(data); got != 0 {
		s.lead.proposed = got
		if got != zxid {
			panic("server: the replicator skipped a zxid")
		}
	}
}

// answer tells the client that asked for a transaction, if it is here, and
// ends the connection of a session that the transaction ended.
func (s *Server) answer(zxid int64, x *datatree.Txn, out *datatree.Outcome) Answer {
	if x.Type == jute.OpCloseSession && s.lead != nil {
		delete(s.lead.Sessions, x.Session)
	}
	if x.Type == jute.OpCreateSession {
		s.upgraded(x.Session)
	}
	c, here := s.bySess[x.Session]
	if !here {
		return NotHere
	}
	cl := s.clients[c]
	if x.Type == jute.OpCreateSession {
		if cl.ready {
			return NotHere
		}
		s.opened(c, true)
		return Answered
	}
	mine := cl.awaits(x)
	if mine && out.Code == jute.SessionMoved {
		s.cut(c)
		return NotHere
	}
	if mine {
		q := cl.pop()
		if q.refused && out.Code != jute.OK {
			out.Code = jute.EphemeralOnLocalSession
		}
		var e jute.Encoder
		encodeOutcome(&e, q.Type, out)
		s.reply(c, &q, zxid, out.Code, &e)
	}
	if x.Type == jute.OpCloseSession {
		s.cut(c)
	} else if mine {
		s.drain(c, cl)
	}
	if !mine {
		return NotHere
	}
	return Answered
}

// awaits reports whether the client waits for the outcome of x and nothing
// before it.
func (cl *client) awaits(x *datatree.Txn) bool {
	return len(cl.queue) > 0 && cl.queue[0].asked && isWrite(cl.queue[0].Type) && cl.queue[0].Xid == x.Cxid
}

// encodeOutcome appends the body of the reply to a write.
func encodeOutcome(e *jute.Encoder, typ int32, out *datatree.Outcome) {
	switch typ {
	case jute.OpCreate:
		e.String(out.Path)
	case jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		e.String(out.Path)
		out.Stat.Encode(e)
	case jute.OpSetData, jute.OpSetACL:
		out.Stat.Encode(e)
	case jute.OpMulti:
		for i := range out.Results {
			r := &out.Results[i]
			if r.Type == jute.OpError {
				multiError(e, r.Code)
				continue
			}
			h := jute.MultiHeader{Type: r.Type}
			if r.Type == jute.OpCreateContainer || r.Type == jute.OpCreateTTL {
				h.Type = jute.OpCreate2
			}
			h.Encode(e)
			encodeOutcome(e, h.Type, r)
		}
		multiEnd(e)
	}
}

// Touched notes what a follower heard.
func (s *Server) Touched(_ ServerID, touches []Touch) {
	if s.lead == nil {
		return
	}
	for _, t := range touches {
		s.lead.Touch(s.h, t.Session, int32(t.Timeout.Milliseconds()), 0, false)
	}
}

// Revalidate moves a session to the server from. If its client has a
// connection here, that one is cut when it is next heard.
func (s *Server) Revalidate(from ServerID, session int64, timeout time.Duration) bool {
	return s.lead != nil && s.lead.Touch(s.h, session, int32(timeout.Milliseconds()), from, true)
}
