package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/scenarios/attr"
)

// A Recovery is where the masters keep what they must not forget, by Spark's
// names in lower case (spark.deploy.recoveryMode): "filesystem" on their disks,
// "none" nowhere; empty means "zookeeper".
type Recovery struct {
	Mode string
	// Shared: the directory of every master is one and the same, on a file
	// server that outlasts their machines.
	Shared bool
}

// A Given is what one process is told otherwise than the others.
//
//	given m2 dir=/spark-2
//	given m2 servers=z4,z5
//	given c1 masters=m1
type Given struct {
	Who     string   // "m2", "w1", "c1"
	Dir     string   // of a master: the root of its znodes; empty means "/spark"
	Servers []string // of a master: the ZooKeeper servers it knows; none means all
	Format  int      // of a master: its release writes records in that many-th later form; 0: the first
	Masters []string // of a worker or client: the masters it knows; none means all
}

func parseRecovery(s *Scenario, rest string) error {
	words := strings.Fields(rest)
	if len(words) == 2 && words[0] == "filesystem" && words[1] == "shared" {
		s.Recovery.Shared, words = true, words[:1]
	}
	if len(words) != 1 || words[0] != "filesystem" && words[0] != "none" {
		return fmt.Errorf("want: recovery filesystem [shared], or recovery none; without the line it is zookeeper; got %q", rest)
	}
	s.Recovery.Mode = words[0]
	return nil
}

func parseGiven(s *Scenario, rest string) error {
	words, attrs := attr.Split(strings.Fields(rest))
	if len(words) != 1 || len(attrs) == 0 {
		return fmt.Errorf("want a process and what it is given, as: given c1 masters=m1; got %q", rest)
	}
	s.Given = append(s.Given, Given{Who: words[0]})
	g := &s.Given[len(s.Given)-1]
	list := func(name string, to *[]string) attr.Attr {
		return attr.Attr{Name: name, Set: func(v string) error { *to = strings.Split(v, ","); return nil }}
	}
	known := []attr.Attr{list("masters", &g.Masters)}
	if kind, _, _ := machine(g.Who); kind == 'm' {
		known = []attr.Attr{list("servers", &g.Servers), attr.Int("format", &g.Format, 1, 9), {Name: "dir", Set: func(v string) error {
			g.Dir = v
			if !strings.HasPrefix(v, "/") || strings.HasSuffix(v, "/") || strings.Contains(v, "//") {
				return fmt.Errorf("want the path of a znode, as /spark-2")
			}
			return attr.CheckWord(strings.ReplaceAll(v, "/", ""))
		}}}
	}
	return attr.Parse(attrs, known)
}

func parseApart(s *Scenario, rest string) error {
	for group := range strings.SplitSeq(rest, "|") {
		s.Apart = append(s.Apart, strings.Fields(group))
	}
	return nil
}

// String returns what follows "given" in a scenario.
func (g Given) String() string {
	words := []string{g.Who}
	if g.Dir != "" {
		words = append(words, "dir="+g.Dir)
	}
	if len(g.Servers) > 0 {
		words = append(words, "servers="+strings.Join(g.Servers, ","))
	}
	if g.Format > 0 {
		words = append(words, fmt.Sprintf("format=%d", g.Format))
	}
	if len(g.Masters) > 0 {
		words = append(words, "masters="+strings.Join(g.Masters, ","))
	}
	return strings.Join(words, " ")
}

// String returns what follows "recovery" in a scenario, and nothing of the
// default.
func (r Recovery) String() string {
	if r.Shared {
		return r.Mode + " shared"
	}
	return r.Mode
}

// givenLines are the lines about where masters keep records, and about who is
// told what.
func (s Scenario) givenLines(line func(format string, args ...any)) {
	if s.Recovery != (Recovery{}) {
		line("recovery %s", s.Recovery)
	}
	if len(s.Apart) > 0 {
		var groups []string
		for _, g := range s.Apart {
			groups = append(groups, strings.Join(g, " "))
		}
		line("apart %s", strings.Join(groups, " | "))
	}
	for _, g := range s.Given {
		line("given %s", g)
	}
}

// To is what a process is given; the zero Given if that is nothing special.
func (s Scenario) To(who string) Given {
	for _, g := range s.Given {
		if g.Who == who {
			return g
		}
	}
	return Given{}
}

// NeedsService reports whether the scenario can only be run with a service that
// stands for the ZooKeeper servers.
func (s Scenario) NeedsService() bool { return len(s.Apart) > 0 }

// checkGiven looks at what only the whole scenario shows of its given lines.
func (s *Scenario) checkGiven(at *places) error {
	at.line = at.once["topology"]
	if s.Servers == 0 && (s.Recovery.Mode == "" || len(s.Probes) > 0) {
		return fmt.Errorf("servers=0: only masters with the line recovery filesystem or recovery none need no server")
	}
	at.line = at.once["apart"]
	if err := s.checkApart(); err != nil {
		return err
	}
	for i, g := range s.Given {
		at.line = at.many["given"][i]
		kind, _, ok := machine(g.Who)
		if !ok || !strings.ContainsRune("mwc", rune(kind)) {
			return fmt.Errorf("%s is no master, worker or client", g.Who)
		}
		if err := s.exists(kind, g.Who); err != nil {
			return err
		}
		if slices.ContainsFunc(s.Given[:i], func(o Given) bool { return o.Who == g.Who }) {
			return fmt.Errorf("%s is given something twice", g.Who)
		}
		if err := s.checkList(g.Servers, 'z'); err != nil {
			return err
		}
		if err := s.checkList(g.Masters, 'm'); err != nil {
			return err
		}
	}
	return nil
}

// checkApart: each server stands in one group, and is nothing special.
func (s *Scenario) checkApart() error {
	if len(s.Apart) == 0 {
		return nil
	}
	var all []string
	for _, g := range s.Apart {
		if len(g) == 0 {
			return fmt.Errorf("a group of servers is empty")
		}
		all = append(all, g...)
	}
	switch {
	case len(s.Apart) < 2:
		return fmt.Errorf("want two or more groups of servers, as: apart z1 z2 z3 | z4 z5 z6")
	case len(all) != s.Servers:
		return fmt.Errorf("%d servers stand in groups, the topology has %d", len(all), s.Servers)
	case s.NeedsServers():
		return fmt.Errorf("servers that are several services are none that a scenario is about")
	}
	return s.checkList(all, 'z')
}

// checkList: each is a machine of a kind, and named once.
func (s *Scenario) checkList(names []string, kind byte) error {
	for i, name := range names {
		if err := s.exists(kind, name); err != nil {
			return err
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%s is named twice", name)
		}
	}
	return nil
}

func (s *Scenario) cloneGiven() {
	s.Given = slices.Clone(s.Given)
	for i, g := range s.Given {
		s.Given[i].Servers, s.Given[i].Masters = slices.Clone(g.Servers), slices.Clone(g.Masters)
	}
	s.Apart = slices.Clone(s.Apart)
	for i, g := range s.Apart {
		s.Apart[i] = slices.Clone(g)
	}
}
