// Package packet makes packets of ZooKeeper's client port from the operations
// of coord, and results of coord from the packets that answer them: what a
// client library does between its caller and its connection.
package packet

import (
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/sim/zk/jute"
)

// open is the ACL of everything that is created: anybody may do anything.
var open = []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "world", ID: "anyone"}}}

func begin(xid, op int32, room int) *jute.Encoder {
	e := &jute.Encoder{Buf: make([]byte, 0, 8+room)}
	e.Int(xid)
	e.Int(op)
	return e
}

// Connect is the first packet of a connection: it opens a session, or
// continues one. A password that is empty is sixteen zeros.
func Connect(r jute.ConnectRequest) jute.Frame {
	if len(r.Password) == 0 {
		r.Password = make([]byte, 16)
	}
	e := jute.Encoder{Buf: make([]byte, 0, 48)}
	r.Encode(&e)
	return jute.Frame{Data: e.Buf}
}

// ping never changes, so there is one.
var ping = jute.Frame{Data: begin(jute.XidPing, jute.OpPing, 0).Buf}

// Ping keeps a session alive.
func Ping() jute.Frame { return ping }

// Close ends a session.
func Close(xid int32) jute.Frame { return jute.Frame{Data: begin(xid, jute.OpCloseSession, 0).Buf} }

// SetWatches sets the watches of a session again on a new connection. What
// changed after zxid fires at once.
func SetWatches(zxid int64, data, exist, child []string) jute.Frame {
	e := begin(jute.XidSetWatches, jute.OpSetWatches, 64)
	(&jute.SetWatches{Zxid: zxid, Data: data, Exist: exist, Child: child}).Encode(e)
	return jute.Frame{Data: e.Buf}
}

// types are ZooKeeper's numbers of coord's operations, as go-zookeeper sends
// them.
var types = map[coord.Kind]int32{
	coord.Create: jute.OpCreate, coord.Delete: jute.OpDelete, coord.Set: jute.OpSetData, coord.Get: jute.OpGetData,
	coord.Exists: jute.OpExists, coord.Children: jute.OpGetChildren2, coord.Check: jute.OpCheck,
	coord.Multi: jute.OpMulti, coord.Sync: jute.OpSync,
}

// typeOf is the number of an operation: a container's creation has its own.
func typeOf(op *coord.Op) int32 {
	if op.Kind == coord.Create && op.Mode == coord.Container {
		return jute.OpCreateContainer
	}
	return types[op.Kind]
}

// Request asks for an operation. Its tag stays here.
func Request(xid int32, op *coord.Op, watch bool) jute.Frame {
	e := begin(xid, typeOf(op), 64+len(op.Path)+len(op.Data)+96*len(op.Ops))
	switch op.Kind {
	case coord.Multi:
		for i := range op.Ops {
			part := opOf(&op.Ops[i], false)
			(&jute.MultiHeader{Type: part.Type, Err: -1}).Encode(e)
			part.Encode(e)
		}
		(&jute.MultiHeader{Type: -1, Done: true, Err: -1}).Encode(e)
	case coord.Sync:
		e.String(op.Path)
	default:
		part := opOf(op, watch)
		part.Encode(e)
	}
	return jute.Frame{Data: e.Buf}
}

func opOf(op *coord.Op, watch bool) jute.Op {
	return jute.Op{
		Type: typeOf(op), Path: op.Path, Data: op.Data, ACL: open, Flags: int32(op.Mode), Version: op.Version, Watch: watch,
	}
}

// Kind is the operation of coord that a number of ZooKeeper's means; 0 if none
// does.
func Kind(op int32) coord.Kind {
	switch op {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		return coord.Create
	case jute.OpDelete, jute.OpDeleteContainer:
		return coord.Delete
	case jute.OpSetData:
		return coord.Set
	case jute.OpCheck:
		return coord.Check
	case jute.OpMulti:
		return coord.Multi
	}
	return 0
}

