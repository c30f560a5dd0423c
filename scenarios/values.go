package scenarios

import (
	"slices"

	"github.com/simctl/simctl/scenarios/attr"
	"github.com/simctl/simctl/scenarios/order"
	"github.com/simctl/simctl/scenarios/zk"
)

// A Range is a duration that is drawn.
type Range = attr.Range

// ParseRange reads "3s" or "3s..5s".
func ParseRange(text string) (Range, error) { return attr.ParseRange(text) }

func rangeAttr(name string, to *Range) attr.Attr { return attr.RangeOf(name, to) }

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// An Order is in which order deliveries happen that are under way together.
type Order = order.Order

// An Ensemble is how the ZooKeeper servers are configured.
type Ensemble = zk.Ensemble

// A Server is what is special about one ZooKeeper server.
type Server = zk.Server

// A Probe is a process that uses ZooKeeper directly.
type Probe = zk.Probe

// A ZOp is one operation of a probe.
type ZOp = zk.Op

// A ZKind is what a probe does in one operation.
type ZKind = zk.Kind

// A Recipe is a use of ZooKeeper that takes more than a list of operations.
type Recipe = zk.Recipe

// A Load is a random workload of a probe.
type Load = zk.Load

// The operations of probes.
const (
	ZCreate   = zk.Create
	ZDelete   = zk.Delete
	ZSet      = zk.Set
	ZGet      = zk.Get
	ZExists   = zk.Exists
	ZChildren = zk.Children
	ZCheck    = zk.Check
	ZMulti    = zk.Multi
	ZClose    = zk.Close
)

func parseServer(s *Scenario, rest string) error {
	z, err := zk.ParseServer(rest)
	s.Special = append(s.Special, z)
	return err
}

func parseProbe(s *Scenario, rest string) error {
	p, err := zk.ParseProbe(len(s.Probes)+1, rest)
	s.Probes = append(s.Probes, p)
	return err
}

func parseRecipe(s *Scenario, rest string) error {
	r, err := zk.ParseRecipe(rest)
	s.Recipes = append(s.Recipes, r)
	return err
}

func parseLoad(s *Scenario, rest string) error {
	l, err := zk.ParseLoad(rest)
	s.Loads = append(s.Loads, l)
	return err
}

// probeLines are the lines of a scenario that are about servers and probes.
func (s Scenario) probeLines(line func(format string, args ...any)) {
	if s.Ensemble != (Ensemble{}) {
		line("ensemble %s", s.Ensemble)
	}
	for _, z := range s.Special {
		line("server %s", z)
	}
	for _, p := range s.Probes {
		line("probe %s", p)
	}
	for _, l := range s.Loads {
		line("load %s", l)
	}
	for _, r := range s.Recipes {
		line("recipe %s", r)
	}
	for _, o := range s.ZOps {
		line("op %s", o)
	}
}
