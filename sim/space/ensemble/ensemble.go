// Package ensemble is several ZooKeeper servers as a system to explore: the code
// of sim/zk/quorum, elections (FLE) and broadcast (ZAB), that simulation and
// simctl zk run, as plain data that is cloned and digested. There is no kernel, no
// network and no random draw; [System] fits checker/explore.
//
// A state shares with the one before what the action did not touch. An action
// delivers the oldest message of one direction of a connection, lets a disk go on
// to its next sync, rings a timer, lets a serving leader propose a transaction,
// starts a server that is down, or is a fault; transactions and faults are budgets.
//
// What is finite, and by what:
//
//   - A timer rings when nothing is under way but what is held up, and no other is
//     due earlier by more than the drift. The digest has what is left of each
//     timer, and no time: a state that comes again after a ping is the same.
//   - Late queues on a path are held up, each for as long as one likes up to Stall:
//     what comes before and behind them, timers too, is anybody's guess.
//   - InOrder (a bound) what is under way arrives in the order in which it was
//     sent, but for what is held up, and a server that is down starts again when
//     nothing else is under way; else everything in any order, queue by queue.
//   - Rounds of elections, epochs and zxids are bounded by the budgets: a round
//     needs a loss, an epoch a round.
//   - Draws give the middle of what is asked for.
//
// Abstracted: a dial connects or is refused in the step that dials, and links for
// elections are made in that step; a connection ends for both sides; a step is not
// torn in two by a crash. A disk carries out what it is asked in order, a sync makes
// all before it durable, and a crash loses everything behind the last sync that is
// done and everything that is under way (a machine's), or nothing that was asked for
// or sent (a process's); records are not torn. What a disk is asked to read it reads
// at once.
package ensemble

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/monitor"
	"github.com/simctl/simctl/sim/zk/quorum"
)

// A Config says what a world is, and all its bounds.
type Config struct {
	Servers int // 1 to 9
	// Budgets of a path: transactions that leaders propose, servers that crash (and
	// may start again at any later time), connections that are cut with what is
	// under way, queues that are held up until something of them is taken.
	Txns, Crashes, Cuts, Late int
	Drift                     time.Duration // by how much a timer may ring before one due earlier
	Stall                     time.Duration // how long after the last hold something is still held up
	// InOrder: what is under way arrives in the order in which it was sent.
	InOrder bool
	// Settled begins where every server has started and serves, in one fixed order,
	// and nothing is under way.
	Settled bool
	// SnapCount is how many transactions are logged between two snapshots, at most;
	// 0: more than there are.
	SnapCount int
	Defects   quorum.Defects // of ZooKeeper's; off
	MayEnd    bool           // that a server ends by itself is no violation of [GoesOn]
	// Monitors makes the judges of a run. nil: none.
	Monitors func() []monitor.Monitor
}

// the budgets of a path
const (
	txns = iota
	crashes
	cuts
	late
	budgets
)

// A World is one state. It never changes.
type World struct {
	c     *Config
	nodes []*node
	now   int64
	until int64 // what is held up is taken before a timer of later rings
	left  [budgets]int
	steps uint64
	sent  uint64 // things put under way so far
	watch *monitor.Watch
	fails string // why a server could not go on; "" if all could
	sum   uint64

	memory monitor.Memory // of the system; nil: none

	// while it is made
	fresh  uint64        // nodes that are its own already
	events []trace.Event // that the monitors have not seen
	out    *[]trace.Event
}

// A System is a Config as something to explore.
type System struct {
	c      Config
	memory monitor.Memory
}

var (
	_ explore.System[*World] = (*System)(nil)
	_ explore.Goal[*World]   = (*System)(nil)
)

// New returns the system of a configuration. It fails if that makes no sense.
func New(c Config) (*System, error) {
	switch {
	case c.Servers < 1 || c.Servers > 9:
		return nil, fmt.Errorf("ensemble: %d servers: want 1 to 9", c.Servers)
	case min(c.Txns, c.Crashes, c.Cuts, c.Late, c.SnapCount) < 0 || min(c.Drift, c.Stall) < 0:
		return nil, errors.New("ensemble: a budget is negative")
	}
	return &System{c: c, memory: monitor.Memory{}}, nil
}

// Fork implements explore.Forked.
func (s *System) Fork() explore.System[*World] { return &System{c: s.c, memory: monitor.Memory{}} }

// Initial implements explore.System: there is one initial state.
func (s *System) Initial() []*World { return []*World{s.first(nil)} }

// Actions implements explore.System.
func (s *System) Actions(w *World, dst []explore.Action) []explore.Action {
	if w.watch.Property != "" || w.fails != "" {
		return dst // what a violation leads to is not asked
	}
	return w.actions(dst)
}

// Apply implements explore.System.
func (s *System) Apply(w *World, a explore.Action) *World {
	next := w.begin()
	next.memory = s.memory
	next.apply(a)
	return next.end()
}

// Digest implements explore.System.
func (s *System) Digest(w *World) uint64 { return w.sum }

// GoesOn is the property that no server ends by itself.
const GoesOn = "servers-go-on"