// Opened takes the answer to Connect. It fails if f is none.
func Opened(f jute.Frame) (jute.ConnectResponse, error) {
	var r jute.ConnectResponse
	d := jute.NewDecoder(f.Data)
	r.Decode(d)
	return r, d.Err()
}

// Header takes the header of a packet to the client, and returns what follows.
func Header(f jute.Frame) (jute.ReplyHeader, *jute.Decoder) {
	var h jute.ReplyHeader
	d := jute.NewDecoder(f.Data)
	h.Decode(d)
	return h, d
}

// Event takes a watch event, which follows a header with the xid of a
// notification.
func Event(d *jute.Decoder) (coord.Event, error) {
	var w jute.WatchEvent
	w.Decode(d)
	return coord.Event{Type: coord.EventType(w.Type), Path: w.Path}, d.Err()
}

// Result takes the answer to an operation into r, which is empty. It fails if
// the answer is not one to that operation.
func Result(kind coord.Kind, h jute.ReplyHeader, d *jute.Decoder, r *coord.Result) error {
	r.Zxid = h.Zxid
	if r.Err = Err(h.Err); r.Err != nil {
		return nil
	}
	switch kind {
	case coord.Create:
		r.Path = d.String()
	case coord.Set, coord.Exists:
		r.Stat = stat(d)
	case coord.Get:
		r.Data, r.Stat = d.Buffer(), stat(d)
	case coord.Children:
		r.Children, r.Stat = d.Strings(), stat(d)
		slices.Sort(r.Children)
	case coord.Sync:
		r.Path = d.String()
	case coord.Multi:
		multi(d, r)
	default:
	}
	return d.Err()
}

// multi takes the answers to the operations of a multi. Of one that failed,
// the operation that did has its own error and all others were rolled back.
func multi(d *jute.Decoder, r *coord.Result) {
	for {
		var h jute.MultiHeader
		h.Decode(d)
		if h.Done || d.Err() != nil {
			break
		}
		part := coord.Result{}
		switch h.Type {
		case jute.OpError:
			if code := jute.Code(d.Int()); code == jute.OK || code == jute.RuntimeInconsistency {
				part.Err = coord.ErrRolledBack
			} else {
				part.Err = Err(code)
				r.Err = part.Err
			}
		case jute.OpCreate:
			part.Path = d.String()
		case jute.OpCreate2:
			part.Path, part.Stat = d.String(), stat(d)
		case jute.OpSetData:
			part.Stat = stat(d)
		}
		r.Results = append(r.Results, part)
	}
}

func stat(d *jute.Decoder) coord.Stat {
	var s jute.Stat
	s.Decode(d)
	return coord.Stat{
		Czxid: s.Czxid, Mzxid: s.Mzxid, Pzxid: s.Pzxid, Ctime: s.Ctime, Mtime: s.Mtime,
		Version: s.Version, Cversion: s.Cversion, Aversion: s.Aversion,
		EphemeralOwner: s.EphemeralOwner, DataLength: s.DataLength, NumChildren: s.NumChildren,
	}
}

// Err is the error of coord that a code means; nil for OK. A code that coord
// has no error for is an error of its own.
func Err(code jute.Code) error {
	switch code {
	case jute.OK:
		return nil
	case jute.RuntimeInconsistency:
		return coord.ErrRolledBack
	case jute.BadArguments:
		return coord.ErrBadArguments
	case jute.NoNode:
		return coord.ErrNoNode
	case jute.BadVersion:
		return coord.ErrBadVersion
	case jute.NoChildrenForEphemerals:
		return coord.ErrNoChildrenForEphemerals
	case jute.NodeExists:
		return coord.ErrNodeExists
	case jute.NotEmpty:
		return coord.ErrNotEmpty
	case jute.SessionExpired:
		return coord.ErrExpired
	}
	return code
}
