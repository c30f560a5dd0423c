package scenarios

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

// A ZKind is what a probe does in one operation.
type ZKind string

// The operations of probes. Check only stands in a multi. Close ends the
// session and opens another one.
const (
	ZCreate   ZKind = "create"
	ZDelete   ZKind = "delete"
	ZSet      ZKind = "set"
	ZGet      ZKind = "get"
	ZExists   ZKind = "exists"
	ZChildren ZKind = "children"
	ZSync     ZKind = "sync"
	ZCheck    ZKind = "check"
	ZMulti    ZKind = "multi"
	ZClose    ZKind = "close"
)

// A ZOp is one operation of a probe, and what must be answered:
//
//	op at=3s p1 create /config data=one
//	op at=5s p2 get /config watch => one
//	op at=6s p1 multi check /config version=0 ; set /config data=two => ok
type ZOp struct {
	At         Range
	Probe      string
	Kind       ZKind
	Path       string
	Data       string // create, set
	Version    int    // set, delete, check: 1 + the version expected; 0 matches any
	Ephemeral  bool   // create
	Sequential bool   // create
	Watch      bool   // get, exists, children
	Session    int    // which of the probe's sessions, from 1; 0 means 1
	Ops        []ZOp  // of a multi; they have no time, no probe and no answer
	// Want is what must be answered, "" if anything may: "ok"; "error" and
	// why, as "error no node"; of a get the data, of exists "yes" or "no", of
	// children their names in order, or "none".
	Want string
}

// A Recipe is a use of ZooKeeper that takes more than a list of operations:
//
//	recipe at=3s p1 lock /lock rounds=3 hold=1s
type Recipe struct {
	At    Range
	Probe string
	Kind  string // see [Recipes]
	Path  string
	Data  string // what a provider or member tells
	// Rounds is how often a lock or a transfer does its work; 0: once. Hold is
	// how long a lock stays inside, Pause what lies between two rounds.
	Rounds      int
	Hold, Pause Range
	Unfenced    bool // a lock writes without proving that it still has its place
}

