package zk

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/coord/coordtest"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
)

// lab is an ensemble and the processes that use it.
type lab struct {
	t        require.TestingT
	k        *kernel.Kernel
	net      *network.Net
	svc      *Service
	machines map[host.ProcessID]network.MachineID
	clients  map[host.ProcessID]*Client
	addrs    []host.Addr
}

func newLab(t require.TestingT, seed uint64, servers int, tick time.Duration) *lab {
	x := &lab{t: t, machines: map[host.ProcessID]network.MachineID{}, clients: map[host.ProcessID]*Client{}}
	x.k = kernel.New(seed, nil)
	x.net = network.New(x.k, network.Config{Delay: network.Delay{Min: 100_000, Max: 300_000}})
	var list []Server
	for i := range servers {
		name := fmt.Sprintf("z%d", i+1)
		addr := host.Addr(name + ":2181")
		list = append(list, Server{Name: name, Machine: x.net.AddMachine(name), Addr: addr})
		x.addrs = append(x.addrs, addr)
	}
	x.svc = New(x.k, x.net, Config{Servers: list, Tick: int64(tick)})
	return x
}

// Attach implements coordtest.Service.
func (x *lab) Attach(name host.ProcessID, p host.Process) coord.Client {
	m := x.net.AddMachine(string(name))
	x.machines[name] = m
	c := NewClient(x.k, x.net, ClientConfig{
		Owner: string(name), Inc: 1, Machine: m,
		Deliver: func(_ kernel.Kind, c host.Call, result any) { c.Run(p, result) },
	})
	x.clients[name] = c
	return c
}

// Call implements coordtest.Service.
func (x *lab) Call(_ host.ProcessID, f func()) { f() }

// Run implements coordtest.Service.
func (x *lab) Run(d time.Duration) { x.k.Run(x.k.Now() + int64(d)) }

// Now implements coordtest.Service.
func (x *lab) Now() time.Duration { return time.Duration(x.k.Now()) }

// Servers implements coordtest.Service.
func (x *lab) Servers() []host.Addr { return x.addrs }

// Tick implements coordtest.Service.
func (x *lab) Tick() time.Duration { return time.Duration(x.svc.cfg.Tick) }

// Slack implements coordtest.Service.
func (x *lab) Slack() time.Duration { return 0 }

// ExpireSession implements coordtest.Service.
func (x *lab) ExpireSession(id int64) error {
	x.svc.ExpireSession(id)
	return nil
}

// BreakConnection implements coordtest.Service.
func (x *lab) BreakConnection(name host.ProcessID) error {
	x.each(name, func(a, b network.MachineID) { x.net.ResetBetween(a, b, 0) })
	return nil
}

// Cut implements coordtest.Service.
func (x *lab) Cut(name host.ProcessID) error {
	x.each(name, func(a, b network.MachineID) {
		x.net.Cut(a, b)
		x.net.Cut(b, a)
	})
	return nil
}

// Restore implements coordtest.Service.
func (x *lab) Restore(name host.ProcessID) error {
	x.each(name, func(a, b network.MachineID) {
		x.net.Heal(a, b)
		x.net.Heal(b, a)
	})
	return nil
}

func (x *lab) each(name host.ProcessID, f func(a, b network.MachineID)) {
	for _, s := range x.svc.cfg.Servers {
		f(x.machines[name], s.Machine)
	}
}

func TestServiceIsACoordinationService(t *testing.T) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprint(n, " servers"), func(t *testing.T) {
			coordtest.Run(t, func(t *testing.T) coordtest.Service { return newLab(t, 1, n, 2*time.Second) })
		})
	}
}
