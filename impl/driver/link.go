package driver

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// A link is a connection that the driver dialled: to a master, or to the
// account. What it holds when it breaks is lost.
type link struct {
	addr  host.Addr
	conn  host.ConnID // 0: none
	up    bool
	queue []host.Message // while it is being dialled
	timer host.TimerID   // gives up the dial
	asked bool           // something was sent on it and nothing has come back since
}

// link returns the link to addr, which is valid until the next call.
func (d *Driver) link(addr host.Addr) *link {
	a := &d.app
	for i := range a.links {
		if a.links[i].addr == addr {
			return &a.links[i]
		}
	}
	a.links = append(a.links, link{addr: addr})
	return &a.links[len(a.links)-1]
}

// send sends m, over a new connection if there is none.
func (d *Driver) send(addr host.Addr, m host.Message) {
	l := d.link(addr)
	l.asked = true
	if l.up {
		d.h.Send(l.conn, m)
		return
	}
	if l.conn == 0 {
		l.conn = d.h.Dial(addr, wire.Codec{})
		l.timer = host.After(d.h, d.cfg.Dial, (*Driver).dialTimedOut, l.conn)
	}
	l.queue = append(l.queue, m)
}

// sendAnew sends m over a connection that is not known to swallow what is sent.
func (d *Driver) sendAnew(addr host.Addr, m host.Message) {
	if l := d.link(addr); l.asked {
		d.hangUp(l)
	}
	d.send(addr, m)
}

func (d *Driver) hangUp(l *link) {
	if l.conn != 0 {
		d.h.Close(l.conn)
		d.h.StopTimer(l.timer)
	}
	*l = link{addr: l.addr}
}

func (d *Driver) dialTimedOut(c host.ConnID) {
	d.h.Close(c)
	d.Closed(c, host.TimedOut)
}

// Accepted implements [host.Process]. Executors and masters say who they are.
func (d *Driver) Accepted(host.ConnID, host.Addr) {}

// Connected implements [host.Process].
func (d *Driver) Connected(c host.ConnID) {
	if c == d.worker {
		d.h.Send(c, wire.WatchWorker{Process: d.h.Self()})
		return
	}
	for i := range d.app.links {
		l := &d.app.links[i]
		if l.conn != c {
			continue
		}
		d.h.StopTimer(l.timer)
		l.up, l.timer = true, 0
		for _, m := range l.queue {
			d.h.Send(c, m)
		}
		l.queue = nil
		return
	}
}

// Closed implements [host.Process]. A driver shares the fate of its worker.
func (d *Driver) Closed(c host.ConnID, _ host.Reason) {
	if d.done {
		return
	}
	if c == d.worker {
		d.workerGone()
		return
	}
	if i := slices.IndexFunc(d.app.links, func(l link) bool { return l.conn == c }); i >= 0 {
		l := &d.app.links[i]
		d.h.StopTimer(l.timer)
		*l = link{addr: l.addr}
		d.linkBroke(l.addr)
		return
	}
	d.executorClosed(c)
}

// Received implements [host.Process].
func (d *Driver) Received(c host.ConnID, m host.Message) {
	if d.done {
		return
	}
	for i := range d.app.links {
		if d.app.links[i].conn == c {
			d.app.links[i].asked = false
		}
	}
	switch m := m.(type) {
	case wire.DriverLease:
		d.renewed(c, m)
	case wire.RegisterExecutor:
		d.executorRegisters(c, m)
	case wire.StatusUpdate:
		d.taskEnded(c, m)
	case wire.ExecutorHeartbeat:
		d.executorLives(c)
	case wire.DepositResponse:
		d.deposited(m)
	default:
		d.masterSays(m)
	}
}
