// Package memory is a network and files in memory, for processes that run in
// one test: inside a testing/synctest bubble its connections wait in virtual
// time, which those of the kernel cannot.
//
// A connection behaves as TCP does: bytes arrive in order after a delay, a
// reader that takes nothing blocks its writer, a cut stalls silently and a
// mended one delivers what was sent meanwhile, a listener that is gone refuses.
// Each direction of a connection has one delay for all its life, drawn from the
// seed: two connections seldom deliver at the same instant, so it is time that
// orders what happens, not the scheduler.
package memory

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// A Net is machines with one address each, all of them connected.
type Net struct {
	seed     uint64
	min, max time.Duration

	mu        sync.Mutex
	listeners map[string]*listener
	ports     map[netip.Addr]uint16 // last given to a dialling machine
	dials     map[pair]uint64       // how often a machine has dialled an address
	cut       map[way]bool
	healed    chan struct{}  // closed and replaced by Heal
	pipes     map[*pipe]bool // that something is under way in
}

// A way is from one machine to another.
type way struct{ from, to netip.Addr }

// A pair is who dials whom.
type pair struct {
	from netip.Addr
	to   netip.AddrPort
}

// NewNet returns a network whose one-way delays are drawn between two bounds,
// from a seed.
func NewNet(seed uint64, min, max time.Duration) *Net {
	return &Net{
		seed: seed, min: min, max: max, listeners: map[string]*listener{}, ports: map[netip.Addr]uint16{}, dials: map[pair]uint64{},
		cut: map[way]bool{}, healed: make(chan struct{}), pipes: map[*pipe]bool{},
	}
}

// Cut stops everything from one machine to another, silently, until Heal.
// What is sent meanwhile waits.
func (n *Net) Cut(from, to netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut[way{from, to}] = true
}

// Heal mends every cut. What waited arrives one delay later.
func (n *Net) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.cut)
	close(n.healed)
	n.healed = make(chan struct{})
	for p := range n.pipes {
		time.AfterFunc(p.delay, p.arrive)
	}
}

func (n *Net) isCut(w way) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cut[w]
}

// delay is that of one direction of the connection that is the count-th of a
// pair. Ports are not asked: they depend on who dialled somebody else before.
func (n *Net) delay(p pair, count uint64, back bool) time.Duration {
	if n.max <= n.min {
		return n.min
	}
	h := fnv.New64a()
	fmt.Fprint(h, n.seed, p, count, back)
	x := h.Sum64()
	x ^= x >> 31 // FNV alone leaves the high bits of short texts alike
	x *= 0x9E3779B97F4A7C15
	x ^= x >> 29
	return n.min + time.Duration(x%uint64(n.max-n.min+1))
}

// A Machine is one end of the network's cables. It implements live.Net.
type Machine struct {
	net  *Net
	addr netip.Addr
}

// Machine returns the machine with an address.
func (n *Net) Machine(a netip.Addr) *Machine { return &Machine{n, a} }

// Listen takes one of the machine's addresses.
func (m *Machine) Listen(addr string) (net.Listener, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	if at.Addr() != m.addr {
		return nil, failed("listen", at, syscall.EADDRNOTAVAIL)
	}
	m.net.mu.Lock()
	defer m.net.mu.Unlock()
	if m.net.listeners[addr] != nil {
		return nil, failed("listen", at, syscall.EADDRINUSE)
	}
	l := &listener{net: m.net, at: at, calls: make(chan *Conn, backlog), done: make(chan struct{})}
	m.net.listeners[addr] = l
	return l, nil
}

// backlog is how many connections may wait to be accepted.
const backlog = 4096

// Dial opens a connection. It takes a round trip, and while the way is cut it
// waits.
func (m *Machine) Dial(ctx context.Context, addr string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	n := m.net
	n.mu.Lock()
	n.ports[m.addr]++
	from := netip.AddrPortFrom(m.addr, 40000+n.ports[m.addr]%20000)
	who := pair{m.addr, to}
	n.dials[who]++
	count := n.dials[who]
	n.mu.Unlock()
	near, far := n.connect(from, to, n.delay(who, count, false), n.delay(who, count, true))
	if err := n.travel(ctx, near.out, way{from.Addr(), to.Addr()}); err != nil {
		return nil, failed("dial", to, err)
	}
	accepted := n.answer(addr, far)
	if err := n.travel(ctx, near.in, way{to.Addr(), from.Addr()}); err != nil {
		_ = near.SetLinger(0)
		_ = near.Close()
		return nil, failed("dial", to, err)
	}
	if !accepted {
		return nil, failed("dial", to, os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	return near, nil
}

// answer hands a dialled connection to whoever listens.
func (n *Net) answer(addr string, far *Conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.listeners[addr]
	if l == nil {
		return false
	}
	select {
	case l.calls <- far:
		return true
	default:
		return false
	}
}

// travel waits until something sent now would have come to the other end.
func (n *Net) travel(ctx context.Context, p *pipe, w way) error {
	for {
		if err := wait(ctx, p.delay, nil); err != nil {
			return err
		}
		n.mu.Lock()
		cut, healed := n.cut[w], n.healed
		n.mu.Unlock()
		if !cut {
			return nil
		}
		if err := wait(ctx, -1, healed); err != nil {
			return err
		}
	}
}

// wait waits for d, if it is not negative, or for a channel.
func wait(ctx context.Context, d time.Duration, c <-chan struct{}) error {
	var rings <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		rings = t.C
	}
	select {
	case <-rings:
		return nil
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// connect makes both ends of a connection.
func (n *Net) connect(from, to netip.AddrPort, delayThere, delayBack time.Duration) (near, far *Conn) {
	there := newPipe(n, way{from.Addr(), to.Addr()}, delayThere)
	back := newPipe(n, way{to.Addr(), from.Addr()}, delayBack)
	there.other, back.other = back, there
	near = &Conn{in: back, out: there, local: net.TCPAddrFromAddrPort(from), remote: net.TCPAddrFromAddrPort(to)}
	far = &Conn{in: there, out: back, local: near.remote, remote: near.local}
	return near, far
}

// busy keeps a pipe while something is under way in it.
func (n *Net) busy(p *pipe, is bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if is {
		n.pipes[p] = true
	} else {
		delete(n.pipes, p)
	}
}

func failed(op string, at netip.AddrPort, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		err = os.ErrDeadlineExceeded
	}
	return &net.OpError{Op: op, Net: "tcp", Addr: net.TCPAddrFromAddrPort(at), Err: err}
}

// A listener is a taken address.
type listener struct {
	net   *Net
	at    netip.AddrPort
	calls chan *Conn
	once  sync.Once
	done  chan struct{}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.done:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
}

// Close implements net.Listener. What was not accepted is reset.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.net.mu.Lock()
		delete(l.net.listeners, l.at.String())
		l.net.mu.Unlock()
		close(l.done)
		for {
			select {
			case c := <-l.calls:
				_ = c.SetLinger(0)
				_ = c.Close()
				continue
			default:
			}
			break
		}
	})
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }
