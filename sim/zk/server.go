package zk

import (
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/zk/proto"
)

// looking is what a server follows that follows nobody.
const looking = -1

// server is one endpoint of the service.
type server struct {
	s         *Service
	i         int
	cfg       Server
	actor     kernel.ActorID
	inc       uint32
	end       network.End
	gen       uint64 // counts starts and stops
	up        bool
	paused    bool
	following int   // the leader it believes in, itself if it leads, or looking
	heard     int64 // when it and its leader last heard of each other
	conns     []*conn
}

// alive reports whether the server's program runs now.
func (sv *server) alive() bool { return sv.up && !sv.paused }

// conn is one client's connection at its server.
type conn struct {
	sv         *server
	id         host.ConnID
	se         *session       // nil before the handshake
	data, kids table          // watches
	held       []host.Message // wait for the quorum, in order
	late       []host.Message // watch events that the server has not learned of
	gone       bool
}

// pending is a write that waited at a leader without a quorum when its client's
// connection ended. It is in the leader's log.
type pending struct {
	se *session
	op coord.Op
}

// Handle implements kernel.Handler: what clients do.
func (sv *server) Handle(e *kernel.Event) {
	if !sv.s.net.Arrive(e) {
		return
	}
	id := host.ConnID(e.A)
	if e.Kind == kernel.Accepted {
		sv.conns = append(sv.conns, &conn{sv: sv, id: id})
		return
	}
	i := slices.IndexFunc(sv.conns, func(c *conn) bool { return c.id == id })
	if i < 0 {
		return
	}
	c := sv.conns[i]
	if e.Kind == kernel.Hangup {
		c.drop()
		return
	}
	c.receive(e.V.(host.Message))
}

// receive carries a message out, or holds it behind one that waits.
func (c *conn) receive(m host.Message) {
	if len(c.held) > 0 || !c.serve(m) {
		c.held = append(c.held, m)
	}
}

// waits reports whether something waits on the connection.
func (c *conn) waits() bool { return len(c.late) > 0 || len(c.held) > 0 }

// release carries out what waited and need not wait any more.
func (s *Service) release() {
	for _, sv := range s.servers {
		if !sv.alive() {
			continue
		}
		if !slices.ContainsFunc(sv.conns, (*conn).waits) {
			continue
		}
		for _, c := range slices.Clone(sv.conns) {
			if len(c.late) > 0 && s.touches(sv) {
				c.catchUp()
			}
			for len(c.held) > 0 && !c.gone && c.serve(c.held[0]) {
				if len(c.held) > 0 {
					c.held = c.held[1:]
				}
			}
		}
	}
}

// serve carries a message out. It returns false if that has to wait until the
// server has a leader with a quorum.
func (c *conn) serve(m host.Message) bool {
	s := c.sv.s
	if c.sv.following == looking {
		c.close() // accepted by the machine, refused by the server
		return true
	}
	if m, ok := m.(proto.ConnectRequest); ok {
		return c.connect(m)
	}
	_, ping := m.(proto.Ping)
	switch {
	case c.se == nil:
		c.close()
		return true
	case !s.touches(c.sv):
		// It cannot know what has become of the session, and says it is well.
		if ping {
			c.send(proto.Pong{})
		}
		return ping
	case c.se.dead || c.se.conn != c:
		c.close() // the session ended, or moved on to another connection
		return true
	}
	s.touch(c.se)
	if ping {
		c.send(proto.Pong{})
		return true
	}
	if !s.able(c.sv) {
		return false
	}
	c.catchUp()
	switch m := m.(type) {
	case *proto.Request:
		c.request(m)
	case *proto.SetWatches:
		c.setWatches(m)
	case proto.CloseSession:
		s.end(c.se, "closed")
		c.send(proto.SessionClosed{})
		c.close()
	}
	return true
}

func (c *conn) request(m *proto.Request) {
	s := c.sv.s
	var r coord.Result
	switch {
	case !validPath(m.Op.Path, m.Op.Kind == coord.Create && m.Op.Mode&coord.PersistentSequential != 0) && m.Op.Kind != coord.Multi:
		// Clients refuse it before they send it: it costs no transaction.
		r.Err = coord.ErrBadArguments
	case m.Op.Kind == coord.Get || m.Op.Kind == coord.Exists || m.Op.Kind == coord.Children || m.Op.Kind == coord.Sync:
		r = s.tree.read(s.zxid(), &m.Op)
		if m.Watch {
			c.watch(&m.Op, r.Err)
		}
	case m.Op.Kind == coord.Check || m.Op.Kind == 0 || m.Op.Kind > coord.Sync:
		r.Err = coord.ErrBadArguments
	default:
		r = s.write(c.se, &m.Op)
	}
	c.send(proto.ReplyOf(m.Xid, &r))
}

// connect opens or continues a session. Both need the leader.
func (c *conn) connect(m proto.ConnectRequest) bool {
	s := c.sv.s
	if !s.able(c.sv) {
		return false
	}
	var se *session
	if m.Session == 0 {
		se = s.open(c.sv, m)
	} else if se = s.find(m.Session); se == nil || se.password != m.Password {
		c.send(proto.ConnectResponse{})
		c.close()
		return true
	}
	if old := se.conn; old != nil && s.touches(old.sv) {
		old.close()
	}
	se.conn, c.se = c, se
	se.timeout = s.clamp(m.Timeout)
	c.data, c.kids = table{}, table{}
	s.touch(se)
	c.send(proto.ConnectResponse{Session: se.id, Password: se.password, Timeout: se.timeout})
	return true
}

func (c *conn) send(m host.Message) {
	if !c.gone {
		c.sv.s.net.Send(c.sv.end, c.id, m)
	}
}

// close ends the connection from the server's side.
func (c *conn) close() {
	if !c.gone {
		c.sv.s.net.Close(c.sv.end, c.id)
		c.drop()
	}
}

// drop forgets the connection and its watches.
func (c *conn) drop() {
	if c.gone {
		return
	}
	c.log()
	c.gone, c.held, c.late = true, nil, nil
	if c.se != nil && c.se.conn == c {
		c.se.conn = nil
	}
	c.data, c.kids = nil, nil
	c.sv.conns = slices.DeleteFunc(c.sv.conns, func(o *conn) bool { return o == c })
}

// log leaves the writes that wait on a connection in the leader's log, if they
// have reached it.
func (c *conn) log() {
	s := c.sv.s
	if len(c.held) == 0 || c.se == nil || c.sv.i != s.leader && !s.touches(c.sv) {
		return
	}
	for _, m := range c.held {
		if m, ok := m.(*proto.Request); ok && isWrite(&m.Op) {
			s.logged = append(s.logged, pending{c.se, m.Op})
		}
	}
}

// dropAll closes every connection of a server.
func (sv *server) dropAll() {
	for _, c := range slices.Clone(sv.conns) {
		c.close()
	}
}

func isWrite(op *coord.Op) bool {
	switch op.Kind {
	case coord.Create, coord.Delete, coord.Set, coord.Multi:
		return true
	default:
		return false
	}
}
