// Package quorum makes several ZooKeeper servers one: fast leader election and
// the ZAB broadcast of ZooKeeper 3.8, with epochs, transaction log and
// snapshots on each server's disk. A [Peer] is the part of a server process
// that does it; it implements server.Replicator.
//
// What differs from ZooKeeper, on purpose: uncommitted transactions found in
// the log are not applied before a leader has confirmed them, where ZooKeeper
// applies and perhaps takes them back (no client can see it, as none is served
// meanwhile); acknowledgements and commits are cumulative; what is compared
// with the snapshot's size, to send the log on the disk instead, is the part of
// it that a follower lacks and not the files that hold that part; both
// elections and followers use one port a server.
//
// What does not differ, on purpose: a server that has promised itself to an
// epoch later than its leader's stays out until there is another leader.
package quorum

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/fle"
	"github.com/simctl/simctl/sim/zk/server"
)

// A Member is one server of an ensemble.
type Member struct {
	ID   server.ServerID
	Addr host.Addr // where it listens for the other servers
}

// A Config is what a server knows of its ensemble, as in zoo.cfg.
type Config struct {
	ID      server.ServerID // myid
	Members []Member        // all, this server included; at most 255
	Tick    time.Duration   // tickTime; 0: 2 s
	Init    int             // initLimit, ticks; 0: 10
	Sync    int             // syncLimit, ticks; 0: 5
	// SnapCount is how many transactions are logged between two snapshots,
	// at most; ZooKeeper draws between half of it and it. 0: 100,000.
	SnapCount int
	// CommitLogCount is how many committed transactions are kept in memory, at
	// least, for followers that lag. 0: 500.
	CommitLogCount int

	Pace    Pace
	Defects Defects // of ZooKeeper's; off
}

// A Pace says how long ZooKeeper, on the machine where it was measured, takes
// for what takes no time here. The zero Pace adds nothing.
type Pace struct {
	Detect Span // from losing the leader to the first vote
	Open   Span // from being elected to accepting followers
	Follow Span // from being synchronised to saying so
}

// Measured is the pace of ZooKeeper 3.8.0, a JVM a server, all of them on two
// processors. Servers notice a death almost together: one that begins to look
// later than a vote reaches it misses that vote, which costs 200 ms and was
// seen in about a tenth of all elections.
func Measured(servers int) Pace {
	const us = time.Microsecond
	p := Pace{Detect: Span{33_800 * us, 34_600 * us}, Open: Span{5_000 * us, 25_000 * us}, Follow: Span{35_000 * us, 90_000 * us}}
	if servers > 3 {
		p.Detect = Span{71_600 * us, 72_400 * us}
		p.Follow = Span{95_000 * us, 185_000 * us}
	}
	return p
}

// A Span is a duration between two bounds, both included.
type Span struct{ Min, Max time.Duration }

// The defaults of zoo.cfg.
const (
	defaultTick      = 2 * time.Second
	defaultInit      = 10
	defaultSync      = 5
	defaultSnapCount = 100_000
	defaultCommitLog = 500
)

// check fills the defaults in and refuses what contradicts itself.
func (c *Config) check() error {
	c.Tick = cmp.Or(c.Tick, defaultTick)
	c.Init = cmp.Or(c.Init, defaultInit)
	c.Sync = cmp.Or(c.Sync, defaultSync)
	c.SnapCount = cmp.Or(c.SnapCount, defaultSnapCount)
	c.CommitLogCount = cmp.Or(c.CommitLogCount, defaultCommitLog)
	c.Members = slices.Clone(c.Members)
	slices.SortFunc(c.Members, func(a, b Member) int { return int(a.ID) - int(b.ID) })
	found := false
	for i, m := range c.Members {
		if m.ID == 0 || m.Addr == "" {
			return fmt.Errorf("server %d at %q: an id is from 1 to 255, and an address is needed", m.ID, m.Addr)
		}
		if i > 0 && c.Members[i-1].ID == m.ID {
			return fmt.Errorf("two servers have the id %d", m.ID)
		}
		found = found || m.ID == c.ID
	}
	if !found {
		return fmt.Errorf("my id %d is not among the servers of the configuration", c.ID)
	}
	if c.Tick < 0 || c.Init < 0 || c.Sync < 0 || c.SnapCount < 0 || c.CommitLogCount < 0 {
		return fmt.Errorf("tick %v, initLimit %d, syncLimit %d, snapCount %d, commitLogCount %d: none may be negative",
			c.Tick, c.Init, c.Sync, c.SnapCount, c.CommitLogCount)
	}
	return nil
}

// New returns the part of server c.ID. It fails if the configuration
// contradicts itself, as when the id is none of the members'.
func New(c Config) (*Peer, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("ensemble: %w", err)
	}
	p := &Peer{cfg: c}
	ids := make([]int64, len(c.Members))
	for i, m := range c.Members {
		ids[i] = int64(m.ID)
	}
	p.el = fle.New(int64(c.ID), ids, ballots{p})
	p.links = make([]link, len(ids))
	return p, nil
}

// epochOf is the high half of a zxid, and opening the zxid that opens an epoch.
func epochOf(zxid int64) int64   { return zxid >> 32 }
func opening(epoch int64) int64  { return epoch << 32 }
func counterOf(zxid int64) int64 { return zxid & (1<<32 - 1) }
