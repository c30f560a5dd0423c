package space

import (
	"cmp"
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/sums"
)

// proc is a program on a machine, across its incarnations.
type proc struct {
	id     host.ProcessID
	kind   string // "candidate", "master", "worker", "client", "driver"
	i      int    // among the processes
	inc    uint32
	impl   host.Process // nil: down
	parent int          // -1: none
	listen host.Addr
	timers []timer
	ends   []end
	mail   []mail
	last   uint64 // number given last, to a timer or a connection
	dials  uint64 // connections dialled, ever
	draws  uint64 // identifiers drawn
	opened uint64 // sessions opened, ever
	state  string // of a master, as it noted it
	joined bool   // a worker that noted that it is registered

	sum     uint64 // of impl, with ranks for the numbers of timers and connections
	raw     uint64 // of impl, with those numbers as they are
	machine *machine
	exiting bool
	status  int
}

// timer is one that is armed.
type timer struct {
	id   host.TimerID
	at   int64
	call host.Call
	sum  uint64
}

// end is one end of a connection.
type end struct {
	link uint64      // the same at the other end: the dialler, and how manieth
	side uint64      // 0: the dialler's
	id   host.ConnID // 0 before the process was told of it
	peer int         // process at the other end
	in   []item      // what is still to be told, oldest first
	held bool        // it is held up
}

// what is told of a connection
const (
	accepted = iota + 1
	connected
	message
	closed
)

type item struct {
	kind uint8
	why  host.Reason
	from host.Addr
	msg  host.Message
	sum  uint64
	sent uint64 // when, among all
}

// mail is what else a process is told.
type mail struct {
	signal host.Signal // 0: a child ended
	child  host.ProcessID
	status int
	sent   uint64
}

// close makes a changed process part of a state.
func (p *proc) close() {
	if p.machine != nil {
		p.machine.w, p.machine.p = nil, nil
	}
	slices.SortFunc(p.timers, func(a, b timer) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.sum, b.sum), cmp.Compare(a.id, b.id))
	})
}

// names are ranks in the order in which the process was given the numbers. What
// has gone is 1.
type names struct{ p *proc }

// Timer implements host.Names.
func (n names) Timer(t host.TimerID) uint64 {
	if t == 0 {
		return 0
	}
	rank, there := uint64(2), false
	for i := range n.p.timers {
		there = there || n.p.timers[i].id == t
		if n.p.timers[i].id < t {
			rank++
		}
	}
	if !there {
		return 1
	}
	return rank
}

// Conn implements host.Names.
func (n names) Conn(c host.ConnID) uint64 {
	if c == 0 {
		return 0
	}
	rank := uint64(2)
	for i := range n.p.ends {
		switch id := n.p.ends[i].id; {
		case id == c:
			return rank
		case id != 0:
			rank++
		}
	}
	return 1
}

func (p *proc) digest(d *host.Digest, w *World) {
	d.Uint(uint64(p.inc))
	d.Bool(p.impl != nil)
	if p.parent >= 0 {
		d.Str(string(p.id))
	}
	d.Uint(p.sum)
	d.Uint(p.draws)
	d.Uint(uint64(len(p.timers)))
	for i := range p.timers {
		t := &p.timers[i]
		d.Int(max(0, t.at-w.now))
		d.Uint(t.sum)
		d.Uint(names{p}.Timer(t.id))
	}
	d.Uint(uint64(len(p.ends)))
	for i := range p.ends {
		e := &p.ends[i]
		d.Uint(e.side)
		d.Bool(e.id != 0)
		d.Bool(e.held)
		d.Int(int64(e.peer))
		d.Int(int64(w.procs[e.peer].find(e.link, 1-e.side)))
		d.Uint(uint64(len(e.in)))
		for j := range e.in {
			d.Uint(uint64(e.in[j].kind))
			d.Uint(e.in[j].sum)
		}
	}
	d.Uint(uint64(len(p.mail)))
	for _, m := range p.mail {
		d.Uint(uint64(m.signal))
		d.Str(string(m.child))
		d.Int(int64(m.status))
	}
}

