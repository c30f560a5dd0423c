package link

import (
	"slices"
	"sync"
	"time"
)

// A Trap waits for messages. TCP neither loses nor repeats one; what stands
// above it does. Any number of links may share it.
type Trap struct {
	Name  string        // of the messages; "any" for all
	Twice bool          // they arrive twice; else they are lost
	Later time.Duration // how long after the first one the second is sent

	mu   sync.Mutex
	left int
}

// NewTrap makes a trap that takes n messages; 0 means 1.
func NewTrap(name string, n int, twice bool, later time.Duration) *Trap {
	return &Trap{Name: name, Twice: twice, Later: later, left: max(n, 1)}
}

// Left is how many messages the trap still has to take.
func (t *Trap) Left() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.left
}

// takes reports whether the trap wants a message, and has it then.
func (t *Trap) takes(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left == 0 || name == "" || name != t.Name && t.Name != "any" {
		return false
	}
	t.left--
	return true
}

// Set sets a trap for what goes one way.
func (p *Proxy) Set(way Way, t *Trap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.traps[way] = append(p.traps[way], t)
}

// Unset takes a trap away, whatever it still had to take.
func (p *Proxy) Unset(way Way, t *Trap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.traps[way] = slices.DeleteFunc(p.traps[way], func(o *Trap) bool { return o == t })
}

// caught lets the first trap that wants it have a message. The caller holds mu.
func (p *Proxy) caught(way Way, name string) (lost, again bool, later time.Duration) {
	for _, t := range p.traps[way] {
		if t.takes(name) {
			return !t.Twice, t.Twice, t.Later
		}
	}
	return false, false, 0
}

// sendAgain sends a message a second time: over its own connection, or over the
// newest one of the link if that is gone, or not at all.
func (p *Proxy) sendAgain(r *relay, way Way, data []byte) {
	p.mu.Lock()
	if !p.relays[r] {
		r = nil
		for o := range p.relays {
			if o.far != nil && (r == nil || o.serial > r.serial) {
				r = o
			}
		}
	}
	p.mu.Unlock()
	if r == nil {
		return
	}
	select {
	case r.ways[way] <- parcel{data: data}:
	case <-r.over:
	}
}
