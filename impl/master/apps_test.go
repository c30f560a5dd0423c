package master_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

// A gale is two masters, one after the other, to which applications, workers and
// the network do anything in any order.
type gale struct {
	svc    *hosttest.Coord
	m      *hosttest.Machine
	p      *master.Master
	pol    policy.Policy
	starts uint32
	opened int
}

func newGale(p policy.Policy) *gale {
	g := &gale{svc: hosttest.NewCoord(), pol: p}
	g.start()
	return g
}

// start starts a master, the one before is gone with its session.
func (g *gale) start() {
	if g.m != nil {
		g.m.Stalled = true
		g.m.Expire("latch")
		if !g.pol.OneSession {
			g.m.Expire("store")
		}
	}
	g.starts++
	g.m, g.p = g.svc.Machine(host.ProcessID(fmt.Sprint("m", g.starts)), g.starts), master.New(config("m:7077", g.pol))
	g.m.Draws["latch"] = uint64(g.starts)
	g.m.Start(g.p)
	g.svc.Settle()
}

// conn is a connection drawn from those that stand, or a new one.
func (g *gale) conn(t *rapid.T) string {
	conns := g.m.Conns()
	if len(conns) == 0 || rapid.IntRange(0, 4).Draw(t, "fresh") == 0 {
		g.opened++
		name := fmt.Sprint("in", g.opened)
		g.m.Accept(name)
		return name
	}
	return rapid.SampledFrom(conns).Draw(t, "connection")
}

// app draws an application that is known, or one that is not.
func (g *gale) app(t *rapid.T) (wire.AppID, int64) {
	all := g.p.Status().Apps
	if len(all) == 0 {
		return "app-none", 0
	}
	a := rapid.SampledFrom(all).Draw(t, "app")
	if len(a.Executors) == 0 {
		return a.Record.ID, a.Record.Next
	}
	return a.Record.ID, rapid.SampledFrom(a.Executors).Draw(t, "executor").ID
}

var galeWorkers = rapid.SampledFrom([]wire.WorkerID{"worker-w1-1", "worker-w2-1", "worker-w2-2"})