// find returns the index of one end of a link, -1 if it is not here.
func (p *proc) find(link, side uint64) int {
	for i := range p.ends {
		if p.ends[i].link == link && p.ends[i].side == side {
			return i
		}
	}
	return -1
}

// conn returns the index of a connection, -1 if it has gone.
func (p *proc) conn(c host.ConnID) int {
	for i := range p.ends {
		if c != 0 && p.ends[i].id == c {
			return i
		}
	}
	return -1
}

// push adds what is still to be told of a connection; its last may be a close.
func (e *end) push(x item) { e.in = append(e.in[:len(e.in):len(e.in)], x) }

// settle makes the sums after a call.
func (p *proc) settle() {
	var raw host.Digest
	p.impl.Digest(&raw)
	d := host.NewDigest(names{p})
	p.impl.Digest(&d)
	p.raw, p.sum = raw.Sum(), d.Sum()
}

// rawSum is of everything that decides what the process does when it is called
// next.
func (p *proc) rawSum() uint64 {
	var d host.Digest
	d.Uint(p.raw)
	d.Str(string(p.id)) // a place has one child after another
	for _, x := range [...]uint64{uint64(p.i), uint64(p.inc), p.last, p.dials, p.draws, p.opened} {
		d.Uint(x)
	}
	var timers, ends uint64 // in no order
	for i := range p.timers {
		timers += sums.Of(uint64(p.timers[i].id), p.timers[i].sum)
	}
	for i := range p.ends {
		ends += sums.Of(uint64(p.ends[i].id), 0)
	}
	d.Uint(timers)
	d.Uint(ends)
	return d.Sum()
}

// after ends a call: an exit takes effect.
func (w *World) after(p *proc) {
	if p.exiting {
		w.die(p.i, trace.Exited, p.status)
	}
}

// start starts a process's next incarnation.
func (w *World) start(i int) {
	p := w.mut(i)
	p.inc++
	p.state, p.joined = "", false
	p.machine = &machine{w: w, p: p}
	p.impl = w.program(p)
	p.exiting = false
	w.tell(trace.Event{Process: string(p.id), Inc: p.inc, Kind: trace.Started, N: int64(p.inc), Value: p.kind})
	p.machine.guard(func() { p.impl.Start(p.machine) })
	w.after(p)
}

// die ends an incarnation. Its peers are told behind what it has sent, the
// service finds out by its session's silence, and its parent by its status.
func (w *World) die(i int, how trace.Kind, status int) {
	if w.procs[i].impl == nil {
		return
	}
	p := w.mut(i)
	w.foot.All = true
	w.tell(trace.Event{Process: string(p.id), Inc: p.inc, Kind: how, N: int64(status)})
	ends := p.ends
	p.impl, p.machine, p.exiting, p.sum, p.raw = nil, nil, false, 0, 0
	p.timers, p.ends, p.mail, p.listen, p.state, p.joined, p.draws = nil, nil, nil, "", "", false, 0
	for _, e := range ends {
		w.reset(e.peer, e.link, 1-e.side, false)
	}
	w.orphanSessions(i)
	for j, c := range w.procs {
		if c.parent == i {
			w.die(j, trace.KilledOff, -1)
		}
	}
	if p.parent >= 0 {
		if up := w.mut(p.parent); up.impl != nil {
			up.mail = append(up.mail, mail{child: p.id, status: status, sent: w.next()})
		}
	}
}

// reset ends a connection at one end, behind what is under way to it or, if that
// is lost, at once.
func (w *World) reset(i int, link, side uint64, lost bool) {
	p := w.mut(i)
	at := p.find(link, side)
	if at < 0 {
		return
	}
	e := &p.ends[at]
	switch {
	case e.id == 0: // nobody knows of it
		p.ends = slices.Delete(p.ends, at, at+1)
		return
	case lost:
		e.in, e.held = nil, false
	}
	if n := len(e.in); n == 0 || e.in[n-1].kind != closed {
		e.push(item{kind: closed, why: host.Reset, sent: w.next()})
	}
}
