// Package zk is what a scenario says of ZooKeeper servers, and of probes, the
// processes that use them directly. Its texts are what follows the first word
// of a line.
package zk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios/attr"
	"github.com/simctl/simctl/scenarios/hint"
)

// An Ensemble is how the ZooKeeper servers are configured, as in zoo.cfg. Zero
// fields mean ZooKeeper's defaults, but for the tick, which is the timers'.
type Ensemble struct {
	Tick      time.Duration // tickTime; 0: the timers'
	Init      int           // initLimit in ticks; 0: 10
	Sync      int           // syncLimit in ticks; 0: 5
	SnapCount int           // transactions between two snapshots; 0: 100,000
	// Local: localSessionsEnabled, and, if it is "upgrade", also
	// localSessionsUpgradingEnabled. Empty: neither.
	Local string
	// Defect is one of ZooKeeper's that the servers have, by the number of its
	// issue; which are known, sim/zk/quorum lists. 0: none.
	Defect int
}

// A Server is what is special about one ZooKeeper server: its number and what
// it has on its disk when the run begins.
type Server struct {
	Name string // "z1"
	ID   int    // its number in every server's configuration; 0: that of its name
	MyID int    // what its own file myid says; 0: ID
	Zxid int    // it has logged that many transactions of epoch 1; 0: none
}

// A Probe is a process that uses ZooKeeper directly: it carries out the
// operations that name it.
type Probe struct {
	Name    string        // "p1", the next one "p2"
	Via     []string      // the servers it connects to; none: all
	Timeout time.Duration // session timeout that it asks for; 0: the timers'
	Client  string        // client library it behaves as: "go-zookeeper", "curator"; empty: the run's
}

// A Kind is what a probe does in one operation.
type Kind string

// The operations of probes. Check only stands in a multi. Close ends the
// session and opens another one.
const (
	Create   Kind = "create"
	Delete   Kind = "delete"
	Set      Kind = "set"
	Get      Kind = "get"
	Exists   Kind = "exists"
	Children Kind = "children"
	Sync     Kind = "sync"
	Check    Kind = "check"
	Multi    Kind = "multi"
	Close    Kind = "close"
)

// A Op is one operation of a probe, and what must be answered:
//
//	op at=3s p1 create /config data=one
//	op at=5s p2 get /config watch => one
//	op at=6s p1 multi check /config version=0 ; set /config data=two => ok
type Op struct {
	At         attr.Range
	Probe      string
	Kind       Kind
	Path       string
	Data       string // create, set
	Version    int    // set, delete, check: 1 + the version expected; 0 matches any
	Ephemeral  bool   // create
	Sequential bool   // create
	Watch      bool   // get, exists, children
	Session    int    // which of the probe's sessions, from 1; 0 means 1
	Ops        []Op   // of a multi; they have no time, no probe and no answer
	// Want is what must be answered, "" if anything may: "ok"; "error" and
	// why, as "error no node"; of a get the data, of exists "yes" or "no", of
	// children their names in order, or "none".
	Want string
}

// A Recipe is a use of ZooKeeper that takes more than a list of operations:
//
//	recipe at=3s p1 lock /lock rounds=3 hold=1s
type Recipe struct {
	At    attr.Range
	Probe string
	Kind  string // see [Recipes]
	Path  string
	Data  string // what a provider or member tells
	// Rounds is how often a lock or a transfer does its work; 0: once. Hold is
	// how long a lock stays inside, Pause what lies between two rounds.
	Rounds      int
	Hold, Pause attr.Range
	Unfenced    bool // a lock writes without proving that it still has its place
}

// A Load is a random workload of a probe: so many operations of every kind over
// a few znodes, with pauses between them.
type Load struct {
	Probe    string
	Ops      int        // how many, in each session
	Nodes    int        // how many znodes; 0: 3
	Sessions int        // in how many sessions; 0: 1
	Depth    int        // how many at once, at most; 0: 1
	Watch    int        // per cent of reads that leave a watch
	Think    attr.Range // pause between an answer and the next operation
}

// Recipes lists what a [Recipe] may be, in a fixed order: a watcher follows a
// znode, a provider registers itself, a consumer follows who is registered, a
// member does both, a lock enters a critical section, a transfer moves an
// amount from one znode to another.
func Recipes() []string {
	return []string{"watcher", "provider", "consumer", "member", "lock", "transfer"}
}

// zkinds lists the operations of probes.
func zkinds() []string {
	return []string{"create", "delete", "set", "get", "exists", "children", "sync", "check", "multi", "close"}
}