// state is what a worker says it runs: some of what the master has on record,
// and something else.
func (g *gale) state(t *rapid.T, id wire.WorkerID) []wire.ExecutorOnWorker {
	var out []wire.ExecutorOnWorker
	for _, w := range g.p.Status().Workers {
		for _, x := range w.Executors {
			if w.ID == id && rapid.Bool().Draw(t, "runs") {
				out = append(out, wire.ExecutorOnWorker{App: x.App, ID: x.ID, State: wire.ExecutorRunning, Cores: x.Cores, Memory: x.Memory})
			}
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "stranger") == 0 {
		app, _ := g.app(t)
		out = append(out, wire.ExecutorOnWorker{App: app, ID: rapid.Int64Range(0, 3).Draw(t, "id"), State: wire.ExecutorRunning, Cores: 1, Memory: 1})
	}
	return out
}

func (g *gale) message(t *rapid.T) host.Message {
	w := galeWorkers.Draw(t, "worker")
	app, x := g.app(t)
	switch rapid.IntRange(0, 9).Draw(t, "message") {
	case 0:
		key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
		d := wire.AppDesc{Tag: key, Key: key, Driver: host.Addr(key + ":4000"), Cores: rapid.Int64Range(0, 2).Draw(t, "unit"),
			MaxCores: rapid.Int64Range(0, 5).Draw(t, "max"), Memory: 10, Limit: rapid.Int64Range(-1, 2).Draw(t, "limit")}
		return wire.RegisterApplication{Desc: d}
	case 1:
		return wire.RegisterWorker{Worker: wire.WorkerRecord{ID: w, Addr: host.Addr(w[7:9]) + ":7078", Cores: 4, Memory: 1024}}
	case 2:
		return wire.WorkerLatestState{Worker: w, Executors: g.state(t, w)}
	case 3:
		return wire.WorkerSchedulerStateResponse{Worker: w, Executors: g.state(t, w)}
	case 4:
		return wire.MasterChangeAcknowledged{App: app}
	case 5:
		return wire.RequestExecutors{App: app, Total: rapid.Int64Range(-1, 3).Draw(t, "total")}
	case 6:
		return wire.KillExecutors{App: app, IDs: []int64{x}}
	case 7:
		return wire.UnregisterApplication{App: app}
	case 8:
		return wire.WorkerDecommissioning{Worker: w}
	}
	state := rapid.SampledFrom([]wire.ExecutorState{wire.ExecutorRunning, wire.ExecutorRunning, wire.ExecutorExited, wire.ExecutorKilled}).Draw(t, "state")
	return wire.ExecutorStateChanged{Worker: g.place(t, app, x, w), App: app, ID: x, State: state, Status: rapid.Int64Range(0, 1).Draw(t, "status")}
}

// place is the worker at which an executor is on record, mostly.
func (g *gale) place(t *rapid.T, app wire.AppID, id int64, otherwise wire.WorkerID) wire.WorkerID {
	for _, w := range g.p.Status().Workers {
		for _, x := range w.Executors {
			if x.App == app && x.ID == id && rapid.IntRange(0, 9).Draw(t, "astray") > 0 {
				return w.ID
			}
		}
	}
	return otherwise
}

// check holds what the master knows to itself.
func (g *gale) check(t *rapid.T) {
	s := g.p.Status()
	given := map[wire.AppID]int64{}
	for _, w := range s.Workers {
		var cores, memory int64
		for _, x := range w.Executors {
			cores += x.Cores
			memory += x.Memory
		}
		require.GreaterOrEqual(t, w.CoresUsed, int64(0), w.ID)
		if g.pol == policy.Hardened && w.State != "DEAD" {
			require.Equal(t, cores, w.CoresUsed, "cores of %+v", w)
			require.Equal(t, memory, w.MemoryUse, "memory of %+v", w)
		}
	}
	for _, a := range s.Apps {
		seen := map[int64]bool{}
		for _, x := range a.Executors {
			require.False(t, seen[x.ID], "executor %d twice in %+v", x.ID, a)
			seen[x.ID] = true
			if x.State != wire.ExecutorDecommissioned {
				given[a.Record.ID] += x.Cores
			}
		}
		require.False(t, a.Ended && g.pol == policy.Hardened && len(a.Executors) > 0, "an application that ended has executors: %+v", a)
		if g.pol == policy.Hardened {
			require.Equal(t, given[a.Record.ID], a.Cores, "cores of %+v", a)
			if most := a.Record.Desc.MaxCores; most > 0 && g.starts == 1 {
				require.LessOrEqual(t, a.Cores, most, "%+v", a)
			}
		}
	}
}

func (g *gale) step(t *rapid.T) {
	switch rapid.IntRange(0, 19).Draw(t, "what") {
	case 0:
		if conns := g.m.Conns(); len(conns) > 0 {
			g.m.Break(rapid.SampledFrom(conns).Draw(t, "breaks"), host.Reset)
		}
	case 1, 2:
		if conns := g.m.Conns(); len(conns) > 0 {
			g.m.Connect(rapid.SampledFrom(conns).Draw(t, "connects"))
		}
	case 3:
		g.m.Advance(rapid.SampledFrom([]time.Duration{time.Second, 3 * time.Second, 16 * time.Second}).Draw(t, "by"))
	case 4:
		if rapid.IntRange(0, 4).Draw(t, "failover") == 0 {
			g.start()
		}
	default:
		c := g.conn(t)
		g.m.Receive(c, g.message(t))
	}
	g.svc.Settle()
}

// TestWhatIsKnownOfApplicationsHangsTogether: whatever comes in whatever order,
// what workers are said to use is what their executors have, what applications
// have is what theirs have, no ID is given twice, and what ended has nothing.
// Under Spark the sums do not hold (D-36); nothing is below zero there.
func TestWhatIsKnownOfApplicationsHangsTogether(t *testing.T) {
	for name, p := range map[string]policy.Policy{"hardened": policy.Hardened, "spark": policy.Spark} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				g := newGale(p)
				for range rapid.IntRange(1, 60).Draw(t, "steps") {
					if g.m.Gone() {
						g.start()
					}
					g.step(t)
					g.check(t)
				}
			})
		})
	}
}
