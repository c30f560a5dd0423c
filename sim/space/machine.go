package space

import (
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/diskless"
	"github.com/simctl/simctl/sim/space/sums"
)

// machine is one machine as one incarnation sees it, during one step.
type machine struct {
	diskless.Disk
	w   *World
	p   *proc
	log *[]effect // what the process asks for, if it is to be remembered
}

var _ coord.Client = (*machine)(nil)

// wallStart is 2026-01-01 00:00:00 UTC.
const wallStart = 1_767_225_600_000_000_000

// Self implements host.Host.
func (h *machine) Self() host.ProcessID { return h.p.id }

// Incarnation implements host.Host.
func (h *machine) Incarnation() uint32 { return h.p.inc }

// Mono implements host.Clock: it stands still.
func (h *machine) Mono() host.Mono { return 0 }

// Wall implements host.Clock: it stands still, an hour later in the next
// incarnation and a minute apart from other machines, so that what is named
// after it has a name of its own.
func (h *machine) Wall() host.Wall {
	return wallStart + host.Wall(time.Duration(h.p.inc)*time.Hour+time.Duration(h.p.i)*time.Minute)
}

// StartTimer implements host.Clock.
func (h *machine) StartTimer(d time.Duration, c host.Call) host.TimerID {
	sum := host.NewDigest(names{h.p})
	c.Digest(&sum)
	return h.startTimer(&effect{kind: startsTimer, d: d, call: c, sum: sum.Sum()})
}

// StopTimer implements host.Clock.
func (h *machine) StopTimer(t host.TimerID) bool {
	return t != 0 && h.stopTimer(&effect{kind: stopsTimer, timer: t})
}

// Listen implements host.Network. Only Start listens, which is not remembered.
func (h *machine) Listen(addr host.Addr, _ host.Codec) error {
	h.p.listen = addr
	return nil
}

// Dial implements host.Network.
func (h *machine) Dial(addr host.Addr, _ host.Codec) host.ConnID {
	return h.dial(&effect{kind: dialsTo, addr: addr})
}

// Send implements host.Network.
func (h *machine) Send(c host.ConnID, m host.Message) {
	if h.p.conn(c) >= 0 {
		var d host.Digest
		d.Str(m.Name())
		m.Digest(&d)
		h.send(&effect{kind: sends, conn: c, msg: m, sum: d.Sum()})
	}
}

// Close implements host.Network.
func (h *machine) Close(c host.ConnID) { h.hangUp(&effect{kind: closes, conn: c}) }

// Spawn implements host.Children. The child has started when the call returns.
func (h *machine) Spawn(prog host.Program) host.ProcessID {
	h.note(&effect{kind: spawns, prog: prog})
	w := h.w
	w.foot.All = true
	id := h.p.id + "/" + host.ProcessID(prog.Name)
	if h.p.exiting {
		return id
	}
	child := &proc{id: id, kind: prog.Kind, parent: h.p.i, i: -1}
	impl, err := w.cast().Child(prog)
	if err != nil {
		h.p.mail = append(h.p.mail, mail{child: id, status: -1, sent: h.w.next()})
		return id
	}
	for i, p := range w.procs { // the place of one that has gone
		if p.parent == h.p.i && p.impl == nil && i != h.p.i {
			child.i = i
			break
		}
	}
	if child.i < 0 {
		child.i = len(w.procs)
		w.procs = append(w.procs, child)
	}
	w.procs[child.i] = child
	w.fresh |= 1 << child.i
	child.inc, child.impl = 1, impl
	child.machine = &machine{w: w, p: child}
	w.tell(trace.Event{Process: string(id), Inc: 1, Kind: trace.Started, N: 1, Value: prog.Kind})
	child.machine.guard(func() { impl.Start(child.machine) })
	w.after(child)
	return id
}

// Signal implements host.Children.
func (h *machine) Signal(child host.ProcessID, s host.Signal) {
	h.note(&effect{kind: signals, child: child, signal: s})
	h.w.foot.All = true
	for i, c := range h.w.procs {
		switch {
		case c.id != child || c.impl == nil || h.p.exiting:
		case s == host.Kill:
			h.w.die(i, trace.KilledOff, -1)
		default:
			q := h.w.mut(i)
			q.mail = append(q.mail, mail{signal: s, sent: h.w.next()})
		}
	}
}

// identifiers is the number of values from which on a draw is for a name.
const identifiers = 1 << 20

// Draw implements host.Rand.
func (h *machine) Draw(purpose string, n uint64) uint64 {
	if n <= identifiers {
		return n / 2
	}
	h.note(&effect{kind: draws})
	h.p.draws++
	return sums.Name(h.p.id, h.p.inc, purpose, h.p.draws) % n
}

// Exit implements host.Host.
func (h *machine) Exit(status int) {
	h.note(&effect{kind: exits, status: status})
	if !h.p.exiting {
		h.p.exiting, h.p.status = true, status
	}
}

// Note implements host.Host. A note's kind has the same name in the trace.
func (h *machine) Note(n host.Note) {
	h.tell(&effect{kind: notes, note: n})
}

func (h *machine) tell(e *effect) {
	h.note(e)
	p, n := h.p, &e.note
	if p.exiting {
		return
	}
	switch n.Kind {
	case host.NoteState:
		p.state = n.Value
	case host.NoteRegistered:
		p.joined = true
	}
	h.w.tell(trace.Event{
		Process: string(p.id), Inc: p.inc, Kind: trace.Kind(n.Kind.String()), Subject: n.Subject, Value: n.Value,
		Detail: n.Detail, Term: n.Term, N: n.N, M: n.M, P: n.P, Q: n.Q, Zxid: n.Zxid,
	})
}
