// Package onlooker watches the masters' latch from a session of its own.
package onlooker

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
)

// An Onlooker watches the masters' latch from a session of its own, for what
// no master can tell: when the service ended the session of one that is gone.
// A latch znode is ephemeral, so it goes with the session that made it.
type Onlooker struct {
	h       host.Host
	servers []host.Addr
	dir     string // where the latch znodes are
	timeout time.Duration
	cancel  context.CancelFunc
	done    chan struct{}

	session coord.Session
	owners  map[string]int64 // the session of each latch znode
	fired   int64            // when the last watch fired

	mu   sync.Mutex
	gone []Departure
	held map[int64]int // znodes that a session ever had
}

// A Departure is a latch znode that is gone: which session it was of, and when it
// went, on CLOCK_MONOTONIC.
type Departure struct{ Session, At int64 }

// Start begins to watch the latch znodes in a directory of the service.
func Start(servers []host.Addr, dir string, timeout time.Duration) *Onlooker {
	ctx, cancel := context.WithCancel(context.Background())
	o := &Onlooker{servers: servers, dir: dir, timeout: timeout, cancel: cancel, done: make(chan struct{})}
	go o.look(ctx)
	return o
}

// End ends the watching and returns when it has ended.
func (o *Onlooker) End() {
	o.cancel()
	<-o.done
}

// look runs an onlooker until ctx is done.
func (o *Onlooker) look(ctx context.Context) {
	defer close(o.done)
	o.owners, o.held = map[string]int64{}, map[int64]int{}
	// What it did not see is not told: a latency lacks one of its parts then.
	_, _ = live.Run(ctx, live.Options{Self: "onlooker"}, o)
}

// Ended returns the sessions that ended with the one latch znode they had, and
// when. A session that made another one had only left the queue.
func (o *Onlooker) Ended() []Departure {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(o.gone), func(d Departure) bool { return o.held[d.Session] > 1 })
}

// Start implements [host.Process].
func (o *Onlooker) Start(h host.Host) {
	o.h = h
	o.open()
}

func (o *Onlooker) open() {
	o.session = coord.Of(o.h).OpenSession(coord.Options{Servers: o.servers, Timeout: o.timeout, Name: "onlooker"},
		host.BindResult((*Onlooker).changed, 0))
}

func (o *Onlooker) changed(_ int, c coord.StateChange) {
	switch {
	case c.Session != o.session:
	case c.State == coord.Expired:
		o.open()
	case c.State == coord.Connected:
		o.fired = live.Monotonic()
		o.list(0)
	}
}

// list asks which latch znodes there are, and to be told of a change.
func (o *Onlooker) list(int) {
	coord.Watch(coord.Of(o.h), o.session, coord.Op{Kind: coord.Children, Path: o.dir}, (*Onlooker).listed, (*Onlooker).moved, 0)
}

func (o *Onlooker) moved(_ int, e coord.Event) {
	if e.Type == coord.ChildrenChanged {
		o.fired = live.Monotonic()
		o.list(0)
	}
}

// again is the pause before it looks once more where nothing was to be seen.
const again = 200 * time.Millisecond

func (o *Onlooker) listed(_ int, r coord.Result) {
	if r.Err != nil {
		host.After(o.h, again, (*Onlooker).list, 0)
		return
	}
	for name, session := range o.owners {
		if !slices.Contains(r.Children, name) {
			delete(o.owners, name)
			o.mu.Lock()
			o.gone = append(o.gone, Departure{session, o.fired})
			o.mu.Unlock()
		}
	}
	for _, name := range r.Children {
		if _, known := o.owners[name]; !known {
			coord.Do(coord.Of(o.h), o.session, coord.Op{Kind: coord.Exists, Path: o.dir + "/" + name}, (*Onlooker).owned, name)
		}
	}
}

func (o *Onlooker) owned(name string, r coord.Result) {
	if _, known := o.owners[name]; r.Err != nil || known {
		return
	}
	o.owners[name] = r.Stat.EphemeralOwner
	o.mu.Lock()
	o.held[r.Stat.EphemeralOwner]++
	o.mu.Unlock()
}

// Signalled implements [host.Process].
func (o *Onlooker) Signalled(host.Signal) { o.h.Exit(0) }

// Accepted implements [host.Process]. An onlooker listens nowhere.
func (o *Onlooker) Accepted(host.ConnID, host.Addr) {}

// Connected implements [host.Process]. It dials nobody.
func (o *Onlooker) Connected(host.ConnID) {}

// Received implements [host.Process]. Nobody talks to it.
func (o *Onlooker) Received(host.ConnID, host.Message) {}

// Closed implements [host.Process]. It has no connections.
func (o *Onlooker) Closed(host.ConnID, host.Reason) {}

// Exited implements [host.Process]. It has no children.
func (o *Onlooker) Exited(host.ProcessID, int) {}

// Clone implements [host.Process]. An onlooker lives once.
func (o *Onlooker) Clone(host.Host) host.Process { panic("lab: an onlooker is not cloned") }

// Digest implements [host.Process]. No simulated world holds an onlooker.
func (o *Onlooker) Digest(*host.Digest) {}
