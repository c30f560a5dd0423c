package fle

import (
	"fmt"

	"github.com/simctl/simctl/impl/host"
)

// A State is what a server is to the ensemble.
type State uint8

// The states, numbered as on ZooKeeper's wire.
const (
	Looking   State = iota // it elects
	Following              // it follows a leader, which may not know it yet
	Leading                // it leads, though perhaps without a quorum yet
)

// String returns the state as ZooKeeper prints it.
func (s State) String() string {
	names := [...]string{"LOOKING", "FOLLOWING", "LEADING"}
	if int(s) < len(names) {
		return names[s]
	}
	return "?"
}

// A Vote is whom a server wants to lead and why: of two, the higher epoch
// wins, then the higher zxid, then the higher id.
type Vote struct {
	Leader int64
	Zxid   int64 // last logged by Leader
	Epoch  int64 // current epoch of Leader
	Round  int64 // of elections, as the voter counts them
}

// String returns the vote as (leader,zxid), the way papers write it.
func (v Vote) String() string { return fmt.Sprintf("(%d,%d)", v.Leader, v.Zxid) }

// better reports whether v wins against o. Rounds do not count.
func (v Vote) better(o Vote) bool {
	if v.Epoch != o.Epoch {
		return v.Epoch > o.Epoch
	}
	if v.Zxid != o.Zxid {
		return v.Zxid > o.Zxid
	}
	return v.Leader > o.Leader
}

// A Notification tells another server one's vote.
type Notification struct {
	State State
	Vote  Vote
}

// Name implements host.Message.
func (Notification) Name() string { return "Notification" }

// Digest implements host.Message.
func (m Notification) Digest(d *host.Digest) {
	d.Uint(uint64(m.State))
	m.Vote.Digest(d)
}

// Digest writes the vote into d.
func (v Vote) Digest(d *host.Digest) {
	d.Int(v.Leader)
	d.Int(v.Zxid)
	d.Int(v.Epoch)
	d.Int(v.Round)
}
