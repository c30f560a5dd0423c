// Package commits is what the servers of an ensemble have applied, told once:
// whose session each transaction was, and which of a master's writes.
package commits

import (
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/sim/zk"
	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/packet"
	"github.com/simctl/simctl/sim/zk/server"
)

// A Log is what an ensemble has committed so far. Its functions must be set.
type Log struct {
	// OwnerOf is the process that asked for a session; "" if nobody knows it.
	OwnerOf func(session int64) string
	// Committed is told each transaction that changed something, in their order.
	// Its lists are valid during the call.
	Committed func(zk.Commit)
	// Session is told the sessions that transactions begin and end.
	Session func(zk.SessionEvent)

	told   int64            // zxid of the last transaction that was told
	owners map[int64]string // processes, by their sessions
	tags   map[request]coord.Tag

	ops, paths []string // scratch of Applied
	decoded    [64]decoded
}

// decoded is a transaction as a server decoded it last; the others that apply
// the same bytes share it.
type decoded struct {
	data []byte
	x    *datatree.Txn
}

// request is one operation that a client sent. Its tag does not travel, so it
// is kept here until the operation's transaction is applied.
type request struct {
	session int64
	xid     int32
}

// New returns a log of nothing.
func New() *Log { return &Log{owners: map[int64]string{}, tags: map[request]coord.Tag{}} }

// Alive reports whether a session has begun and not ended.
func (l *Log) Alive(session int64) bool {
	_, alive := l.owners[session]
	return alive
}

// Sent is told what a client asks for.
func (l *Log) Sent(session int64, xid int32, op *coord.Op) {
	if op.Tag != (coord.Tag{}) {
		l.tags[request{session, xid}] = op.Tag
	}
}

// Applied is told every transaction by every server. The first to apply it
// tells it on; all apply the same, in the same order.
func (l *Log) Applied(zxid int64, x *datatree.Txn) {
	if zxid <= l.told {
		return
	}
	l.told = zxid
	at := request{x.Session, x.Cxid}
	tag := l.tags[at]
	delete(l.tags, at)
	if x.Type == jute.OpError || x.MultiErr {
		return // it consumed a zxid and changed nothing
	}
	if x.Type == jute.OpCreateSession {
		l.owners[x.Session] = l.OwnerOf(x.Session)
	}
	c := zk.Commit{Zxid: zxid, Session: x.Session, Owner: l.owners[x.Session], Tag: tag}
	c.Ops, c.Paths = l.ops[:0], l.paths[:0]
	c.Ops, c.Paths = appendChange(c.Ops, c.Paths, &x.Change)
	for i := range x.Multi {
		c.Ops, c.Paths = appendChange(c.Ops, c.Paths, &x.Multi[i])
	}
	l.ops, l.paths = c.Ops, c.Paths
	l.Committed(c)
	l.session(x)
}

// session tells of the session that a transaction began or ended.
func (l *Log) session(x *datatree.Txn) {
	s := zk.SessionEvent{Session: x.Session, Owner: l.owners[x.Session]}
	switch x.Type {
	case jute.OpCreateSession:
		s.Up = true
	case jute.OpCloseSession:
		s.Why = "closed"
		if x.Cxid == 0 {
			s.Why = "expired"
		}
	default:
		return
	}
	l.Session(s)
	if !s.Up {
		delete(l.owners, x.Session)
	}
}

// Decode decodes a transaction, once for all servers that were sent the same
// bytes.
func (l *Log) Decode(t server.Txn) (*datatree.Txn, error) {
	d := &l.decoded[t.Zxid&63]
	if n := len(t.Data); n > 0 && n == len(d.data) && &t.Data[0] == &d.data[0] {
		return d.x, nil
	}
	x, err := datatree.DecodeTxn(t.Data)
	*d = decoded{t.Data, &x}
	return &x, err
}

// appendChange appends what a change does, and to which paths.
func appendChange(ops, paths []string, c *datatree.Change) ([]string, []string) {
	switch c.Type {
	case jute.OpMulti:
	case jute.OpCreateSession:
		ops = append(ops, "createSession")
	case jute.OpCloseSession:
		if len(c.Paths) == 0 {
			ops = append(ops, "closeSession")
		}
		for _, path := range c.Paths {
			ops, paths = append(ops, coord.Delete.String()), append(paths, path)
		}
	default:
		ops, paths = append(ops, packet.Kind(c.Type).String()), append(paths, c.Path)
	}
	return ops, paths
}
