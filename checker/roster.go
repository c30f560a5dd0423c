package checker

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// A Process is one process as its events tell it.
type Process struct {
	Name string
	Kind string // "master", "worker", "client", "driver"; empty if nothing told it
	Inc  uint32 // its latest incarnation
	// Up: it was started and has not ended. A process that did something is
	// up even if its start was not told.
	Up     bool
	Paused bool
	State  string // of a master: its recovery state
	Term   int64  // of a master: the term of State
	// Since is when State was entered, at the latest; SinceStep the step.
	Since     int64
	SinceStep uint64
	Worker    string // of a worker: its ID, once it is known
	Follows   int64  // of a worker: the latest term whose master it took for its own
}

// Runs reports whether the process is up and not paused.
func (p *Process) Runs() bool { return p.Up && !p.Paused }

// Alive reports whether p is a running master that believes it is Alive.
func (p *Process) Alive() bool { return p.Runs() && p.State == "Alive" }

// A Roster follows, event by event, which processes run and what the masters
// believe, for the judges that need to know. The zero Roster is ready.
type Roster struct {
	all     map[string]*Process
	masters []*Process // in the order of their names
	workers []*Process // likewise
	room    []Process  // for the next ones
}

// Observe takes the next event and returns the process that it changed, or nil.
func (r *Roster) Observe(e *trace.Event) *Process {
	switch e.Kind {
	case trace.Started, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused, trace.Resumed:
		if e.Process == "" {
			return nil
		}
		p := r.get(e.Process)
		p.lifecycle(e)
		r.enlist(p)
		return p
	case trace.State:
		p := r.get(e.Process)
		p.Kind, p.Up, p.Inc = "master", true, max(p.Inc, e.Inc)
		p.State, p.Term = e.Value, e.Term
		p.Since, p.SinceStep = e.Latest(), e.Step
		r.enlist(p)
		return p
	case trace.Registered:
		p := r.get(e.Process)
		p.Kind, p.Up, p.Worker, p.Follows = "worker", true, e.Subject, max(p.Follows, e.Term)
		r.enlist(p)
		return p
	case trace.Obeyed:
		p := r.get(e.Process)
		p.Kind, p.Up = "worker", true
		r.enlist(p)
		if e.Subject == "master" {
			p.Follows = max(p.Follows, e.Term)
		}
		return p
	}
	return nil
}

func (p *Process) lifecycle(e *trace.Event) {
	switch e.Kind {
	case trace.Started:
		kind := p.Kind
		if e.Value != "" {
			kind = e.Value
		}
		*p = Process{Name: p.Name, Kind: kind, Inc: e.Inc, Up: true, Since: e.Latest(), SinceStep: e.Step}
	case trace.Exited, trace.KilledOff, trace.HostLost:
		p.Up, p.Paused = false, false
		p.State, p.Term = "", 0
	case trace.Paused:
		p.Paused = true
	case trace.Resumed:
		p.Paused = false
		p.Since = max(p.Since, e.Latest())
	}
}

func (r *Roster) get(name string) *Process {
	if p, ok := r.all[name]; ok {
		return p
	}
	if r.all == nil {
		r.all = map[string]*Process{}
	}
	if len(r.room) == 0 {
		r.room = make([]Process, 16)
	}
	p := &r.room[0]
	r.room = r.room[1:]
	p.Name = name
	r.all[name] = p
	return p
}

// enlist puts a master or worker into its list.
func (r *Roster) enlist(p *Process) {
	var list *[]*Process
	switch p.Kind {
	case "master":
		list = &r.masters
	case "worker":
		list = &r.workers
	default:
		return
	}
	i, known := slices.BinarySearchFunc(*list, p.Name, func(q *Process, name string) int {
		return strings.Compare(q.Name, name)
	})
	if !known {
		*list = slices.Insert(*list, i, p)
	}
}

// Of returns the process of that name, or nil if nothing was told of it.
func (r *Roster) Of(name string) *Process { return r.all[name] }

