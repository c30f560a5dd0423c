package plan

import (
	"fmt"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
)

// Pin returns s, which is drawn, with explicit operations in the place of the
// work that the seed draws: its clients do the same. What is drawn beyond the
// safety phase, a kill, comes at its end.
func Pin(seed uint64, s scenarios.Scenario) scenarios.Scenario {
	p := planner{kernel.New(seed, nil), &s}
	out := s.Clone()
	out.Ops = nil
	for c := range s.Clients {
		name := fmt.Sprintf("c%d", c+1)
		for _, o := range s.Ops {
			if o.Client == name {
				out.Ops = append(out.Ops, p.pinned(o))
			}
		}
		for i := range s.Work.Jobs {
			for _, step := range p.drawJob(name, uint64(i)) {
				out.Ops = append(out.Ops, p.op(name, step))
			}
		}
	}
	out.Work = scenarios.Work{}
	return out
}

// pinned is an explicit operation with what it took from the work.
func (w planner) pinned(o scenarios.Op) scenarios.Op {
	if o.Kind != scenarios.Submit {
		return o
	}
	if o.Memory == 0 && w.s.Work.Memory > 1 {
		o.Memory = w.s.Work.Memory
	}
	if o.Poll == 0 && w.s.Work.Status.Hi > 0 {
		o.Poll = w.defaultPoll(o.Client)
	}
	return o
}

// op is a drawn step as an operation.
func (w planner) op(name string, s client.Step) scenarios.Op {
	at := min(s.At, w.s.Safety)
	o := scenarios.Op{At: scenarios.Range{Lo: at, Hi: at}, Client: name, Kind: scenarios.OpKind(s.Kind), Tag: s.Tag}
	if s.Kind != client.Submit {
		return o
	}
	o.Cores, o.Supervise, o.Exit, o.Poll = s.Desc.Cores, s.Desc.Supervise, s.Desc.Status, s.Poll
	o.RunFor = scenarios.Range{Lo: s.Desc.RunFor, Hi: s.Desc.RunFor}
	if s.Desc.Memory > 1 {
		o.Memory = s.Desc.Memory
	}
	if o.App = w.s.Work.App; o.App.Has() {
		o.App.Task = scenarios.Range{Lo: s.Desc.Job.Task, Hi: s.Desc.Job.Task}
		o.App.Mode = ""
		if s.Local {
			o.App.Mode = scenarios.InClient
		}
	}
	return o
}
