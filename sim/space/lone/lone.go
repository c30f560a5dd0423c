// Package lone is one real process and its disk as a system to explore: it may be
// killed between any two calls of the disk, and its machine may lose its power
// there, with every outcome that the disk allows.
//
// An action completes the process's oldest call of the disk, in which the call has
// its effect; or rings one of its timers, in any order and at any time; or starts
// the process if it is down; or is a fault. Faults are budgets:
//
//   - A crash kills the process. The files stay as it wrote them, and calls that are
//     under way are not carried out. That one was, and nobody was told, is the crash
//     behind its completion.
//   - A loss takes the power of its machine: see package volume for what may be left.
//   - A failure is an input/output error of a call, which has no effect.
//
// There is no time, no network, and a draw is made of the incarnation and how many
// there were.
package lone

import (
	"slices"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/monitor"
	"github.com/simctl/simctl/sim/space/raised"
	"github.com/simctl/simctl/sim/space/volume"
)

// A Config says what the process is, and all its bounds.
type Config struct {
	Name host.ProcessID
	Kind string // as trace.Started tells it
	// Program makes an incarnation, which may ask for no more than what is left.
	Program func(left Asks) host.Process
	// Left is what an incarnation that ends leaves to the next.
	Left func(p host.Process) Asks
	Asks Asks
	// Budgets of a path.
	Crashes, Losses, Failures int
	// Monitors makes the judges of a run. nil: none.
	Monitors func() []monitor.Monitor
}

// Asks are what a process may ask for on a path, of two kinds.
type Asks [2]int

// panicStatus is the status of a program that panicked.
const panicStatus = 2

// the budgets of a path
const (
	crashes = iota
	losses
	failures
	budgets
)

// A World is one state. It never changes.
type World struct {
	c      *Config
	inc    uint32
	impl   host.Process // nil: down
	timers []timer
	calls  []call // of the disk, under way
	last   host.TimerID
	draws  uint64
	disk   *volume.Volume
	left   [budgets]int
	asks   Asks // left to the next incarnation

	steps uint64
	watch *monitor.Watch
	sum   uint64

	// while it is made
	exiting bool
	status  int
	events  []trace.Event
	out     *[]trace.Event
}

type timer struct {
	id   host.TimerID
	call host.Call
}

// A System is a Config as something to explore.
type System struct {
	c      Config
	memory monitor.Memory
}

var _ explore.System[*World] = (*System)(nil)

// New returns the system of a configuration.
func New(c Config) *System { return &System{c, monitor.Memory{}} }

// Fork implements explore.Forked.
func (s *System) Fork() explore.System[*World] { return New(s.c) }

// Initial implements explore.System: there is one initial state, in which the
// process has started.
func (s *System) Initial() []*World { return []*World{s.first(nil)} }

func (s *System) first(out *[]trace.Event) *World {
	w := &World{c: &s.c, disk: &volume.Volume{}, out: out, steps: 1, asks: s.c.Asks, left: [budgets]int{s.c.Crashes, s.c.Losses, s.c.Failures}}
	var judges []monitor.Monitor
	if s.c.Monitors != nil {
		judges = s.c.Monitors()
	}
	w.watch = monitor.New(judges)
	w.start()
	return w.end(s.memory)
}

// Apply implements explore.System.
func (s *System) Apply(w *World, a explore.Action) *World { return s.after(w, a, nil) }

func (s *System) after(w *World, a explore.Action, out *[]trace.Event) *World {
	c := *w
	c.timers, c.calls = slices.Clone(w.timers), slices.Clone(w.calls)
	c.events, c.out = nil, out
	c.steps++
	if w.impl != nil {
		c.impl = w.impl.Clone(&machine{w: &c})
	}
	c.guarded(a)
	return c.end(s.memory)
}

// guarded carries a out. A panic ends the process, and is told.
func (w *World) guarded(a explore.Action) {
	defer func() {
		if v := recover(); v != nil {
			w.tell(trace.Event{Process: string(w.c.Name), Inc: w.inc, Kind: trace.Panicked, Detail: raised.Text(v)})
			w.die(trace.Exited, panicStatus)
		}
	}()
	w.apply(a)
}

// end makes the copy a state.
func (w *World) end(memory monitor.Memory) *World {
	if w.exiting {
		w.die(trace.Exited, w.status)
	}
	w.watch = w.watch.See(w.events, w.steps, 0, memory)
	w.events, w.out = nil, nil
	w.sum = w.digest()
	return w
}

func (w *World) tell(e trace.Event) {
	e.Step = w.steps
	if w.out != nil {
		*w.out = append(*w.out, e)
	}
	w.events = append(w.events, e)
}

// start starts the next incarnation.
func (w *World) start() {
	w.inc++
	w.impl, w.asks = w.c.Program(w.asks), Asks{}
	w.tell(trace.Event{Process: string(w.c.Name), Inc: w.inc, Kind: trace.Started, N: int64(w.inc), Value: w.c.Kind})
	w.impl.Start(&machine{w: w})
}

// die ends the incarnation, with all that it has under way.
func (w *World) die(how trace.Kind, status int) {
	w.tell(trace.Event{Process: string(w.c.Name), Inc: w.inc, Kind: how, N: int64(status)})
	w.asks = w.c.Left(w.impl)
	w.impl, w.timers, w.calls, w.last, w.draws, w.exiting = nil, nil, nil, 0, 0, false
}

// names are ranks in the order in which the process was given the numbers. What has
// gone is 1.
type names struct{ w *World }

// Timer implements host.Names.
func (n names) Timer(t host.TimerID) uint64 {
	at := slices.IndexFunc(n.w.timers, func(x timer) bool { return x.id == t })
	switch {
	case t == 0:
		return 0
	case at < 0:
		return 1
	}
	return uint64(at) + 2
}

// Conn implements host.Names: there are none.
func (names) Conn(host.ConnID) uint64 { return 0 }

func (w *World) digest() uint64 {
	d := host.NewDigest(names{w})
	d.Uint(uint64(w.inc))
	d.Bool(w.impl != nil)
	if w.impl != nil {
		w.impl.Digest(&d)
	}
	d.Uint(w.draws)
	d.Uint(uint64(len(w.timers)))
	for _, t := range w.timers {
		t.call.Digest(&d)
	}
	d.Uint(uint64(len(w.calls)))
	for i := range w.calls {
		w.calls[i].digest(&d)
	}
	d.Uint(w.disk.Sum())
	for _, n := range [...]int{w.left[crashes], w.left[losses], w.left[failures], w.asks[0], w.asks[1]} {
		d.Uint(uint64(n))
	}
	d.Uint(w.watch.Sum)
	return d.Sum()
}

// Actions implements explore.System.
func (s *System) Actions(w *World, dst []explore.Action) []explore.Action {
	if w.watch.Property != "" {
		return dst // what a violation leads to is not asked
	}
	return w.actions(dst)
}

// Digest implements explore.System.
func (s *System) Digest(w *World) uint64 { return w.sum }

// Check implements explore.System.
func (s *System) Check(w *World) (property, detail string) { return w.watch.Property, w.watch.Detail }

// Describe implements explore.System.
func (s *System) Describe(w *World, a explore.Action) string { return w.describe(a) }

// Run carries a path out again and returns its events.
func (s *System) Run(path []explore.Action) (events []trace.Event) {
	w := s.first(&events)
	for _, a := range path {
		w = s.after(w, a, &events)
	}
	return events
}
