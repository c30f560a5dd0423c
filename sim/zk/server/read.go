package server

import (
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/jute"
)

// identify returns who a client says it is, or false if the server cannot
// tell. The scheme ip says only what the connection shows already.
func identify(cl *client, a *jute.Auth) (jute.ID, bool) {
	switch a.Scheme {
	case "digest":
		return datatree.DigestID(string(a.Auth)), true
	case "ip":
		return cl.who[0], true
	}
	return jute.ID{}, false
}

// reply sends a reply and counts how long it took.
func (s *Server) reply(c host.ConnID, q *request, zxid int64, code jute.Code, body *jute.Encoder) {
	size := 16
	if body != nil {
		size += len(body.Buf)
	}
	e := jute.Encoder{Buf: make([]byte, 0, size)}
	h := jute.ReplyHeader{Xid: q.Xid, Zxid: zxid, Err: code}
	if q.Type == jute.OpPing {
		h.Xid = jute.XidPing
	}
	h.Encode(&e)
	if code == jute.OK && body != nil {
		e.Buf = append(e.Buf, body.Buf...)
	}
	now := int64(s.h.Mono())
	s.stats.latency.Took(now - q.at)
	if cl := s.clients[c]; cl != nil {
		cl.done.Answered(q.Type, q.Xid, zxid, now, now-q.at)
	}
	s.send(c, e.Buf)
}

// read answers what needs no transaction.
func (s *Server) read(c host.ConnID, cl *client, q *request) {
	d, e := jute.NewDecoder(q.body), &jute.Encoder{}
	code, known := s.readTree(c, cl, q, d, e)
	if !known {
		code, known = s.readSession(c, cl, q, d, e)
	}
	switch {
	case !known:
		s.reply(c, q, -1, jute.Unimplemented, nil)
		s.cut(c)
	case d.Err() != nil:
		s.reply(c, q, s.tree.Zxid(), jute.MarshallingError, nil)
	default:
		s.reply(c, q, s.tree.Zxid(), code, e)
	}
}

// readTree answers the operations that read znodes.
func (s *Server) readTree(c host.ConnID, cl *client, q *request, d *jute.Decoder, e *jute.Encoder) (code jute.Code, known bool) {
	op := jute.Op{Type: q.Type}
	switch q.Type {
	case jute.OpExists, jute.OpGetData, jute.OpGetChildren, jute.OpGetChildren2, jute.OpGetACL, jute.OpGetAllChildren, jute.OpMultiRead:
	default:
		return 0, false
	}
	if q.Type == jute.OpMultiRead {
		s.multiRead(cl, jute.DecodeMulti(d, true), e)
		return 0, true
	}
	if op.Decode(d); d.Err() != nil {
		return 0, true
	}
	var st jute.Stat
	switch q.Type {
	case jute.OpExists:
		var ok bool
		if strings.IndexByte(op.Path, 0) >= 0 {
			return jute.BadArguments, true
		}
		if st, ok = s.tree.Exists(op.Path); !ok {
			code = jute.NoNode
		}
		if op.Watch {
			s.watches.Data(op.Path, c)
		}
		st.Encode(e)
	case jute.OpGetACL:
		var acl []jute.ACL
		acl, st, code = s.tree.ACL(op.Path, cl.who)
		jute.EncodeACL(e, acl)
		st.Encode(e)
	case jute.OpGetAllChildren:
		var n int32
		n, code = s.tree.Descendants(op.Path, cl.who)
		e.Int(n)
	case jute.OpGetData:
		code = s.readOne(cl, &op, e)
		if op.Watch && code == jute.OK {
			s.watches.Data(op.Path, c)
		}
	default:
		code = s.readOne(cl, &op, e)
		if op.Watch && code == jute.OK {
			s.watches.Child(op.Path, c)
		}
	}
	return code, true
}

// readOne appends a znode's data or its children.
func (s *Server) readOne(cl *client, op *jute.Op, e *jute.Encoder) jute.Code {
	if op.Type == jute.OpGetData {
		data, st, code := s.tree.Get(op.Path, cl.who)
		if code == jute.OK {
			e.Buffer(data)
			st.Encode(e)
		}
		return code
	}
	kids, st, code := s.tree.Children(op.Path, cl.who)
	if code == jute.OK {
		e.Strings(kids)
		if op.Type == jute.OpGetChildren2 {
			st.Encode(e)
		}
	}
	return code
}

