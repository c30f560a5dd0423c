package plan

import (
	"cmp"
	"slices"

	"github.com/simctl/simctl/impl/probe"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
)

// OfProbe is what the probe of that name does.
func OfProbe(s *scenarios.Scenario, name string) probe.Program {
	var p probe.Program
	sessions := 1
	for _, o := range s.ZOps {
		if o.Probe == name {
			p.Steps = append(p.Steps, stepOf(o))
			sessions = max(sessions, o.Session)
		}
	}
	slices.SortStableFunc(p.Steps, func(a, b probe.Step) int { return cmp.Compare(a.At, b.At) })
	for _, l := range s.Loads {
		if l.Probe == name {
			sessions = max(sessions, l.Sessions)
			p.Work = probe.Workload{Ops: l.Ops, Nodes: l.Nodes, Depth: l.Depth, Watch: l.Watch, Think: probe.Span(l.Think)}
		}
	}
	for _, r := range s.Recipes {
		if r.Probe == name {
			p.Recipes = append(p.Recipes, probe.Recipe{
				Kind: probe.RecipeKind(r.Kind), At: r.At.Lo, Path: r.Path, Data: r.Data, Rounds: r.Rounds,
				Hold: probe.Span(r.Hold), Pause: probe.Span(r.Pause), Unfenced: r.Unfenced,
			})
		}
	}
	p.Sessions = make([]probe.Session, sessions)
	for i := range p.Sessions {
		p.Sessions[i].Late = i > 0 && p.Work.Ops == 0
	}
	return p
}

// stepOf is one line of a probe's program.
func stepOf(o scenarios.ZOp) probe.Step {
	s := probe.Step{At: o.At.Lo, Session: max(0, o.Session-1)}
	if o.Kind == scenarios.ZClose {
		s.Action = probe.Close
		return s
	}
	op, watch, err := probe.ParseOp(o.Words())
	if err != nil {
		panic(kernel.Bug("cluster: op " + o.String() + ": " + err.Error()))
	}
	s.Op, s.Watch = op, watch
	return s
}
