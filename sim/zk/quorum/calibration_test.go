package quorum

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// spread prints min/p25/median/p75/p90/max in milliseconds.
func spread(d []time.Duration) string {
	slices.Sort(d)
	at := func(percent int) int64 { return d[(len(d)-1)*percent/100].Milliseconds() }
	return fmt.Sprintf("%d/%d/%d/%d/%d/%d", at(0), at(25), at(50), at(75), at(90), at(100))
}

// failover is how long after the leader's loss another one serves.
func failover(t *testing.T, seed uint64, size int, tick time.Duration, lose func(w *world, l *node)) time.Duration {
	w := newWorld(seed, size, Config{Tick: tick, Pace: Measured(size)}).startAll()
	_, ok := w.until(30*time.Second, func() bool { return w.serving() == size })
	require.True(t, ok)
	w.run(10*time.Second + time.Duration(seed%97)*tick/97) // at any phase of the tick
	old := w.leader()
	lose(w, old)
	took, ok := w.until(60*time.Second, func() bool { l := w.leader(); return l != nil && l != old })
	require.True(t, ok)
	return took
}

// TestFailoverTakesAsLongAsMeasured compares with ZooKeeper 3.8.0: the median
// of the log line "broadcast" after kill -9 of the leader, and the median of
// the first write after a silent partition of the leader, less the 25 ms that
// lie between serving and the first write.
func TestFailoverTakesAsLongAsMeasured(t *testing.T) {
	crash := func(_ *world, l *node) { l.kill() }
	isolate := func(w *world, l *node) {
		for _, n := range w.nodes {
			w.net.Cut(n.mach, l.mach)
			w.net.Cut(l.mach, n.mach)
		}
	}
	const ms = time.Millisecond
	for _, tt := range []struct {
		what     string
		lose     func(w *world, l *node)
		size     int
		tick     time.Duration
		measured time.Duration
	}{
		{"killed", crash, 3, 2000 * ms, 398 * ms},
		{"killed", crash, 3, 500 * ms, 448 * ms},
		{"killed", crash, 3, 200 * ms, 428 * ms},
		{"killed", crash, 5, 2000 * ms, 569 * ms},
		{"killed", crash, 5, 500 * ms, 505 * ms},
		{"killed", crash, 5, 200 * ms, 496 * ms},
		{"partitioned", isolate, 3, 2000 * ms, 9985 * ms},
		{"partitioned", isolate, 3, 500 * ms, 2725 * ms},
		{"partitioned", isolate, 3, 200 * ms, 1245 * ms},
	} {
		t.Run(fmt.Sprintf("%s/%d servers/tick %v", tt.what, tt.size, tt.tick), func(t *testing.T) {
			var all []time.Duration
			for seed := range uint64(97) {
				all = append(all, failover(t, seed+1, tt.size, tt.tick, tt.lose))
			}
			line := spread(all)
			median := all[len(all)/2]
			t.Logf("%s ms, measured median %v", line, tt.measured)
			require.InDelta(t, tt.measured.Milliseconds(), median.Milliseconds(), float64(tt.measured.Milliseconds())*15/100)
		})
	}
}
