package cluster

import (
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/impl/worker"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
)

// newMaster makes a master's program from the scenario.
func (w *World) newMaster(m *machine) host.Process {
	t := w.timers
	return master.New(master.Config{
		Addr: host.Addr(m.name + masterPort), ZK: w.servers, Policy: w.opts.Policy,
		Session: t.Session, Lease: t.Lease, Recovery: t.Recovery, WorkerTimeout: t.WorkerTimeout,
		StoreRetry: t.StoreRetry, Relaunch: t.Relaunch, Drift: max(w.s.Drift, 1),
	})
}

func (w *World) newWorker(m *machine) host.Process {
	t := w.timers
	return worker.New(worker.Config{
		Name: m.name, Listen: host.Addr(m.name + workerPort), Masters: w.masters, Cores: w.s.WorkerCores, Memory: w.s.WorkerMemory,
		Policy: w.opts.Policy, Heartbeat: t.Heartbeat, Register: t.Register, RegisterSlow: t.RegisterSlow,
		RegisterFew: t.RegisterFew, RegisterMax: t.RegisterMax, Terminate: t.Terminate, Relaunch: t.Relaunch, Dial: t.Dial,
	})
}

func (w *World) newSubmitter(m *machine) host.Process {
	t := w.timers
	return client.New(client.Config{
		Masters: w.masters, Policy: w.opts.Policy, Ask: t.Ask, Retry: t.Retry, GiveUp: t.GiveUp, Dial: t.Dial,
		Plan: w.plan(m.name),
	})
}

// plan is what a client does: the scenario's explicit operations of it, and
// its drawn work.
func (w *World) plan(name string) []client.Step {
	var plan []client.Step
	poll := w.between("status "+name, 0, w.s.Work.Status)
	for _, op := range w.s.Ops {
		if op.Client != name {
			continue
		}
		s := client.Step{At: op.At.Lo, Kind: client.Kind(op.Kind), Tag: op.Tag}
		if op.Kind == scenarios.Submit {
			s.Poll = max(poll, time.Second)
			s.Desc = wire.Desc{
				Cores: max(1, op.Cores), Memory: max(1, w.s.Work.Memory), Supervise: op.Supervise, RunFor: op.RunFor.Lo, Status: op.Exit,
			}
			s.Desc.Job, s.Desc.App = application(op.App, op.App.Task.Lo)
		}
		plan = append(plan, s)
	}
	for i := range w.s.Work.Jobs {
		plan = append(plan, w.drawJob(name, uint64(i))...)
	}
	return plan
}

// drawJob draws one job of a client: when it is submitted, what it is, and
// whether it is killed. A job that fails is not supervised: a supervised one
// would be run again for ever.
func (w *World) drawJob(name string, i uint64) []client.Step {
	draw := func(what string, n uint64) uint64 { return w.k.Below(kernel.KeyOf("job "+what+" "+name, i), 0, n) }
	work := w.s.Work
	slot := int64(w.s.Safety) / int64(work.Jobs)
	at := time.Duration(int64(i)*slot + int64(draw("at", uint64(slot))))
	d := wire.Desc{
		Cores: 1 + int64(draw("cores", uint64(max(1, work.Cores)))), Memory: max(1, work.Memory),
		RunFor: w.between("run "+name, i, work.RunFor),
	}
	if work.App.Has() {
		d.Job, d.App = application(work.App, w.between("task "+name, i, work.App.Task))
	}
	switch dice := draw("kind", 100); {
	case dice < uint64(work.Fail):
		d.Status = 1
	case draw("supervise", 100) < uint64(work.Supervised):
		d.Supervise = true
	}
	tag := fmt.Sprintf("%s-job%d", name, i+1)
	plan := []client.Step{{At: at, Kind: client.Submit, Tag: tag, Desc: d, Poll: w.between("status "+name, i, work.Status)}}
	if draw("kill", 100) < uint64(work.Kill) {
		after := time.Duration(draw("kill after", uint64(d.RunFor)+1))
		plan = append(plan, client.Step{At: at + after, Kind: client.Kill, Tag: tag})
	}
	return plan
}

// between draws from a range by a purpose and a number.
func (w *World) between(purpose string, n uint64, r scenarios.Range) time.Duration {
	return time.Duration(w.k.Between(kernel.KeyOf("job "+purpose, n), 0, int64(r.Lo), int64(r.Hi)))
}

// submitterDone reports whether a client has carried out its plan and knows
// how its jobs ended.
func (w *World) submitterDone(p *process) bool {
	c, ok := p.impl.(*client.Client)
	if !ok {
		return true
	}
	g := c.Progress()
	return g.Begun == g.Steps && g.Open == 0 && g.Watched == 0
}
