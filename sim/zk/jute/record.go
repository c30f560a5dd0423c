package jute

import "bytes"

// A Record encodes and decodes itself. Decode leaves an error in d.
type Record interface {
	Encode(e *Encoder)
	Decode(d *Decoder)
}

// A ConnectRequest is a client's first packet.
type ConnectRequest struct {
	Protocol     int32
	LastZxidSeen int64
	Timeout      int32 // milliseconds asked for
	Session      int64 // 0: a new one
	Password     []byte
	HasReadOnly  bool // whether the optional last byte was there
	ReadOnly     bool
}

// Encode appends the request.
func (r *ConnectRequest) Encode(e *Encoder) {
	e.Int(r.Protocol)
	e.Long(r.LastZxidSeen)
	e.Int(r.Timeout)
	e.Long(r.Session)
	e.Buffer(r.Password)
	if r.HasReadOnly {
		e.Bool(r.ReadOnly)
	}
}

// Decode takes the request, whose last byte may be missing.
func (r *ConnectRequest) Decode(d *Decoder) {
	*r = ConnectRequest{Protocol: d.Int(), LastZxidSeen: d.Long(), Timeout: d.Int(), Session: d.Long(), Password: d.Buffer()}
	if r.HasReadOnly = d.More(); r.HasReadOnly {
		r.ReadOnly = d.Bool()
	}
}

// A ConnectResponse is its answer. A timeout of 0 says that there is no such
// session.
type ConnectResponse struct {
	Protocol    int32
	Timeout     int32 // milliseconds granted
	Session     int64
	Password    []byte // 16 bytes
	HasReadOnly bool   // as in the request
	ReadOnly    bool
}

// Encode appends the response.
func (r *ConnectResponse) Encode(e *Encoder) {
	e.Int(r.Protocol)
	e.Int(r.Timeout)
	e.Long(r.Session)
	e.Buffer(r.Password)
	if r.HasReadOnly {
		e.Bool(r.ReadOnly)
	}
}

// Decode takes the response, whose last byte may be missing.
func (r *ConnectResponse) Decode(d *Decoder) {
	*r = ConnectResponse{Protocol: d.Int(), Timeout: d.Int(), Session: d.Long(), Password: d.Buffer()}
	if r.HasReadOnly = d.More(); r.HasReadOnly {
		r.ReadOnly = d.Bool()
	}
}

// A RequestHeader begins every packet to the server but the first.
type RequestHeader struct{ Xid, Type int32 }

// Encode appends the header.
func (h *RequestHeader) Encode(e *Encoder) { e.Int(h.Xid); e.Int(h.Type) }

// Decode takes the header.
func (h *RequestHeader) Decode(d *Decoder) { h.Xid, h.Type = d.Int(), d.Int() }

// A ReplyHeader begins every packet to the client but the first. A body
// follows if Err is OK.
type ReplyHeader struct {
	Xid  int32
	Zxid int64
	Err  Code
}

// Encode appends the header.
func (h *ReplyHeader) Encode(e *Encoder) { e.Int(h.Xid); e.Long(h.Zxid); e.Int(int32(h.Err)) }

// Decode takes the header.
func (h *ReplyHeader) Decode(d *Decoder) { h.Xid, h.Zxid, h.Err = d.Int(), d.Long(), Code(d.Int()) }

// A Stat is a znode's metadata on the wire, 68 bytes.
type Stat struct {
	Czxid, Mzxid, Ctime, Mtime  int64
	Version, Cversion, Aversion int32
	EphemeralOwner              int64
	DataLength, NumChildren     int32
	Pzxid                       int64
}

// Encode appends the stat.
func (s *Stat) Encode(e *Encoder) {
	e.Long(s.Czxid)
	e.Long(s.Mzxid)
	e.Long(s.Ctime)
	e.Long(s.Mtime)
	e.Int(s.Version)
	e.Int(s.Cversion)
	e.Int(s.Aversion)
	e.Long(s.EphemeralOwner)
	e.Int(s.DataLength)
	e.Int(s.NumChildren)
	e.Long(s.Pzxid)
}

// Decode takes the stat.
func (s *Stat) Decode(d *Decoder) {
	*s = Stat{
		Czxid: d.Long(), Mzxid: d.Long(), Ctime: d.Long(), Mtime: d.Long(),
		Version: d.Int(), Cversion: d.Int(), Aversion: d.Int(), EphemeralOwner: d.Long(),
		DataLength: d.Int(), NumChildren: d.Int(), Pzxid: d.Long(),
	}
}

// An ID is an identity: who a client is, or whom an ACL means.
type ID struct{ Scheme, ID string }

// An ACL grants permissions to an identity.
type ACL struct {
	Perms int32
	ID
}

// openACL lets anybody do anything, as nearly every ACL does; it is decoded to
// this one vector. Nothing changes a decoded ACL.
var (
	openACL   = []ACL{{PermAll, ID{"world", "anyone"}}}
	openBytes = func() []byte {
		var e Encoder
		EncodeACL(&e, openACL)
		return e.Buf
	}()
)

// EncodeACL appends a vector of ACLs.
func EncodeACL(e *Encoder, v []ACL) {
	e.Int(int32(len(v)))
	for _, a := range v {
		e.Int(a.Perms)
		e.String(a.Scheme)
		e.String(a.ID.ID)
	}
}

// DecodeACL takes a vector of ACLs; an empty one is nil.
func DecodeACL(d *Decoder) []ACL {
	if bytes.HasPrefix(d.b, openBytes) {
		d.b = d.b[len(openBytes):]
		return openACL
	}
	var v []ACL
	d.vector(func() { v = append(v, ACL{d.Int(), ID{d.String(), d.String()}}) })
	return v
}

// EncodeIDs appends a vector of identities, the answer to whoAmI.
func EncodeIDs(e *Encoder, v []ID) {
	e.Int(int32(len(v)))
	for _, id := range v {
		e.String(id.Scheme)
		e.String(id.ID)
	}
}

// DecodeIDs takes a vector of identities.
func DecodeIDs(d *Decoder) []ID {
	var v []ID
	d.vector(func() { v = append(v, ID{d.String(), d.String()}) })
	return v
}

// A WatchEvent is what a watch delivers, behind a reply header with
// XidNotification.
type WatchEvent struct {
	Type, State int32
	Path        string
}

// Encode appends the event.
func (w *WatchEvent) Encode(e *Encoder) { e.Int(w.Type); e.Int(w.State); e.String(w.Path) }

// Decode takes the event.
func (w *WatchEvent) Decode(d *Decoder) { *w = WatchEvent{d.Int(), d.Int(), d.String()} }
