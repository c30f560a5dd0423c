package probe

import (
	"cmp"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// A Config says what a probe does. It never changes.
type Config struct {
	Servers []host.Addr   // the ensemble's client addresses
	Timeout time.Duration // of sessions that ask for none; default 10 s
	// Retry is the pause before an operation whose outcome is unknown is asked
	// for again, by those that do; default 200 ms.
	Retry   time.Duration
	Program Program
}

// A Program is what a probe does with ZooKeeper: plain data.
type Program struct {
	// Sessions are opened at the start, and those that expire are opened again.
	// None stands for one that asks for nothing in particular.
	Sessions []Session
	// Steps are carried out once, by the first incarnation.
	Steps []Step
	// Work is random work, done once in every session by the first incarnation.
	Work Workload
	// Recipes are begun by every incarnation, and anew in each session that
	// follows one that expired.
	Recipes []Recipe
}

// A Session is one session of a program, and what follows it when it expires.
type Session struct {
	Name    string        // in notes; default "s1", "s2", ...
	Servers []host.Addr   // to connect to; none: all of the ensemble
	Timeout time.Duration // asked for; 0: the configuration's
	// Late: it is opened by the first step in it.
	Late bool
	// Once: it is not opened again when it has expired.
	Once bool
}

// An Action is what a step does.
type Action uint8

// The actions.
const (
	Ask   Action = iota // carry out an operation
	Close               // close the session
	Drop                // forget the session: nothing tells the service
	Open                // open the session, if it is not
)

// A Step is one line of a program. In a session that is closed or has expired
// for good, the next operation opens another.
type Step struct {
	// At is when: since the process's start, or since the answer to the step
	// before it in the same session if Then is set.
	At      time.Duration
	Then    bool
	Session int // index of the program's session
	Action  Action
	Op      coord.Op
	Watch   bool
	// Retry: it is asked for again until its outcome is known. It may then
	// happen twice.
	Retry bool
}

// A Span is a range of durations that one is drawn from, both ends included.
type Span struct{ Lo, Hi time.Duration }

// A Workload is random operations on few paths. The zero Workload is none.
type Workload struct {
	Ops   int    // in each session, by the turn: a turn may be several
	Root  string // under which they work; made by the first that needs it; default "/random"
	Nodes int    // paths Root/n0 and so on; default 3
	Think Span   // between an answer and the next turn; default 0 to 200 ms
	Depth int    // operations of a turn, asked for at once, at most; default 1
	Watch int    // percent of reads that leave a watch
	Mix   Mix    // zero: [EvenMix]
}

// A Mix is the weights of a workload's operations, relative to each other.
type Mix struct {
	Create, Ephemeral, Sequential, Set, Get, Exists, Children, Delete, Multi, Sync int
	// Close ends the session; the next turn opens another.
	Close int
}

// EvenMix is the mix of a workload that names none: every operation often
// enough, and more reads than writes.
var EvenMix = Mix{Create: 8, Ephemeral: 6, Sequential: 6, Set: 16, Get: 20, Exists: 10, Children: 12, Delete: 8, Multi: 8, Sync: 5, Close: 1}

// weights is the mix in a fixed order, as turn reads it.
func (m Mix) weights() [11]int {
	return [...]int{m.Create, m.Ephemeral, m.Sequential, m.Set, m.Get, m.Exists, m.Children, m.Delete, m.Multi, m.Sync, m.Close}
}

// A RecipeKind is a use of ZooKeeper that needs more than a list of steps.
type RecipeKind string

// The recipes. What each notes stands behind it: Value, and Detail or Zxid.
const (
	// Watcher follows one znode, and notes "value", its datum, or "none".
	Watcher RecipeKind = "watcher"
	// Provider keeps an ephemeral at Path/Name with the datum Data, and notes
	// "registered" with its path.
	Provider RecipeKind = "provider"
	// Consumer follows who is below Path, and notes "members", their names.
	Consumer RecipeKind = "consumer"
	// Member is a Provider and a Consumer.
	Member RecipeKind = "member"
	// Lock takes a lock Rounds times and writes its fencing token, the czxid of
	// its place in the queue, to the znode Path.data. It notes "enter", "wrote"
	// or "refused", and "leave", each with the token; and "lost" when its
	// session is over before it leaves. A token that is written after a greater
	// one is a write from outside the critical section.
	Lock RecipeKind = "lock"
	// Transfer moves Rounds times 1 from Path/a to Path/b in one multi, and
	// notes "total", their sum whenever it reads both as one transaction left
	// them, and "moved".
	Transfer RecipeKind = "transfer"
)

// A Recipe is one state machine of a program.
type Recipe struct {
	Kind    RecipeKind
	At      time.Duration // when it begins, since the process's start
	Session int           // index of the program's session
	Path    string        // below which it works; its parent must exist
	Name    string        // its own; default the process's
	Data    string        // what a Provider or Member tells
	Rounds  int           // of a Lock or Transfer; default 1
	Hold    Span          // how long a Lock stays inside; default 100 ms
	Pause   Span          // between two rounds; default 100 ms
	// Store is the index of the session in which a Lock reads and writes
	// Path.data.
	Store int
	// Unfenced: a Lock writes without proving that it still has its place, and
	// ignores that its session is over. That is the mistake which fencing is
	// against.
	Unfenced bool
}

// setDefaults fills in what was left out, without changing the caller's.
func (c *Config) setDefaults() {
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.Retry = cmp.Or(c.Retry, 200*time.Millisecond)
	p := &c.Program
	p.Sessions, p.Steps, p.Recipes = slices.Clone(p.Sessions), slices.Clone(p.Steps), slices.Clone(p.Recipes)
	if len(p.Sessions) == 0 {
		p.Sessions = []Session{{}}
	}
	w := &p.Work
	w.Root = cmp.Or(w.Root, "/random")
	w.Nodes, w.Depth = cmp.Or(w.Nodes, 3), cmp.Or(w.Depth, 1)
	w.Mix = cmp.Or(w.Mix, EvenMix)
	w.Think = cmp.Or(w.Think, Span{Hi: 200 * time.Millisecond})
	tenth := Span{100 * time.Millisecond, 100 * time.Millisecond}
	for i := range p.Recipes {
		r := &p.Recipes[i]
		r.Rounds, r.Hold, r.Pause = cmp.Or(r.Rounds, 1), cmp.Or(r.Hold, tenth), cmp.Or(r.Pause, tenth)
	}
}
