package live

import (
	"math/bits"
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
	h.timers[id] = time.AfterFunc(d, func() {
		h.post(func() {
			if _, armed := h.timers[id]; armed {
				delete(h.timers, id)
				c.Run(h.p, nil)
			}
		})
	})
	return id
}

// StopTimer cancels a timer and reports whether it was in time to.
func (h *Host) StopTimer(id host.TimerID) bool {
	t, armed := h.timers[id]
	if armed {
		t.Stop()
		delete(h.timers, id)
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
