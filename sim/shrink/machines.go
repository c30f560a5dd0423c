package shrink

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/scenarios"
)

// machines leaves out masters, workers, clients, servers and probes one by one.
// Those with higher numbers move down; what was about the machine goes.
func (s *shrinker) machines() {
	for _, kind := range "cwmpz" {
		for n := s.best.count(kind); n > 0; n-- {
			s.first([]Run{s.best.lacking(kind, n)})
		}
	}
}

// count is how many machines of a kind there are.
func (r Run) count(kind rune) int {
	x := r.Scenario
	return map[rune]int{'m': x.Masters, 'w': x.Workers, 'c': x.Clients, 'z': x.Servers, 'p': len(x.Probes)}[kind]
}

// lacking is the run without the n-th machine of a kind.
func (r Run) lacking(kind rune, n int) Run {
	x := r.Scenario.Clone()
	switch kind {
	case 'm':
		x.Masters--
	case 'w':
		x.Workers--
	case 'c':
		x.Clients--
	case 'z':
		x.Servers--
	case 'p':
		x.Probes = slices.Delete(x.Probes, n-1, n)
	}
	name := renaming(kind, n)
	x.Faults = faultsOf(x.Faults, name)
	x.Ops = kept(x.Ops, name, func(o *scenarios.Op) *string { return &o.Client })
	x.ZOps = kept(x.ZOps, name, func(o *scenarios.ZOp) *string { return &o.Probe })
	x.Recipes = kept(x.Recipes, name, func(o *scenarios.Recipe) *string { return &o.Probe })
	x.Loads = kept(x.Loads, name, func(o *scenarios.Load) *string { return &o.Probe })
	x.Special = kept(x.Special, name, func(o *scenarios.Server) *string { return &o.Name })
	x.Given = kept(x.Given, name, func(o *scenarios.Given) *string { return &o.Who })
	x.Sees = kept(x.Sees, name, func(o *scenarios.See) *string { return &o.Who })
	for i := range x.Given {
		x.Given[i].Servers, x.Given[i].Masters = named(x.Given[i].Servers, name), named(x.Given[i].Masters, name)
	}
	for i := range x.Probes {
		x.Probes[i].Via = named(x.Probes[i].Via, name)
	}
	for i := range x.Apart {
		x.Apart[i] = named(x.Apart[i], name)
	}
	x.Sees = kept(x.Sees, name, func(o *scenarios.See) *string {
		if o.What == scenarios.SeeLeader || o.What == scenarios.SeeElects {
			return &o.Text
		}
		return new(string)
	})
	return Run{x, r.Seed}
}

// renaming maps names to what they are without the n-th machine of a kind: ""
// for that one, and the others as they are or one lower.
func renaming(kind rune, n int) func(string) string {
	return func(name string) string {
		machine, rest, process := strings.Cut(name, "/")
		number := 0
		if _, err := fmt.Sscanf(machine, string(kind)+"%d", &number); err != nil || machine != fmt.Sprintf("%c%d", kind, number) {
			return name
		}
		switch {
		case number == n:
			return ""
		case number > n:
			machine = fmt.Sprintf("%c%d", kind, number-1)
		}
		if process {
			return machine + "/" + rest
		}
		return machine
	}
}

// kept are the elements whose machine is not gone, renamed. One that names no
// machine stays.
func kept[T any](list []T, name func(string) string, of func(*T) *string) []T {
	var out []T
	for _, x := range list {
		who := of(&x)
		was := *who
		if *who = name(was); *who != "" || was == "" {
			out = append(out, x)
		}
	}
	return out
}

func named(list []string, name func(string) string) []string {
	return kept(list, name, func(s *string) *string { return s })
}

// faultsOf are the faults that still have a target in each group.
func faultsOf(faults []scenarios.Fault, name func(string) string) []scenarios.Fault {
	var out []scenarios.Fault
	for _, f := range faults {
		if f.On.Process != "" {
			if f.On.Process = name(f.On.Process); f.On.Process == "" {
				continue
			}
		}
		whole := true
		for g := range f.Groups {
			f.Groups[g] = named(f.Groups[g], name)
			whole = whole && len(f.Groups[g]) > 0
		}
		if whole {
			out = append(out, f)
		}
	}
	return out
}
