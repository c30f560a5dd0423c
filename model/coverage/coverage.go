// Package coverage is which abstract states a run went through, and by which
// ways: what a search that looks for something new calls new.
//
// An abstract state is what masters, workers and the service are, in a few small
// numbers each, whoever of the masters or workers it is:
//
//   - of each master: down, paused, or its recovery state; its sessions; whom it
//     takes for the owner of the latch: itself, another, or nobody; and its term
//     beside the latest one: none, older, the latest;
//   - of each worker: down, paused, or running; the term of the master that it
//     follows beside the latest one;
//   - of the service: whether it has a quorum, how many servers lead an epoch that
//     they have established, and how many look for a leader;
//   - of the work: how many drivers run, up to two.
//
// Two states that differ in times, names, or terms that are equally far behind are one.
package coverage

import (
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// A Map is what one run went through. The zero Map has seen nothing.
type Map struct {
	follow Follower
	seen   map[uint64]bool
}

// Observe takes the next event of the run.
func (m *Map) Observe(e *trace.Event) {
	way, moved := m.follow.Observe(e)
	if !moved {
		return
	}
	if m.seen == nil {
		m.seen = map[uint64]bool{}
	}
	m.seen[way.To] = true
	if way.From != 0 {
		m.seen[way.ID()] = true
	}
}

// Seen lists the states and the ways between two that the run took, sorted.
func (m *Map) Seen() []uint64 {
	return slices.Sorted(maps.Keys(m.seen))
}

// A Way is one abstract state after another. From is 0 for the first of a run.
type Way struct{ From, To uint64 }

// ID is the number of the way, among those of states and other ways.
func (w Way) ID() uint64 { return mix(mix(1, w.From), w.To) }

// A Follower follows one run, and knows in which abstract state it is. The zero
// Follower has seen nothing.
type Follower struct {
	all     []*process // masters and workers and servers, in the order in which they were seen
	latest  int64      // term
	down    bool       // the service has no quorum
	drivers map[string]bool
	last    uint64 // state; 0: none yet
	over    bool   // the faults are over: what follows is the same in all runs

	scratch []uint64
}

// Clone returns a follower of the same run so far that goes its own way.
func (m *Follower) Clone() *Follower {
	c := *m
	c.all = make([]*process, len(m.all))
	for i, p := range m.all {
		q := *p
		c.all[i] = &q
	}
	c.drivers, c.scratch = maps.Clone(m.drivers), nil
	return &c
}

// Observe takes the next event of the run, and reports the way to another state
// if it leads to one.
func (m *Follower) Observe(e *trace.Event) (way Way, moved bool) {
	if m.over || !m.changed(e) {
		return Way{}, false
	}
	s := m.state()
	if s == m.last {
		return Way{}, false
	}
	way = Way{m.last, s}
	m.last = s
	return way, true
}

// process is one machine's process as its events tell it.
type process struct {
	name     string
	kind     byte // m, w or z
	up       bool
	paused   bool
	state    uint64
	sessions [2]uint64 // the latch's and the store's
	term     int64
}

// Values of notes, as small numbers; 0 is for what is in none of the lists.
var (
	masterStates  = []string{"", "Standby", "Recovering", "CompletingRecovery", "Alive", "Suspended"}
	sessionStates = []string{"", "connecting", "connected", "disconnected", "expired", "closed"}
	serverStates  = []string{"", "looking", "following", "leading", "serving following", "serving leading"}
)

func number(list []string, value string) uint64 { return uint64(max(0, slices.Index(list, value))) }

// changed takes what an event tells, and reports whether that may be another state.
func (m *Follower) changed(e *trace.Event) bool {
	switch e.Kind {
	case trace.Healed:
		m.over = true
		return false
	case trace.ServiceUp, trace.ServiceDown:
		m.down = e.Kind == trace.ServiceDown
		return true
	case trace.Job:
		m.job(e)
		return true
	case trace.Started, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused, trace.Resumed,
		trace.State, trace.Elected, trace.Session, trace.Registered, trace.Role, trace.Serving:
	default:
		return false
	}
	p := m.process(e.Process)
	if p == nil {
		return false
	}
	p.observe(e)
	m.latest = max(m.latest, p.term*int64(is(p.kind == 'm')))
	return true
}

func (m *Follower) job(e *trace.Event) {
	if m.drivers == nil {
		m.drivers = map[string]bool{}
	}
	if e.Value == "started" {
		m.drivers[e.Subject] = true
	} else {
		delete(m.drivers, e.Subject)
	}
}

// process returns the process of a name, nil for those that are no part of a state.
func (m *Follower) process(name string) *process {
	if name == "" || strings.IndexByte("mwz", name[0]) < 0 || strings.Contains(name, "/") {
		return nil
	}
	for _, p := range m.all {
		if p.name == name {
			return p
		}
	}
	p := &process{name: name, kind: name[0]}
	m.all = append(m.all, p)
	return p
}

func (p *process) observe(e *trace.Event) {
	switch e.Kind {
	case trace.Started:
		*p = process{name: p.name, kind: p.kind, up: true}
	case trace.Exited, trace.KilledOff, trace.HostLost:
		*p = process{name: p.name, kind: p.kind}
	case trace.Paused, trace.Resumed:
		p.paused = e.Kind == trace.Paused
	case trace.State:
		p.state = number(masterStates, e.Value)
		if e.Term > 0 {
			p.term = e.Term
		}
	case trace.Elected:
		p.term = e.Term
	case trace.Session:
		p.sessions[is(e.Subject != "latch")] = number(sessionStates, e.Value)
	case trace.Registered:
		p.term = e.Term
	case trace.Role:
		p.state = number(serverStates, e.Value)
	case trace.Serving:
		p.state = number(serverStates, "serving "+e.Value)
	default:
	}
}

// state is the present state as one number, never 0.
func (m *Follower) state() uint64 {
	words := m.scratch[:0]
	leads, looks := uint64(0), uint64(0)
	for _, p := range m.all {
		if p.kind != 'z' {
			words = append(words, p.word(m.latest))
			continue
		}
		leads += uint64(is(p.up && p.state == number(serverStates, "serving leading")))
		looks += uint64(is(p.up && p.state == number(serverStates, "looking")))
	}
	m.scratch = words
	slices.Sort(words)
	sum := mix(uint64(is(m.down)), leads<<8|min(looks, 2)<<4|uint64(min(2, len(m.drivers))))
	for _, w := range words {
		sum = mix(sum, w)
	}
	return sum | 1
}

// word is what a master or worker is, as one number.
func (p *process) word(latest int64) uint64 {
	w := uint64(p.kind)<<32 | uint64(is(p.up))<<16 | uint64(is(p.paused))<<17 | clipped(p.term, latest)<<18
	if p.kind == 'm' {
		w |= p.state | p.sessions[0]<<4 | p.sessions[1]<<8 | p.owner(latest)<<12
	}
	return w
}

// owner is whom a master takes for the owner of the latch: itself while it
// reigns, somebody else once there was a reign, else nobody.
func (p *process) owner(latest int64) uint64 {
	switch {
	case p.state > number(masterStates, "Standby"):
		return 1
	case latest > 0:
		return 2
	}
	return 0
}

// clipped is a term beside the latest one: none, older, the latest.
func clipped(term, latest int64) uint64 {
	switch {
	case term == 0:
		return 0
	case term < latest:
		return 1
	}
	return 2
}

func is(b bool) int {
	if b {
		return 1
	}
	return 0
}

// mix folds a word into a sum: FNV-1a by words, and a finaliser.
func mix(sum, w uint64) uint64 {
	x := (sum ^ w ^ 0xcbf29ce484222325) * 0x100000001b3
	x ^= x >> 31
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>29
}
