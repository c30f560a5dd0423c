// Package space is the real processes as a system to explore: masters, workers,
// clients and candidates of impl as plain data that is cloned and digested, with
// every connection, timer, session and fault an action of its own. There is no
// kernel, no network and no random draw; [System] fits checker/explore.
//
// A state shares with the one before what the action did not touch. An action
// delivers the head of one queue (a connection's direction, a session's requests
// at the service, its replies and watch events at the client, a process's
// signals and ends of children), rings a timer, lets a session expire, starts a
// process that is down, or is a fault; faults are budgets.
//
// What is finite, and by what:
//
//   - Clocks stand still for who reads them: Wall is a constant of the
//     incarnation, Mono one of all. impl decides by timers.
//   - Draw gives the middle of what is asked for, and for identifiers a number
//     made of the process, its incarnation and how many it has drawn.
//   - A timer rings when nothing is under way but what is held up, and no other is
//     due earlier by more than the drift (a bound: messages are faster than
//     timers).
//   - Late queues on a path are held up, for as long as one likes: what comes
//     before and behind them, timers too, is anybody's guess.
//   - InOrder (a bound) what is under way arrives in the order in which it was
//     sent, but for what is held up, and a process that has ended starts again
//     when nothing else is under way; else everything in any order, queue by queue.
//   - Time goes by from ring to ring, up to the horizon, behind which no timer
//     rings (a bound). The digest has what is left of each timer.
//   - A zxid counts the changes of everything but the queue of candidates: it is
//     the same for whatever else happens before the next. What is compared are
//     decisions and terms, which each have their own.
//   - Numbers of timers and connections are digested by rank (host.Names). Other
//     numbers that only grow (of requests, reports, leases, rounds, sequences)
//     are bounded by the horizon and the budgets, and digested as they are.
//
// Abstracted, which is less than the simulated cluster can do: one dial goes to
// where a process listens at that moment or is refused; a connection ends for
// both sides (no silence); the service is always there and linearizable (sim/zk),
// and keeps a session's watches while it has no connection; machines do not
// differ in the rate of their clocks but for the drift above.
package space

import (
	"cmp"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios/timers"
	"github.com/simctl/simctl/sim/space/foot"
	"github.com/simctl/simctl/sim/space/monitor"
	"github.com/simctl/simctl/sim/space/tree"
)

// A Monitor is a judge whose state is a part of the state that is explored.
type Monitor = monitor.Monitor

// A Grain is which steps are actions of their own. What is coarser has fewer
// orders: a bound.
type Grain uint8

// The grains, from the finest.
const (
	// Fine: every delivery is an action.
	Fine Grain = iota
	// Requests: connections are accepted at once, and what a session asks that
	// changes nothing, a read or to be taken in, reaches the service at once.
	// Answers take their time, and so do writes.
	Requests
	// Reads: besides, the answer to a read is heard as soon as what was answered
	// before it.
	Reads
)

// A Config says what a world is, and all its bounds.
type Config struct {
	// Candidates are bare latches that elect, Keepers keep records and do nothing
	// else; Masters, Workers and Clients are whole processes. At most 40 processes
	// in all, children included.
	Candidates, Keepers, Masters, Workers, Clients int
	// Records is how many records a keeper has; Puts and Removals how many of them
	// each of its incarnations asks for.
	Records, Puts, Removals int
	// Jobs is how many jobs each client submits; Cores what each needs, of the
	// WorkerCores of a worker (0: 1 of 1); Supervise whether they are supervised.
	Jobs               int
	Cores, WorkerCores int64
	Supervise          bool
	RunFor             time.Duration // of a job
	Fail               bool          // jobs end with status 1
	Poll               time.Duration // between a client's questions about its job; 0: none
	Policy             policy.Policy
	Timers             timers.Timers

	// Budgets of a path: processes that crash (and may start again at any later
	// time), connections or sessions' connections that are cut, sessions that are
	// ended before their time, messages that are lost with the connection intact,
	// queues that are held up until something of them is taken.
	Crashes, Cuts, Expiries, Drops, Late int
	// Crash names what may crash, by the first letter of its name ("m", "mw"); "":
	// masters, workers, keepers and candidates.
	Crash   string
	Horizon time.Duration // time on a path after the beginning
	Drift   time.Duration // by how much a timer may ring before one due earlier

	// InOrder: what is under way arrives in the order in which it was sent.
	InOrder bool
	// Grain says which steps are taken together with the one that makes them
	// possible.
	Grain Grain
	// Settled begins where the processes but the clients have started, in one
	// fixed order, and have nothing left to do but to wait: a master is Alive and
	// every worker registered, or a candidate leads.
	Settled bool
	// Monitors makes the judges of a run. nil: none.
	Monitors func() []Monitor

	around func(host.Process) host.Process // put around every program, by tests
}

