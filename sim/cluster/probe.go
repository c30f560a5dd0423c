package cluster

import (
	"cmp"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/probe"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/cluster/plan"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/zk"
	"github.com/simctl/simctl/sim/zk/server"
)

// newProbe makes a probe's program from the scenario.
func (w *World) newProbe(m *machine) host.Process {
	p := w.probeOf(m)
	cfg := probe.Config{Timeout: cmp.Or(p.Timeout, w.timers.Session), Servers: w.servers}
	if len(p.Via) > 0 {
		cfg.Servers = nil
		for _, z := range p.Via {
			cfg.Servers = append(cfg.Servers, host.Addr(z+serverPort))
		}
	}
	cfg.Program = plan.OfProbe(&w.s, m.name)
	return probe.New(cfg)
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
