// Package hold keeps back what must not begin before something that nobody can
// see must be over. It is a part of its owner: see host.Composite.
package hold

import (
	"maps"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// An Owner is the process that holds something back.
type Owner interface {
	// HoldOver says that id is held back no more.
	HoldOver(id string)
	// TimeCounts says that time counts from now on.
	TimeCounts()
}

// A Book is what is held back, each for one length.
type Book struct {
	h      host.Host
	owner  Owner
	length time.Duration

	counts bool                    // time counts
	wait   host.TimerID            // until it does
	since  time.Duration           // on the monotonic clock: nothing counts from before
	held   map[string]host.TimerID // 0 while time does not count
}

// New makes an empty book in which time does not count yet.
func New(owner Owner, length time.Duration) *Book {
	return &Book{owner: owner, length: length, held: map[string]host.TimerID{}}
}

// Start gives it the machine whose clock counts.
func (b *Book) Start(h host.Host) { b.h = h }

// Count makes time count from now on, for what is held back already too.
func (b *Book) Count() {
	b.counts, b.since = true, time.Duration(b.h.Mono())
	for _, id := range slices.Sorted(maps.Keys(b.held)) {
		b.Hold(id, b.h.Mono())
	}
}

// CountAfter makes time count once d has passed.
func (b *Book) CountAfter(d time.Duration) {
	b.wait = host.After(b.h, d, (*Book).countNow, struct{}{})
}

func (b *Book) countNow(struct{}) {
	b.Count()
	b.owner.TimeCounts()
}

// Counts reports whether time counts.
func (b *Book) Counts() bool { return b.counts }

// Hold keeps id back until the length has passed since from, or since time
// counts if that is later.
func (b *Book) Hold(id string, from host.Mono) {
	b.Drop(id)
	b.held[id] = 0
	if b.counts {
		seen := time.Duration(from)
		left := max(seen, b.since) + b.length - time.Duration(b.h.Mono())
		b.held[id] = host.After(b.h, max(0, left), (*Book).over, id)
	}
}

// Held reports whether id is held back.
func (b *Book) Held(id string) bool {
	_, held := b.held[id]
	return held
}

// Drop lets id go.
func (b *Book) Drop(id string) {
	b.h.StopTimer(b.held[id])
	delete(b.held, id)
}

// Clear lets everything go, and time count no more.
func (b *Book) Clear() {
	for _, id := range slices.Sorted(maps.Keys(b.held)) {
		b.Drop(id)
	}
	b.h.StopTimer(b.wait)
	b.counts, b.wait = false, 0
}

func (b *Book) over(id string) {
	delete(b.held, id)
	b.owner.HoldOver(id)
}

// Clone returns a deep copy for a clone of its owner on h.
func (b *Book) Clone(h host.Host, owner Owner) *Book {
	c := *b
	c.h, c.owner, c.held = h, owner, maps.Clone(b.held)
	return &c
}

// Digest writes its state into d.
func (b *Book) Digest(d *host.Digest) {
	d.Bool(b.counts)
	d.Timer(b.wait)
	d.Int(int64(b.since))
	host.DigestMap(d, b.held)
}
