package link

import (
	"net"
	"time"
)

// An End is the end of a link to which bytes come that go one way.
type End struct {
	Proxy *Proxy
	Way   Way
}

// ResetEnds breaks every connection that passes any of the links now, and none
// that is made because of it. The ends that are given are told so much later
// than the others; what they send meanwhile is lost.
func ResetEnds(ends []End, later time.Duration) {
	type broken struct {
		r   *relay
		way Way
	}
	var all []broken
	for _, e := range ends {
		e.Proxy.mu.Lock()
		for r := range e.Proxy.relays {
			all = append(all, broken{r, e.Way})
		}
		e.Proxy.mu.Unlock()
	}
	for _, b := range all {
		b.r.resetLater(b.way, later)
	}
}

// reset ends a relay with a reset of both ends.
func (r *relay) reset() { r.resetLater(Forward, 0) }

// resetLater ends a relay with a reset of both ends; the one to which bytes come
// that go one way is told later.
func (r *relay) resetLater(way Way, later time.Duration) {
	r.overOnce.Do(func() {
		close(r.over)
		r.p.mu.Lock()
		ends := [2]*net.TCPConn{Forward: r.far, Backward: r.near}
		r.p.mu.Unlock()
		cut(ends[1-way])
		if later <= 0 {
			cut(ends[way])
			return
		}
		time.AfterFunc(later, func() { cut(ends[way]) })
	})
}

// cut resets a connection, if there is one.
func cut(c *net.TCPConn) {
	if c != nil {
		_ = c.SetLinger(0)
		c.Close()
	}
}
