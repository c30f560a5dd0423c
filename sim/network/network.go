// Package network is connections between processes on simulated machines, as
// TCP behaves: in order inside a connection, with no order between two; a cut
// link carries nothing and tells nobody; what was sent meanwhile is carried
// later, if both ends are still there.
//
// Its one invariant: a message that was sent on a connection is delivered at
// most once, after all that were sent before it in the same direction. How long
// it takes depends on the seed, on who dialled which address, on how often it
// had done so before, and on the message's number in its direction; so a
// message more or less elsewhere changes no delay here.
package network

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
)

// A MachineID names one machine of a network. 0 is none.
type MachineID uint16

// A Delay is how long one way takes, in nanoseconds: uniform in [Min,Max], and
// for Tail of a million messages uniform in [Max,TailMax].
type Delay struct {
	Min, Max, TailMax int64
	Tail              int64 // parts per million
}

// A Config says how a network behaves when nothing is broken.
type Config struct {
	Delay       Delay
	DialTimeout int64 // nanoseconds until an unanswered dial fails; 0: 5 s
	Encode      bool  // encode and decode every message by the connection's codecs
	// Window, if not 0, makes everything that would arrive within a window of
	// so many nanoseconds arrive at its end.
	Window int64
}

// Times that are no parameters, in nanoseconds.
const (
	defaultDialTimeout = 5_000_000_000
	// A machine reaches itself in this time.
	loopbackMin = 20_000
	loopbackMax = 60_000
	// TCP doubles its retransmission timeout, so after a cut of length c the
	// next attempt comes within about c; ours within this at most.
	maxBackoff = 3_000_000_000
)

// An End is who owns an end of connections: an actor (a process incarnation, a
// ZooKeeper server, a session's client) on a machine.
type End struct {
	Machine MachineID
	Actor   kernel.ActorID
	Inc     uint32
}

// machine is one computer. Number 0 of the network's machines is unused.
type machine struct {
	name string
	up   bool
}

// link is one direction between two machines.
type link struct {
	cuts  int
	extra int64 // added to each delay
	loss  int64 // of a thousand packets
	apart int64 // between two packets of a connection, at least
}

// listener is one address that somebody listens on.
type listener struct {
	addr  host.Addr
	end   End
	codec host.Codec
}

// pair is a dialler and an address; the network counts their connections.
type pair struct {
	dialler kernel.Key
	addr    host.Addr
}

// A Net is one network.
type Net struct {
	k         *kernel.Kernel
	cfg       Config
	actor     kernel.ActorID
	machines  []machine
	byName    map[string]MachineID
	links     [][]link
	stalls    [][]int // by the lower and the higher machine
	listeners []listener
	conns     []conn
	free      []uint32
	serial    uint64
	dialled   map[pair]uint64
	traps     []trap      // of messages, oldest first
	digest    host.Digest // scratch
	buf       []byte      // scratch
}

// New returns a network without machines, as an actor of the kernel.
func New(k *kernel.Kernel, c Config) *Net {
	if c.DialTimeout == 0 {
		c.DialTimeout = defaultDialTimeout
	}
	n := &Net{k: k, cfg: c, byName: map[string]MachineID{}, dialled: map[pair]uint64{}}
	n.actor = k.AddActor("network", n)
	n.addMachine("")
	return n
}

// AddMachine adds a machine that is up. Its name is the host part of the
// addresses on it.
func (n *Net) AddMachine(name string) MachineID {
	if _, ok := n.byName[name]; ok || name == "" {
		panic(kernel.Bug(fmt.Sprintf("network: machine %q is there or has no name", name)))
	}
	return n.addMachine(name)
}

func (n *Net) addMachine(name string) MachineID {
	id := MachineID(len(n.machines))
	n.machines = append(n.machines, machine{name: name, up: name != ""})
	for i := range n.links {
		n.links[i] = append(n.links[i], link{})
		n.stalls[i] = append(n.stalls[i], 0)
	}
	n.links = append(n.links, make([]link, len(n.machines)))
	n.stalls = append(n.stalls, make([]int, len(n.machines)))
	if name != "" {
		n.byName[name] = id
	}
	return id
}

