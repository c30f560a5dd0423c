// Package expiry times sessions as ZooKeeper does: in buckets of a tick, so that
// a session expires between its timeout and a tick more after it was last heard
// of.
package expiry

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// A ServerID is a server's number in its ensemble ("myid"), from 1 to 255.
// A standalone server is 0.
type ServerID uint8

// A Tracker times sessions: the leader has one for those of the ensemble, and
// a server that gives local sessions one for those.
type Tracker struct {
	Sessions map[int64]*Session // by number; the zero Tracker has none and takes none
	Bucket   int64              // the next to expire, in ticks since the machine started
	Timer    host.TimerID       // the owner's, for that
	tick     int64              // nanoseconds
	// buckets are the sessions by the tick at whose end they were to expire
	// when they were last put there; a session touched since is elsewhere too.
	buckets map[int64][]int64
}

// A Session is one as its tracker knows it.
type Session struct {
	Timeout int32    // milliseconds
	Owner   ServerID // the server that its client is connected to; 0: not heard of
	Closing bool     // its end is on its way
	bucket  int64
}

// New returns the tracker of no sessions.
func New(h host.Host, tick time.Duration) Tracker {
	return Tracker{tick: int64(tick), Sessions: map[int64]*Session{}, buckets: map[int64][]int64{}, Bucket: int64(h.Mono())/int64(tick) + 1}
}

// Track begins to time a session.
func (l *Tracker) Track(h host.Host, id int64, timeout int32, owner ServerID) {
	l.Sessions[id] = &Session{Timeout: timeout, Owner: owner}
	l.Touch(h, id, timeout, owner, false)
}

// Touch gives a session another timeout from now: it expires at the end of
// the tick in which that has passed. It reports whether the session lives. If
// move is set, the session is from now on that of server owner.
func (l *Tracker) Touch(h host.Host, id int64, timeout int32, owner ServerID, move bool) bool {
	t := l.Sessions[id]
	if t == nil || t.Closing {
		return false
	}
	if move {
		t.Owner = owner
	}
	t.Timeout = timeout
	bucket := (int64(h.Mono())+int64(timeout)*int64(time.Millisecond))/l.tick + 1
	if bucket != t.bucket {
		t.bucket = bucket
		l.buckets[bucket] = append(l.buckets[bucket], id)
	}
	return true
}

// Wait is how long it is until the next bucket expires.
func (l *Tracker) Wait(h host.Host) time.Duration {
	return time.Duration(max(l.Bucket*l.tick-int64(h.Mono()), 0))
}

// Expired takes the next bucket and returns its sessions, which are closing
// from now on, in the order of their numbers.
func (l *Tracker) Expired() []int64 {
	ids := l.buckets[l.Bucket]
	delete(l.buckets, l.Bucket)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id int64) bool {
		t := l.Sessions[id]
		return t == nil || t.bucket != l.Bucket || t.Closing
	})
	for _, id := range ids {
		l.Sessions[id].Closing = true
	}
	l.Bucket++
	return ids
}

// A Set is the sessions that expire together, in the order of their numbers.
type Set struct {
	At       time.Duration // since the machine started
	Sessions []int64
}

// Sets returns all sessions by when they expire if they are not heard of.
func (l *Tracker) Sets() []Set {
	of := map[int64][]int64{}
	for _, id := range slices.Sorted(maps.Keys(l.Sessions)) {
		b := l.Sessions[id].bucket
		of[b] = append(of[b], id)
	}
	var sets []Set
	for _, b := range slices.Sorted(maps.Keys(of)) {
		sets = append(sets, Set{time.Duration(b * l.tick), of[b]})
	}
	return sets
}

// Dump writes the sessions by when they expire, as the word dump lists them.
// What the clocks show at this moment is mono, and wall in milliseconds.
func (l *Tracker) Dump(w io.Writer, mono host.Mono, wall int64) {
	sets := l.Sets()
	fmt.Fprintf(w, "Session Sets (%d)/(%d):\n", len(sets), len(l.Sessions))
	for _, set := range sets {
		at := time.UnixMilli(wall + (int64(set.At)-int64(mono))/1_000_000).UTC()
		fmt.Fprintf(w, "%d expire at %s:\n", len(set.Sessions), at.Format("Mon Jan 02 15:04:05 UTC 2006"))
		for _, id := range set.Sessions {
			fmt.Fprintf(w, "\t0x%x\n", uint64(id))
		}
	}
}

// Clone returns a deep copy.
func (l *Tracker) Clone() Tracker {
	c := *l
	c.Sessions, c.buckets = maps.Clone(l.Sessions), maps.Clone(l.buckets)
	for _, id := range slices.Sorted(maps.Keys(c.Sessions)) {
		t := *c.Sessions[id]
		c.Sessions[id] = &t
	}
	for _, b := range slices.Sorted(maps.Keys(c.buckets)) {
		c.buckets[b] = slices.Clone(c.buckets[b])
	}
	return c
}

// Digest writes the state into d.
func (l *Tracker) Digest(d *host.Digest) {
	d.Int(l.Bucket)
	d.Uint(uint64(l.Timer))
	for _, id := range slices.Sorted(maps.Keys(l.Sessions)) {
		t := l.Sessions[id]
		d.Int(id)
		d.Int(int64(t.Timeout))
		d.Int(t.bucket)
		d.Uint(uint64(t.Owner))
		d.Bool(t.Closing)
	}
	for _, b := range slices.Sorted(maps.Keys(l.buckets)) {
		d.Int(b)
		d.Any(l.buckets[b])
	}
}
