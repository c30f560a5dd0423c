// Package probing is the programs of a scenario's probes, and how far those that
// carry them out are.
package probing

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/simctl/simctl/impl/probe"
	"github.com/simctl/simctl/scenarios"
)

// Of is what the probe of that name does in a scenario that is drawn. An error
// names an operation that cannot be read.
func Of(s *scenarios.Scenario, name string) (p probe.Program, err error) {
	sessions := 1
	for _, o := range s.ZOps {
		if o.Probe != name {
			continue
		}
		step := probe.Step{At: o.At.Lo, Session: max(0, o.Session-1), Action: probe.Close}
		if o.Kind != scenarios.ZClose {
			step.Action = probe.Ask
			if step.Op, step.Watch, err = probe.ParseOp(o.Words()); err != nil {
				return p, fmt.Errorf("op %s: %w", o, err)
			}
		}
		p.Steps = append(p.Steps, step)
		sessions = max(sessions, o.Session)
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
	return p, nil
}
