package swarm

import (
	"strconv"
	"time"

	"github.com/simctl/simctl/scenarios"
)

// This file draws what aims at leases: faults that belong together, because one
// alone, or several at any times, hardly ever shows a lease that is counted
// wrong.

func leases(s *scenarios.Scenario) bool  { return s.Masters > 0 && s.Workers > 0 }
func fenced(s *scenarios.Scenario) bool  { return latches(s) && s.Masters > 1 }
func several(s *scenarios.Scenario) bool { return leases(s) && s.Workers > 1 }

// longJob submits, in a whole world, a driver that outlives what begins soon, and
// that is run again.
func (g *gen) longJob(k string, begin time.Duration) {
	if g.s.Name != Name {
		return
	}
	g.longJobs++
	g.s.Ops = append(g.s.Ops, scenarios.Op{
		At: at(max(begin-g.logarithmic(k+"/job", 500*time.Millisecond, 3), time.Second)), Kind: scenarios.Submit,
		Client: pick(g, k+"/job/client", machines("c", g.s.Clients)...), Tag: "long-" + strconv.Itoa(g.longJobs),
		Cores: 1, RunFor: at(3 * g.t.WorkerLease), Supervise: true,
	})
	g.s.WorkerCores++
}

// early draws a moment from which a worker's lease, and what follows its end, fits
// into the safety phase.
func (g *gen) early(purpose string) time.Duration {
	lo := min(3*time.Second, g.s.Safety/8)
	room := max(time.Second, g.s.Safety-lo-g.t.WorkerLease-2*g.t.WorkerTimeout)
	return lo + time.Duration(g.below(purpose, int(room/(10*time.Millisecond))))*10*time.Millisecond
}

// outlasted cuts a worker off for longer than it may go on by itself, so that what
// it ran is started elsewhere. Besides, there may be a failover while that is waited
// for, answers that come late, or reports that come again.
func (g *gen) outlasted(k string) (out []scenarios.Fault) {
	w := []string{"driver-worker"}
	masters := []string{"masters"}
	lasts := min(round(g.t.WorkerLease+g.t.Terminate+time.Duration(g.below(k+"/longer", 1000))*g.t.WorkerLease/1000), g.s.Safety*2/3)
	cut := scenarios.Fault{Class: scenarios.Partition, Groups: [][]string{w, pick(g, k+"/from", []string{"rest"}, masters)}, For: at(lasts)}
	if g.coin(k+"/one way", 3) {
		cut.Class, cut.Groups[1] = scenarios.OneWay, masters
	}
	switch g.below(k+"/besides", 4) {
	case 0: // somewhere between the loss of the worker and the end of its lease
		end := scenarios.Fault{
			At:    at(round(g.t.Heartbeat + time.Duration(g.below(k+"/failover", 1000))*(g.t.WorkerLease-g.t.Heartbeat)/1000)),
			Class: pick(g, k+"/how", scenarios.Stop, scenarios.KillOff, scenarios.HostLoss), Groups: [][]string{{"active"}},
			For: at(g.around(k + "/down")),
		}
		out = append(out, end)
	case 1: // the last answers are under way when nothing more is heard of the worker
		late := g.logarithmic(k+"/late", 3*g.t.Heartbeat/4, 2)
		cut.At, cut.Class, cut.Groups[1] = at(2*g.t.Heartbeat+2*late), scenarios.OneWay, masters
		out = append(out, scenarios.Fault{
			Class: scenarios.Slow, Groups: [][]string{{"workers"}, masters}, For: at(cut.At.Lo + g.t.Heartbeat), Extra: late,
		})
	case 2:
		out = append(out, scenarios.Fault{
			Class: scenarios.Duplicate, What: pick(g, k+"/what", "DriverStateChanged", "WorkerLatestState", "RegisterWorker"),
			Groups: [][]string{{"workers"}, masters}, N: 4, For: at(min(2*lasts, g.s.Safety)), Extra: g.logarithmic(k+"/again", 10*time.Millisecond, 10),
		})
	}
	return append(out, cut)
}

// undead stops a worker, and a driver on it, for longer than the lease: when the
// worker goes on, another attempt runs elsewhere, and its own does not end. What
// tells it to end that comes again, when the next attempt may be here.
func (g *gen) undead(k string) (out []scenarios.Fault) {
	names := machines("w", g.s.Workers)
	i := g.below(k+"/who", len(names))
	lasts := min(round(g.t.WorkerLease+g.t.Terminate+time.Duration(g.below(k+"/longer", 1000))*g.t.WorkerTimeout/1000), g.s.Safety*2/3)
	out = []scenarios.Fault{
		{Class: scenarios.Pause, Groups: [][]string{{"any-driver"}}, For: at(min(2*lasts, g.s.Safety))},
		{At: at(g.t.Heartbeat), Class: scenarios.Pause, Groups: [][]string{{names[i]}}, For: at(lasts)},
		{
			Class: scenarios.Duplicate, What: "KillDriver", Groups: [][]string{{"masters"}, {"workers"}}, N: 4,
			For: at(min(2*lasts, g.s.Safety)), Extra: g.logarithmic(k+"/again", time.Second, 4),
		},
	}
	back := g.t.Heartbeat + lasts + g.logarithmic(k+"/then", 100*time.Millisecond, 5)
	for j, name := range names {
		if j != i {
			out = append(out, scenarios.Fault{At: at(back), Class: scenarios.HostLoss, Groups: [][]string{{name}}, For: at(g.t.Heartbeat)})
		}
	}
	return out
}

// usurped ends the reign of a master whose answers come late, and cuts it off before
// it hears of that.
func (g *gen) usurped(k string) []scenarios.Fault {
	active, servers := []string{"active"}, []string{"servers"}
	end := scenarios.Fault{Class: scenarios.Expire, Groups: [][]string{active}}
	if g.coin(k+"/latch", 3) {
		end.Class, end.What = scenarios.DeleteZ, "latch"
	}
	end.At = at(g.t.Heartbeat + g.logarithmic(k+"/end", 100*time.Millisecond, 5))
	late := g.logarithmic(k+"/late", g.t.Lease/16, 3)
	return []scenarios.Fault{
		{Class: scenarios.Slow, Groups: [][]string{active, servers}, For: at(2 * g.t.Granted()), Extra: late},
		end,
		{At: at(end.At.Lo + late*time.Duration(1+g.below(k+"/cut", 8))/8), Class: scenarios.Partition, Groups: [][]string{active, servers}, For: at(2 * g.t.Granted())},
	}
}
