// Package plan draws what the clients of a scenario do.
package plan

import (
	"cmp"
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
)

// Ledger is where the accounts are, in a world that has some.
const Ledger = host.Addr("l1:7090")

// Of is what the client of that name does: the scenario's explicit operations
// of it, and its drawn work.
func Of(k *kernel.Kernel, s *scenarios.Scenario, name string) []client.Step {
	w := planner{k, s}
	return w.plan(name)
}

// planner draws from the seed of a kernel.
type planner struct {
	k *kernel.Kernel
	s *scenarios.Scenario
}

func (w planner) plan(name string) []client.Step {
	var plan []client.Step
	for _, op := range w.s.Ops {
		if op.Client != name {
			continue
		}
		s := client.Step{At: op.At.Lo, Kind: client.Kind(op.Kind), Tag: op.Tag}
		if op.Kind == scenarios.Submit {
			if s.Poll = op.Poll; s.Poll == 0 {
				s.Poll = w.defaultPoll(name)
			}
			s.Desc = wire.Desc{
				Cores: max(1, op.Cores), Memory: max(1, cmp.Or(op.Memory, w.s.Work.Memory)), Supervise: op.Supervise, RunFor: op.RunFor.Lo, Status: op.Exit,
			}
			s.Desc.Job, s.Desc.App = application(op.App, op.App.Task.Lo, op.App.Asks.After.Lo, op.App.Ends.After.Lo)
			s.Local = op.App.Mode == scenarios.InClient
		}
		plan = append(plan, s)
	}
	for i := range w.s.Work.Jobs {
		plan = append(plan, w.drawJob(name, uint64(i))...)
	}
	return plan
}

// defaultPoll is how often a client asks about a job of an explicit operation.
func (w planner) defaultPoll(name string) time.Duration {
	return max(w.between("status "+name, 0, w.s.Work.Status), time.Second)
}

// drawJob draws one job of a client: when it is submitted, what it is, and
// whether it is killed. A job that fails is not supervised: a supervised one
// would be run again for ever.
func (w planner) drawJob(name string, i uint64) []client.Step {
	draw := func(what string, n uint64) uint64 { return w.k.Below(kernel.KeyOf("job "+what+" "+name, i), 0, n) }
	work := w.s.Work
	slot := int64(w.s.Safety) / int64(work.Jobs)
	at := time.Duration(int64(i)*slot + int64(draw("at", uint64(slot))))
	d := wire.Desc{
		Cores: 1 + int64(draw("cores", uint64(max(1, work.Cores)))), Memory: max(1, work.Memory),
		RunFor: w.between("run "+name, i, work.RunFor),
	}
	longest := d.RunFor
	if work.App.Has() {
		longest = work.App.Longest()
		d.Job, d.App = application(work.App, w.between("task "+name, i, work.App.Task),
			w.between("asks "+name, i, work.App.Asks.After), w.between("ends "+name, i, work.App.Ends.After))
	}
	switch dice := draw("kind", 100); {
	case dice < uint64(work.Fail):
		d.Status = 1
	case draw("supervise", 100) < uint64(work.Supervised):
		d.Supervise = true
	}
	tag := fmt.Sprintf("%s-job%d", name, i+1)
	plan := []client.Step{{At: at, Kind: client.Submit, Tag: tag, Desc: d, Poll: w.between("status "+name, i, work.Status)}}
	if mode := work.App.Mode; mode == scenarios.InClient || mode == scenarios.InAny && draw("mode", 2) == 0 {
		plan[0].Local, plan[0].Desc.Supervise = true, false
		return plan
	}
	if draw("kill", 100) < uint64(work.Kill) {
		after := time.Duration(draw("kill after", uint64(longest)+1))
		plan = append(plan, client.Step{At: at + after, Kind: client.Kill, Tag: tag})
	}
	return plan
}

// between draws from a range by a purpose and a number.
func (w planner) between(purpose string, n uint64, r scenarios.Range) time.Duration {
	return time.Duration(w.k.Between(kernel.KeyOf("job "+purpose, n), 0, int64(r.Lo), int64(r.Hi)))
}

// application is what a job computes and what it asks for; zero for a job that
// only runs for a while. Task is how long a core works on a task of it; asks and
// ends are when it asks for executors and ends some.
func application(a scenarios.Application, task, asks, ends time.Duration) (wire.Job, wire.AppDesc) {
	if !a.Has() {
		return wire.Job{}, wire.AppDesc{}
	}
	job := wire.Job{
		Kind: wire.JobKind(a.Job), Stages: max(1, int64(a.Stages)), Tasks: max(1, int64(a.Tasks)), Task: task,
	}
	if job.Kind != wire.Pi {
		job.Amount, job.Ledger = scenarios.LedgerAmount, Ledger
	}
	job.Request, job.RequestAfter, job.Kill, job.KillAfter = int64(a.Asks.N), asks, int64(a.Ends.N), ends
	return job, wire.AppDesc{Cores: a.Cores, Memory: max(1, a.Memory), Limit: a.Limit()}
}
