package simctl

import (
	"math/bits"
	"time"
)

// A bareEvent goes to one of five actors.
type bareEvent struct {
	to uint32
	n  uint64
}

// A bareKey is an event's place in the queue.
type bareKey struct {
	at   int64
	seq  uint64
	slot uint32
}

func (a *bareKey) before(b *bareKey) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

// A bareQueue is what a queue of timed events costs at least: a 4-ary heap of
// keys beside a slab of events.
type bareQueue struct {
	heap []bareKey
	slab []bareEvent
	free []uint32
	seq  uint64
}

func (q *bareQueue) push(at int64, e bareEvent) {
	q.seq++
	var s uint32
	if n := len(q.free); n > 0 {
		s, q.free = q.free[n-1], q.free[:n-1]
		q.slab[s] = e
	} else {
		s = uint32(len(q.slab))
		q.slab = append(q.slab, e)
	}
	x := bareKey{at, q.seq, s}
	q.heap = append(q.heap, x)
	heap := q.heap
	i := len(heap) - 1
	for i > 0 && x.before(&heap[(i-1)/4]) {
		heap[i] = heap[(i-1)/4]
		i = (i - 1) / 4
	}
	heap[i] = x
}

func (q *bareQueue) pop() (int64, bareEvent) {
	heap := q.heap
	x := heap[0]
	n := len(heap) - 1
	y := heap[n]
	heap = heap[:n]
	i := 0
	for {
		c := 4*i + 1
		if c >= n {
			break
		}
		m := c
		for j := c + 1; j < min(c+4, n); j++ {
			if heap[j].before(&heap[m]) {
				m = j
			}
		}
		if !heap[m].before(&y) {
			break
		}
		heap[i] = heap[m]
		i = m
	}
	if n > 0 {
		heap[i] = y
	}
	q.heap = heap
	q.free = append(q.free, x.slot)
	return x.at, q.slab[x.slot]
}

// mix is one multiplication, its halves folded.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b^0xe7037ed1a0b428db)
	return hi ^ lo
}

// bareLoop is the yardstick: the same traffic as kernelLoop, written by hand
// for nothing else. It returns its steps per second of wall time.
func bareLoop(d time.Duration) float64 {
	var q bareQueue
	for i := range 50 {
		q.push(int64(i), bareEvent{uint32(i % 5), 0})
	}
	rng, digest, steps := uint64(1), uint64(0), uint64(0)
	watch := NewStopwatch()
	for watch.Elapsed() < d {
		for range 10_000 {
			at, e := q.pop()
			steps++
			rng += 0xa0761d6478bd642f
			x := mix(rng, rng)
			digest = mix(digest^uint64(at), uint64(e.to)^e.n)
			q.push(at+1_000_000+int64(x%9_000_000), bareEvent{uint32(x % 5), x})
		}
	}
	if digest == 0 {
		return 0 // the digest is used, so that it is computed
	}
	return float64(steps) / watch.Elapsed().Seconds()
}
