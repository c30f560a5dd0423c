package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/coord/coordtest"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/zk"
)

// lab is a world of servers alone, and the test's processes that use them.
type lab struct {
	w        *World
	machines map[host.ProcessID]network.MachineID
	clients  map[host.ProcessID]*zk.Client
	trouble  map[host.ProcessID]*zk.Trouble
}

// newLab returns a world whose ensemble serves.
func newLab(seed uint64, servers int, client zk.Profile) *lab {
	s := scenarios.Scenario{Name: "lab", Servers: servers, Safety: time.Hour, Timers: "spark"}
	s.Delay.Min, s.Delay.Max = 100*time.Microsecond, 300*time.Microsecond
	w := newWorld(s, Options{Seed: seed, Policy: policy.Hardened, Ensemble: true, Client: client}, settings{timers: scenarios.TimersFor(s.Timers)})
	w.k.Run(int64(5 * time.Second))
	return &lab{w: w, machines: map[host.ProcessID]network.MachineID{}, clients: map[host.ProcessID]*zk.Client{}, trouble: map[host.ProcessID]*zk.Trouble{}}
}

// Attach implements coordtest.Service.
func (x *lab) Attach(name host.ProcessID, p host.Process) coord.Client {
	m := x.w.net.AddMachine(string(name))
	x.machines[name], x.trouble[name] = m, &zk.Trouble{}
	c := zk.NewClient(x.w.k, x.w.net, zk.ClientConfig{
		Owner: string(name), Inc: 1, Machine: m, Profile: x.w.opts.Client, Wire: true, Sent: x.w.ens.log.Sent, Trouble: x.trouble[name],
		Deliver: func(_ kernel.Kind, c host.Call, result any) { c.Run(p, result) },
	})
	x.clients[name] = c
	return c
}

// Call implements coordtest.Service.
func (x *lab) Call(_ host.ProcessID, f func()) { f() }

// Run implements coordtest.Service.
func (x *lab) Run(d time.Duration) { x.w.k.Run(x.w.k.Now() + int64(d)) }

// Now implements coordtest.Service.
func (x *lab) Now() time.Duration { return time.Duration(x.w.k.Now()) }

// Servers implements coordtest.Service.
func (x *lab) Servers() []host.Addr { return x.w.servers }

// Tick implements coordtest.Service.
func (x *lab) Tick() time.Duration { return x.w.timers.Tick }

// Slack implements coordtest.Service: a follower's touches wait for the
// leader's next ping.
func (x *lab) Slack() time.Duration { return x.w.timers.Tick / 2 }

// ExpireSession implements coordtest.Service.
func (x *lab) ExpireSession(id int64) error {
	x.w.ens.expire(id)
	return nil
}

// BreakConnection implements coordtest.Service.
func (x *lab) BreakConnection(name host.ProcessID) error {
	x.each(name, func(a, b network.MachineID) { x.w.net.ResetBetween(a, b, 0) })
	return nil
}

// Cut implements coordtest.Service.
func (x *lab) Cut(name host.ProcessID) error {
	x.each(name, func(a, b network.MachineID) {
		x.w.net.Cut(a, b)
		x.w.net.Cut(b, a)
	})
	return nil
}

// Restore implements coordtest.Service.
func (x *lab) Restore(name host.ProcessID) error {
	x.each(name, func(a, b network.MachineID) {
		x.w.net.Heal(a, b)
		x.w.net.Heal(b, a)
	})
	return nil
}

func (x *lab) each(name host.ProcessID, f func(a, b network.MachineID)) {
	for _, m := range x.w.ens.servers {
		f(x.machines[name], m.id)
	}
}

func TestTheEnsembleIsACoordinationService(t *testing.T) {
	for _, client := range []zk.Profile{zk.GoZooKeeper, zk.Curator} {
		for _, n := range []int{1, 3} {
			t.Run(fmt.Sprint(client, ", ", n, " servers"), func(t *testing.T) {
				coordtest.Run(t, func(*testing.T) coordtest.Service { return newLab(1, n, client) })
			})
		}
	}
}
