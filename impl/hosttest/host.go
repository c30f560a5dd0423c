// Package hosttest is for the tests of processes. A [Host] is a machine moved
// by hand: what the process does becomes lines of text, what happens to it the
// test says. [CheckState] holds a process's Clone and Digest to its fields.
package hosttest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// A Host implements [host.Host] for one process. Connections are written by
// the address at their other end, with a count from the second on: "m1:7077",
// "m1:7077#2".
type Host struct {
	// Draws gives the numbers of Draw by purpose; 0 for those not in it.
	Draws map[string]uint64
	// Taken are addresses at which Listen fails.
	Taken map[host.Addr]bool
	// Hide are notes and messages that are not written, by name.
	Hide map[string]bool
	// Files are what the disk keeps. Nil: it keeps nothing, tells what it is
	// asked, and is done at once.
	Files *Files

	id     host.ProcessID
	inc    uint32
	p      host.Process
	now    host.Mono
	last   uint64 // number given last, to a connection or a timer
	timers []timer
	conns  []conn
	dials  map[host.Addr]int
	log    []string
	gone   bool

	answers []func() // of the disk
}

type timer struct {
	id host.TimerID
	at host.Mono
	c  host.Call
}

type conn struct {
	id   host.ConnID
	name string
}

// New returns a machine for incarnation inc of process id.
func New(id host.ProcessID, inc uint32) *Host {
	return &Host{id: id, inc: inc, dials: map[host.Addr]int{}, Draws: map[string]uint64{}, Taken: map[host.Addr]bool{}, Hide: map[string]bool{}}
}

// Start starts p on the machine.
func (h *Host) Start(p host.Process) {
	h.p = p
	p.Start(h)
}

// Take returns what the process did since the last Take, a line each.
func (h *Host) Take() string {
	out := strings.Join(h.log, "\n")
	h.log = nil
	if out != "" {
		out += "\n"
	}
	return out
}

func (h *Host) say(format string, args ...any) {
	if !h.gone {
		h.log = append(h.log, fmt.Sprintf(format, args...))
	}
}