// Machine looks a machine up by its name.
func (n *Net) Machine(name string) (MachineID, bool) {
	id, ok := n.byName[name]
	return id, ok
}

// Reachable reports whether from is up and a packet of it would arrive at to
// now. Stalled connections do not count.
func (n *Net) Reachable(from, to MachineID) bool {
	return n.machines[from].up && n.carries(from, to)
}

// carries reports whether packets from a machine arrive at another.
func (n *Net) carries(from, to MachineID) bool {
	return n.machines[to].up && n.links[from][to].cuts == 0
}

// Listen lets an end accept connections at an address of its machine.
func (n *Net) Listen(e End, addr host.Addr, codec host.Codec) error {
	if n.resolve(addr) != e.Machine {
		return fmt.Errorf("listen %s: not an address of machine %s", addr, n.machines[e.Machine].name)
	}
	if n.listener(addr) != nil {
		return fmt.Errorf("listen %s: address already in use", addr)
	}
	n.listeners = append(n.listeners, listener{addr, e, codec})
	return nil
}

// Unlisten ends all listening of an end. Its connections stand.
func (n *Net) Unlisten(e End) {
	n.unlisten(func(l *listener) bool { return l.end == e })
}

func (n *Net) unlisten(which func(l *listener) bool) {
	kept := n.listeners[:0]
	for i := range n.listeners {
		if !which(&n.listeners[i]) {
			kept = append(kept, n.listeners[i])
		}
	}
	clear(n.listeners[len(kept):])
	n.listeners = kept
}

func (n *Net) listener(addr host.Addr) *listener {
	for i := range n.listeners {
		if n.listeners[i].addr == addr {
			return &n.listeners[i]
		}
	}
	return nil
}

// resolve returns the machine of an address, 0 if there is none.
func (n *Net) resolve(addr host.Addr) MachineID {
	name, _, _ := strings.Cut(string(addr), ":")
	return n.byName[name]
}

// delay draws the time that the next packet of a stream takes.
func (n *Net) delay(st *stream, from, to MachineID) int64 {
	x := n.k.Draw(st.key, st.n)
	st.n++
	if from == to {
		return loopbackMin + below(x, loopbackMax-loopbackMin)
	}
	d, way := &n.cfg.Delay, &n.links[from][to]
	again := int64(0)
	if way.loss > 0 {
		again = n.resent(st, way.loss)
	}
	// The high product says whether it is of the tail; the low one is what is
	// left of the draw, still uniform to some 44 bits.
	part, rest := bits.Mul64(x, 1_000_000)
	lo, hi := d.Min, d.Max
	if int64(part) < d.Tail && d.TailMax > d.Max {
		lo, hi = d.Max, d.TailMax
	}
	return lo + below(rest, hi-lo) + way.extra + again
}

// TCP sends what is lost again after its shortest timeout, and then after ever
// twice as long. Linux: TCP_RTO_MIN.
const (
	firstResend = 200_000_000
	lastResend  = 3_200_000_000
)

// resent is how late a packet comes because it was lost: each attempt is, with a
// probability of so many parts of a thousand.
func (n *Net) resent(st *stream, loss int64) (late int64) {
	key := kernel.KeyOf("loss", uint64(st.key), st.n)
	for i, wait := uint64(0), int64(firstResend); wait <= lastResend; i, wait = i+1, 2*wait {
		if n.k.Below(key, i, 1000) >= uint64(loss) {
			break
		}
		late += wait
	}
	return late
}

// below turns a draw into a number in [0,limit], 0 if limit is negative.
func below(x uint64, limit int64) int64 {
	if limit <= 0 {
		return 0
	}
	hi, _ := bits.Mul64(x, uint64(limit)+1)
	return int64(hi)
}