// ParseEnsemble reads into e what [Ensemble.String] prints.
func ParseEnsemble(e *Ensemble, rest string) error {
	return attr.Parse(strings.Fields(rest), []attr.Attr{
		attr.Duration("tick", &e.Tick),
		attr.Int("init", &e.Init, 1, 1000),
		attr.Int("sync", &e.Sync, 1, 1000),
		attr.Int("snap", &e.SnapCount, 2, 1<<30),
		attr.Choice("local", &e.Local, "yes", "upgrade"),
		attr.Int("defect", &e.Defect, 1, 99_999),
	})
}

// ParseServer reads what [Server.String] prints.
func ParseServer(rest string) (z Server, err error) {
	words, attrs := attr.Split(strings.Fields(rest))
	if len(words) != 1 {
		return z, fmt.Errorf("want a server and what is special about it, as: server z1 id=4; got %q", rest)
	}
	z.Name = words[0]
	return z, attr.Parse(attrs, []attr.Attr{
		attr.Int("id", &z.ID, 1, 255), attr.Int("myid", &z.MyID, 1, 255), attr.Int("zxid", &z.Zxid, 1, 10_000),
	})
}

// ParseProbe reads what [Probe.String] prints, of the n-th probe.
func ParseProbe(n int, rest string) (p Probe, err error) {
	words, attrs := attr.Split(strings.Fields(rest))
	if len(words) != 1 {
		return p, fmt.Errorf("want a probe and how it connects, as: probe p1 via=z2 timeout=4s; got %q", rest)
	}
	if next := fmt.Sprintf("p%d", n); words[0] != next {
		return p, fmt.Errorf("the next probe is called %s, not %s", next, words[0])
	}
	p.Name = words[0]
	return p, attr.Parse(attrs, []attr.Attr{
		{Name: "via", Set: func(v string) error { p.Via = strings.Split(v, ","); return nil }},
		attr.Duration("timeout", &p.Timeout),
		attr.Choice("client", &p.Client, "go-zookeeper", "curator"),
	})
}

// ParseOp reads an operation of a probe, which is what an op is whose first
// word is one.
func ParseOp(rest string) (Op, error) {
	rest, want, asked := strings.Cut(rest, "=>")
	want = strings.Join(strings.Fields(want), " ")
	if asked && want == "" {
		return Op{}, fmt.Errorf("nothing stands behind =>")
	}
	var o Op
	var attrs, words []string
	parts := strings.Split(rest, " ; ")
	for _, w := range strings.Fields(parts[0]) {
		if strings.HasPrefix(w, "at=") || strings.HasPrefix(w, "session=") {
			attrs = append(attrs, w)
		} else {
			words = append(words, w)
		}
	}
	if err := attr.Parse(attrs, []attr.Attr{attr.RangeOf("at", &o.At), attr.Int("session", &o.Session, 1, 9)}, "at"); err != nil {
		return o, err
	}
	if len(words) < 2 {
		return o, fmt.Errorf("an op has a probe and what it does, as: op at=3s p1 get /a")
	}
	o.Probe, o.Want = words[0], want
	if words[1] != string(Multi) {
		if err := o.take(words[1:]); err != nil {
			return o, err
		}
		if len(parts) > 1 {
			return o, fmt.Errorf("only a multi takes several operations")
		}
		return o, o.check()
	}
	o.Kind = Multi
	parts[0] = strings.Join(words[2:], " ")
	for _, p := range parts {
		var in Op
		if err := in.take(strings.Fields(p)); err != nil {
			return o, err
		}
		o.Ops = append(o.Ops, in)
	}
	return o, o.check()
}

// take reads the operation itself: "create /a data=one ephemeral".
func (o *Op) take(words []string) error {
	words, attrs := attr.Split(words)
	if len(words) == 0 {
		return fmt.Errorf("an op says what it does, one of %s", strings.Join(zkinds(), ", "))
	}
	o.Kind, words = Kind(words[0]), words[1:]
	if !slices.Contains(zkinds(), string(o.Kind)) {
		return fmt.Errorf("unknown operation %q%s", o.Kind, hint.For(string(o.Kind), zkinds(), "want "+strings.Join(zkinds(), ", ")))
	}
	if o.Kind != Close {
		if len(words) == 0 {
			return fmt.Errorf("%s needs a path", o.Kind)
		}
		o.Path, words = words[0], words[1:]
	}
	for _, w := range words {
		reads := o.Kind == Get || o.Kind == Exists || o.Kind == Children
		switch {
		case w == "ephemeral" && o.Kind == Create && !o.Ephemeral:
			o.Ephemeral = true
		case w == "sequential" && o.Kind == Create && !o.Sequential:
			o.Sequential = true
		case w == "watch" && reads && !o.Watch:
			o.Watch = true
		default:
			return fmt.Errorf("%s takes no %q", o.Kind, w)
		}
	}
	return attr.Parse(attrs, o.attrs())
}

