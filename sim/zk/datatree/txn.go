package datatree

import (
	"fmt"

	"github.com/simctl/simctl/sim/zk/jute"
)

// A Change is one thing that a transaction does. Its Type is an operation's
// number; which fields count, the type says.
type Change struct {
	Type     int32
	Path     string     // create, delete, setData, setACL, check
	Data     []byte     // create, setData
	ACL      []jute.ACL // create, setACL
	Owner    int64      // create: the session of an ephemeral, or what else the znode is
	Version  int32      // setData, setACL: the new version; create: the parent's new cversion
	Timeout  int32      // createSession, in milliseconds
	Paths    []string   // closeSession: the ephemerals to delete
	Code     jute.Code  // error
	Multi    []Change   // multi
	MultiErr bool       // multi: it failed, and Multi holds errors only
}

// A Txn is a transaction as it is proposed and logged.
type Txn struct {
	Session int64
	Cxid    int32 // the request's xid
	Time    int64 // milliseconds since 1970 on the leader's clock
	Change
}

// Encode returns the transaction as bytes.
func (x *Txn) Encode() []byte {
	e := jute.Encoder{Buf: make([]byte, 0, 64+len(x.Data)+len(x.Path))}
	e.Long(x.Session)
	e.Int(x.Cxid)
	e.Long(x.Time)
	x.encode(&e)
	return e.Buf
}

func (c *Change) encode(e *jute.Encoder) {
	e.Int(c.Type)
	switch c.Type {
	case jute.OpError:
		e.Int(int32(c.Code))
	case jute.OpCreateSession:
		e.Int(c.Timeout)
	case jute.OpCloseSession:
		e.Strings(c.Paths)
	case jute.OpMulti:
		e.Bool(c.MultiErr)
		e.Int(int32(len(c.Multi)))
		for i := range c.Multi {
			c.Multi[i].encode(e)
		}
	default:
		e.String(c.Path)
		e.Buffer(c.Data)
		jute.EncodeACL(e, c.ACL)
		e.Long(c.Owner)
		e.Int(c.Version)
	}
}

// DecodeTxn is the reverse of Encode. The transaction aliases b.
func DecodeTxn(b []byte) (Txn, error) {
	d := jute.NewDecoder(b)
	x := Txn{Session: d.Long(), Cxid: d.Int(), Time: d.Long()}
	x.decode(d, true)
	if err := d.Err(); err != nil {
		return Txn{}, fmt.Errorf("decode transaction of %d bytes: %w", len(b), err)
	}
	return x, nil
}

func (c *Change) decode(d *jute.Decoder, top bool) {
	c.Type = d.Int()
	switch c.Type {
	case jute.OpError:
		c.Code = jute.Code(d.Int())
	case jute.OpCreateSession:
		c.Timeout = d.Int()
	case jute.OpCloseSession:
		c.Paths = d.Strings()
	case jute.OpMulti:
		c.MultiErr = d.Bool()
		for n := d.Int(); top && n > 0 && d.Err() == nil; n-- {
			var one Change
			one.decode(d, false)
			c.Multi = append(c.Multi, one)
		}
	default:
		c.Path, c.Data, c.ACL, c.Owner, c.Version = d.String(), d.Buffer(), jute.DecodeACL(d), d.Long(), d.Int()
	}
}

// An Outcome is what a transaction came to, for the reply to who asked.
type Outcome struct {
	Type    int32 // of the change
	Code    jute.Code
	Path    string // create
	Stat    jute.Stat
	Results []Outcome // multi
}

// An Event is something that a transaction did to a znode, for the watches.
type Event struct {
	Type int32 // jute.EventCreated, EventDeleted or EventDataChanged
	Path string
	// ACL is the znode's, and Above its parent's: who may not read a znode is
	// not told of it (ZOOKEEPER-4799, in Debian's 3.8.0 too).
	ACL, Above []jute.ACL
}

