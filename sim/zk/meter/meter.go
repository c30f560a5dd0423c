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

// A Connection is what one client's connection was last answered.
type Connection struct {
	Op      int32 // the operation's number
	Since   int64 // when it began, in milliseconds since 1970
	Cxid    int32
	Zxid    int64
	Replied int64 // milliseconds on the monotonic clock
	Latency Latency
}

// Answered notes an answer: its operation, and when it was given, after how
// many nanoseconds.
func (c *Connection) Answered(op, cxid int32, zxid, now, took int64) {
	c.Op, c.Cxid, c.Zxid, c.Replied = op, cxid, zxid, Milliseconds(now)
	c.Latency.Took(took)
}

// String is the connection as cons lists it, but for its session. A cxid below
// 0 is that of no request.
func (c *Connection) String() string {
	l, cxid := &c.Latency, ""
	if c.Cxid >= 0 {
		cxid = fmt.Sprintf(",lcxid=0x%x", c.Cxid)
	}
	return fmt.Sprintf("%s,lzxid=0x%x,lresp=%d,llat=%d,minlat=%d,avglat=%d,maxlat=%d", cxid, c.Zxid, c.Replied,
		Milliseconds(l.Last), Milliseconds(l.Min), Milliseconds(l.Sum/max(l.N, 1)), Milliseconds(l.Max))
}
