// Package zktest runs a ZooKeeper ensemble inside a Go test, for testing code
// that uses ZooKeeper: sessions that expire, watches, locks that change hands
// when a server or a network fails.
//
// The servers are those of `simctl zk`: any client that speaks ZooKeeper's
// protocol can use them. By default they and their network are in memory, and
// their clients reach them through [Ensemble.Dialer]. Then everything, the
// unmodified go-zookeeper client included, may run inside testing/synctest,
// where half a minute of waiting for a session to expire takes milliseconds:
//
//	synctest.Test(t, func(t *testing.T) {
//		e, err := zktest.Start(zktest.Options{Servers: 3})
//		...
//		defer e.Close()
//		c, _, err := zk.Connect(e.Addrs(), 10*time.Second,
//			zk.WithDialer(e.Dialer("app")), zk.WithHostProvider(e.Hosts()))
//		...
//		defer c.Close()
//		e.Partition("app")
//		time.Sleep(12 * time.Second) // the session has expired
//		e.Heal()
//	})
//
// With [Options].TCP the servers listen on loopback instead, in real time.
//
// What is the same in every run of a bubble: the delays of the network, and
// with them the instant of everything that servers do and clients are told,
// and the order in which each client is told it. What is not: the order of what
// two goroutines do at the same instant, as two clients that connect at once;
// and what the client itself draws by chance: which server it tries first,
// unless it is given [Ensemble.Hosts], and the names of protected znodes.
package zktest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/simctl/simctl/impl/live/memory"
	"github.com/simctl/simctl/sim/zk/server"
)

// Options say what ensemble to start. The zero Options are one server in
// memory, with ZooKeeper's defaults.
type Options struct {
	Servers int // how many, from 1 to 99; 0: 1, which is standalone

	// As in zoo.cfg; 0 is ZooKeeper's default.
	Tick           time.Duration // tickTime; 0: 2 s
	Init, Sync     int           // initLimit and syncLimit, in ticks; 0: 10 and 5
	MinSession     time.Duration // minSessionTimeout; 0: 2 ticks
	MaxSession     time.Duration // maxSessionTimeout; 0: 20 ticks
	MaxClientCnxns int           // connections of one client address; 0: no limit
	ExtendedTypes  bool          // TTL znodes

	// TCP has the servers listen on loopback, in real time, instead of in
	// memory.
	TCP bool
	// Data is a directory for the servers' files; empty: in memory.
	Data string
	// Latency bounds how long a byte is under way in memory. Each direction
	// of each connection has its own delay. 0: 1 ms; at least a tenth of it.
	Latency time.Duration
	// Seed is what the delays and the servers' draws depend on.
	Seed uint64
}

func (o *Options) check() error {
	o.Servers, o.Latency = cmp.Or(o.Servers, 1), cmp.Or(o.Latency, time.Millisecond)
	o.Tick = cmp.Or(o.Tick, 2*time.Second)
	switch {
	case o.Servers < 1 || o.Servers > 99:
		return fmt.Errorf("zktest: %d servers: want 1 to 99", o.Servers)
	case o.Tick < time.Millisecond:
		return fmt.Errorf("zktest: a tick of %v: want at least 1ms", o.Tick)
	case o.Latency < 0:
		return fmt.Errorf("zktest: a latency of %v: none may be negative", o.Latency)
	}
	return nil
}

// An Ensemble is servers, numbered from 1 as in zoo.cfg, and the network
// between them and their clients. Its methods may be called from any goroutine
// of the test, and inside a bubble only from those of the bubble.
type Ensemble struct {
	o     Options
	net   *memory.Net // nil over TCP
	begin time.Time

	mu      lock // serialises what changes the ensemble
	members []*member
	clients map[string]netip.Addr
	parts   []map[netip.Addr]bool // the partitions, by the machines inside
}

// A lock is a mutex under whose waiters the time of a bubble passes, as its
// holder may need.
type lock chan struct{}

// Lock takes the lock.
func (l lock) Lock() { l <- struct{}{} }

// Unlock gives it back.
func (l lock) Unlock() { <-l }