// A Load is a random workload of a probe: so many operations of every kind over
// a few znodes, with pauses between them.
type Load struct {
	Probe    string
	Ops      int   // how many, in each session
	Nodes    int   // how many znodes; 0: 3
	Sessions int   // in how many sessions; 0: 1
	Depth    int   // how many at once, at most; 0: 1
	Watch    int   // per cent of reads that leave a watch
	Think    Range // pause between an answer and the next operation
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

func parseEnsemble(s *Scenario, rest string) error {
	e := &s.Ensemble
	return attr.Parse(strings.Fields(rest), []attr.Attr{
		attr.Duration("tick", &e.Tick),
		attr.Int("init", &e.Init, 1, 1000),
		attr.Int("sync", &e.Sync, 1, 1000),
		attr.Int("snap", &e.SnapCount, 2, 1<<30),
		attr.Choice("local", &e.Local, "yes", "upgrade"),
		attr.Int("defect", &e.Defect, 1, 99_999),
	})
}

func parseServer(s *Scenario, rest string) error {
	words, attrs := attr.Split(strings.Fields(rest))
	if len(words) != 1 {
		return fmt.Errorf("want a server and what is special about it, as: server z1 id=4; got %q", rest)
	}
	s.Special = append(s.Special, Server{Name: words[0]})
	z := &s.Special[len(s.Special)-1]
	return attr.Parse(attrs, []attr.Attr{
		attr.Int("id", &z.ID, 1, 255), attr.Int("myid", &z.MyID, 1, 255), attr.Int("zxid", &z.Zxid, 1, 10_000),
	})
}

func parseProbe(s *Scenario, rest string) error {
	words, attrs := attr.Split(strings.Fields(rest))
	if len(words) != 1 {
		return fmt.Errorf("want a probe and how it connects, as: probe p1 via=z2 timeout=4s; got %q", rest)
	}
	if next := fmt.Sprintf("p%d", len(s.Probes)+1); words[0] != next {
		return fmt.Errorf("the next probe is called %s, not %s", next, words[0])
	}
	s.Probes = append(s.Probes, Probe{Name: words[0]})
	p := &s.Probes[len(s.Probes)-1]
	return attr.Parse(attrs, []attr.Attr{
		{Name: "via", Set: func(v string) error { p.Via = strings.Split(v, ","); return nil }},
		attr.Duration("timeout", &p.Timeout),
		attr.Choice("client", &p.Client, "go-zookeeper", "curator"),
	})
}

// parseZOp reads an operation of a probe, which is what an op is whose first
// word is one.
func parseZOp(rest string) (ZOp, error) {
	rest, want, asked := strings.Cut(rest, "=>")
	want = strings.Join(strings.Fields(want), " ")
	if asked && want == "" {
		return ZOp{}, fmt.Errorf("nothing stands behind =>")
	}
	var o ZOp
	var attrs, words []string
	parts := strings.Split(rest, " ; ")
	for _, w := range strings.Fields(parts[0]) {
		if strings.HasPrefix(w, "at=") || strings.HasPrefix(w, "session=") {
			attrs = append(attrs, w)
		} else {
			words = append(words, w)
		}
	}
	if err := attr.Parse(attrs, []attr.Attr{rangeAttr("at", &o.At), attr.Int("session", &o.Session, 1, 9)}, "at"); err != nil {
		return o, err
	}
	if len(words) < 2 {
		return o, fmt.Errorf("an op has a probe and what it does, as: op at=3s p1 get /a")
	}
	o.Probe, o.Want = words[0], want
	if words[1] != string(ZMulti) {
		if err := o.take(words[1:]); err != nil {
			return o, err
		}
		if len(parts) > 1 {
			return o, fmt.Errorf("only a multi takes several operations")
		}
		return o, o.check()
	}
	o.Kind = ZMulti
	parts[0] = strings.Join(words[2:], " ")
	for _, p := range parts {
		var in ZOp
		if err := in.take(strings.Fields(p)); err != nil {
			return o, err
		}
		o.Ops = append(o.Ops, in)
	}
	return o, o.check()
}

// take reads the operation itself: "create /a data=one ephemeral".
func (o *ZOp) take(words []string) error {
	words, attrs := attr.Split(words)
	if len(words) == 0 {
		return fmt.Errorf("an op says what it does, one of %s", strings.Join(zkinds(), ", "))
	}
	o.Kind, words = ZKind(words[0]), words[1:]
	if !contains(zkinds(), string(o.Kind)) {
		return fmt.Errorf("unknown operation %q%s", o.Kind, hint.For(string(o.Kind), zkinds(), "want "+strings.Join(zkinds(), ", ")))
	}
	if o.Kind != ZClose {
		if len(words) == 0 {
			return fmt.Errorf("%s needs a path", o.Kind)
		}
		o.Path, words = words[0], words[1:]
	}
	for _, w := range words {
		reads := o.Kind == ZGet || o.Kind == ZExists || o.Kind == ZChildren
		switch {
		case w == "ephemeral" && o.Kind == ZCreate && !o.Ephemeral:
			o.Ephemeral = true
		case w == "sequential" && o.Kind == ZCreate && !o.Sequential:
			o.Sequential = true
		case w == "watch" && reads && !o.Watch:
			o.Watch = true
		default:
			return fmt.Errorf("%s takes no %q", o.Kind, w)
		}
	}
	return attr.Parse(attrs, o.attrs())
}

func (o *ZOp) attrs() []attr.Attr {
	var out []attr.Attr
	if o.Kind == ZCreate || o.Kind == ZSet {
		out = append(out, attr.Word("data", &o.Data))
	}
	if o.Kind == ZSet || o.Kind == ZDelete || o.Kind == ZCheck {
		out = append(out, attr.Attr{Name: "version", Set: func(v string) error {
			n, err := attr.ParseInt(v, 0, 1<<30)
			o.Version = int(n) + 1
			return err
		}})
	}
	return out
}

// check reports what is wrong with the operation by itself.
func (o *ZOp) check() error {
	if o.Kind == ZCheck {
		return fmt.Errorf("check stands in a multi only")
	}
	if o.Kind == ZClose && o.Want != "" {
		return fmt.Errorf("close has no answer")
	}
	for i := range o.Ops {
		switch in := &o.Ops[i]; {
		case in.Kind != ZCreate && in.Kind != ZSet && in.Kind != ZDelete && in.Kind != ZCheck:
			return fmt.Errorf("a multi takes create, set, delete and check, not %s", in.Kind)
		case in.Kind == ZCheck && in.Version == 0:
			return fmt.Errorf("check needs version=")
		}
	}
	for _, in := range append(slices.Clone(o.Ops), *o) {
		if in.Kind == ZMulti || in.Kind == ZClose {
			continue
		}
		if in.Path[0] != '/' || len(in.Path) > 1 && strings.HasSuffix(in.Path, "/") || strings.Contains(in.Path, "//") {
			return fmt.Errorf("%q is no path of a znode, as /config", in.Path)
		}
	}
	return nil
}

func parseRecipe(s *Scenario, rest string) error {
	var r Recipe
	words, attrs := attr.Split(strings.Fields(rest))
	if n := len(words); n > 3 && words[n-1] == "unfenced" {
		r.Unfenced, words = true, words[:n-1]
	}
	if len(words) != 3 {
		return fmt.Errorf("a recipe is a time, a probe, what it does and a path, as: at=3s p1 lock /lock hold=2s; got %q", rest)
	}
	r.Probe, r.Kind, r.Path = words[0], words[1], words[2]
	switch {
	case !contains(Recipes(), r.Kind):
		return fmt.Errorf("unknown recipe %q%s", r.Kind, hint.For(r.Kind, Recipes(), "want "+strings.Join(Recipes(), ", ")))
	case r.Path[0] != '/':
		return fmt.Errorf("%q is no path of a znode, as /lock", r.Path)
	case r.Unfenced && r.Kind != "lock":
		return fmt.Errorf("unfenced belongs to lock, not to %s", r.Kind)
	}
	known := []attr.Attr{rangeAttr("at", &r.At)}
	switch r.Kind {
	case "provider", "member":
		known = append(known, attr.Word("data", &r.Data))
	case "lock":
		known = append(known, attr.Int("rounds", &r.Rounds, 1, 1000), rangeAttr("hold", &r.Hold), rangeAttr("pause", &r.Pause))
	case "transfer":
		known = append(known, attr.Int("rounds", &r.Rounds, 1, 1000), rangeAttr("pause", &r.Pause))
	}
	err := attr.Parse(attrs, known, "at")
	s.Recipes = append(s.Recipes, r)
	return err
}

func parseLoad(s *Scenario, rest string) error {
	words, attrs := attr.Split(strings.Fields(rest))
	if len(words) != 1 {
		return fmt.Errorf("a load names one probe, as: load p1 ops=100 think=10ms..300ms; got %q", rest)
	}
	s.Loads = append(s.Loads, Load{Probe: words[0]})
	l := &s.Loads[len(s.Loads)-1]
	return attr.Parse(attrs, []attr.Attr{
		attr.Int("ops", &l.Ops, 1, 100_000), attr.Int("nodes", &l.Nodes, 1, 100), attr.Int("sessions", &l.Sessions, 1, 9),
		attr.Int("depth", &l.Depth, 1, 100), attr.Percent("watch", &l.Watch, 0), rangeAttr("think", &l.Think),
	}, "ops", "think")
}
