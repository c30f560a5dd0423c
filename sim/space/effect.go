package space

import (
	"slices"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/foot"
	"github.com/simctl/simctl/sim/space/monitor"
	"github.com/simctl/simctl/sim/space/raised"
)

// An effect is one thing that a process asked of its machine. A process that is
// in the same state and is told the same asks for the same, in the same order:
// what one call did is remembered, and done again instead of calling it.
type effect struct {
	kind   uint8
	status int
	signal host.Signal
	timer  host.TimerID
	conn   host.ConnID
	sess   coord.Session
	d      time.Duration
	sum    uint64 // of call, msg or op with its calls
	addr   host.Addr
	child  host.ProcessID
	call   host.Call
	watch  host.Call
	msg    host.Message
	op     coord.Op
	opts   coord.Options
	prog   host.Program
	note   host.Note
	text   string // of a panic
}

const (
	startsTimer = iota + 1
	stopsTimer
	dialsTo
	sends
	closes
	spawns
	signals
	draws
	exits
	notes
	opens
	closesSession
	dropsSession
	does
	panics
)

// memory is what calls did, by the process's state and what it was told, and
// what monitors saw. It belongs to one goroutine.
type memory struct {
	calls map[[2]uint64]*called
	seen  monitor.Memory
	feet  foot.Memory[*World]
}

func newMemory() *memory {
	return &memory{calls: map[[2]uint64]*called{}, seen: monitor.Memory{}}
}

// watches is what monitors saw; nil if nothing is remembered.
func (m *memory) watches() monitor.Memory {
	if m == nil {
		return nil
	}
	return m.seen
}

// called is what one call did.
type called struct {
	impl    host.Process
	raw     uint64 // of the process after the call
	sum     uint64
	effects []effect
}

// enough is how many calls are remembered at most; then all are forgotten.
const enough = 1 << 17

// call calls a process: f is what to do, and what says the same as f does in
// one number.
func (w *World) call(i int, what uint64, f func(p *proc)) {
	p := w.mut(i)
	w.foot.Called |= 1 << i
	key := [2]uint64{p.rawSum(), what}
	if w.memory == nil {
		w.really(p, nil, f)
		w.after(p)
		return
	}
	if c := w.memory.calls[key]; c != nil {
		p.machine = &machine{w: w, p: p}
		p.impl = c.impl
		for j := range c.effects {
			p.machine.again(&c.effects[j])
		}
		p.raw, p.sum = c.raw, c.sum
		w.after(p)
		return
	}
	c := &called{}
	w.really(p, &c.effects, f)
	c.impl, c.raw, c.sum, c.effects = p.impl, p.raw, p.sum, slices.Clip(c.effects)
	if len(w.memory.calls) >= enough {
		clear(w.memory.calls)
	}
	w.memory.calls[key] = c
	w.after(p)
}

func (w *World) really(p *proc, log *[]effect, f func(p *proc)) {
	m := &machine{w: w, p: p, log: log}
	p.machine = m
	m.guard(func() {
		p.impl = p.impl.Clone(m)
		f(p)
	})
	m.log = nil
}

// guard runs a process. One that panics has ended, with what it did before: that
// is told, and for judges to see.
func (h *machine) guard(f func()) {
	defer func() {
		if r := recover(); r != nil {
			h.panicked(&effect{kind: panics, text: raised.Text(r)})
		}
	}()
	f()
	h.p.settle()
}

func (h *machine) panicked(e *effect) {
	h.note(e)
	p := h.p
	h.w.tell(trace.Event{Process: string(p.id), Inc: p.inc, Kind: trace.Panicked, Detail: e.text})
	p.exiting, p.status = true, 2
}

// note remembers an effect.
func (h *machine) note(e *effect) {
	if h.log != nil {
		*h.log = append(*h.log, *e)
	}
}

// again does what was remembered.
func (h *machine) again(e *effect) {
	switch e.kind {
	case startsTimer:
		h.startTimer(e)
	case stopsTimer:
		h.stopTimer(e)
	case dialsTo:
		h.dial(e)
	case sends:
		h.send(e)
	case closes:
		h.hangUp(e)
	case spawns:
		h.Spawn(e.prog)
	case signals:
		h.Signal(e.child, e.signal)
	case draws:
		h.p.draws++
	case exits:
		h.Exit(e.status)
	case notes:
		h.tell(e)
	case opens:
		h.OpenSession(e.opts, e.call)
	case closesSession:
		h.CloseSession(e.sess)
	case dropsSession:
		h.DropSession(e.sess)
	case does:
		h.do(e)
	case panics:
		h.panicked(e)
	}
}

func (h *machine) startTimer(e *effect) host.TimerID {
	h.note(e)
	p := h.p
	p.last++
	p.timers = append(p.timers, timer{host.TimerID(p.last), h.w.now + int64(max(0, e.d)), e.call, e.sum})
	return host.TimerID(p.last)
}

func (h *machine) stopTimer(e *effect) bool {
	h.note(e)
	i := slices.IndexFunc(h.p.timers, func(x timer) bool { return x.id == e.timer })
	if i < 0 {
		return false
	}
	h.p.timers = slices.Delete(h.p.timers, i, i+1)
	return true
}

func (h *machine) dial(e *effect) host.ConnID {
	h.note(e)
	p := h.p
	p.last++
	p.dials++
	x := end{link: uint64(p.i)<<32 | p.dials, id: host.ConnID(p.last), peer: p.i}
	to := slices.IndexFunc(h.w.procs, func(q *proc) bool { return q.impl != nil && q.listen == e.addr })
	if to < 0 || to == p.i {
		h.w.foot.All = true // who is not there now may be after another action
		x.push(item{kind: closed, why: host.Refused, sent: h.w.next()})
	} else {
		x.peer = to
		h.w.foot.Called |= 1 << to
		q := h.w.mut(to)
		q.ends = append(q.ends, end{link: x.link, side: 1, peer: p.i, in: []item{{kind: accepted, from: host.Addr(p.id), sum: uint64(p.i), sent: h.w.next()}}})
	}
	p.ends = append(p.ends, x)
	return x.id
}

func (h *machine) send(e *effect) {
	h.note(e)
	at := h.p.conn(e.conn)
	if at < 0 || h.p.exiting {
		return
	}
	x := &h.p.ends[at]
	if x.peer == h.p.i {
		return
	}
	q := h.w.mut(x.peer)
	h.w.foot.Pushed |= 1 << x.peer
	if to := q.find(x.link, 1-x.side); to >= 0 && q.ends[to].open() {
		q.ends[to].push(item{kind: message, msg: e.msg, sum: e.sum, sent: h.w.next()})
	}
}

func (h *machine) hangUp(e *effect) {
	h.note(e)
	at := h.p.conn(e.conn)
	if at < 0 || h.p.exiting {
		return
	}
	x := h.p.ends[at]
	h.p.ends = slices.Delete(h.p.ends, at, at+1)
	if x.peer == h.p.i {
		return
	}
	q := h.w.mut(x.peer)
	h.w.foot.Pushed |= 1 << x.peer
	if to := q.find(x.link, 1-x.side); to >= 0 && q.ends[to].open() {
		q.ends[to].push(item{kind: closed, why: host.ClosedByPeer, sent: h.w.next()})
	}
}

// open reports whether something can still be sent to this end.
func (e *end) open() bool {
	n := len(e.in)
	return n == 0 || e.in[n-1].kind != closed
}
