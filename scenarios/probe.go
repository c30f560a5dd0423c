package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"
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
//	op at=3s p1 create /config one
//	op at=5s p2 get /config watch => one
//	op at=6s p1 multi check /config version=0 ; set /config two => ok
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
//	recipe at=3s p1 lock /lock for=5s
type Recipe struct {
	At    Range
	Probe string
	Kind  string // see [Recipes]
	Path  string
	For   Range // how long it goes on, or holds what it got
	Data  string
}

// A Load is a random workload of a probe: so many operations of every kind over
// a few znodes, with pauses between them.
type Load struct {
	Probe    string
	Ops      int   // how many
	Paths    int   // how many znodes; 0: 4
	Sessions int   // in how many sessions; 0: 1
	Think    Range // pause between two operations of one session
}

// Recipes lists what a [Recipe] may be, in a fixed order.
func Recipes() []string { return []string{"config", "register", "discover", "lock"} }

// kindsOf lists the operations of probes.
func zkinds() []string {
	return []string{"create", "delete", "set", "get", "exists", "children", "sync", "check", "multi", "close"}
}

func parseEnsemble(s *Scenario, rest string) error {
	e := &s.Ensemble
	return parseAttrs(strings.Fields(rest), []attr{
		durationAttr("tick", &e.Tick),
		intAttr("init", &e.Init, 1, 1000),
		intAttr("sync", &e.Sync, 1, 1000),
		intAttr("snap", &e.SnapCount, 2, 1<<30),
		choiceAttr("local", &e.Local, "yes", "upgrade"),
	})
}

func parseServer(s *Scenario, rest string) error {
	words, attrs := split(strings.Fields(rest))
	if len(words) != 1 {
		return fmt.Errorf("want a server and what is special about it, as: server z1 id=4; got %q", rest)
	}
	s.Special = append(s.Special, Server{Name: words[0]})
	z := &s.Special[len(s.Special)-1]
	return parseAttrs(attrs, []attr{
		intAttr("id", &z.ID, 1, 255), intAttr("myid", &z.MyID, 1, 255), intAttr("zxid", &z.Zxid, 1, 10_000),
	})
}

func parseProbe(s *Scenario, rest string) error {
	words, attrs := split(strings.Fields(rest))
	if len(words) != 1 {
		return fmt.Errorf("want a probe and how it connects, as: probe p1 via=z2 timeout=4s; got %q", rest)
	}
	if next := fmt.Sprintf("p%d", len(s.Probes)+1); words[0] != next {
		return fmt.Errorf("the next probe is called %s, not %s", next, words[0])
	}
	s.Probes = append(s.Probes, Probe{Name: words[0]})
	p := &s.Probes[len(s.Probes)-1]
	return parseAttrs(attrs, []attr{
		{"via", func(v string) error { p.Via = strings.Split(v, ","); return nil }},
		durationAttr("timeout", &p.Timeout),
		choiceAttr("client", &p.Client, "go-zookeeper", "curator"),
	})
}

// parseZOp reads an operation of a probe, which is what an op is whose second
// word is one.
func parseZOp(rest string) (ZOp, error) {
	rest, want, asked := strings.Cut(rest, "=>")
	want = strings.Join(strings.Fields(want), " ")
	if asked && want == "" {
		return ZOp{}, fmt.Errorf("nothing stands behind =>")
	}
	parts := strings.Split(rest, " ; ")
	o, err := parseZWords(strings.Fields(parts[0]), true)
	if err != nil {
		return o, err
	}
	o.Want = want
	for _, p := range parts[1:] {
		words := strings.Fields(p)
		in, err := parseZWords(words, false)
		if err != nil {
			return o, err
		}
		o.Ops = append(o.Ops, in)
	}
	return o, o.check()
}

