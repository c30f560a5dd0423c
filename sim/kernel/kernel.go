// Package kernel is virtual time: an event queue, the actors that events are
// for, keyed randomness, and a running fingerprint of everything that was
// done. It knows no network, no process and no ZooKeeper; they are actors.
//
// Its one invariant: what it does is a function of its seed and of what the
// actors post. It never starts a goroutine, reads a clock or ranges over a map.
package kernel

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
)

// An ActorID names one actor of a kernel. 0 is the world itself.
type ActorID uint32

// A Kind says what an [Event] is.
type Kind uint8

// The kinds. The kernel treats them alike, but for [Fault]: at one instant,
// faults come first.
const (
	Timer     Kind = iota + 1 // a process's timer rings
	Accepted                  // a connection was accepted
	Connected                 // a dialled connection stands
	Message                   // a message arrives
	Hangup                    // a connection closes
	Reply                     // the coordination service answers
	Watch                     // a watch fires
	Session                   // a session's state changes
	DiskDone                  // a disk operation completes
	ChildExit                 // a child ended
	Signal                    // a signal from the parent
	Start                     // a process starts
	Service                   // an actor's own business
	Fault                     // something goes wrong, or right again
)

var kindNames = [...]string{
	"?", "timer", "accepted", "connected", "message", "hangup", "reply", "watch", "session", "disk", "exit",
	"signal", "start", "service", "fault",
}

// String returns the kind's name in traces.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[0]
}

// An Event is one thing that will happen to one actor.
type Event struct {
	Actor ActorID
	Inc   uint32 // the incarnation it is for; 0 for any. A stale event is dropped
	Kind  Kind
	A, B  uint64    // what the kind makes of them: a connection, a status
	V     any       // a message, or a pointer to a result
	Call  host.Call // the continuation to run, if any
	Name  string    // label: method or message name
	Sum   uint64    // digest of the payload, the label included
	cause uint64
	via   uint64
	force force
}

// Cause is the step that made the event: that posted it, or that sent what was
// held before it was posted; 0 if none did.
func (e *Event) Cause() uint64 { return e.cause }

// A Handler is what an actor does.
type Handler interface {
	// Handle carries out one step. The event is valid only during the call.
	Handle(e *Event)
}

// actor is one registered actor.
type actor struct {
	name     string
	key      uint64 // hash of the name, for ties
	handler  Handler
	inc      uint32
	paused   bool
	deferred []uint32 // slots of the queue: what was due while it is paused
}

// A Panic is a panic in an actor's step: a finding, not a crash of the tester.
type Panic struct {
	Step  uint64
	Actor ActorID
	Name  string // the actor's
	Value string
	Stack string // a line a call, innermost first: function(file:line); no address
}

// A Bug is a broken assumption of the tester itself. A kernel does not
// recover from it.
type Bug string

// Error returns the text.
func (b Bug) Error() string { return string(b) }

// A Kernel runs events in the order of virtual time.
type Kernel struct {
	seed    uint64
	now     int64
	steps   uint64
	q       queue
	actors  []actor
	paused  int // actors that are
	cur     Event
	stopped bool
	fp      uint64
	points  []uint64

	chooser Chooser // nil: events of one instant come by their ties
	chain   func(e *Event) (uint64, bool)
	waiting []Waiting // scratch of choose

	overrides []Override // in the order of their steps; those to come
	refused   error

	// OnStep, if not nil, is told every step before it is carried out.
	OnStep func(s *trace.Step)
	// OnPanic is told of a panic in a step; the kernel then goes on. If it is
	// nil, the panic goes on instead.
	OnPanic func(p Panic)
	// Most bounds a run, 0: not at all. At the first checkpoint behind more steps than
	// that, and Rate more for each virtual second, it stops for good: see [Kernel.Overrun].
	Most, Rate uint64
	overrun    bool
}

// CheckpointEvery is the number of steps between two checkpoints of the
// fingerprint.
const CheckpointEvery = 1024

