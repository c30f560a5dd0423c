package server

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// idlePeriod is how long a connection may be silent that has no session, and
// the bucket in which silent connections of every kind are closed.
const idlePeriod = 10 * time.Second

// conns are the connections that are a client's, or may turn out to be one.
// One that was silent for longer than its session's timeout is closed at the
// end of the period in which that has passed; its session is not touched by
// that.
type conns struct {
	of    map[host.ConnID]conn
	perIP map[string]int
	// buckets are the connections by the period at whose end they were to be
	// closed when they were last put there; one heard from since is elsewhere
	// too.
	buckets map[int64][]host.ConnID
	bucket  int64        // the next to be closed
	timer   host.TimerID // 0 while there are no connections
}

type conn struct {
	ip     string
	bucket int64
}

func newConns() conns {
	return conns{of: map[host.ConnID]conn{}, perIP: map[string]int{}, buckets: map[int64][]host.ConnID{}}
}

// machineOf is an address without its port.
func machineOf(a host.Addr) string { return string(a)[:max(strings.LastIndexByte(string(a), ':'), 0)] }

// entered is told of a connection.
func (s *Server) entered(c host.ConnID, from host.Addr) {
	n, ip := &s.conns, machineOf(from)
	n.of[c] = conn{ip: ip}
	n.perIP[ip]++
	now := int64(s.h.Mono())
	if n.timer == 0 {
		n.bucket = now/int64(idlePeriod) + 1
		s.awaitIdle()
	}
	n.touch(c, now, idlePeriod)
}

// left is told that a connection is gone, or is no client's.
func (n *conns) left(c host.ConnID) {
	x, ok := n.of[c]
	if !ok {
		return
	}
	delete(n.of, c)
	if n.perIP[x.ip]--; n.perIP[x.ip] == 0 {
		delete(n.perIP, x.ip)
	}
}

// tooMany reports whether a connection is beyond what its machine may have.
func (n *conns) tooMany(c host.ConnID, limit int) bool {
	return limit > 0 && n.perIP[n.of[c].ip] > limit
}

// touch notes that something went over a connection.
func (n *conns) touch(c host.ConnID, now int64, timeout time.Duration) {
	x, ok := n.of[c]
	bucket := (now+int64(timeout))/int64(idlePeriod) + 1
	if !ok || x.bucket == bucket {
		return
	}
	x.bucket = bucket
	n.of[c] = x
	n.buckets[bucket] = append(n.buckets[bucket], c)
}

func (s *Server) awaitIdle() {
	n := &s.conns
	n.timer = host.After(s.h, time.Duration(max(n.bucket*int64(idlePeriod)-int64(s.h.Mono()), 0)), (*Server).closeIdle, struct{}{})
}

// closeIdle closes the connections of one bucket.
func (s *Server) closeIdle(struct{}) {
	n := &s.conns
	ids := n.buckets[n.bucket]
	delete(n.buckets, n.bucket)
	slices.Sort(ids)
	for _, c := range slices.Compact(ids) {
		if x, ok := n.of[c]; ok && x.bucket == n.bucket {
			delete(s.fresh, c)
			s.cut(c)
		}
	}
	if n.timer = 0; len(n.of) > 0 {
		n.bucket++
		s.awaitIdle()
		return
	}
	clear(n.buckets)
}

func (n *conns) clone() conns {
	x := *n
	x.of, x.perIP, x.buckets = maps.Clone(n.of), maps.Clone(n.perIP), maps.Clone(n.buckets)
	for _, b := range slices.Sorted(maps.Keys(x.buckets)) {
		x.buckets[b] = slices.Clone(x.buckets[b])
	}
	return x
}

func (n *conns) digest(d *host.Digest) {
	for _, c := range slices.Sorted(maps.Keys(n.of)) {
		d.Uint(uint64(c))
		d.Str(n.of[c].ip)
		d.Int(n.of[c].bucket)
	}
	for _, b := range slices.Sorted(maps.Keys(n.buckets)) {
		d.Int(b)
		d.Any(n.buckets[b])
	}
	d.Int(n.bucket)
	d.Uint(uint64(n.timer))
}
