package zk

import (
	"fmt"
	"slices"

	"github.com/simctl/simctl/sim/zk/jute"
)

// A Profile is the client library whose habits a [Client] has.
type Profile uint8

const (
	// GoZooKeeper is go-zookeeper 1.0.4, as far as impl/live lets it: a ping
	// every third of the session timeout whatever else is sent, a second's
	// sleep after a lap over all servers, and a dial of a second at most.
	// Operations wait through a lap before they are answered with a loss.
	// Answers are matched by their xids, in whatever order they come; one to
	// an operation that it does not know is passed over.
	GoZooKeeper Profile = iota
	// Curator is the Java client of ZooKeeper 3.8 under Curator: a ping after
	// a third of the session timeout, or ten seconds, in which nothing was
	// sent; a random pause of less than a second before each connection after
	// the first, and another second after a lap; a server may take its share
	// of the session timeout to accept, and again to answer. Every attempt
	// that fails answers what waits with a loss. A session ends when a server
	// says so, as in the other profile: Curator's own estimate is not used. An
	// answer is to the oldest operation, of which the setting of watches on a
	// new connection is one, or the connection is given up: "Xid out of order".
	Curator
)

var profileNames = [...]string{"go-zookeeper", "curator"}

// String returns the profile's name: "go-zookeeper" or "curator".
func (p Profile) String() string { return profileNames[p] }

// ParseProfile returns the profile with the name; the empty name is the zero
// Profile's.
func ParseProfile(name string) (Profile, error) {
	for i, n := range profileNames {
		if n == name || name == "" {
			return Profile(i), nil
		}
	}
	return 0, fmt.Errorf("no client %q: want go-zookeeper or curator", name)
}

// longestSilence is the most that Curator's profile sends nothing.
const longestSilence = 10_000 * millisecond

// dialPatience limits a dial.
func (l *link) dialPatience() int64 {
	if l.c.cfg.Profile == Curator {
		return l.patience()
	}
	return min(dialLimit, l.patience())
}

// pause is how long to wait before the next server is dialled.
func (l *link) pause(lapped bool) (d int64) {
	if lapped {
		d = nap
	}
	if l.c.cfg.Profile == Curator && l.stood {
		l.pauses++
		d += int64(l.c.k.Below(l.c.key("zk pause", uint64(l.s)), l.pauses, 1000)) * millisecond
	}
	return d
}

// pingAgain starts the timer of the next ping.
func (l *link) pingAgain() {
	every := l.timeout / 3
	if l.c.cfg.Profile == Curator {
		every = min(every, longestSilence)
	}
	l.start(pingTimer, every)
}

// tooSoon reports whether a ping that is due is not needed yet, and puts it
// off if so.
func (l *link) tooSoon() bool {
	if l.c.cfg.Profile != Curator {
		return false
	}
	due := l.spoke + l.c.cfg.Virtual(min(l.timeout/3, longestSilence))
	if due <= l.c.k.Now() {
		return false
	}
	l.startAt(pingTimer, due)
	return true
}

// match returns which operation an answer is to; -1: none that is to be handed
// over.
func (l *link) match(xid int32, zxid int64) int {
	if l.ended != nil {
		return -1 // everything was answered when the session was closed
	}
	if l.c.cfg.Profile != Curator {
		if xid < 0 {
			return -1
		}
		l.saw(zxid)
		return slices.IndexFunc(l.out[:l.sent], func(e entry) bool { return !e.bad && int32(e.xid) == xid })
	}
	switch {
	case xid == jute.XidAuth:
		return -1
	case l.watching && xid == jute.XidSetWatches:
		l.watching = false
		l.saw(zxid)
		return -1
	case l.watching, l.sent == 0, int32(l.out[0].xid) != xid:
		l.giveUp()
		return -1
	}
	l.saw(zxid)
	return 0
}