// New returns a kernel at virtual time 0, with the world as actor 0.
func New(seed uint64, world Handler) *Kernel {
	k := &Kernel{seed: seed, fp: seed ^ 0x9e3779b97f4a7c15}
	k.AddActor("world", world)
	return k
}

// Seed is the seed of every draw.
func (k *Kernel) Seed() uint64 { return k.seed }

// Overrun reports whether the run took more steps than it may.
func (k *Kernel) Overrun() bool { return k.overrun }

// Now is the virtual time in nanoseconds.
func (k *Kernel) Now() int64 { return k.now }

// Steps is the number of steps begun. During a step it is that step's number.
func (k *Kernel) Steps() uint64 { return k.steps }

// Fingerprint is the running hash of every step so far.
func (k *Kernel) Fingerprint() uint64 { return k.fp }

// Checkpoints holds the fingerprint after each [CheckpointEvery] steps.
func (k *Kernel) Checkpoints() []uint64 { return k.points }

// AddActor registers an actor. Its incarnation is 0 until SetIncarnation.
func (k *Kernel) AddActor(name string, h Handler) ActorID {
	if len(k.actors) > 0xffffff {
		panic(Bug("kernel: too many actors"))
	}
	k.actors = append(k.actors, actor{name: name, key: uint64(KeyOf(name)), handler: h})
	return ActorID(len(k.actors) - 1)
}

// Name is an actor's name.
func (k *Kernel) Name(a ActorID) string { return k.actors[a].name }

// SetIncarnation says which incarnation of an actor lives. Events posted for
// another one are dropped, and what was deferred by a pause is forgotten.
func (k *Kernel) SetIncarnation(a ActorID, inc uint32) {
	k.actors[a].inc = inc
	for _, s := range k.unpause(a) {
		k.q.release(s)
	}
}

// unpause ends an actor's pause and returns what was due meanwhile.
func (k *Kernel) unpause(a ActorID) []uint32 {
	ac := &k.actors[a]
	if !ac.paused {
		return nil
	}
	due := ac.deferred
	ac.paused, ac.deferred = false, nil
	k.paused--
	return due
}

// Incarnation is the incarnation of an actor that lives.
func (k *Kernel) Incarnation(a ActorID) uint32 { return k.actors[a].inc }

// Post makes e happen at a virtual time, now at the earliest. Two events at
// one instant are ordered by a keyed priority of what they are, not by who
// was posted first.
func (k *Kernel) Post(at int64, e Event) Ref {
	var tie uint64
	if e.Kind != Fault {
		tie = mum(k.seed^e.Sum, k.actors[e.Actor].key^uint64(e.Kind)) | 1<<32
	}
	if k.Mark(&e); e.cause != k.steps && k.cur.Kind != 0 {
		e.via = k.steps
	}
	return k.q.push(max(at, k.now), tie, &e)
}

// Mark says that the current step is the cause of an event that it does not
// post yet. An event that has a cause keeps it.
func (k *Kernel) Mark(e *Event) {
	if e.cause == 0 && k.cur.Kind != 0 {
		e.cause = k.steps
	}
}

// Cancel takes a pending event back and reports whether it was pending.
func (k *Kernel) Cancel(r Ref) bool { return k.q.cancel(r) }

// Take is Cancel that hands the event back, to be posted again later. It does
// not take what a pause has deferred: that has come, though it is not done yet.
func (k *Kernel) Take(r Ref) (e Event, ok bool) { return k.q.take(r) }

// Pause makes an actor stand still: its events wait until Resume.
func (k *Kernel) Pause(a ActorID) {
	if !k.actors[a].paused {
		k.actors[a].paused = true
		k.paused++
	}
}

// IsPaused reports whether an actor stands still.
func (k *Kernel) IsPaused(a ActorID) bool { return k.actors[a].paused }