// parseZWords reads "at=3s p1 create /a one", or within a multi "create /a one".
func parseZWords(all []string, whole bool) (o ZOp, err error) {
	words, attrs := split(all)
	known := []attr{{"version", func(v string) error {
		n, err := parseInt(v, 0, 1<<30)
		o.Version = int(n) + 1
		return err
	}}}
	if whole {
		known = append(known, rangeAttr("at", &o.At), intAttr("session", &o.Session, 1, 9))
		if len(words) == 0 {
			return o, fmt.Errorf("an op has a probe and what it does, as: op at=3s p1 get /a")
		}
		o.Probe, words = words[0], words[1:]
		if err := parseAttrs(attrs, known, "at"); err != nil {
			return o, err
		}
	} else if err := parseAttrs(attrs, known); err != nil {
		return o, err
	}
	if len(words) == 0 {
		return o, fmt.Errorf("an op says what it does, one of %s", strings.Join(zkinds(), ", "))
	}
	o.Kind, words = ZKind(words[0]), words[1:]
	if !contains(zkinds(), string(o.Kind)) {
		return o, fmt.Errorf("unknown operation %q%s", o.Kind, hint(string(o.Kind), zkinds(), "want "+strings.Join(zkinds(), ", ")))
	}
	if o.Kind == ZMulti { // its first operation stands in the same part
		in, err := parseZWords(append(words, attrsNamed(attrs, "version")...), false)
		o.Version, o.Ops = 0, []ZOp{in}
		return o, err
	}
	return o, o.take(words)
}

func attrsNamed(attrs []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(attrs), func(a string) bool { return !strings.HasPrefix(a, name+"=") })
}

// take reads what stands behind the kind: the path, the data and flags.
func (o *ZOp) take(words []string) error {
	if o.Kind == ZClose {
		if len(words) > 0 {
			return fmt.Errorf("close takes no %q", words[0])
		}
		return nil
	}
	if len(words) == 0 {
		return fmt.Errorf("%s needs a path", o.Kind)
	}
	o.Path, words = words[0], words[1:]
	for _, w := range words {
		writes := o.Kind == ZCreate || o.Kind == ZSet
		reads := o.Kind == ZGet || o.Kind == ZExists || o.Kind == ZChildren
		switch {
		case w == "ephemeral" && o.Kind == ZCreate && !o.Ephemeral:
			o.Ephemeral = true
		case w == "sequential" && o.Kind == ZCreate && !o.Sequential:
			o.Sequential = true
		case w == "watch" && reads && !o.Watch:
			o.Watch = true
		case writes && o.Data == "":
			o.Data = w
		default:
			return fmt.Errorf("%s takes no %q", o.Kind, w)
		}
	}
	return nil
}

// check reports what is wrong with the operation by itself.
func (o *ZOp) check() error {
	if o.Kind == ZCheck {
		return fmt.Errorf("check stands in a multi only")
	}
	if o.Kind != ZMulti && len(o.Ops) > 0 {
		return fmt.Errorf("only a multi takes several operations")
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
		if in.Version > 0 && in.Kind != ZSet && in.Kind != ZDelete && in.Kind != ZCheck {
			return fmt.Errorf("%s takes no version=", in.Kind)
		}
	}
	return nil
}

func parseRecipe(s *Scenario, rest string) error {
	var r Recipe
	words, attrs := split(strings.Fields(rest))
	if len(words) < 3 || len(words) > 4 {
		return fmt.Errorf("a recipe is a time, a probe, what it does and a path, as: at=3s p1 lock /lock for=2s; got %q", rest)
	}
	r.Probe, r.Kind, r.Path = words[0], words[1], words[2]
	if len(words) == 4 {
		r.Data = words[3]
	}
	if !contains(Recipes(), r.Kind) {
		return fmt.Errorf("unknown recipe %q%s", r.Kind, hint(r.Kind, Recipes(), "want "+strings.Join(Recipes(), ", ")))
	}
	if r.Path[0] != '/' {
		return fmt.Errorf("%q is no path of a znode, as /lock", r.Path)
	}
	err := parseAttrs(attrs, []attr{rangeAttr("at", &r.At), rangeAttr("for", &r.For)}, "at")
	s.Recipes = append(s.Recipes, r)
	return err
}

func parseLoad(s *Scenario, rest string) error {
	words, attrs := split(strings.Fields(rest))
	if len(words) != 1 {
		return fmt.Errorf("a load names one probe, as: load p1 ops=100 think=10ms..300ms; got %q", rest)
	}
	s.Loads = append(s.Loads, Load{Probe: words[0]})
	l := &s.Loads[len(s.Loads)-1]
	return parseAttrs(attrs, []attr{
		intAttr("ops", &l.Ops, 1, 100_000), intAttr("paths", &l.Paths, 1, 100),
		intAttr("sessions", &l.Sessions, 1, 9), rangeAttr("think", &l.Think),
	}, "ops", "think")
}
