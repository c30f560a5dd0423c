package server

import (
	"maps"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// A tracker times sessions: the leader has one for those of the ensemble, and
// a server that gives local sessions one for those.
type tracker struct {
	tick     int64 // nanoseconds
	sessions map[int64]*tracked
	// buckets are the sessions by the tick at whose end they were to expire
	// when they were last put there; a session touched since is elsewhere too.
	buckets map[int64][]int64
	bucket  int64 // the next to expire
	timer   host.TimerID
}

// tracked is one session as its tracker knows it.
type tracked struct {
	timeout int32 // milliseconds
	bucket  int64
	owner   ServerID
	closing bool
}

func newTracker(h host.Host, tick time.Duration) tracker {
	return tracker{tick: int64(tick), sessions: map[int64]*tracked{}, buckets: map[int64][]int64{}, bucket: int64(h.Mono())/int64(tick) + 1}
}

// track begins to time a session.
func (l *tracker) track(h host.Host, id int64, timeout int32, owner ServerID) {
	l.sessions[id] = &tracked{timeout: timeout, owner: owner}
	l.touch(h, id, timeout, owner, false)
}

// touch gives a session another timeout from now: it expires at the end of
// the tick in which that has passed. It reports whether the session lives. If
// move is set, the session is from now on that of server owner.
func (l *tracker) touch(h host.Host, id int64, timeout int32, owner ServerID, move bool) bool {
	t := l.sessions[id]
	if t == nil || t.closing {
		return false
	}
	if move {
		t.owner = owner
	}
	t.timeout = timeout
	bucket := (int64(h.Mono())+int64(timeout)*int64(time.Millisecond))/l.tick + 1
	if bucket != t.bucket {
		t.bucket = bucket
		l.buckets[bucket] = append(l.buckets[bucket], id)
	}
	return true
}

// wait is how long it is until the next bucket expires.
func (l *tracker) wait(h host.Host) time.Duration {
	return time.Duration(max(l.bucket*l.tick-int64(h.Mono()), 0))
}

// expired takes the next bucket and returns its sessions, which are closing
// from now on, in the order of their numbers.
func (l *tracker) expired() []int64 {
	ids := l.buckets[l.bucket]
	delete(l.buckets, l.bucket)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id int64) bool {
		t := l.sessions[id]
		return t == nil || t.bucket != l.bucket || t.closing
	})
	for _, id := range ids {
		l.sessions[id].closing = true
	}
	l.bucket++
	return ids
}

func (l *tracker) clone() tracker {
	c := *l
	c.sessions, c.buckets = maps.Clone(l.sessions), maps.Clone(l.buckets)
	for _, id := range slices.Sorted(maps.Keys(c.sessions)) {
		t := *c.sessions[id]
		c.sessions[id] = &t
	}
	for _, b := range slices.Sorted(maps.Keys(c.buckets)) {
		c.buckets[b] = slices.Clone(c.buckets[b])
	}
	return c
}

func (l *tracker) digest(d *host.Digest) {
	d.Int(l.bucket)
	d.Uint(uint64(l.timer))
	for _, id := range slices.Sorted(maps.Keys(l.sessions)) {
		t := l.sessions[id]
		d.Int(id)
		d.Int(int64(t.timeout))
		d.Int(t.bucket)
		d.Uint(uint64(t.owner))
		d.Bool(t.closing)
	}
	for _, b := range slices.Sorted(maps.Keys(l.buckets)) {
		d.Int(b)
		d.Any(l.buckets[b])
	}
}