// Advance lets d pass and rings the timers that are due, in order.
func (h *Host) Advance(d time.Duration) {
	end := h.now + host.Mono(d)
	for !h.gone {
		next := -1
		for i, t := range h.timers {
			if t.at <= end && (next < 0 || t.at < h.timers[next].at) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		t := h.timers[next]
		h.timers = slices.Delete(h.timers, next, next+1)
		h.now = max(h.now, t.at)
		t.c.Run(h.p, nil)
	}
	h.now = end
}

// Stand lets d pass on a machine whose process stands still: timers that are due
// by then ring with the next Advance, behind whatever comes before it.
func (h *Host) Stand(d time.Duration) { h.now += host.Mono(d) }

// Timers returns the armed timers, soonest first, as "after 5s: Name(arg)".
func (h *Host) Timers() string {
	ts := slices.Clone(h.timers)
	slices.SortStableFunc(ts, func(a, b timer) int { return int(a.at - b.at) })
	var b strings.Builder
	for _, t := range ts {
		fmt.Fprintf(&b, "after %v: %v\n", time.Duration(t.at-h.now), t.c)
	}
	return b.String()
}

// Connect answers a dial.
func (h *Host) Connect(name string) { h.p.Connected(h.Conn(name)) }

// Accept opens a connection to the process, known as name from now on.
func (h *Host) Accept(name string) {
	c := h.open(name)
	h.p.Accepted(c, host.Addr(name))
}

// Receive delivers a message.
func (h *Host) Receive(name string, m host.Message) { h.p.Received(h.Conn(name), m) }

// Break ends a connection, or refuses a dial.
func (h *Host) Break(name string, why host.Reason) {
	c := h.Conn(name)
	h.forget(c)
	h.p.Closed(c, why)
}

// Exited ends a child.
func (h *Host) Exited(child host.ProcessID, status int) { h.p.Exited(child, status) }

// Terminate sends the process SIGTERM.
func (h *Host) Terminate() { h.p.Signalled(host.Terminate) }

// Decommission sends the process SIGPWR.
func (h *Host) Decommission() { h.p.Signalled(host.Decommission) }

// Conn returns the connection called name. It panics if there is none.
func (h *Host) Conn(name string) host.ConnID {
	for _, c := range h.conns {
		if c.name == name {
			return c.id
		}
	}
	panic("hosttest: no connection " + name)
}

func (h *Host) open(name string) host.ConnID {
	h.last++
	h.conns = append(h.conns, conn{host.ConnID(h.last), name})
	return host.ConnID(h.last)
}

func (h *Host) forget(c host.ConnID) string {
	for i, k := range h.conns {
		if k.id == c {
			h.conns = slices.Delete(h.conns, i, i+1)
			return k.name
		}
	}
	return ""
}

// Mono implements [host.Clock].
func (h *Host) Mono() host.Mono { return h.now }

// Wall implements [host.Clock]: the run began at 1,000 s.
func (h *Host) Wall() host.Wall { return host.Wall(h.now) + host.Wall(1000*time.Second) }

// StartTimer implements [host.Clock].
func (h *Host) StartTimer(d time.Duration, c host.Call) host.TimerID {
	h.last++
	h.timers = append(h.timers, timer{host.TimerID(h.last), h.now + host.Mono(d), c})
	return host.TimerID(h.last)
}

// StopTimer implements [host.Clock].
func (h *Host) StopTimer(id host.TimerID) bool {
	n := len(h.timers)
	h.timers = slices.DeleteFunc(h.timers, func(t timer) bool { return t.id == id })
	return len(h.timers) < n
}

// Listen implements [host.Network].
func (h *Host) Listen(addr host.Addr, _ host.Codec) error {
	if h.Taken[addr] {
		return fmt.Errorf("address %s is taken", addr)
	}
	h.say("listen %s", addr)
	return nil
}

// Dial implements [host.Network].
func (h *Host) Dial(addr host.Addr, _ host.Codec) host.ConnID {
	h.dials[addr]++
	name := string(addr)
	if n := h.dials[addr]; n > 1 {
		name = fmt.Sprintf("%s#%d", addr, n)
	}
	h.say("dial %s", name)
	return h.open(name)
}

// Send implements [host.Network].
func (h *Host) Send(c host.ConnID, m host.Message) {
	for _, k := range h.conns {
		if k.id == c && !h.Hide[m.Name()] {
			h.say("to %s: %s%+v", k.name, m.Name(), m)
		}
	}
}

// Close implements [host.Network].
func (h *Host) Close(c host.ConnID) {
	if name := h.forget(c); name != "" {
		h.say("close %s", name)
	}
}

// Spawn implements [host.Children].
func (h *Host) Spawn(p host.Program) host.ProcessID {
	h.say("spawn %s %s %s", p.Kind, p.Name, p.Args)
	return h.id + "/" + host.ProcessID(p.Name)
}

// Signal implements [host.Children].
func (h *Host) Signal(child host.ProcessID, s host.Signal) {
	h.say("signal %s %s", child, map[host.Signal]string{host.Terminate: "terminate", host.Kill: "kill"}[s])
}

// Draw implements [host.Rand] by Draws.
func (h *Host) Draw(purpose string, n uint64) uint64 { return h.Draws[purpose] % n }

// Self implements [host.Host].
func (h *Host) Self() host.ProcessID { return h.id }

// Incarnation implements [host.Host].
func (h *Host) Incarnation() uint32 { return h.inc }

// Exit implements [host.Host].
func (h *Host) Exit(status int) {
	h.say("exit %d", status)
	h.gone = true
}

// Note implements [host.Host].
func (h *Host) Note(n host.Note) {
	if h.Hide[n.Kind.String()] {
		return
	}
	var b strings.Builder
	for _, s := range []string{n.Subject, n.Value, n.Detail} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	for _, f := range []struct {
		name  string
		value int64
	}{{"term", n.Term}, {"n", n.N}, {"m", n.M}, {"p", n.P}, {"q", n.Q}, {"zxid", n.Zxid}} {
		if f.value != 0 {
			fmt.Fprintf(&b, " %s=%d", f.name, f.value)
		}
	}
	h.say("note %s%s", n.Kind, b.String())
}