// Masters returns the masters in the order of their names. The slice belongs
// to the roster.
func (r *Roster) Masters() []*Process { return r.masters }

// Active returns the running masters that believe they are Alive, in the order
// of their names.
func (r *Roster) Active() []*Process {
	var out []*Process
	for _, p := range r.masters {
		if p.Alive() {
			out = append(out, p)
		}
	}
	return out
}

// Workers returns the workers in the order of their names. The slice belongs to
// the roster.
func (r *Roster) Workers() []*Process { return r.workers }

// Machine returns the process that stands at the root of a child's name: "w1"
// for "w1/driver-3#1".
func Machine(process string) string {
	name, _, _ := strings.Cut(process, "/")
	return name
}

// Concerns reports whether the text of a fault names process, or a set or role
// that may hold it.
func Concerns(fault, process, kind string) bool {
	if Names(fault, process) {
		return true
	}
	for w := range strings.FieldsSeq(fault) {
		switch w {
		case "everyone", "rest", kind + "s", "any-" + kind:
			return true
		case "active", "standby":
			return kind == "master"
		case "busy-worker", "driver-worker":
			return kind == "worker"
		}
	}
	return false
}

// Names reports whether the text of a fault names process itself.
func Names(fault, process string) bool {
	for w := range strings.FieldsSeq(fault) {
		if w == process {
			return true
		}
	}
	return false
}

// IsLink reports whether a class of fault is one of links, not of processes.
func IsLink(class string) bool {
	switch class {
	case "partition", "one-way", "stall", "reset", "slow":
		return true
	}
	return false
}

// Lag is how long after a cut, in nanoseconds, TCP may wait before it sends again
// what was held up: until then links are not what they were.
const Lag = 3_000_000_000

// LagOf is the same after the end of a fault with this text: a packet that was lost
// five times, the last just before the end, comes 6.2 s after it was sent.
func LagOf(fault string) int64 {
	if Names(fault, "lossy") {
		return 6_200_000_000
	}
	return Lag
}

// RecordID returns the ID in the key of a stored record, if it is a record of
// that kind: "d1" for the driver record "driver/d1", which a store may also
// call "driver_d1".
func RecordID(key, kind string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(key, kind)
	if !ok || rest == "" || rest[0] != '/' && rest[0] != '_' {
		return "", false
	}
	return rest[1:], true
}

// Clone returns a roster of the same processes that goes its own way.
func (r *Roster) Clone() Roster {
	c := Roster{all: make(map[string]*Process, len(r.all)), room: make([]Process, len(r.all))}
	for name, p := range r.all { //det:allow each for itself
		q := &c.room[0]
		c.room = c.room[1:]
		*q = *p
		c.all[name] = q
	}
	c.masters, c.workers = c.twins(r.masters), c.twins(r.workers)
	return c
}

// twins returns the processes of r that have the names of those of another.
func (r *Roster) twins(of []*Process) (list []*Process) {
	for _, p := range of {
		list = append(list, r.all[p.Name])
	}
	return list
}

// Hears reports whether e may change the roster.
func (r *Roster) Hears(e *trace.Event) bool {
	switch e.Kind {
	case trace.Started, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused, trace.Resumed, trace.State, trace.Registered, trace.Obeyed:
		return true
	}
	return false
}

// Digest writes what is known of the processes, but not since when.
func (r *Roster) Digest(d Sink) {
	DigestSorted(d, r.all, Itself, func(name string, p *Process) {
		d.Str(name)
		d.Str(p.Kind)
		d.Uint(uint64(p.Inc))
		d.Bool(p.Up)
		d.Bool(p.Paused)
		d.Str(p.State)
		d.Int(p.Term)
		d.Str(p.Worker)
		d.Int(p.Follows)
	})
}

// DigestKinds writes which of the processes are masters, workers and so on, for
// the judges that need to know no more.
func (r *Roster) DigestKinds(d Sink) {
	DigestSorted(d, r.all, Itself, func(name string, p *Process) { d.Str(name); d.Str(p.Kind) })
}