// Start starts an ensemble and waits until it serves. Close must be called.
func Start(o Options) (*Ensemble, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	e := &Ensemble{o: o, begin: time.Now(), mu: make(lock, 1), clients: map[string]netip.Addr{}}
	if !o.TCP {
		e.net = memory.NewNet(o.Seed, o.Latency/10, o.Latency)
	}
	if err := e.layOut(); err != nil {
		return nil, err
	}
	for _, m := range e.members {
		if err := e.start(m); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	if err := e.Await(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// layOut gives the servers their addresses and files.
func (e *Ensemble) layOut() error {
	for i := range e.o.Servers {
		m := &member{id: server.ServerID(i + 1), files: &memory.Files{}}
		ip := serverIP(i + 1)
		m.client, m.peer = net.JoinHostPort(ip.String(), "2181"), net.JoinHostPort(ip.String(), "2888")
		if e.o.Data != "" {
			m.dir, m.files = filepath.Join(e.o.Data, "z"+strconv.Itoa(i+1)), nil
			if err := os.MkdirAll(m.dir, 0o755); err != nil {
				return fmt.Errorf("zktest: %w", err)
			}
		}
		if e.o.TCP {
			m.client, m.peer = "127.0.0.1:0", "127.0.0.1:0"
			if err := m.open(); err != nil {
				return errors.Join(err, e.Close())
			}
		} else {
			m.net = e.net.Machine(ip)
		}
		e.members = append(e.members, m)
	}
	return nil
}

// The addresses of the machines in memory: 10.0.0.N is server N, and what
// follows are clients.
func serverIP(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}) }
func clientIP(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}) }

// Addrs are where clients connect: server N is the one at N-1.
func (e *Ensemble) Addrs() []string {
	addrs := make([]string, len(e.members))
	for i, m := range e.members {
		addrs[i] = m.client
	}
	return addrs
}

// Hosts returns the servers in their order, for zk.WithHostProvider. Clients
// shuffle the servers that they are given; one that is given Hosts besides
// always tries server 1 first, then 2.
func (e *Ensemble) Hosts() *Hosts { return &Hosts{addrs: e.Addrs()} }

// Dialer returns how the machine of a client reaches the servers, for
// zk.WithDialer. Connections of the same client come from the same address.
// Over TCP the client is not told apart.
func (e *Ensemble) Dialer(client string) func(network, addr string, timeout time.Duration) (net.Conn, error) {
	if e.net == nil {
		return net.DialTimeout
	}
	m := e.net.Machine(e.addrOf(client))
	return func(_, addr string, timeout time.Duration) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		return m.Dial(ctx, addr)
	}
}

// addrOf is the address of a machine: "z1" is server 1, and any other name a
// client. A client that was not known before is on the far side of the
// partitions that there are.
func (e *Ensemble) addrOf(name string) netip.Addr {
	for i := range e.members {
		if name == e.Name(i+1) {
			return serverIP(i + 1)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	a, ok := e.clients[name]
	if !ok {
		a = clientIP(len(e.clients) + 1)
		e.clients[name] = a
		for _, inside := range e.parts {
			e.cut(inside)
		}
	}
	return a
}

// Name is what Partition calls a server: "z1" is server 1.
func (e *Ensemble) Name(id int) string { return "z" + strconv.Itoa(id) }

// Partition cuts machines off from all others, and leaves the connections
// among them: servers by their Name, clients by what Dialer was told.
// Connections stall silently, and dials time out, until Heal; cuts add up.
// Over TCP it panics.
func (e *Ensemble) Partition(names ...string) {
	if e.net == nil {
		panic("zktest: Partition needs a network in memory")
	}
	inside := map[netip.Addr]bool{}
	for _, name := range names {
		inside[e.addrOf(name)] = true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.parts = append(e.parts, inside)
	e.cut(inside)
}

// cut separates some machines from all others.
func (e *Ensemble) cut(inside map[netip.Addr]bool) {
	all := make([]netip.Addr, 0, len(e.members)+len(e.clients))
	for i := range e.members {
		all = append(all, serverIP(i+1))
	}
	for _, a := range e.clients {
		all = append(all, a)
	}
	for a := range inside {
		for _, b := range all {
			if !inside[b] {
				e.net.Cut(a, b)
				e.net.Cut(b, a)
			}
		}
	}
}

// Heal ends every partition. What was sent meanwhile arrives. Over TCP it
// panics.
func (e *Ensemble) Heal() {
	if e.net == nil {
		panic("zktest: Heal needs a network in memory")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.parts = nil
	e.net.Heal()
}

// Close ends the servers. It returns why any of them ended before.
func (e *Ensemble) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, m := range e.members {
		errs = append(errs, m.kill())
	}
	return errors.Join(errs...)
}
