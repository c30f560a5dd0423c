package program

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/scenarios"
)

// ClientArgs say what a real client does: its part of the work, spread over
// the safety phase, and explicit operations of its own. The plan follows from them, the client's name and its seed.
type ClientArgs struct {
	Work   scenarios.Work
	Safety time.Duration
	Ops    []scenarios.Op // single values
	Ledger host.Addr      // where the accounts of ledger jobs are; empty if there is no such job
}

// JSON is what [Options.Args] holds for a client.
func (a ClientArgs) JSON() string {
	text, err := json.Marshal(a)
	if err != nil {
		panic("program: a client's argument: " + err.Error()) // plain numbers
	}
	return string(text)
}

// Draws is a stream of random numbers of its own for a seed and a name.
func Draws(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Between draws from a range.
func Between(r *rand.Rand, in scenarios.Range) time.Duration {
	return in.Lo + time.Duration(r.Int64N(int64(in.Hi-in.Lo)+1))
}

// explicit are the operations that are given one by one.
func (a ClientArgs) explicit(r *rand.Rand) (plan []client.Step) {
	for _, op := range a.Ops {
		s := client.Step{At: op.At.Lo, Kind: client.Kind(op.Kind), Tag: op.Tag}
		if op.Kind == scenarios.Submit {
			drawn := max(Between(r, a.Work.Status), time.Second)
			s.Poll = cmp.Or(op.Poll, drawn)
			s.Desc = wire.Desc{
				Cores: max(op.Cores, 1), Memory: max(cmp.Or(op.Memory, a.Work.Memory), 1), Supervise: op.Supervise, RunFor: op.RunFor.Lo, Status: op.Exit,
			}
			s.Desc.Job, s.Desc.App = a.application(op.App)
			s.Local = op.App.Mode == scenarios.InClient
		}
		plan = append(plan, s)
	}
	return plan
}

// application is what a job computes and what it asks for; zero for a job that
// only runs for a while. How long its tasks take has been drawn.
func (a ClientArgs) application(app scenarios.Application) (wire.Job, wire.AppDesc) {
	if !app.Has() {
		return wire.Job{}, wire.AppDesc{}
	}
	job := wire.Job{Kind: wire.JobKind(app.Job), Stages: max(1, int64(app.Stages)), Tasks: max(1, int64(app.Tasks)), Task: app.Task.Lo}
	if job.Kind != wire.Pi {
		job.Amount, job.Ledger = scenarios.LedgerAmount, a.Ledger
	}
	job.Request, job.RequestAfter = int64(app.Asks.N), app.Asks.After.Lo
	job.Kill, job.KillAfter = int64(app.Ends.N), app.Ends.After.Lo
	return job, wire.AppDesc{Cores: app.Cores, Memory: max(1, app.Memory), Limit: app.Limit()}
}

// plan draws what a client does. A job that fails is not supervised: a
// supervised one would be run again for ever.
func (a ClientArgs) plan(name string, seed uint64) []client.Step {
	r := Draws(seed, "plan of "+name)
	w := a.Work
	plan := a.explicit(r)
	for i := range w.Jobs {
		slot := int64(a.Safety) / int64(w.Jobs)
		at := time.Duration(int64(i)*slot + r.Int64N(max(slot, 1)))
		d := wire.Desc{Cores: 1 + r.Int64N(max(w.Cores, 1)), Memory: max(w.Memory, 1), RunFor: Between(r, w.RunFor)}
		if w.App.Has() {
			app := w.App
			app.Task.Lo, app.Asks.After.Lo, app.Ends.After.Lo = Between(r, app.Task), Between(r, app.Asks.After), Between(r, app.Ends.After)
			d.Job, d.App = a.application(app)
		}
		switch dice := r.IntN(100); {
		case dice < w.Fail:
			d.Status = 1
		case r.IntN(100) < w.Supervised:
			d.Supervise = true
		}
		tag := fmt.Sprintf("%s-job%d", name, i+1)
		s := client.Step{At: at, Kind: client.Submit, Tag: tag, Desc: d, Poll: Between(r, w.Status)}
		if w.App.Has() && w.App.Mode == scenarios.InClient {
			s.Local, s.Desc.Supervise = true, false
			plan = append(plan, s)
			continue
		}
		plan = append(plan, s)
		if r.IntN(100) < w.Kill {
			after := time.Duration(r.Int64N(int64(max(d.RunFor, w.App.Longest())) + 1))
			plan = append(plan, client.Step{At: at + after, Kind: client.Kill, Tag: tag})
		}
	}
	return plan
}