func (o *Op) attrs() []attr.Attr {
	var out []attr.Attr
	if o.Kind == Create || o.Kind == Set {
		out = append(out, attr.Word("data", &o.Data))
	}
	if o.Kind == Set || o.Kind == Delete || o.Kind == Check {
		out = append(out, attr.Attr{Name: "version", Set: func(v string) error {
			n, err := attr.ParseInt(v, 0, 1<<30)
			o.Version = int(n) + 1
			return err
		}})
	}
	return out
}

// check reports what is wrong with the operation by itself.
func (o *Op) check() error {
	if o.Kind == Check {
		return fmt.Errorf("check stands in a multi only")
	}
	if o.Kind == Close && o.Want != "" {
		return fmt.Errorf("close has no answer")
	}
	for i := range o.Ops {
		switch in := &o.Ops[i]; {
		case in.Kind != Create && in.Kind != Set && in.Kind != Delete && in.Kind != Check:
			return fmt.Errorf("a multi takes create, set, delete and check, not %s", in.Kind)
		case in.Kind == Check && in.Version == 0:
			return fmt.Errorf("check needs version=")
		}
	}
	for _, in := range append(slices.Clone(o.Ops), *o) {
		if in.Kind == Multi || in.Kind == Close {
			continue
		}
		if in.Path[0] != '/' || len(in.Path) > 1 && strings.HasSuffix(in.Path, "/") || strings.Contains(in.Path, "//") {
			return fmt.Errorf("%q is no path of a znode, as /config", in.Path)
		}
	}
	return nil
}

// ParseRecipe reads what [Recipe.String] prints.
func ParseRecipe(rest string) (r Recipe, err error) {
	words, attrs := attr.Split(strings.Fields(rest))
	if n := len(words); n > 3 && words[n-1] == "unfenced" {
		r.Unfenced, words = true, words[:n-1]
	}
	if len(words) != 3 {
		return r, fmt.Errorf("a recipe is a time, a probe, what it does and a path, as: at=3s p1 lock /lock hold=2s; got %q", rest)
	}
	r.Probe, r.Kind, r.Path = words[0], words[1], words[2]
	switch {
	case !slices.Contains(Recipes(), r.Kind):
		return r, fmt.Errorf("unknown recipe %q%s", r.Kind, hint.For(r.Kind, Recipes(), "want "+strings.Join(Recipes(), ", ")))
	case r.Path[0] != '/':
		return r, fmt.Errorf("%q is no path of a znode, as /lock", r.Path)
	case r.Unfenced && r.Kind != "lock":
		return r, fmt.Errorf("unfenced belongs to lock, not to %s", r.Kind)
	}
	known := []attr.Attr{attr.RangeOf("at", &r.At)}
	switch r.Kind {
	case "provider", "member":
		known = append(known, attr.Word("data", &r.Data))
	case "lock":
		known = append(known, attr.Int("rounds", &r.Rounds, 1, 1000), attr.RangeOf("hold", &r.Hold), attr.RangeOf("pause", &r.Pause))
	case "transfer":
		known = append(known, attr.Int("rounds", &r.Rounds, 1, 1000), attr.RangeOf("pause", &r.Pause))
	}
	return r, attr.Parse(attrs, known, "at")
}

// ParseLoad reads what [Load.String] prints.
func ParseLoad(rest string) (l Load, err error) {
	words, attrs := attr.Split(strings.Fields(rest))
	if len(words) != 1 {
		return l, fmt.Errorf("a load names one probe, as: load p1 ops=100 think=10ms..300ms; got %q", rest)
	}
	l.Probe = words[0]
	return l, attr.Parse(attrs, []attr.Attr{
		attr.Int("ops", &l.Ops, 1, 100_000), attr.Int("nodes", &l.Nodes, 1, 100), attr.Int("sessions", &l.Sessions, 1, 9),
		attr.Int("depth", &l.Depth, 1, 100), attr.Percent("watch", &l.Watch, 0), attr.RangeOf("think", &l.Think),
	}, "ops", "think")
}