// Check implements explore.System: what the monitors say, and [GoesOn].
func (s *System) Check(w *World) (property, detail string) {
	if w.watch.Property == "" && w.fails != "" {
		return GoesOn, w.fails
	}
	return w.watch.Property, w.watch.Detail
}

// Describe implements explore.System.
func (s *System) Describe(w *World, a explore.Action) string { return w.describe(a) }

// Goal implements explore.Goal: an established leader serves, and of all servers
// more than half do in its epoch.
func (s *System) Goal(w *World) bool {
	for _, l := range w.nodes {
		if !l.leads() {
			continue
		}
		serving := 0
		for _, n := range w.nodes {
			if n.peer != nil && n.peer.Serving() && n.peer.Epoch() == l.peer.Epoch() {
				serving++
			}
		}
		if 2*serving > len(w.nodes) {
			return true
		}
	}
	return false
}

// Run carries a path out again and returns its events, those before the initial
// state included, and a line for each action.
func (s *System) Run(path []explore.Action) (events []trace.Event, lines []string) {
	w := s.first(&events)
	for _, a := range path {
		lines = append(lines, w.describe(a))
		next := w.begin()
		next.out = &events
		next.apply(a)
		w = next.end()
	}
	return events, lines
}

// first is the initial state. Events, if not nil, gets what happened before it.
func (s *System) first(events *[]trace.Event) *World {
	c := &s.c
	w := &World{c: c, watch: &monitor.Watch{}, out: events}
	if c.Monitors != nil {
		w.watch = monitor.New(c.Monitors())
	}
	for i := range c.Servers {
		w.nodes = append(w.nodes, &node{i: i, id: host.ProcessID(fmt.Sprintf("z%d", i+1))})
	}
	w = w.begin()
	w.out = events
	for i := range w.nodes {
		w.start(i)
	}
	for n := 0; c.Settled && !w.settled(); n++ {
		if n > 10_000 {
			panic("ensemble: the servers do not settle")
		}
		w.end()
		a := w.actions(nil)[0]
		w = w.begin()
		w.out = events
		w.apply(a)
	}
	w.left = [budgets]int{txns: c.Txns, crashes: c.Crashes, cuts: c.Cuts, late: c.Late}
	return w.end()
}

// settled reports whether every server serves and nothing is under way.
func (w *World) settled() bool {
	return len(w.ways(nil)) == 0 && !slices.ContainsFunc(w.nodes, func(n *node) bool { return !n.peer.Serving() })
}

// begin returns a copy to be changed.
func (w *World) begin() *World {
	c := *w
	c.nodes = slices.Clone(w.nodes)
	c.fresh, c.events = 0, nil
	c.steps = max(w.steps, w.watch.Step) + 1
	return &c
}

// end makes the copy a state.
func (w *World) end() *World {
	w.hasten()
	for i, n := range w.nodes {
		if w.fresh&(1<<i) != 0 {
			n.close()
		}
	}
	w.watch, w.events = w.watch.See(w.events, w.steps, w.now, w.memory), nil
	w.fresh, w.out = 0, nil
	w.sum = w.digest()
	return w
}

// mut returns the i-th server to be changed.
func (w *World) mut(i int) *node {
	if w.fresh&(1<<i) != 0 {
		return w.nodes[i]
	}
	c := *w.nodes[i]
	c.timers, c.ends = slices.Clone(c.timers), slices.Clone(c.ends)
	w.nodes[i] = &c
	w.fresh |= 1 << i
	return &c
}

// tell tells of an event. The monitors see it at the end of the step.
func (w *World) tell(e trace.Event) {
	e.Step, e.At = w.steps, w.now
	if w.out != nil {
		*w.out = append(*w.out, e)
	}
	if w.watch.Some() {
		w.events = append(w.events, e)
	}
}

// holds reports whether something is held up.
func (w *World) holds() bool {
	return slices.ContainsFunc(w.nodes, func(n *node) bool {
		return n.disk.held || slices.ContainsFunc(n.ends, func(e end) bool { return e.held })
	})
}

// digest folds the state.
func (w *World) digest() uint64 {
	var d host.Digest
	for _, n := range w.left {
		d.Uint(uint64(n))
	}
	if w.holds() {
		d.Int(w.until - w.now)
	}
	for _, n := range w.nodes {
		n.digest(&d, w)
	}
	if w.c.InOrder {
		w.digestOrder(&d)
	}
	d.Str(w.fails)
	d.Uint(w.watch.Sum)
	return d.Sum()
}

// digestOrder writes in which order what is under way was sent, by the queues.
func (w *World) digestOrder(d *host.Digest) {
	type one struct{ sent, queue uint64 }
	var room [32]one
	all := room[:0]
	for i, n := range w.nodes {
		for j := range n.ends {
			for k := range n.ends[j].in {
				all = append(all, one{n.ends[j].in[k].sent, uint64(i)<<8 | uint64(j)})
			}
		}
		for k := range n.disk.asked {
			all = append(all, one{n.disk.asked[k].sent, uint64(i)<<8 | 0xff})
		}
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Compare(a.sent, b.sent) })
	for _, x := range all {
		d.Uint(x.queue)
	}
}

// next numbers what is put under way.
func (w *World) next() uint64 {
	w.sent++
	return w.sent
}
