package swarm

import (
	"time"

	"github.com/simctl/simctl/scenarios"
)

// World draws a whole world: machines, work, network, clocks and faults.
func World(rnd Rnd) scenarios.Scenario {
	s := scenarios.Scenario{Name: Name, Timers: scenarios.Fast}
	g := newGen(&s, rnd)
	s.Masters = pick(g, "masters", 1, 2, 2, 3, 3, 4, 5)
	s.Workers = pick(g, "workers", 1, 2, 3, 3, 4, 5)
	s.Servers = pick(g, "servers", 1, 3, 3, 3, 5)
	s.Clients = pick(g, "clients", 1, 2, 3)
	s.WorkerCores, s.WorkerMemory = int64(pick(g, "cores", 2, 4, 8)), 4096
	s.Safety = time.Duration(pick(g, "safety", 30, 45, 60)) * time.Second
	if !g.coin("restart", 8) {
		s.Restart = pick(g, "restart/after", scenarios.Range{Lo: 200 * time.Millisecond, Hi: time.Second},
			scenarios.Range{Lo: time.Second, Hi: 4 * time.Second}, scenarios.Range{Lo: 2 * time.Second, Hi: 9 * time.Second})
	}
	s.KeepAll = g.coin("core", 4)
	s.Drift = pick(g, "drift", int64(0), 100, 500, 2000)
	g.network()
	g.work()
	g.settings()
	s.Faults = g.faults()
	s = Judged(s)
	s.Doc = "a world that was drawn"
	return s
}

// network draws how long messages take.
func (g *gen) network() {
	s := g.s
	s.Delay.Min = g.logarithmic("delay", 50*time.Microsecond, 4)
	s.Delay.Max = round(scaled(s.Delay.Min, 4+g.below("delay/width", 13)))
	if g.coin("tail", 2) {
		s.Delay.Tail = pick(g, "tail/share", int64(200), 1000, 5000, 20000)
		s.Delay.TailMax = s.Delay.Max + g.logarithmic("tail/longest", 10*time.Millisecond, 5)
	}
}

// work draws what clients do. Each kind of it is there or not.
func (g *gen) work() {
	w := &g.s.Work
	w.Jobs = pick(g, "jobs", 2, 4, 8, 12)
	w.Cores, w.Memory = int64(pick(g, "jobs/cores", 1, 2)), 512
	w.RunFor = pick(g, "jobs/run", scenarios.Range{Lo: 200 * time.Millisecond, Hi: 2 * time.Second},
		scenarios.Range{Lo: time.Second, Hi: 8 * time.Second}, scenarios.Range{Lo: 4 * time.Second, Hi: 20 * time.Second},
		// Longer than a worker may go on by itself: else no lease is ever needed.
		scenarios.Range{Lo: g.t.WorkerLease, Hi: 3 * g.t.WorkerLease})
	if g.coin("jobs/kill", 2) {
		w.Kill = pick(g, "jobs/killed", 10, 25, 60)
	}
	if g.coin("jobs/supervise", 2) {
		w.Supervised = pick(g, "jobs/supervised", 20, 50, 100)
	}
	if g.coin("jobs/long", 4) { // what a lease is for
		w.RunFor = scenarios.Range{Lo: g.t.WorkerLease, Hi: 3 * g.t.WorkerLease}
		w.Supervised = pick(g, "jobs/long/supervised", 50, 100)
	}
	if g.coin("jobs/fail", 2) {
		w.Fail = pick(g, "jobs/failed", 10, 30)
	}
	w.Status = pick(g, "jobs/status", scenarios.Range{Lo: 200 * time.Millisecond, Hi: time.Second},
		scenarios.Range{Lo: 500 * time.Millisecond, Hi: 2 * time.Second}, scenarios.Range{Lo: 2 * time.Second, Hi: 8 * time.Second})
	if g.coin("applications", 2) {
		for i := range g.some("applications/number") {
			g.application(i)
		}
	}
	// Drivers that wait for executors must not fill the only worker that is left.
	needed := w.Cores + 1
	for _, o := range g.s.Ops {
		if o.App.Mode != scenarios.InClient {
			needed++
		}
	}
	g.s.WorkerCores = max(g.s.WorkerCores, needed)
}

// application draws an explicit submission of an application.
func (g *gen) application(i int) {
	k := key("application", i)
	o := scenarios.Op{
		At: at(2*time.Second + round(time.Duration(g.below(k+"/at", int(g.s.Safety/time.Millisecond)*3/4))*time.Millisecond)), Kind: scenarios.Submit,
		Client: pick(g, k+"/client", machines("c", g.s.Clients)...), Tag: "app-" + string(rune('a'+i)), Cores: 1,
	}
	o.App = scenarios.Application{
		Job: pick(g, k+"/job", scenarios.Pi, scenarios.Pi, scenarios.Ledger), Stages: pick(g, k+"/stages", 1, 2, 3), Tasks: pick(g, k+"/tasks", 2, 4, 8),
		Task:      pick(g, k+"/task", scenarios.Range{Lo: 200 * time.Millisecond, Hi: time.Second}, scenarios.Range{Lo: 500 * time.Millisecond, Hi: 2 * time.Second}),
		Executors: pick(g, k+"/executors", 1, 2, 3), Cores: 1, Memory: 256,
	}
	switch g.below(k+"/mode", 3) {
	case 0:
		o.App.Mode = scenarios.InClient
	case 1:
		o.Supervise = true
	}
	g.s.Ops = append(g.s.Ops, o)
}

// settings draws other timeouts than the usual ones, sometimes.
func (g *gen) settings() {
	if g.coin("conf/worker", 6) {
		g.s.Conf = append(g.s.Conf, "spark.worker.timeout="+pick(g, "conf/worker/timeout", "4s", "8s", "15s"))
	}
	if g.coin("conf/spread", 6) {
		g.s.Conf = append(g.s.Conf, "spark.deploy.spreadOutDrivers=false")
	}
	if g.coin("recovery", 4) && g.s.Masters == 1 {
		g.s.Recovery.Mode = "filesystem"
	}
}