// Resume lets a paused actor go on. What was due while it stood still happens
// now: rung timers first, or arrived messages first, or in the order they came,
// by a keyed choice, because a real event loop promises none of them. A timer
// that one of them stops does not ring any more.
func (k *Kernel) Resume(a ActorID) {
	due := k.unpause(a)
	switch order := k.Below(KeyOf("resume", k.actors[a].key, uint64(k.now)), 0, 3); order {
	case 0, 1:
		slices.SortStableFunc(due, func(x, y uint32) int {
			return rank(&k.q.slab[x].e, order == 0) - rank(&k.q.slab[y].e, order == 0)
		})
	}
	for i, s := range due {
		k.q.insert(k.now, uint64(i)+1, s)
	}
}

func rank(e *Event, timersFirst bool) int {
	if (e.Kind == Timer) == timersFirst {
		return 0
	}
	return 1
}

// Stop ends the running Run after the current step.
func (k *Kernel) Stop() { k.stopped = true }

// Next returns the time of the next event, if there is one.
func (k *Kernel) Next() (at int64, ok bool) { return k.q.next() }

// Run carries out every event up to and including a virtual time, and then
// sets the clock there, unless it was stopped before.
func (k *Kernel) Run(until int64) {
	k.stopped = false
	for !k.run(until) {
	}
}

// run returns true when it is done, and false after a panic that was reported.
func (k *Kernel) run(until int64) (done bool) {
	defer func() {
		if k.OnPanic == nil {
			return
		}
		v := recover()
		if v == nil {
			return
		}
		if b, ok := v.(Bug); ok {
			panic(b)
		}
		a := k.cur.Actor
		k.OnPanic(Panic{k.steps, a, k.actors[a].name, fmt.Sprint(v), stack()})
		k.cur = Event{}
	}()
	for !k.stopped && !k.overrun {
		at, ok := k.q.next()
		if !ok || at > until {
			k.now = max(k.now, until)
			return true
		}
		k.now = at
		if k.chooser != nil {
			k.choose()
		}
		if k.paused > 0 && k.park() {
			continue
		}
		k.q.pop(&k.cur)
		k.step()
	}
	return true
}

// stack tells where the panic that is being recovered from came from, down to
// the step. It holds no address, so equal runs tell it alike.
func stack() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var b strings.Builder
	for {
		f, more := frames.Next()
		if !more || strings.HasSuffix(f.Function, ".(*Kernel).step") {
			return b.String()
		}
		if !strings.HasPrefix(f.Function, "runtime.") {
			fmt.Fprintf(&b, "%s(%s:%d)\n", f.Function, path.Base(f.File), f.Line)
		}
	}
}

// park defers the first pending event if its actor is paused.
func (k *Kernel) park() bool {
	e := k.q.first()
	a := &k.actors[e.Actor]
	if !a.paused || e.Kind == Fault || e.Inc != 0 && e.Inc != a.inc {
		return false
	}
	a.deferred = append(a.deferred, k.q.park())
	return true
}

// step carries out k.cur.
func (k *Kernel) step() {
	e := &k.cur
	a := &k.actors[e.Actor]
	if e.Inc != 0 && e.Inc != a.inc {
		k.cur = Event{}
		return
	}
	k.steps++
	if len(k.overrides) > 0 && k.overrides[0].Step <= k.steps && !k.override(e) {
		return
	}
	k.fp = mum(k.fp^uint64(k.now), uint64(e.Actor)<<40^uint64(e.Kind)<<32^uint64(e.Inc)^0xe7037ed1a0b428db) ^
		mum(e.Sum^0xa0761d6478bd642f, k.steps^0x8ebc6af09c88c6e3)
	if k.steps%CheckpointEvery == 0 {
		k.points = append(k.points, k.fp)
		k.overrun = k.Most > 0 && k.steps > k.Most+k.Rate*uint64(k.now/1_000_000_000)
	}
	if k.OnStep != nil {
		s := k.describe(e)
		k.OnStep(&s)
	}
	a.handler.Handle(e)
	k.cur = Event{}
}

// Observe folds something that is no event of its own, such as what a process
// noted, into the fingerprint.
func (k *Kernel) Observe(sum uint64) { k.fp = mum(k.fp^sum, 0xe7037ed1a0b428db^k.steps) }
