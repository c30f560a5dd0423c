package live

import (
	"container/heap"
	"math/bits"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/simctl/simctl/impl/host"
)

// A moment is one instant on two clocks.
type moment struct {
	ns int64 // CLOCK_MONOTONIC
	at time.Time
}

// origin lets [Monotonic] do without a system call: package time reads the same
// clock without.
var origin = readBoth()

// readBoth reads both clocks at once, or as nearly as it can.
func readBoth() (best moment) {
	for least, tries := int64(time.Hour), 0; tries < 100 && least > int64(time.Microsecond); tries++ {
		before := readMonotonic()
		at := time.Now()
		if took := readMonotonic() - before; took < least {
			least, best = took, moment{before + took/2, at}
		}
	}
	return best
}

// Monotonic is CLOCK_MONOTONIC in nanoseconds: one clock for all processes of
// this machine, which never jumps.
func Monotonic() int64 { return origin.ns + int64(time.Since(origin.at)) }

func readMonotonic() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("live: no monotonic clock: " + err.Error())
	}
	return ts.Nano()
}

// Mono is the time on the machine's monotonic clock.
func (h *Host) Mono() host.Mono { return h.o.Mono() }

// Wall is the time on the machine's wall clock.
func (h *Host) Wall() host.Wall { return host.Wall(time.Now().UnixNano() + int64(h.o.WallOffset())) }

// StartTimer calls c once d has passed.
func (h *Host) StartTimer(d time.Duration, c host.Call) host.TimerID {
	h.timerSeq++
	id := h.timerSeq
	due := Monotonic() + int64(max(d, 0))
	h.timers[id] = timer{call: c, due: due}
	heap.Push(&h.queue, alarm{due, id})
	t := h.timers[id]
	t.clock = time.AfterFunc(d, func() { h.post(func() { h.ring(due) }) })
	h.timers[id] = t
	return id
}

// ring calls the timers that were due by a moment, in their order: on a machine
// that stood still the alarms of package time come in any.
func (h *Host) ring(by int64) {
	for len(h.queue) > 0 && h.queue[0].due <= by && !h.over() {
		id := heap.Pop(&h.queue).(alarm).id
		if t, armed := h.timers[id]; armed {
			delete(h.timers, id)
			t.call.Run(h.p, nil)
		}
	}
}

// A timer is one that has not rung.
type timer struct {
	call  host.Call
	due   int64
	clock *time.Timer
}

// An alarm is when a timer is due, which may have been stopped.
type alarm struct {
	due int64
	id  host.TimerID
}

// alarms are a heap: the next one is first.
type alarms []alarm

func (a alarms) Len() int { return len(a) }
func (a alarms) Less(i, j int) bool {
	return a[i].due < a[j].due || a[i].due == a[j].due && a[i].id < a[j].id
}
func (a alarms) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)   { *a = append(*a, x.(alarm)) }
func (a *alarms) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}

// StopTimer cancels a timer and reports whether it was in time to.
func (h *Host) StopTimer(id host.TimerID) bool {
	t, armed := h.timers[id]
	if armed {
		t.clock.Stop()
		delete(h.timers, id)
		if len(h.queue) > 2*len(h.timers)+64 { // most of it was stopped
			h.queue = slices.DeleteFunc(h.queue, func(a alarm) bool { _, armed := h.timers[a.id]; return !armed })
			heap.Init(&h.queue)
		}
	}
	return armed
}

// Draw returns a number in [0,n), a pure function of the seed, the process,
// its incarnation, the purpose and the number of earlier draws for it. Drawing
// from no numbers returns 0.
func (h *Host) Draw(purpose string, n uint64) uint64 {
	count := h.draws[purpose]
	h.draws[purpose] = count + 1
	var d host.Digest
	d.Uint(h.o.Seed)
	d.Str(string(h.o.Self))
	d.Uint(uint64(h.o.Incarnation))
	d.Str(purpose)
	d.Uint(count)
	hi, _ := bits.Mul64(d.Sum(), n)
	return hi
}
