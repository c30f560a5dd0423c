package jute

// An Op is one operation on the tree, as a request of its own or within a
// multi: which fields count, its Type says.
type Op struct {
	Type    int32
	Path    string // of every operation
	Data    []byte // create, setData; nil is null
	ACL     []ACL  // create, setACL
	Flags   int32  // create
	TTL     int64  // createTTL, in milliseconds
	Version int32  // delete, setData, setACL, check; -1 matches any
	Watch   bool   // exists, getData, getChildren
}

// WantsTTL reports whether the flags are those of a TTL znode.
func (o *Op) WantsTTL() bool { return o.Flags == FlagTTL || o.Flags == FlagTTLSeq }

// Encode appends the operation's body.
func (o *Op) Encode(e *Encoder) {
	e.String(o.Path)
	switch o.Type {
	case OpCreate, OpCreate2, OpCreateContainer, OpCreateTTL:
		e.Buffer(o.Data)
		EncodeACL(e, o.ACL)
		e.Int(o.Flags)
		if o.Type == OpCreateTTL {
			e.Long(o.TTL)
		}
	case OpSetData:
		e.Buffer(o.Data)
		e.Int(o.Version)
	case OpSetACL:
		EncodeACL(e, o.ACL)
		e.Int(o.Version)
	case OpDelete, OpCheck:
		e.Int(o.Version)
	case OpExists, OpGetData, OpGetChildren, OpGetChildren2:
		e.Bool(o.Watch)
	}
}

// Decode takes the body of an operation whose Type is set.
func (o *Op) Decode(d *Decoder) {
	o.Path = d.String()
	switch o.Type {
	case OpCreate, OpCreate2, OpCreateContainer, OpCreateTTL:
		o.Data, o.ACL, o.Flags = d.Buffer(), DecodeACL(d), d.Int()
		if o.Type == OpCreateTTL {
			o.TTL = d.Long()
		}
	case OpSetData:
		o.Data, o.Version = d.Buffer(), d.Int()
	case OpSetACL:
		o.ACL, o.Version = DecodeACL(d), d.Int()
	case OpDelete, OpCheck:
		o.Version = d.Int()
	case OpExists, OpGetData, OpGetChildren, OpGetChildren2:
		o.Watch = d.Bool()
	}
}

// A MultiHeader stands before each part of a multi, and after the last.
type MultiHeader struct {
	Type int32
	Done bool
	Err  int32
}

// Encode appends the header.
func (h *MultiHeader) Encode(e *Encoder) { e.Int(h.Type); e.Bool(h.Done); e.Int(h.Err) }

// Decode takes the header.
func (h *MultiHeader) Decode(d *Decoder) { *h = MultiHeader{d.Int(), d.Bool(), d.Int()} }

// EncodeMulti appends the operations of a multi or a multiRead, framed.
func EncodeMulti(e *Encoder, ops []Op) {
	for i := range ops {
		h := MultiHeader{Type: ops[i].Type, Err: -1}
		h.Encode(e)
		ops[i].Encode(e)
	}
	end := MultiHeader{-1, true, -1}
	end.Encode(e)
}

// DecodeMulti takes the operations of a multi, or of a multiRead if read is
// set. An operation that does not belong there is malformed.
func DecodeMulti(d *Decoder, read bool) []Op {
	var ops []Op
	for {
		var h MultiHeader
		h.Decode(d)
		if h.Done || d.err != nil {
			return ops
		}
		if !inMulti(h.Type, read) {
			d.fail("operation in a multi", int(h.Type))
			return nil
		}
		op := Op{Type: h.Type}
		op.Decode(d)
		ops = append(ops, op)
	}
}

func inMulti(typ int32, read bool) bool {
	switch typ {
	case OpGetData, OpGetChildren:
		return read
	case OpCreate, OpCreate2, OpCreateContainer, OpCreateTTL, OpDelete, OpSetData, OpCheck:
		return !read
	}
	return false
}

// A SetWatches re-arms the watches of a session on a new connection. The last
// two lists are those of setWatches2.
type SetWatches struct {
	Zxid                  int64 // the last that the client has seen
	Data, Exist, Child    []string
	Persistent, Recursive []string
	Two                   bool // setWatches2
}

// Encode appends the request.
func (r *SetWatches) Encode(e *Encoder) {
	e.Long(r.Zxid)
	e.Strings(r.Data)
	e.Strings(r.Exist)
	e.Strings(r.Child)
	if r.Two {
		e.Strings(r.Persistent)
		e.Strings(r.Recursive)
	}
}

// Decode takes the request; Two says which.
func (r *SetWatches) Decode(d *Decoder) {
	r.Zxid, r.Data, r.Exist, r.Child = d.Long(), d.Strings(), d.Strings(), d.Strings()
	if r.Two {
		r.Persistent, r.Recursive = d.Strings(), d.Strings()
	}
}

// A PathMode is the body of addWatch, checkWatches and removeWatches.
type PathMode struct {
	Path string
	Mode int32
}

// Encode appends the request.
func (r *PathMode) Encode(e *Encoder) { e.String(r.Path); e.Int(r.Mode) }

// Decode takes the request.
func (r *PathMode) Decode(d *Decoder) { r.Path, r.Mode = d.String(), d.Int() }

// An Auth tells the server who the client is.
type Auth struct {
	Type   int32 // 0
	Scheme string
	Auth   []byte
}

// Encode appends the request.
func (r *Auth) Encode(e *Encoder) { e.Int(r.Type); e.String(r.Scheme); e.Buffer(r.Auth) }

// Decode takes the request.
func (r *Auth) Decode(d *Decoder) { *r = Auth{d.Int(), d.String(), d.Buffer()} }
