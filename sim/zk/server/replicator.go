package server

import (
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/expiry"
)

// A ServerID is a server's number in its ensemble ("myid"), from 1 to 255.
// A standalone server is 0.
type ServerID = expiry.ServerID

// A Role is what a server is to its ensemble.
type Role uint8

// The roles. The zero Role is Looking.
const (
	// Looking: there is no leader. Clients are cut and not served.
	Looking Role = iota
	// Following: the server applies what its leader commits and forwards
	// writes to it. Clients are served.
	Following
	// Leading: the server validates writes, proposes them and expires
	// sessions. A standalone server always leads. Clients are served.
	Leading
)

// String returns the role as the four-letter words say it.
func (r Role) String() string { return [...]string{"looking", "follower", "leader"}[r] }

// A Txn is one committed or proposed transaction. Data is opaque to a
// Replicator and never changed once it is handed over.
type Txn struct {
	Zxid int64 // epoch<<32 | counter
	Data []byte
}

// A Touch says that a client of a session was heard from.
type Touch struct {
	Session int64
	Timeout time.Duration // the session's negotiated timeout
}

// An Answer says what applying a transaction did for the client that had asked
// for it, as host.NoteDelivered tells it.
type Answer uint8

// The answers.
const (
	NotHere  Answer = iota // it is not connected to this server
	Answered               // it was answered
	Owed                   // it is here and still waits
)

// A Gauge is one line of the four-letter word mntr.
type Gauge struct {
	Key   string // without "zk_"
	Value int64
}

// A Replicator is the part of a server that makes a log of its transactions:
// alone, or by agreement with the other servers. It owns the transaction log
// and the snapshots on the server's disk, and the connections between
// servers; the data tree, the sessions and the clients are the [Machine]'s.
//
// Both sides run in the one process and call each other directly. No method
// of a Replicator calls the Machine's Committed, Became, Restore or
// Synced before it has returned; Touches and Snapshot it may call at any time.
type Replicator interface {
	// Start begins recovery from the disk. The replicator restores the state
	// into m by Restore and Committed, and says Became when clients may be
	// served. It registers its continuations on h as a part of the process.
	Start(h host.Host, m Machine)
	// Propose appends a transaction to the order; only the leader is asked.
	// It returns the transaction's zxid, which Committed will bear, or 0 if
	// it no longer leads.
	Propose(data []byte) int64
	// Forward hands a follower's request to the leader's Forwarded. Requests
	// of one server arrive in order, or not at all once the leader is lost.
	Forward(data []byte)
	// Sync asks the leader for a mark behind everything committed so far;
	// Synced tells its arrival. Only a follower asks.
	Sync(id uint64)
	// Revalidate asks the leader whether a session lives, and makes this
	// server its owner if so. Revalidated answers. Only a follower asks.
	Revalidate(session int64, timeout time.Duration)

	// Connected, Received and Closed are the process's, for connections
	// between servers. Received of a connection not dialled is the first that
	// the replicator hears of it: the process cannot tell who called before
	// it sees the first message, so the dialling side speaks first.
	Connected(c host.ConnID)
	Received(c host.ConnID, m host.Message)
	Closed(c host.ConnID, why host.Reason)

	// Gauges returns what mntr adds about the ensemble, in a fixed order.
	Gauges() []Gauge
	// Part returns the i-th part with continuations of its own, the
	// replicator itself being the first; nil after the last.
	Part(i int) any
	// Clone returns a deep copy that runs on h and serves m.
	Clone(h host.Host, m Machine) Replicator
	// Digest writes the complete state into d.
	Digest(d *host.Digest)
}

// A Machine is the state that a [Replicator] replicates. [Server] is one.
type Machine interface {
	// Became tells the role. With Following and Leading the state is in sync
	// and zxid is the last that counts as processed (epoch<<32 in a new
	// epoch). With Looking zxid is ignored, every client is cut, and requests
	// under way are forgotten. It may repeat a role (a new leader).
	Became(r Role, zxid int64)
	// Restore replaces the whole state by a snapshot that Snapshot made, as of
	// s.Zxid. Nil data is the state of an empty server. It fails if the data
	// does not decode; the state is then empty.
	Restore(s Txn) error
	// Snapshot returns the state as of the last transaction applied.
	Snapshot() Txn
	// Committed applies t, in zxid order, on every server: during recovery,
	// synchronisation and service alike. It tells whether the client that
	// asked for t is here.
	Committed(t Txn) Answer
	// Forwarded hands the leader a request that server from passed on.
	Forwarded(from ServerID, data []byte)
	// Synced tells that the mark of Sync(id) has come back.
	Synced(id uint64)
	// Touches returns the sessions heard from since the last call, by session
	// number, and forgets them. A follower answers a leader's ping with it.
	Touches() []Touch
	// Touched tells the leader what Touches of a follower returned.
	Touched(from ServerID, touches []Touch)
	// Revalidate answers a follower's Revalidate at the leader, at once: it
	// reports whether the session lives, and if so moves it to from.
	Revalidate(from ServerID, session int64, timeout time.Duration) bool
	// Revalidated tells a follower the leader's answer.
	Revalidated(session int64, ok bool)
}
