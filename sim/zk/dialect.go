package zk

import (
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/packet"
	"github.com/simctl/simctl/sim/zk/proto"
)

// A client speaks one of two dialects: the messages of proto.go with the
// service, and ZooKeeper's packets with servers that are processes. Only this
// file knows the second.

// say sends a message in the dialect of the client.
func (l *link) say(m host.Message) {
	l.spoke = l.c.k.Now()
	if l.cut() {
		l.deaf = true
		return
	}
	if l.c.cfg.Wire {
		m = l.packet(m)
	}
	l.c.net.Send(l.c.end, l.conn, m)
}

// packet is a message as a packet.
func (l *link) packet(m host.Message) host.Message {
	switch m := m.(type) {
	case proto.ConnectRequest:
		return packet.Connect(jute.ConnectRequest{
			LastZxidSeen: m.LastZxid, Timeout: int32(m.Timeout / millisecond), Session: m.Session, Password: l.secret,
			HasReadOnly: l.c.cfg.Profile == Curator,
		})
	case proto.Ping:
		return packet.Ping()
	case *proto.SetWatches:
		l.watching = true
		return packet.SetWatches(m.Zxid, m.Data, m.Exist, m.Kids)
	case proto.CloseSession:
		l.xid++
		l.closing = l.xid
		return packet.Close(int32(l.xid))
	case *proto.Request:
		if l.c.cfg.Sent != nil {
			l.c.cfg.Sent(l.id, int32(m.Xid), &m.Op)
		}
		return packet.Request(int32(m.Xid), &m.Op, m.Watch)
	}
	return m
}

// unpack carries out a packet of the server. One that does not decode ends the
// connection.
func (l *link) unpack(f jute.Frame) {
	if l.phase == shaking {
		r, err := packet.Opened(f)
		if err != nil {
			l.giveUp()
			return
		}
		l.secret = r.Password
		l.granted(proto.ConnectResponse{Session: r.Session, Timeout: int64(r.Timeout) * millisecond})
		return
	}
	h, d := packet.Header(f)
	switch {
	case d.Err() != nil:
		l.giveUp()
	case h.Xid == jute.XidPing:
	case h.Xid == jute.XidNotification:
		e, err := packet.Event(d)
		if err != nil {
			l.giveUp()
			return
		}
		l.fired(e)
	case l.closing != 0 && h.Xid == int32(l.closing):
		l.forget()
	default:
		i := l.match(h.Xid, h.Zxid)
		if i < 0 || l.loses(i) {
			return
		}
		r := l.c.result()
		if packet.Result(l.out[i].op.Kind, h, d, r) != nil {
			l.giveUp()
			return
		}
		l.settle(i, r)
	}
}

// giveUp ends a connection that carries nonsense.
func (l *link) giveUp() {
	l.hangUp()
	l.lost()
}

// legal is what the client checks before it sends an operation.
func legal(op *coord.Op) bool {
	switch op.Kind {
	case coord.Multi:
		return true
	case coord.Check, 0:
		return false
	}
	sequential := op.Kind == coord.Create && op.Mode&coord.PersistentSequential != 0
	return op.Kind <= coord.Sync && op.Mode <= coord.Container && validPath(op.Path, sequential)
}
