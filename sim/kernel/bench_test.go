package kernel

import (
	"math/bits"
	"testing"
)

// The load of both loops below: five actors answer each message to a random
// one after 1 to 10 ms, and each has a timer of 100 ms.
const (
	benchActors = 5
	millisecond = 1_000_000
)

// bareLoop is the same load written by hand: a sorted slice of values and a
// word-mixing digest, and nothing else. It returns steps and digest.
func bareLoop(until int64) (steps, digest uint64) {
	type event struct {
		at    int64
		to    uint64
		timer bool
		sum   uint64
	}
	var q []event // latest first
	post := func(e event) {
		i := len(q)
		q = append(q, e)
		for i > 0 && q[i-1].at < e.at {
			q[i] = q[i-1]
			i--
		}
		q[i] = e
	}
	for i := range uint64(benchActors) {
		post(event{at: millisecond, to: i, sum: i})
		post(event{at: 100 * millisecond, to: i, timer: true})
	}
	for q[len(q)-1].at <= until {
		e := q[len(q)-1]
		q = q[:len(q)-1]
		steps++
		digest = mum(digest^uint64(e.at), e.to^e.sum^0xe7037ed1a0b428db)
		if e.timer {
			e.at += 100 * millisecond
			post(e)
			continue
		}
		x := draw(1, Key(e.to), steps)
		to, rest := bits.Mul64(x, benchActors)
		wait, _ := bits.Mul64(rest, 9*millisecond)
		post(event{at: e.at + millisecond + int64(wait), to: to, sum: x})
	}
	return steps, digest
}

// chatter is an actor of the load.
type chatter struct {
	k    *Kernel
	self ActorID
	n    uint64
}

func (c *chatter) Handle(e *Event) {
	if e.Kind == Timer {
		c.k.Post(c.k.Now()+100*millisecond, Event{Actor: c.self, Kind: Timer, Name: "tick", Sum: 1})
		return
	}
	c.n++
	x := c.k.Draw(Key(c.self), c.n)
	to, rest := bits.Mul64(x, benchActors)
	wait, _ := bits.Mul64(rest, 9*millisecond)
	c.k.Post(c.k.Now()+millisecond+int64(wait), Event{Actor: ActorID(to + 1), Kind: Message, V: e.V, Name: "talk", Sum: x})
}

func kernelLoop(until int64) (steps, digest uint64) {
	k := New(1, nil)
	for i := range benchActors {
		c := &chatter{k: k}
		c.self = k.AddActor(string(rune('a'+i)), c)
		k.Post(millisecond, Event{Actor: c.self, Kind: Message, V: "hello", Name: "talk", Sum: uint64(i)})
		k.Post(100*millisecond, Event{Actor: c.self, Kind: Timer, Name: "tick", Sum: 1})
	}
	k.Run(until)
	return k.Steps(), k.Fingerprint()
}

// BenchmarkKernel reports the kernel's steps next to those of a loop written by
// hand for this load alone, measured in turns with it, and their ratio.
func BenchmarkKernel(b *testing.B) {
	const until = 100_000 * millisecond
	var sink uint64
	kernel, bare := uint64(0), uint64(0)
	var spent [2]int64
	for b.Loop() {
		t0 := b.Elapsed()
		n, sum := kernelLoop(until)
		t1 := b.Elapsed()
		m, other := bareLoop(until)
		t2 := b.Elapsed()
		kernel, bare = kernel+n, bare+m
		spent[0] += int64(t1 - t0)
		spent[1] += int64(t2 - t1)
		sink ^= sum ^ other
	}
	k := float64(kernel) / float64(spent[0]) * 1e3
	y := float64(bare) / float64(spent[1]) * 1e3
	b.ReportMetric(k, "kernel-Msteps/s")
	b.ReportMetric(y, "bare-Msteps/s")
	b.ReportMetric(k/y, "kernel/bare")
	if sink == 0 {
		b.Log("unlikely")
	}
}