// the budgets of a path
const (
	crashes = iota
	cuts
	expiries
	drops
	late
	budgets
)

// A World is one state. It never changes.
type World struct {
	c     *Config
	procs []*proc
	sess  []*session
	tree  *tree.Tree
	now   int64
	until int64 // the horizon
	left  [budgets]int
	steps uint64
	sent  uint64 // things put under way so far
	watch *monitor.Watch
	sum   uint64
	size  uint32 // bytes that it has of its own
	foot  foot.Foot

	memory *memory // of the system; nil: none

	// while it is made
	fresh, freshSess uint64        // what is its own already
	events           []trace.Event // that the monitors have not seen
	out              *[]trace.Event
}

// Now is the time that has passed, in nanoseconds.
func (w *World) Now() time.Duration { return time.Duration(w.now) }

// begin returns a copy to be changed.
func (w *World) begin() *World {
	c := *w
	c.procs, c.sess = slices.Clone(w.procs), slices.Clone(w.sess)
	c.fresh, c.freshSess, c.events, c.foot = 0, 0, nil, foot.Foot{}
	c.steps = max(w.steps, w.watch.Step) + 1
	return &c
}

// end makes the copy a state.
func (w *World) end() *World {
	if w.c.Grain != Fine {
		w.hasten()
	}
	w.sess = slices.DeleteFunc(w.sess, func(s *session) bool { return s.gone })
	for i, p := range w.procs {
		if w.fresh&(1<<i) != 0 {
			p.close()
		}
	}
	w.watch, w.events = w.watch.See(w.events, w.steps, w.now, w.memory.watches()), nil
	w.size, w.foot.All = w.own(), w.foot.All || w.watch.Property != "" // behind which nothing happens
	w.fresh, w.freshSess, w.out = 0, 0, nil
	w.sum = w.digest()
	return w
}

// mut returns the i-th process to be changed.
func (w *World) mut(i int) *proc {
	if w.fresh&(1<<i) != 0 {
		return w.procs[i]
	}
	c := *w.procs[i]
	c.timers, c.ends, c.mail = slices.Clone(c.timers), slices.Clone(c.ends), slices.Clone(c.mail)
	w.procs[i] = &c
	w.fresh |= 1 << i
	return &c
}

// mutSess returns the i-th session to be changed.
func (w *World) mutSess(i int) *session {
	w.foot.Sessions |= 1 << w.sess[i].owner
	if w.freshSess&(1<<i) != 0 {
		return w.sess[i]
	}
	c := *w.sess[i]
	c.reqs, c.reps, c.watches, c.late = slices.Clone(c.reqs), slices.Clone(c.reps), slices.Clone(c.watches), slices.Clone(c.late)
	w.sess[i] = &c
	w.freshSess |= 1 << i
	return &c
}

// tell tells of an event. The monitors see it at the end of the step.
func (w *World) tell(e trace.Event) {
	e.Step, e.At = w.steps, w.now
	if w.out != nil {
		*w.out = append(*w.out, e)
	}
	if w.watch.Some() {
		w.foot.Told = true
		w.events = append(w.events, e)
	}
}

// digest folds the state.
func (w *World) digest() uint64 {
	var d host.Digest
	for _, n := range w.left {
		d.Uint(uint64(n))
	}
	d.Int(w.until - w.now)
	for _, p := range w.procs {
		p.digest(&d, w)
	}
	d.Uint(uint64(len(w.sess)))
	for _, s := range w.sess {
		s.digest(&d, w.now)
	}
	d.Uint(w.tree.Sum())
	if w.c.InOrder {
		w.digestOrder(&d)
	}
	d.Uint(w.watch.Sum)
	return d.Sum()
}

// digestOrder writes in which order what is under way was sent, by the queues.
func (w *World) digestOrder(d *host.Digest) {
	type one struct{ sent, queue uint64 }
	var room [32]one
	all := room[:0]
	for i, p := range w.procs {
		if p.impl == nil {
			continue
		}
		for j := range p.ends {
			for k := range p.ends[j].in {
				all = append(all, one{p.ends[j].in[k].sent, uint64(i)<<8 | uint64(j)})
			}
		}
		for k := range p.mail {
			all = append(all, one{p.mail[k].sent, uint64(i)<<8 | 0xff})
		}
	}
	for i, s := range w.sess {
		for k := range s.reqs {
			all = append(all, one{s.reqs[k].sent, 1<<16 | uint64(i)})
		}
		for k := range s.reps {
			all = append(all, one{s.reps[k].sent, 2<<16 | uint64(i)})
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
