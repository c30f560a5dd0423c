// Package meter counts what a server has done, for its four-letter words.
// Nothing is decided by it.
package meter

import (
	"fmt"
	"strings"
)

// A Latency is how long requests took, in nanoseconds. The zero Latency has
// seen none.
type Latency struct{ N, Last, Min, Max, Sum int64 }

// Took adds one request.
func (l *Latency) Took(ns int64) {
	if l.N == 0 || ns < l.Min {
		l.Min = ns
	}
	l.Max = max(l.Max, ns)
	l.Sum += ns
	l.Last = ns
	l.N++
}

// Milliseconds is a duration as the words say it.
func Milliseconds(ns int64) int64 { return ns / 1_000_000 }

// String is "min/avg/max" in milliseconds.
func (l *Latency) String() string {
	return fmt.Sprintf("%d/%s/%d", Milliseconds(l.Min), l.Average(), Milliseconds(l.Max))
}

// Average is the mean in milliseconds, to one ten-thousandth.
func (l *Latency) Average() string {
	if l.N == 0 {
		return "0.0"
	}
	mean := l.Sum / l.N / 100 // tenths of microseconds
	text := strings.TrimRight(fmt.Sprintf("%d.%04d", mean/10_000, mean%10_000), "0")
	if strings.HasSuffix(text, ".") {
		text += "0"
	}
	return text
}

// Sizes are those of proposals, in bytes.
type Sizes struct{ N, Last, Min, Max int64 }

// Made adds one proposal.
func (z *Sizes) Made(size int) {
	z.Last = int64(size)
	if z.N == 0 || z.Last < z.Min {
		z.Min = z.Last
	}
	z.Max = max(z.Max, z.Last)
	z.N++
}

// String is "last/min/max", -1 for none.
func (z *Sizes) String() string {
	if z.N == 0 {
		return "-1/-1/-1"
	}
	return fmt.Sprintf("%d/%d/%d", z.Last, z.Min, z.Max)
}
