package lab

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/model/trace"
)

// An onlooker watches the masters' latch from a session of its own, for what
// no master can tell: when the service ended the session of one that is gone.
// A latch znode is ephemeral, so it goes with the session that made it.
type onlooker struct {
	h       host.Host
	servers []host.Addr
	dir     string // where the latch znodes are
	timeout time.Duration

	session coord.Session
	owners  map[string]int64 // the session of each latch znode
	fired   int64            // when the last watch fired

	mu   sync.Mutex
	gone []departure
	held map[int64]int // znodes that a session ever had
}

// A departure is a latch znode that is gone: whose it was, and when.
type departure struct{ session, at int64 }

func (s *soak) startOnlooker(dir string) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	servers := s.servers
	if g := s.scenario.Apart; len(g) > 0 { // of several services it watches the first
		servers = nil
		for i, addr := range s.servers {
			if slices.Contains(g[0], serverName(i)) {
				servers = append(servers, addr)
			}
		}
	}
	s.onlooker = &onlooker{servers: servers, dir: dir + "/leader_election", timeout: s.timers.Session}
	go s.onlooker.look(ctx, done)
	s.unlook = func() { cancel(); <-done }
}

// look runs an onlooker until ctx is done. Its end is not waited for by
// whoever asks what it saw.
func (o *onlooker) look(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	o.owners, o.held = map[string]int64{}, map[int64]int{}
	// What it did not see is not told: a latency lacks one of its parts then.
	_, _ = live.Run(ctx, live.Options{Self: "onlooker"}, o)
}

// ended returns the sessions that ended with the one latch znode they had, and
// when. A session that made another one had only left the queue.
func (o *onlooker) ended() []departure {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(o.gone), func(d departure) bool { return o.held[d.session] > 1 })
}

// sessionEnds are the ends of the masters' sessions, as far as they were seen.
func (s *soak) sessionEnds() []trace.Event {
	if s.onlooker == nil {
		return nil
	}
	owners, closed := map[int64]*live.Record{}, map[int64]bool{}
	for i := range s.records {
		if r := &s.records[i]; r.Event == string(trace.Session) && r.N != 0 {
			owners[r.N] = r
			closed[r.N] = closed[r.N] || r.Value == coord.Closed.String()
		}
	}
	var out []trace.Event
	for _, d := range s.onlooker.ended() {
		r := owners[d.session]
		if r == nil {
			continue
		}
		e := trace.Event{At: d.at, Process: string(r.Process), Inc: r.Inc, Kind: trace.SessionExpired, N: d.session, Value: "expired"}
		if closed[d.session] {
			e.Value = "closed"
		}
		out = append(out, e)
	}
	return out
}

// Start implements [host.Process].
func (o *onlooker) Start(h host.Host) {
	o.h = h
	o.open()
}

func (o *onlooker) open() {
	o.session = coord.Of(o.h).OpenSession(coord.Options{Servers: o.servers, Timeout: o.timeout, Name: "onlooker"},
		host.BindResult((*onlooker).changed, 0))
}

func (o *onlooker) changed(_ int, c coord.StateChange) {
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
func (o *onlooker) list(int) {
	coord.Watch(coord.Of(o.h), o.session, coord.Op{Kind: coord.Children, Path: o.dir}, (*onlooker).listed, (*onlooker).moved, 0)
}

func (o *onlooker) moved(_ int, e coord.Event) {
	if e.Type == coord.ChildrenChanged {
		o.fired = live.Monotonic()
		o.list(0)
	}
}

// again is the pause before it looks once more where nothing was to be seen.
const again = 200 * time.Millisecond

func (o *onlooker) listed(_ int, r coord.Result) {
	if r.Err != nil {
		host.After(o.h, again, (*onlooker).list, 0)
		return
	}
	for name, session := range o.owners {
		if !slices.Contains(r.Children, name) {
			delete(o.owners, name)
			o.mu.Lock()
			o.gone = append(o.gone, departure{session, o.fired})
			o.mu.Unlock()
		}
	}
	for _, name := range r.Children {
		if _, known := o.owners[name]; !known {
			coord.Do(coord.Of(o.h), o.session, coord.Op{Kind: coord.Exists, Path: o.dir + "/" + name}, (*onlooker).owned, name)
		}
	}
}

func (o *onlooker) owned(name string, r coord.Result) {
	if _, known := o.owners[name]; r.Err != nil || known {
		return
	}
	o.owners[name] = r.Stat.EphemeralOwner
	o.mu.Lock()
	o.held[r.Stat.EphemeralOwner]++
	o.mu.Unlock()
}

// Signalled implements [host.Process].
func (o *onlooker) Signalled(host.Signal) { o.h.Exit(0) }

// Accepted implements [host.Process]. An onlooker listens nowhere.
func (o *onlooker) Accepted(host.ConnID, host.Addr) {}

// Connected implements [host.Process]. It dials nobody.
func (o *onlooker) Connected(host.ConnID) {}

// Received implements [host.Process]. Nobody talks to it.
func (o *onlooker) Received(host.ConnID, host.Message) {}

// Closed implements [host.Process]. It has no connections.
func (o *onlooker) Closed(host.ConnID, host.Reason) {}

// Exited implements [host.Process]. It has no children.
func (o *onlooker) Exited(host.ProcessID, int) {}

// Clone implements [host.Process]. An onlooker lives once.
func (o *onlooker) Clone(host.Host) host.Process { panic("lab: an onlooker is not cloned") }

// Digest implements [host.Process]. No simulated world holds an onlooker.
func (o *onlooker) Digest(*host.Digest) {}
