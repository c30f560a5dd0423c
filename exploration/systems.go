package exploration

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/simctl/simctl/checker/protocol"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/abstract"
	"github.com/simctl/simctl/scenarios/hint"
)

// A System is something that can be explored.
type System struct {
	Name   string
	Doc    string   // one line
	Real   bool     // code that is simulated too, and judged as it is there
	Policy bool     // its processes have a policy
	Bounds []Bound  // that can be set
	Rules  []string // those that every search has, a sentence each

	open func(v *values) (*subject, error)
}

// A Bound is a number that keeps a system finite.
type Bound struct {
	Name    string
	Default string
	Says    string
	Most    int // of a number; 0: no other limit than sense
}

// Systems lists them, those of real code first.
func Systems() []System { return slices.Concat(realSystems(), ensembleSystems(), abstractSystems()) }

// BoundsOf lists every bound that some system has, by name, once.
func BoundsOf() (all []Bound) {
	for _, s := range Systems() {
		for _, b := range s.Bounds {
			if !slices.ContainsFunc(all, func(x Bound) bool { return x.Name == b.Name }) {
				all = append(all, b)
			}
		}
	}
	return all
}

// Lookup finds a system by name.
func Lookup(name string) (System, error) {
	var names []string
	for _, s := range Systems() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return System{}, fmt.Errorf("no system %q%s", name, hint.For(name, names, "simctl list systems"))
}

// values are the bounds of one search.
type values struct {
	all      map[string]string
	policy   policy.Policy
	plain    bool // no symmetry
	seen     *Seen
	mistaken error
	// properties are those that are judged; none: all.
	properties []string
}

// open makes the subject of a search. With errUnsettled the subject says what it is
// of, and can do nothing.
func open(s *Search) (*subject, error) {
	about, err := Lookup(s.System)
	if err != nil {
		return nil, err
	}
	v := &values{all: map[string]string{}, policy: policy.Hardened, plain: s.NoSymmetry, seen: s.Seen, properties: s.Properties}
	if s.Policy != "" {
		if v.policy, err = policy.Parse(s.Policy); err != nil {
			return nil, err
		}
	}
	for _, b := range about.Bounds {
		v.all[b.Name] = b.Default
	}
	for _, name := range slices.Sorted(maps.Keys(s.Bounds)) {
		if _, has := v.all[name]; !has {
			return nil, fmt.Errorf("%s has no bound %q; it has %s", s.System, name, strings.Join(slices.Sorted(maps.Keys(v.all)), ", "))
		}
		v.all[name] = s.Bounds[name]
	}
	if len(s.Properties) > 0 && !about.Real {
		return nil, fmt.Errorf("%s has invariants of its own, and judges them all", s.System)
	}
	m, err := about.open(v)
	switch {
	case v.mistaken != nil:
		return nil, v.mistaken
	case err != nil && !errors.Is(err, errUnsettled):
		return nil, fmt.Errorf("%s: %w", s.System, err)
	}
	m.about, m.bounds, m.policy = about, v.all, v.policy.String()
	return m, err
}

// number is a bound as a number from least to most; least for one that the system
// has not.
func (v *values) number(name string, least, most int) int {
	if _, has := v.all[name]; !has {
		return least
	}
	n, err := strconv.Atoi(v.all[name])
	if (err != nil || n < least || n > most) && v.mistaken == nil {
		v.mistaken = fmt.Errorf("%s=%s: want a number from %d to %d", name, v.all[name], least, most)
	}
	return n
}

// abstractRules are what the abstract protocol leaves out.
var abstractRules = []string{
	"a write is one step", "messages to masters are read off the sender", "a lease is a bit, which guards read",
}

func abstractSystems() []System {
	return []System{{
		Name: "abstract", Doc: "the protocol as a small transition system: election, fenced store, recovery, jobs",
		Bounds: []Bound{
			{Name: "masters", Default: "2", Says: "masters"},
			{Name: "workers", Default: "1", Says: "workers"},
			{Name: "ops", Default: "1", Says: "jobs that clients submit"},
			{Name: "attempts", Default: "1", Says: "attempts of a job"},
			{Name: "crashes", Default: "1", Says: "processes that crash on a path"},
			{Name: "expiries", Default: "0", Says: "sessions that end before their time on a path"},
			{Name: "cuts", Default: "0", Says: "links that are cut on a path"},
			{Name: "without", Default: "", Says: "a safeguard that is left out, by the name of its mistake"},
		},
		Rules: abstractRules[:3],
		open:  openAbstract,
	}}
}

func openAbstract(v *values) (*subject, error) {
	y := abstract.System{
		Masters: v.number("masters", 1, abstract.MaxMasters), Workers: v.number("workers", 0, abstract.MaxWorkers),
		Jobs: v.number("ops", 0, abstract.MaxJobs), Attempts: v.number("attempts", 0, abstract.MaxAttempts),
		Budget: abstract.Budget{
			Crashes: uint8(v.number("crashes", 0, 9)), Expiries: uint8(v.number("expiries", 0, 9)), Cuts: uint8(v.number("cuts", 0, 9)),
		},
	}
	if name := v.all["without"]; name != "" {
		var names []string
		for _, m := range abstract.Mistakes() {
			if m.String() == name {
				y.Broken = m
			}
			names = append(names, m.String())
		}
		if y.Broken == abstract.Sound {
			return nil, fmt.Errorf("no mistake %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	return bind(&protocol.System{Protocol: y}, y.Text), nil
}
