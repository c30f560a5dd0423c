// Package coord is the coordination service as the cluster uses it: ZooKeeper's
// shape without its wire. A [Session] is exactly one ZooKeeper session, which
// ends for ever; nothing queued in it runs in another.
//
// It holds the interface, and has three implementations that one suite
// (coordtest) holds to the same behaviour: sim/zk at both grains and impl/live
// over go-zookeeper.
package coord

import (
	"errors"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// Errors of operations. They are values to compare with errors.Is.
var (
	// ErrConnectionLoss: the connection broke before the answer came.
	// THE CALL MAY HAVE HAPPENED. Both outcomes are real (ZooKeeper 3.8: a
	// write pending when both followers died was later committed 8 times of
	// 8; one pending at a partitioned leader never, 0 of 25).
	ErrConnectionLoss = errors.New("connection loss: the call may have happened")
	// ErrExpired: the session is over. The call did not happen, unless it was
	// in flight when the session ended.
	ErrExpired = errors.New("session expired")
	// ErrClosed: the session was closed by this process.
	ErrClosed = errors.New("session closed")
	// ErrNoNode: the znode, or the parent of one to create, does not exist.
	ErrNoNode = errors.New("no node")
	// ErrNodeExists: a znode to create exists.
	ErrNodeExists = errors.New("node exists")
	// ErrBadVersion: the znode's version is not the one expected.
	ErrBadVersion = errors.New("bad version")
	// ErrNotEmpty: a znode to delete has children.
	ErrNotEmpty = errors.New("not empty")
	// ErrNoChildrenForEphemerals: the parent of a znode to create is ephemeral.
	ErrNoChildrenForEphemerals = errors.New("ephemerals have no children")
	// ErrBadArguments: the path or the flags are not legal.
	ErrBadArguments = errors.New("bad arguments")
	// ErrRolledBack: an operation of a multi that failed because of another
	// (before it: code 0 in ZooKeeper, after it: RUNTIMEINCONSISTENCY).
	ErrRolledBack = errors.New("rolled back with its multi")
)

// A Kind is what an operation does.
type Kind uint8

// The operations.
const (
	Create   Kind = iota + 1 // create Path with Data in Mode
	Delete                   // delete Path at Version
	Set                      // set Path's data to Data at Version
	Get                      // read Path's data and Stat
	Exists                   // read Path's Stat; ErrNoNode if it does not exist
	Children                 // list the children of Path, sorted, and its Stat
	Check                    // check that Path is at Version; only in a Multi
	Multi                    // all of Ops, or none
	Sync                     // flush the pipe between this session's server and the leader
)

// String returns the operation's name.
func (k Kind) String() string {
	names := [...]string{"?", "create", "delete", "set", "get", "exists", "children", "check", "multi", "sync"}
	if int(k) < len(names) {
		return names[k]
	}
	return names[0]
}

// A Mode is what a created znode is.
type Mode uint8

// The modes of [Create], as ZooKeeper's create flags.
const (
	Persistent           Mode = 0
	Ephemeral            Mode = 1
	PersistentSequential Mode = 2
	EphemeralSequential  Mode = 3
	// Container is persistent until it had children and has none: then the
	// service deletes it, some time later. In a service that only stands for
	// ZooKeeper it stays.
	Container Mode = 4
)

// AnyVersion as a version matches every version.
const AnyVersion = -1

// An Op is one operation. Fields that its Kind does not name are ignored.
type Op struct {
	Kind    Kind
	Path    string
	Data    []byte
	Version int32
	Mode    Mode
	Ops     []Op // of a Multi: Create, Delete, Set and Check
	// Tag says to whoever watches, and to nobody else, for which term and
	// which write of the process this operation is. It never reaches the
	// service.
	Tag Tag
}

// A Tag marks an operation for the judges: see [Op].
type Tag struct {
	Term  int64
	Write int64 // the N of the process's NoteIntent; 0 if it is no store write
}

// A Stat is a znode's metadata, as ZooKeeper's.
type Stat struct {
	Czxid, Mzxid, Pzxid         int64
	Ctime, Mtime                int64 // milliseconds since 1970 on the leader's clock
	Version, Cversion, Aversion int32
	EphemeralOwner              int64 // the session's ID; 0 if not ephemeral
	DataLength, NumChildren     int32
}

// A Result is the answer to an operation.
type Result struct {
	Err      error    // nil, or one of this package's errors
	Path     string   // Create: the path created, with its sequence number
	Data     []byte   // Get
	Stat     Stat     // Create (simulated only), Set, Get, Exists, Children
	Children []string // Children, sorted
	Results  []Result // Multi, one an operation
	Zxid     int64    // the transaction's zxid for writes, the server's last for reads; 0 if unknown
}

// An EventType is what a watch saw.
type EventType uint8

// The types of [Event], with ZooKeeper's numbers.
const (
	Created         EventType = 1
	Deleted         EventType = 2
	DataChanged     EventType = 3
	ChildrenChanged EventType = 4
	// NotWatching: the session ended before the watch fired.
	NotWatching EventType = 5
)

// String returns the type's name.
func (t EventType) String() string {
	names := [...]string{"?", "created", "deleted", "data changed", "children changed", "not watching"}
	if int(t) < len(names) {
		return names[t]
	}
	return names[0]
}

// An Event is what a one-shot watch delivers, before any reply that shows the
// change it announces.
type Event struct {
	Type EventType
	Path string
}

// A State is a session's state.
type State uint8

// The states of a session. It begins Connecting; Expired and Closed are final.
const (
	Connecting   State = iota + 1 // no connection, and none yet in this session
	Connected                     // a server knows the session
	Disconnected                  // the connection broke; the session may or may not live
	Expired                       // a server said that the session is over
	Closed                        // this process closed it
)

// String returns the state's name.
func (s State) String() string {
	names := [...]string{"?", "connecting", "connected", "disconnected", "expired", "closed"}
	if int(s) < len(names) {
		return names[s]
	}
	return names[0]
}

// A StateChange is what the session tells its owner.
type StateChange struct {
	Session Session
	State   State
	// ID is the session's number at the service, 0 before it has one.
	ID int64
	// Timeout is the negotiated session timeout, 0 before it is known.
	Timeout time.Duration
}

// A Session names one session of this process. 0 is none. It is a plain value:
// it survives a clone of the process.
type Session uint64

// Options say how a session is opened.
type Options struct {
	Servers []host.Addr   // the ensemble's client addresses
	Timeout time.Duration // asked for; the service may clamp it
	Name    string        // what the session is for, in traces: "latch", "store"
}

// A Client opens sessions and carries out operations. Operations of one
// session are done in the order they were asked for, and answered in it.
// Every host that runs a process which needs the service is one: see [Of].
type Client interface {
	// OpenSession opens a new session. States are told by changed, a Call
	// made with host.BindResult for a [StateChange].
	OpenSession(o Options, changed host.Call) Session
	// CloseSession ends the session at the service, so that its ephemerals go
	// at once. What is in flight is answered with ErrClosed.
	CloseSession(s Session)
	// DropSession forgets the session without telling the service, as the
	// end of a process does: its ephemerals live on until it expires.
	DropSession(s Session)
	// Do carries out op and answers done, a Call made with host.BindResult
	// for a [Result]. Watch, if not zero, is called once with an [Event]; only
	// Get, Exists and Children take it. Watches survive a reconnection, not
	// the session.
	Do(s Session, op Op, done, watch host.Call)
}

// Of returns the coordination service of a host. It panics if the host has
// none, which is a mistake in how the world was built.
func Of(h host.Host) Client { return h.(Client) }

// Do carries out op in s and then calls done with a and the result.
func Do[P, A any](c Client, s Session, op Op, done func(P, A, Result), a A) {
	c.Do(s, op, host.BindResult(done, a), host.Call{})
}

// Watch carries out op in s, calls done with a and the result, and calls fired
// with a and the event when the watch that op leaves fires.
func Watch[P, A any](c Client, s Session, op Op, done func(P, A, Result), fired func(P, A, Event), a A) {
	c.Do(s, op, host.BindResult(done, a), host.BindResult(fired, a))
}
