package cluster

import (
	"cmp"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/probe"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/zk"
	"github.com/simctl/simctl/sim/zk/server"
)

// newProbe makes a probe's program from the scenario.
func (w *World) newProbe(m *machine) host.Process {
	plan := w.probeOf(m)
	cfg := probe.Config{Timeout: cmp.Or(plan.Timeout, w.timers.Session), Servers: w.servers}
	if len(plan.Via) > 0 {
		cfg.Servers = nil
		for _, z := range plan.Via {
			cfg.Servers = append(cfg.Servers, host.Addr(z+serverPort))
		}
	}
	p := &cfg.Program
	sessions := 1
	for _, o := range w.s.ZOps {
		if o.Probe == m.name {
			p.Steps = append(p.Steps, stepOf(o))
			sessions = max(sessions, o.Session)
		}
	}
	slices.SortStableFunc(p.Steps, func(a, b probe.Step) int { return cmp.Compare(a.At, b.At) })
	for _, l := range w.s.Loads {
		if l.Probe == m.name {
			sessions = max(sessions, l.Sessions)
			p.Work = probe.Workload{Ops: l.Ops, Nodes: l.Nodes, Depth: l.Depth, Watch: l.Watch, Think: probe.Span(l.Think)}
		}
	}
	for _, r := range w.s.Recipes {
		if r.Probe == m.name {
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
	return probe.New(cfg)
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

func (w *World) probeOf(m *machine) scenarios.Probe {
	i := slices.IndexFunc(w.s.Probes, func(p scenarios.Probe) bool { return p.Name == m.name })
	return w.s.Probes[i]
}

// profile is the client library that a process behaves as.
func (w *World) profile(p *process) zk.Profile {
	if p.kind != "probe" {
		return w.opts.Client
	}
	name := w.probeOf(p.machine).Client
	if name == "" {
		return w.opts.Client
	}
	profile, err := zk.ParseProfile(name)
	if err != nil {
		panic(kernel.Bug("cluster: " + err.Error()))
	}
	return profile
}

// probesQuiet reports whether every probe that runs has done what it was to do.
func (w *World) probesQuiet() bool {
	for _, m := range w.machines {
		if m.runs("probe") && !m.proc.impl.(*probe.Probe).Progress().Done {
			return false
		}
	}
	return true
}

// serves reports whether a server serves under a leader.
func (e *ensemble) serves(m *machine) bool {
	s := m.program()
	return m.server >= 0 && s != nil && s.Role() == server.Following
}
