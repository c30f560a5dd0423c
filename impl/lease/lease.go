// Package lease is the right to act without asking, by timers alone: a lease
// begins when something is sent that will be confirmed, counts once it is, and
// ends when its length has passed since the sending. Who confirms it may count
// on that, on the slowest clock. It is a part of its owner: see host.Composite.
package lease

import (
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// An Owner is the process that holds a lease.
type Owner interface {
	// LeaseOver says that the lease that counted is over.
	LeaseOver()
}

// A Lease is the leases of one process, of one length. Several may have begun;
// one counts at most. They are numbered from 1, and numbers are never reused.
type Lease struct {
	h      host.Host
	owner  Owner
	length time.Duration

	count int64
	begun []term // not confirmed and not over, oldest first
	now   term   // the one that counts; zero if there is none
}

// A term is one lease.
type term struct {
	n     int64
	timer host.TimerID
	until host.Mono
}

// New makes leases of a length, none of which has begun. Start must follow
// before the first does.
func New(owner Owner, length time.Duration) *Lease { return &Lease{owner: owner, length: length} }

// Start gives it the machine whose clock counts.
func (l *Lease) Start(h host.Host) { l.h = h }

// Begin begins a lease and returns its number.
func (l *Lease) Begin() int64 {
	l.count++
	until := l.h.Mono() + host.Mono(l.length)
	l.begun = append(l.begun, term{l.count, host.After(l.h, l.length, (*Lease).over, l.count), until})
	return l.count
}

// Last is the number of the lease begun last; 0 if none has.
func (l *Lease) Last() int64 { return l.count }

// Confirm makes lease n count, and reports whether it does: not if it is over,
// or a later one counts. The one that counted may be found to be over then.
func (l *Lease) Confirm(n int64) bool {
	i := slices.IndexFunc(l.begun, func(t term) bool { return t.n == n })
	if i < 0 || l.passed(l.begun[i]) {
		l.Expire()
		return false
	}
	l.h.StopTimer(l.now.timer)
	l.drop(l.begun[:i])
	l.now = l.begun[i]
	l.begun = slices.Delete(l.begun, 0, i+1)
	return true
}

// Holds reports whether some lease counts, and is not over by the clock.
func (l *Lease) Holds() bool { return l.now.n != 0 && !l.passed(l.now) }

// Expire ends the lease that counts if it is over by the clock. What a process does
// first after it stood still may be anything that came meanwhile; its timers, which
// are late, may come last. So who acts under a lease asks before each step.
func (l *Lease) Expire() {
	if l.now.n != 0 && l.passed(l.now) {
		l.h.StopTimer(l.now.timer)
		l.over(l.now.n)
	}
}

// passed reports whether t is over, whether its timer has run or not.
func (l *Lease) passed(t term) bool {
	return l.h.Mono() >= t.until //det:allow the timer of a process that stood still is late
}

// Counting is the number of the lease that counts; 0 if none does.
func (l *Lease) Counting() int64 { return l.now.n }

// Until is when the lease that counts is over, on the machine's monotonic clock; 0
// if none does. It is for others on the machine: who holds the lease is told.
func (l *Lease) Until() host.Mono { return l.now.until }

// Open is how many leases have begun since the one that counts and are not
// confirmed.
func (l *Lease) Open() int { return len(l.begun) }

// Forget drops what has begun and is not confirmed.
func (l *Lease) Forget() {
	l.drop(l.begun)
	l.begun = nil
}

// Stop drops everything. The owner is not told.
func (l *Lease) Stop() {
	l.Forget()
	l.h.StopTimer(l.now.timer)
	l.now = term{}
}

func (l *Lease) drop(terms []term) {
	for _, t := range terms {
		l.h.StopTimer(t.timer)
	}
}

func (l *Lease) over(n int64) {
	l.begun = slices.DeleteFunc(l.begun, func(t term) bool { return t.n == n })
	if n == l.now.n {
		l.now = term{}
		l.owner.LeaseOver()
	}
}

// Clone returns a copy for a clone of its owner on h.
func (l *Lease) Clone(h host.Host, owner Owner) *Lease {
	c := *l
	c.h, c.owner, c.begun = h, owner, slices.Clone(l.begun)
	return &c
}

// Digest writes its state into d.
func (l *Lease) Digest(d *host.Digest) {
	d.Int(l.count)
	d.Uint(uint64(len(l.begun)))
	for _, t := range l.begun {
		t.digest(d)
	}
	l.now.digest(d)
}

func (t term) digest(d *host.Digest) {
	d.Int(t.n)
	d.Timer(t.timer)
	d.Int(int64(t.until))
}