// Apply applies the transaction with the zxid and returns its outcome, and
// what it did, in order.
func (t *Tree) Apply(zxid int64, x *Txn) (Outcome, []Event) {
	t.zxid = zxid
	a := applying{t: t, zxid: zxid, x: x}
	out := a.one(&x.Change)
	return out, a.events
}

// SetZxid says which transaction counts as the last: a new epoch's first zxid.
func (t *Tree) SetZxid(zxid int64) { t.zxid = zxid }

type applying struct {
	t      *Tree
	zxid   int64
	x      *Txn
	events []Event
}

func (a *applying) one(c *Change) Outcome {
	out := Outcome{Type: c.Type}
	switch c.Type {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		out.Path, out.Stat = c.Path, a.create(c)
	case jute.OpDelete, jute.OpDeleteContainer:
		a.delete(c.Path)
	case jute.OpSetData:
		out.Stat = a.setData(c)
	case jute.OpSetACL:
		out.Stat = a.setACL(c)
	case jute.OpCreateSession:
		a.t.sessions[a.x.Session] = c.Timeout
	case jute.OpCloseSession:
		for _, path := range c.Paths {
			a.delete(path)
		}
		delete(a.t.sessions, a.x.Session)
	case jute.OpMulti:
		out.Results = make([]Outcome, len(c.Multi))
		for i := range c.Multi {
			out.Results[i] = a.one(&c.Multi[i])
		}
	case jute.OpError:
		out.Code = c.Code
	}
	return out
}

// touch changes a znode and keeps the tree's sum.
func (t *Tree) touch(path string, n *node, change func()) {
	t.sum -= n.hash(path)
	change()
	t.sum += n.hash(path)
}

func (a *applying) create(c *Change) jute.Stat {
	up := Parent(c.Path)
	parent := a.t.find(up)
	if parent == nil || a.t.find(c.Path) != nil {
		panic(fmt.Sprintf("datatree: transaction 0x%x creates %s, which cannot be", a.zxid, c.Path))
	}
	n := &node{data: c.Data, acl: c.ACL, czxid: a.zxid, mzxid: a.zxid, pzxid: a.zxid, ctime: a.x.Time, mtime: a.x.Time, owner: c.Owner}
	parent.link(name(c.Path))
	a.t.touch(up, parent, func() { parent.cversion, parent.pzxid = c.Version, a.zxid })
	a.t.put(c.Path, n)
	a.events = append(a.events, Event{jute.EventCreated, c.Path, n.acl, parent.acl})
	return n.stat()
}

func (a *applying) delete(path string) {
	n := a.t.nodes[path]
	if n == nil {
		return
	}
	up := Parent(path)
	parent := a.t.find(up)
	parent.unlink(name(path))
	a.t.touch(up, parent, func() { parent.pzxid = a.zxid })
	a.t.drop(path, n)
	a.events = append(a.events, Event{jute.EventDeleted, path, n.acl, parent.acl})
}

// changed is the node that a transaction changes. Histories that differ may
// have none: then nothing that follows would be right.
func (a *applying) changed(c *Change) *node {
	n := a.t.find(c.Path)
	if n == nil {
		panic(fmt.Sprintf("datatree: transaction 0x%x changes %s, which is not there", a.zxid, c.Path))
	}
	return n
}

func (a *applying) setData(c *Change) jute.Stat {
	n := a.changed(c)
	a.t.touch(c.Path, n, func() { n.data, n.version, n.mzxid, n.mtime = c.Data, c.Version, a.zxid, a.x.Time })
	a.events = append(a.events, Event{jute.EventDataChanged, c.Path, n.acl, nil})
	return n.stat()
}

func (a *applying) setACL(c *Change) jute.Stat {
	n := a.changed(c)
	a.t.touch(c.Path, n, func() { n.acl, n.aversion = c.ACL, c.Version })
	return n.stat()
}