func (s *Server) multiRead(cl *client, ops []jute.Op, e *jute.Encoder) {
	for i := range ops {
		var body jute.Encoder
		if code := s.readOne(cl, &ops[i], &body); code != jute.OK {
			multiError(e, code)
			continue
		}
		(&jute.MultiHeader{Type: ops[i].Type}).Encode(e)
		e.Buf = append(e.Buf, body.Buf...)
	}
	multiEnd(e)
}

func multiError(e *jute.Encoder, code jute.Code) {
	(&jute.MultiHeader{Type: jute.OpError, Err: int32(code)}).Encode(e)
	e.Int(int32(code))
}

func multiEnd(e *jute.Encoder) { (&jute.MultiHeader{Type: -1, Done: true, Err: -1}).Encode(e) }

// readSession answers what concerns the session and its watches.
func (s *Server) readSession(c host.ConnID, cl *client, q *request, d *jute.Decoder, e *jute.Encoder) (code jute.Code, known bool) {
	var pm jute.PathMode
	switch q.Type {
	case jute.OpPing:
	case jute.OpReconfig: // one that does not decode
		code = jute.MarshallingError
	case jute.OpSync:
		e.String(d.String())
	case jute.OpSetWatches, jute.OpSetWatches2:
		w := jute.SetWatches{Two: q.Type == jute.OpSetWatches2}
		if w.Decode(d); d.Err() == nil {
			s.setWatches(c, &w)
		}
	case jute.OpAddWatch:
		if pm.Decode(d); pm.Mode != jute.AddPersistent && pm.Mode != jute.AddRecursive {
			return jute.MarshallingError, true
		}
		if d.Err() == nil {
			s.watches.Persist(pm.Path, c, pm.Mode == jute.AddRecursive)
		}
		e.Int(0)
	case jute.OpCheckWatches:
		if pm.Decode(d); !isWatcher(pm.Mode) {
			return jute.MarshallingError, true
		}
		code = s.watches.Has(pm.Path, pm.Mode)
	case jute.OpRemoveWatches:
		if pm.Decode(d); !isWatcher(pm.Mode) {
			return jute.MarshallingError, true
		}
		if d.Err() == nil && !s.watches.Remove(pm.Path, c, pm.Mode) {
			code = jute.NoWatcher
		}
	case jute.OpGetEphemerals:
		prefix := d.String()
		if bare := strings.Trim(prefix, " \t\r\n"); bare == "/" || bare == "" {
			prefix = ""
		}
		e.Strings(s.tree.EphemeralsOf(cl.session, prefix))
	case jute.OpWhoAmI:
		ids := make([]jute.ID, len(cl.who))
		for i, id := range cl.who {
			if id.Scheme == "digest" {
				id.ID, _, _ = strings.Cut(id.ID, ":")
			}
			ids[i] = id
		}
		jute.EncodeIDs(e, ids)
	case jute.OpSASL:
		e.Buffer([]byte{})
	default:
		return 0, false
	}
	return code, true
}

// isWatcher reports whether a kind of watch is one.
func isWatcher(kind int32) bool {
	return kind == jute.WatcherChildren || kind == jute.WatcherData || kind == jute.WatcherAny
}

// setWatches re-arms the watches that a client had on another connection, and
// fires those whose event it has missed.
func (s *Server) setWatches(c host.ConnID, w *jute.SetWatches) {
	for _, path := range w.Data {
		switch st, ok := s.tree.Exists(path); {
		case !ok:
			s.notify(c, jute.EventDeleted, path)
		case st.Mzxid > w.Zxid:
			s.notify(c, jute.EventDataChanged, path)
		default:
			s.watches.Data(path, c)
		}
	}
	for _, path := range w.Exist {
		if _, ok := s.tree.Exists(path); ok {
			s.notify(c, jute.EventCreated, path)
		} else {
			s.watches.Data(path, c)
		}
	}
	for _, path := range w.Child {
		switch st, ok := s.tree.Exists(path); {
		case !ok:
			s.notify(c, jute.EventDeleted, path)
		case st.Pzxid > w.Zxid:
			s.notify(c, jute.EventChildrenChanged, path)
		default:
			s.watches.Child(path, c)
		}
	}
	for _, path := range w.Persistent {
		s.watches.Persist(path, c, false)
	}
	for _, path := range w.Recursive {
		s.watches.Persist(path, c, true)
	}
}
