// Package election is the choice of the active master: Curator's LeaderLatch
// (5.9) on coord, and the term, which makes a reign a number that every later
// write can be checked against.
package election

import (
	"errors"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

// A Reason says why leadership was lost.
type Reason string

// The reasons of [Owner.LatchLost].
const (
	Suspended Reason = "connection suspended"      // only with suspended=exit
	Expired   Reason = "session expired"           // the latch znode went with it
	NodeGone  Reason = "own latch znode is gone"   // somebody else deleted it
	NotFirst  Reason = "own latch znode not first" // should not happen
)

// An Owner is told what becomes of its latch, inside the step in which the
// latch learns it.
type Owner interface {
	// TermSent tells that the transaction which may begin a reign is being
	// sent now. Only with term fencing.
	TermSent()
	// LatchElected tells that the reign w began.
	LatchElected(w Win)
	// LatchLost tells that leadership is lost. It follows a LatchElected.
	LatchLost(why Reason)
	// LatchReleased tells that [Latch.Release] is done or has failed.
	LatchReleased()
	// LatchRefused tells that this latch will not lead, and why.
	LatchRefused(why string)
}

// A Win is the beginning of a reign.
type Win struct {
	Term     int64 // the reign's number; without fencing the latch's sequence number + 1
	Version  int32 // of the term znode; 0 without fencing
	Zxid     int64 // of the transaction that created the term, or of the reply believed
	Released bool  // the predecessor stopped gracefully and acts no more
	First    bool  // there was no predecessor
}

// Config says how a latch behaves.
type Config struct {
	Dir    string // the root, as "/spark"
	Policy policy.Policy
	Retry  time.Duration // pause after a failure while the session is connected
	// Start is how long a process that swallows errors waits for its first
	// connection: then its start has failed, and it never stands for election,
	// though it runs on (SPARK-25101, D-07c). 0: for ever.
	Start time.Duration
	// Curator is the version of the library, if it is one of those whose latch
	// is another: see [Curator213]. "": 5.9.
	Curator string
	Backoff time.Duration // of Curator213: the first pause before a background operation is tried again
	Lag     time.Duration // of Curator213: how far its threads may be behind each other; 0: not at all
}

// A Latch is one candidate. It belongs to a process as a part of it
// (host.Composite), because its continuations are its own methods.
type Latch struct {
	h     host.Host
	owner Owner
	cfg   Config

	session   coord.Session
	id        int64 // the session's number
	connected bool
	round     uint64 // answers to questions of older rounds are ignored

	guid    string   // of the newest own znode, created or being created
	own     string   // its name; empty if it is not known to exist
	watched string   // the own znode on which an exists-watch lies
	garbage []string // own znodes to delete

	starting host.TimerID // until the first connection comes too late
	leading  bool
	refused  bool
	nonce    uint64 // of the term that own may begin
	term     wire.TermRecord
	sent     bool // term's commit was sent, and its outcome is not known
	version  int32
	released bool // the predecessor's record said so
	first    bool // there was no predecessor's record
}

// at says in which round a question was asked, and about which znode.
type at struct {
	Round uint64
	Name  string
}

// New makes a latch that belongs to owner. It waits for a session.
func New(h host.Host, owner Owner, cfg Config) *Latch {
	return &Latch{h: h, owner: owner, cfg: cfg}
}

// SetSession gives the latch a session that is not connected yet. The znode
// of an older session is remembered, as Curator remembers its path: if it is
// still there when the new session looks, the owner check must tell.
func (l *Latch) SetSession(s coord.Session) {
	if l.session == 0 && l.cfg.Start > 0 && !l.cfg.Policy.EndReignOnError {
		l.starting = host.After(l.h, l.cfg.Start, (*Latch).startFailed, 0)
	}
	l.session, l.id, l.connected = s, 0, false
	if l.watched = ""; l.cfg.Curator != Curator213 {
		l.garbage = nil
	}
	l.round++
}

// SessionChanged tells the latch of its session's state.
func (l *Latch) SessionChanged(c coord.StateChange) {
	if c.Session != l.session {
		return
	}
	l.connected = c.State == coord.Connected
	switch c.State {
	case coord.Connected:
		l.id = c.ID
		l.h.StopTimer(l.starting)
		l.starting = 0
		if l.cfg.Curator == Curator213 {
			l.sweep()
			l.reconnected()
			return
		}
		l.resume()
	case coord.Disconnected:
		if !l.cfg.Policy.HoldSuspended {
			l.lose(Suspended)
		}
	case coord.Expired, coord.Closed:
		l.lose(Expired)
	}
}

func (l *Latch) startFailed(int) {
	l.starting = 0
	l.refuse("the service was not reached: the start failed")
}

// Leading reports whether the latch believes that it leads.
func (l *Latch) Leading() bool { return l.leading }

// Rejoin gives leadership up without telling the owner, and goes to the end of
// the queue. A latch that does not know yet whether its own znode was created
// looks for it first, as it would anyway: forgotten, it would block the queue.
func (l *Latch) Rejoin() {
	l.leading = false
	if l.own == "" && l.guid != "" {
		return
	}
	l.round++
	l.dropOwn()
	if l.connected {
		l.create()
	}
}

// resume looks where the latch stands: at the first connection, and again
// after every reconnection, because a watch may have been lost on the way.
func (l *Latch) resume() {
	l.sweep()
	if l.guid == "" {
		l.create()
		return
	}
	l.do(coord.Op{Kind: coord.Sync, Path: l.cfg.Dir}, (*Latch).ignored, "")
	l.list()
}

// list asks who is in the queue. Whatever was asked before is forgotten.
func (l *Latch) list() {
	l.round++
	l.do(coord.Op{Kind: coord.Children, Path: l.dir()}, (*Latch).listed, "")
}

func (l *Latch) listed(a at, r coord.Result) {
	switch {
	case a.Round != l.round:
		return
	case errors.Is(r.Err, coord.ErrNoNode) && l.neverAgain():
		return
	case errors.Is(r.Err, coord.ErrNoNode):
		l.lose(NodeGone)
		l.makeParents()
		return
	case r.Err != nil:
		l.later(r.Err)
		return
	}
	before, pred := 0, ""
	l.own = ""
	for _, name := range r.Children {
		if strings.HasPrefix(name, l.prefix()) {
			l.found(name)
		}
	}
	if l.own == "" {
		l.lose(NodeGone)
		if a.Round == l.round { // the owner has not made us rejoin
			l.create()
		}
		return
	}
	for _, name := range r.Children {
		if strings.Contains(name, "latch-") && sequence(name) < sequence(l.own) {
			before++
			if pred == "" || sequence(name) > sequence(pred) {
				pred = name
			}
		}
	}
	l.watchOwn()
	if before == 0 {
		l.isFirst(r.Zxid)
		return
	}
	l.lose(NotFirst)
	if a.Round == l.round {
		coord.Watch(coord.Of(l.h), l.session, coord.Op{Kind: coord.Get, Path: l.dir() + "/" + pred},
			(*Latch).predecessorRead, (*Latch).predecessorChanged, at{l.round, pred})
	}
}

func (l *Latch) predecessorRead(a at, r coord.Result) {
	switch {
	case a.Round != l.round || r.Err == nil:
	case errors.Is(r.Err, coord.ErrNoNode):
		l.list()
	default:
		l.later(r.Err)
	}
}

// predecessorChanged lists again: that the predecessor is gone does not say
// that this latch is first.
func (l *Latch) predecessorChanged(a at, e coord.Event) {
	if a.Round == l.round && e.Type != coord.NotWatching && l.connected {
		l.list()
	}
}

// isFirst is at the head of the queue; zxid is that of the list.
func (l *Latch) isFirst(zxid int64) {
	switch {
	case l.leading:
	case l.cfg.Policy.LatchOwnerCheck:
		l.do(coord.Op{Kind: coord.Get, Path: l.dir() + "/" + l.own}, (*Latch).ownRead, "")
	default:
		l.won(zxid)
	}
}

// ownRead leads only if the own znode belongs to this session: one that was
// left by an expired session is about to vanish (CURATOR-696).
func (l *Latch) ownRead(a at, r coord.Result) {
	switch {
	case a.Round != l.round:
	case errors.Is(r.Err, coord.ErrNoNode):
		l.list()
	case r.Err != nil:
		l.later(r.Err)
	case r.Stat.EphemeralOwner != l.id:
		l.Rejoin()
	default:
		l.won(r.Zxid)
	}
}

func (l *Latch) won(zxid int64) {
	if l.cfg.Policy.TermFencing {
		l.readTerm()
		return
	}
	l.leading = true
	l.owner.LatchElected(Win{Term: sequence(l.own) + 1, Zxid: zxid})
}

func (l *Latch) lose(why Reason) {
	if l.leading {
		l.leading = false
		l.owner.LatchLost(why)
	}
}

// later looks again after a pause, unless a reconnection does so before. The
// end of the session is told by its state.
func (l *Latch) later(err error) {
	if errors.Is(err, coord.ErrExpired) || errors.Is(err, coord.ErrClosed) {
		return
	}
	host.After(l.h, l.cfg.Retry, (*Latch).again, l.round)
}

func (l *Latch) again(round uint64) {
	if round == l.round && l.connected && !l.refused {
		l.resume()
	}
}

func (l *Latch) ignored(at, coord.Result) {}

func (l *Latch) do(op coord.Op, done func(*Latch, at, coord.Result), name string) {
	coord.Do(coord.Of(l.h), l.session, op, done, at{l.round, name})
}

func (l *Latch) word() uint64   { return l.h.Draw("latch", 1<<32) }
func (l *Latch) dir() string    { return l.cfg.Dir + "/leader_election" }
func (l *Latch) prefix() string { return "_c_" + l.guid + "-" }

// sequence is the number behind a sequential znode's name.
func sequence(name string) int64 {
	var n int64
	for i := max(0, len(name)-10); i < len(name); i++ {
		if c := name[i]; c >= '0' && c <= '9' {
			n = n*10 + int64(c-'0')
		}
	}
	return n
}
