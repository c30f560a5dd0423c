package scenarios

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/simctl/simctl/scenarios/attr"
	"github.com/simctl/simctl/scenarios/span"
)

// Check reports what is wrong with a scenario that was not parsed but made or
// changed by a program, as [Parse] does with a text.
func (s Scenario) Check() error {
	got, err := Parse(s.Name, []byte(s.String()))
	if err == nil && !reflect.DeepEqual(got, s.compact()) {
		return fmt.Errorf("%s: the scenario does not survive its own text; is there a line break in a name?", s.Name)
	}
	return err
}

// compact returns s with nil for every empty list, as Parse makes it.
func (s Scenario) compact() Scenario {
	s = s.Clone()
	for _, list := range []*[]string{&s.Conf, &s.Must, &s.Sometimes, &s.Require} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	s.Ops, s.Faults, s.Special, s.Probes = none(s.Ops), none(s.Faults), none(s.Special), none(s.Probes)
	s.ZOps, s.Recipes, s.Loads, s.Sees = none(s.ZOps), none(s.Recipes), none(s.Loads), none(s.Sees)
	s.Given, s.Apart = none(s.Given), none(s.Apart)
	for i := range s.Given {
		s.Given[i].Servers, s.Given[i].Masters = none(s.Given[i].Servers), none(s.Given[i].Masters)
	}
	for i := range s.Probes {
		s.Probes[i].Via = none(s.Probes[i].Via)
	}
	for i := range s.ZOps {
		s.ZOps[i].Ops = none(s.ZOps[i].Ops)
	}
	for i := range s.Faults {
		if len(s.Faults[i].Groups) == 0 {
			s.Faults[i].Groups = nil
		}
	}
	return s
}

// none returns nil for an empty list.
func none[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// check looks at what only the whole scenario shows.
func (s *Scenario) check(at places) (places, error) {
	for _, key := range []string{"scenario", "topology", "timers", "safety"} {
		if at.once[key] == 0 {
			at.line = at.last
			return at, fmt.Errorf("the line %q is missing", key)
		}
	}
	at.line = at.once["safety"]
	if s.Safety <= 0 {
		return at, fmt.Errorf("the safety phase must last")
	}
	at.line = at.once["doc"]
	if strings.ContainsFunc(s.Doc+s.Source, unicode.IsControl) {
		return at, fmt.Errorf("the doc or the source holds a control character")
	}
	if err := s.checkGiven(&at); err != nil {
		return at, err
	}
	at.line = at.once["work"]
	if err := s.checkWork(); err != nil {
		return at, err
	}
	for i, o := range s.Ops {
		at.line = at.ops[i]
		if err := s.checkOp(o); err != nil {
			return at, err
		}
	}
	if err := s.checkProbes(&at); err != nil {
		return at, err
	}
	for i, f := range s.Faults {
		at.line = at.faults[i]
		if err := s.checkFault(f); err != nil {
			return at, err
		}
	}
	return at, nil
}

func (s *Scenario) checkWork() error {
	w := s.Work
	if err := w.App.check(s); err != nil {
		return err
	}
	switch {
	case w.Jobs == 0:
		return nil
	case s.Clients == 0:
		return fmt.Errorf("work for %d jobs, but the topology has no clients", w.Jobs)
	case w.Cores > s.WorkerCores || w.Memory > s.WorkerMemory:
		return fmt.Errorf("jobs of %d cores and %d MiB fit on no worker: one has %d and %d",
			w.Cores, w.Memory, s.WorkerCores, s.WorkerMemory)
	case w.RunFor.Hi > 0 && w.Status.Hi > 0 && w.Status.Lo == 0:
		return fmt.Errorf("status=%s: a client that asks without a pause never ends", w.Status)
	}
	return nil
}

func (s *Scenario) checkOp(o Op) error {
	if kind, n, ok := machine(o.Client); !ok || kind != 'c' || n > s.Clients {
		return fmt.Errorf("%s is no client; the topology has %d, named c1 and so on", o.Client, s.Clients)
	}
	if o.At.Hi > s.Safety {
		return fmt.Errorf("at=%s is after the safety phase of %s", o.At, span.Text(s.Safety))
	}
	if o.Cores > s.WorkerCores {
		return fmt.Errorf("a job of %d cores fits on no worker of %d", o.Cores, s.WorkerCores)
	}
	if o.Memory > s.WorkerMemory {
		return fmt.Errorf("a job of %d MiB fits on no worker of %d", o.Memory, s.WorkerMemory)
	}
	if err := o.App.check(s); err != nil {
		return err
	}
	submits, inClient := 0, false
	for _, other := range s.Ops {
		if other.Kind == Submit && other.Tag == o.Tag && other.Client == o.Client {
			submits++
			inClient = other.App.Mode == InClient
		}
	}
	switch {
	case submits == 0:
		return fmt.Errorf("%s %s %s: %s submits no job of that tag", o.Client, o.Kind, o.Tag, o.Client)
	case inClient && o.Kind != Submit:
		return fmt.Errorf("%s %s %s: masters know no driver in client mode", o.Client, o.Kind, o.Tag)
	case submits > 1 && o.Kind == Submit:
		return fmt.Errorf("%s submits the tag %s twice", o.Client, o.Tag)
	}
	return nil
}

func (s *Scenario) checkFault(f Fault) error {
	if f.At.Hi > s.Safety {
		return fmt.Errorf("at=%s is after the safety phase of %s", f.At, span.Text(s.Safety))
	}
	for _, g := range append([][]string{{f.On.Process}}, f.Groups...) {
		for _, t := range g {
			kind, n, ok := machine(machineOf(t))
			if count, what := s.count(kind); ok && n > count {
				return fmt.Errorf("unknown target %s: the topology has %d %s", t, count, what)
			}
		}
	}
	return nil
}

func (s *Scenario) count(kind byte) (int, string) {
	switch kind {
	case 'm':
		return s.Masters, "masters"
	case 'w':
		return s.Workers, "workers"
	case 'c':
		return s.Clients, "clients"
	case 'p':
		return len(s.Probes), "probes"
	case 'l':
		if s.HasLedger() {
			return 1, "ledger"
		}
		return 0, "ledgers: no job adds to an account"
	}
	return s.Servers, "servers"
}

// checkName accepts "failover/kill": parts of letters, digits and dashes.
func checkName(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.Trim(part, attr.WordBytes) != "" {
			return fmt.Errorf("the name %q is no path of letters, digits and dashes, as failover/kill", name)
		}
	}
	return nil
}

func checkProperty(name string) error {
	for i := range len(name) {
		if !strings.Contains(attr.WordBytes, name[i:i+1]) {
			return fmt.Errorf("%q is no name of a property, as at-most-one-alive-master", name)
		}
	}
	return nil
}
