// Package proto is the messages between the clients of a simulated ZooKeeper at
// the grain of a service and its servers' endpoints.
package proto

import (
	"fmt"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// A ConnectRequest opens a session, or continues one, on a new connection.
type ConnectRequest struct {
	Session  int64  // 0 for a new one
	Password uint64 // of the session to continue
	Timeout  int64  // asked for, nanoseconds
	LastZxid int64  // the last the client saw
	Owner    string // the process, for who watches; the service ignores it
}

// A ConnectResponse answers a [ConnectRequest]. A Timeout of 0 says that there
// is no such session (any more).
type ConnectResponse struct {
	Session  int64
	Password uint64
	Timeout  int64 // granted, nanoseconds
}

// A Request carries one operation.
type Request struct {
	Xid   int64
	Op    coord.Op // its Tag travels beside, for who watches
	Watch bool     // leave a watch
}

// A Reply answers a [Request]. Err is an index into the errors of coord.
type Reply struct {
	Xid      int64
	Zxid     int64
	Err      Code
	Path     string
	Data     []byte
	Stat     coord.Stat
	Children []string
	Results  []Part
}

// A Part answers one operation of a multi.
type Part struct {
	Err  Code
	Path string
	Stat coord.Stat
}

// A WatchEvent tells that a watch fired. It is sent before any reply that
// shows the change.
type WatchEvent struct {
	Type coord.EventType
	Path string
}

// A Ping keeps a session alive.
type Ping struct{}

// A Pong answers a [Ping]. It says nothing about the session: a server that
// has lost the others answers for a while.
type Pong struct{}

// A SetWatches sets the watches of a session again on a new connection. What
// changed after Zxid fires at once.
type SetWatches struct {
	Zxid              int64
	Data, Exist, Kids []string // sorted
}

// A CloseSession ends a session.
type CloseSession struct{}

// A SessionClosed answers a [CloseSession].
type SessionClosed struct{}

// A Code is one of coord's errors on the wire, with ZooKeeper's numbers where
// it has them. 0 is none.
type Code int32

// codes pairs every error that a server answers with its number.
var codes = [...]struct {
	code Code
	err  error
}{
	{-2, coord.ErrRolledBack},
	{-8, coord.ErrBadArguments},
	{-101, coord.ErrNoNode},
	{-103, coord.ErrBadVersion},
	{-108, coord.ErrNoChildrenForEphemerals},
	{-110, coord.ErrNodeExists},
	{-111, coord.ErrNotEmpty},
}

// CodeOf is the number of an error that a server answers, 0 for nil; -1, which
// Cause takes for bad arguments, for any other.
func CodeOf(err error) Code {
	if err == nil {
		return 0
	}
	for i := range codes {
		if codes[i].err == err {
			return codes[i].code
		}
	}
	return -1
}

// Cause is the error behind the number; nil for 0.
func (c Code) Cause() error {
	if c == 0 {
		return nil
	}
	for i := range codes {
		if codes[i].code == c {
			return codes[i].err
		}
	}
	return coord.ErrBadArguments
}

// ReplyOf packs a result.
func ReplyOf(xid int64, r *coord.Result) *Reply {
	m := &Reply{
		Xid: xid, Zxid: r.Zxid, Err: CodeOf(r.Err), Path: r.Path, Data: r.Data, Stat: r.Stat, Children: r.Children,
	}
	if len(r.Results) > 0 {
		m.Results = make([]Part, len(r.Results))
		for i := range r.Results {
			m.Results[i] = Part{CodeOf(r.Results[i].Err), r.Results[i].Path, r.Results[i].Stat}
		}
	}
	return m
}

// Unpack turns a reply into a result.
func (m *Reply) Unpack(r *coord.Result) {
	*r = coord.Result{
		Err: m.Err.Cause(), Path: m.Path, Data: m.Data, Stat: m.Stat, Children: m.Children, Zxid: m.Zxid,
	}
	if len(m.Results) > 0 {
		r.Results = make([]coord.Result, len(m.Results))
		for i := range m.Results {
			r.Results[i] = coord.Result{Err: m.Results[i].Err.Cause(), Path: m.Results[i].Path, Stat: m.Results[i].Stat}
		}
	}
}

// Name implements [host.Message].
func (ConnectRequest) Name() string { return "zk connect" }

// Name implements [host.Message].
func (ConnectResponse) Name() string { return "zk connected" }

var requestNames = [...]string{
	"zk ?", "zk create", "zk delete", "zk set", "zk get", "zk exists", "zk children", "zk check", "zk multi", "zk sync",
}

// Name implements [host.Message].
func (m *Request) Name() string {
	if int(m.Op.Kind) < len(requestNames) {
		return requestNames[m.Op.Kind]
	}
	return requestNames[0]
}

// Name implements [host.Message].
func (*Reply) Name() string { return "zk reply" }

// Name implements [host.Message].
func (WatchEvent) Name() string { return "zk watch" }

// Name implements [host.Message].
func (Ping) Name() string { return "zk ping" }

// Name implements [host.Message].
func (Pong) Name() string { return "zk pong" }

// Name implements [host.Message].
func (*SetWatches) Name() string { return "zk set watches" }

// Name implements [host.Message].
func (CloseSession) Name() string { return "zk close" }

// Name implements [host.Message].
func (SessionClosed) Name() string { return "zk closed" }

// Digest implements [host.Message].
func (m ConnectRequest) Digest(d *host.Digest) {
	d.Int(m.Session)
	d.Uint(m.Password)
	d.Int(m.Timeout)
	d.Int(m.LastZxid)
	d.Str(m.Owner)
}

// Digest implements [host.Message].
func (m ConnectResponse) Digest(d *host.Digest) {
	d.Int(m.Session)
	d.Uint(m.Password)
	d.Int(m.Timeout)
}

// Digest implements [host.Message].
func (m *Request) Digest(d *host.Digest) {
	d.Int(m.Xid)
	DigestOp(d, &m.Op)
	d.Bool(m.Watch)
}

// DigestOp writes an operation without its tag, which no behaviour depends on.
func DigestOp(d *host.Digest, op *coord.Op) {
	d.Uint(uint64(op.Kind)<<40 | uint64(op.Mode)<<32 | uint64(uint32(op.Version)))
	d.Str(op.Path)
	d.Bytes(op.Data)
	d.Uint(uint64(len(op.Ops)))
	for i := range op.Ops {
		DigestOp(d, &op.Ops[i])
	}
}

// Digest implements [host.Message].
func (m *Reply) Digest(d *host.Digest) {
	d.Int(m.Xid)
	d.Int(m.Zxid)
	d.Int(int64(m.Err))
	d.Str(m.Path)
	d.Bytes(m.Data)
	digestStat(d, &m.Stat)
	digestStrings(d, m.Children)
	d.Uint(uint64(len(m.Results)))
	for i := range m.Results {
		d.Int(int64(m.Results[i].Err))
		d.Str(m.Results[i].Path)
		digestStat(d, &m.Results[i].Stat)
	}
}

func digestStat(d *host.Digest, s *coord.Stat) {
	for _, x := range [...]int64{
		s.Czxid, s.Mzxid, s.Pzxid, s.Ctime, s.Mtime, int64(s.Version), int64(s.Cversion), int64(s.Aversion),
		s.EphemeralOwner, int64(s.DataLength), int64(s.NumChildren),
	} {
		d.Int(x)
	}
}

func digestStrings(d *host.Digest, ss []string) {
	d.Uint(uint64(len(ss)))
	for _, s := range ss {
		d.Str(s)
	}
}

// Digest implements [host.Message].
func (m WatchEvent) Digest(d *host.Digest) {
	d.Uint(uint64(m.Type))
	d.Str(m.Path)
}

// Digest implements [host.Message].
func (Ping) Digest(*host.Digest) {}

// Digest implements [host.Message].
func (Pong) Digest(*host.Digest) {}

// Digest implements [host.Message].
func (m *SetWatches) Digest(d *host.Digest) {
	d.Int(m.Zxid)
	digestStrings(d, m.Data)
	digestStrings(d, m.Exist)
	digestStrings(d, m.Kids)
}

// Digest implements [host.Message].
func (CloseSession) Digest(*host.Digest) {}

// Digest implements [host.Message].
func (SessionClosed) Digest(*host.Digest) {}

// String is the request in traces.
func (m *Request) String() string {
	s := fmt.Sprintf("#%d %s", m.Xid, m.Op.Kind)
	if m.Op.Path != "" {
		s += " " + m.Op.Path
	}
	for i := range m.Op.Ops {
		s += fmt.Sprintf(" [%s %s]", m.Op.Ops[i].Kind, m.Op.Ops[i].Path)
	}
	if m.Watch {
		s += " watch"
	}
	return s
}

// String is the reply in traces.
func (m *Reply) String() string {
	s := fmt.Sprintf("#%d zxid %#x", m.Xid, m.Zxid)
	if m.Path != "" {
		s += " " + m.Path
	}
	if m.Err != 0 {
		s += ": " + m.Err.Cause().Error()
	}
	return s
}
