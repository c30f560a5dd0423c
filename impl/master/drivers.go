package master

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/wire"
)

// driver is what a master knows of a driver.
type driver struct {
	rec     wire.DriverRecord   // as decided
	told    wire.DriverRecord   // as committed: what others are told
	pending []wire.DriverRecord // decisions on their way to told
	zxid    int64               // of told, 0 if unknown
	// closed: it ended, and counts among the ended. Spark's RELAUNCHING is such
	// an end: the driver goes on under another ID.
	closed    bool
	holds     bool // its needs count as used at rec.Worker
	confirmed bool // its worker said that it runs this attempt
	launched  bool // this reign has sent the attempt's launch
	timer     host.TimerID
	reporter  host.ConnID // who reported the end that is being committed
	submits   []asker
	kills     []asker
}

// asker is a client that waits for an answer.
type asker struct {
	Conn host.ConnID
	Req  int64
}

// question is a client's question about a driver.
type question struct {
	asker
	Driver wire.DriverID
}

// requestSubmit takes a driver in: its record first, then the acknowledgement
// (Master.scala, RequestSubmitDriver).
func (m *Master) requestSubmit(c host.ConnID, q wire.RequestSubmitDriver) {
	from := asker{c, q.Req}
	if m.state != Alive {
		m.h.Send(c, wire.SubmitDriverResponse{Req: q.Req, NotAlive: true, Term: m.reign.Term})
		return
	}
	if id, ok := m.keys[q.Desc.Key]; ok && q.Desc.Key != "" && m.pol.IdempotencyKeys {
		d := m.drivers[id]
		if d.told.ID == "" {
			d.submits = append(d.submits, from)
		} else {
			m.submitted(d, from)
		}
		return
	}
	d := &driver{submits: []asker{from}}
	m.create(d, wire.DriverRecord{ID: m.newID(), Desc: q.Desc, State: wire.Submitted})
}

// create takes a new driver in.
func (m *Master) create(d *driver, rec wire.DriverRecord) {
	if m.drivers[rec.ID] != nil { // two masters gave one name: the older is forgotten (D-17)
		same := func(id wire.DriverID) bool { return id == rec.ID }
		m.order, m.ended = slices.DeleteFunc(m.order, same), slices.DeleteFunc(m.ended, same)
	}
	m.drivers[rec.ID] = d
	m.order = append(m.order, rec.ID)
	if rec.Desc.Key != "" && m.pol.IdempotencyKeys {
		m.keys[rec.Desc.Key] = rec.ID
	}
	m.decide(d, rec)
}

func (m *Master) submitted(d *driver, to asker) {
	m.say(output{Conn: to.Conn, Note: m.ack("submit", string(d.told.ID), d.zxid),
		Msg: wire.SubmitDriverResponse{Req: to.Req, OK: true, Driver: d.told.ID, Term: m.reign.Term}})
}

// newID names a driver. Spark counts from 0 in every master process behind the
// second of the wall clock, so two masters may give one name (D-17).
func (m *Master) newID() wire.DriverID {
	m.issued++
	return wire.DriverID(m.cfg.DriverIDs.Make([]string{m.moment()}, m.issued-1))
}

// moment is what Spark has the second of the wall clock for in IDs, or the term.
func (m *Master) moment() string {
	if m.pol.TermInIDs {
		return fmt.Sprintf("t%d", m.reign.Term)
	}
	return strconv.FormatInt(int64(m.h.Wall())/1_000_000_000, 10)
}

// requestKill ends a driver (Master.scala, RequestKillDriver).
func (m *Master) requestKill(c host.ConnID, q wire.RequestKillDriver) {
	from := asker{c, q.Req}
	d := m.drivers[q.Driver]
	switch {
	case m.state != Alive || m.unreadable(q.Driver):
		m.h.Send(c, wire.KillDriverResponse{Req: q.Req, NotAlive: true, Term: m.reign.Term})
	case d == nil || d.closed || d.rec.State.Terminal():
		m.confirm(host.BindResult((*Master).killRefused, question{from, q.Driver}))
	case m.pol.DurableDriverState:
		m.kill(d, from)
	default:
		m.killAsSpark(d, from)
	}
}

func (m *Master) killed(d *driver, to asker) {
	m.say(output{Conn: to.Conn, Note: m.ack("kill", string(d.told.ID), m.decision(d)),
		Msg: wire.KillDriverResponse{Req: to.Req, OK: true, Term: m.reign.Term}})
}

func (m *Master) killRefused(q question, r persist.Result) {
	d := m.drivers[q.Driver]
	answer := wire.KillDriverResponse{Req: q.Req, Term: m.reign.Term}
	switch {
	case r.Err != nil:
		answer.Reason = r.Err.Error()
	case d == nil:
		answer.Reason = m.absent(q.Driver)
	case d.told.State == wire.Killed:
		m.killed(d, q.asker)
		return
	default:
		answer.Reason = "already " + string(d.told.State)
	}
	m.answer(q.Conn, answer)
	m.settle()
}

// requestStatus tells how a driver is. Fenced, the answer waits for proof that
// this reign was not over when the request arrived.
func (m *Master) requestStatus(c host.ConnID, q wire.RequestDriverStatus) {
	if m.state != Alive || m.unreadable(q.Driver) {
		m.h.Send(c, wire.DriverStatusResponse{Req: q.Req, NotAlive: true, Term: m.reign.Term})
		return
	}
	m.confirm(host.BindResult((*Master).status, question{asker{c, q.Req}, q.Driver}))
}

// confirm runs c once the reign is known to have lasted until now.
func (m *Master) confirm(c host.Call) {
	if m.pol.TermFencing {
		m.store.Fence(c)
	} else {
		c.Run(m, &persist.Result{})
	}
}

func (m *Master) status(q question, r persist.Result) {
	answer := wire.DriverStatusResponse{Req: q.Req, Term: m.reign.Term}
	d := m.drivers[q.Driver]
	note := m.ack("status", string(q.Driver), r.Zxid)
	switch {
	case r.Err != nil:
		answer.Reason = r.Err.Error()
		note = host.Note{}
	case d == nil || d.told.ID == "":
		if gone := m.absent(q.Driver); gone == wire.Evicted {
			answer.Reason = gone
		}
	default:
		answer.Found, answer.State, answer.Attempt, answer.Worker = true, d.told.State, d.told.Attempt, d.told.Worker
	}
	m.say(output{Conn: q.Conn, Msg: answer, Note: note})
	m.settle()
}

// absent says why a driver is not known: it never was, or it ended so long
// ago that its record was dropped. Only this naming tells them apart, and only
// once the number of ended drivers says that records have been dropped.
func (m *Master) absent(id wire.DriverID) string {
	full := len(m.ended) >= m.cfg.RetainedDrivers-m.cfg.RetainedDrivers/10
	name, made := m.cfg.DriverIDs.Numbers(string(id)) // a term, and a number in it
	if full && made && m.pol.TermInIDs && (name[0] < m.reign.Term || name[0] == m.reign.Term && name[1] < m.issued) {
		return wire.Evicted
	}
	return "not found"
}

// remember counts d among the ended and drops the oldest of too many, a tenth
// at a time as Spark does. In recovery it drops nothing: a master that becomes
// Alive knows everything that is stored.
func (m *Master) remember(d *driver) {
	d.closed = true
	m.ended = append(m.ended, d.rec.ID)
	if len(m.ended) <= m.cfg.RetainedDrivers || m.state < Alive {
		return
	}
	m.drop(max(1, m.cfg.RetainedDrivers/10))
}

// ClearCompleted forgets the drivers that ended, as Spark does when it is told
// to (RequestClearCompletedDriversAndApps). With durable state it does nothing:
// their records are kept for whoever asks.
func (m *Master) ClearCompleted() {
	if !m.pol.DurableDriverState {
		m.drop(len(m.ended))
	}
}

// drop forgets the n that ended first.
func (m *Master) drop(n int) {
	gone := map[wire.DriverID]bool{}
	for _, id := range m.ended[:n] {
		old := m.drivers[id]
		m.h.StopTimer(old.timer)
		if m.keys[old.rec.Desc.Key] == id {
			delete(m.keys, old.rec.Desc.Key)
		}
		delete(m.drivers, id)
		gone[id] = true
		if m.pol.DurableDriverState {
			m.store.DeleteDriver(id, host.Call{})
		}
	}
	m.ended = append([]wire.DriverID(nil), m.ended[n:]...)
	kept := m.order[:0:0]
	for _, id := range m.order {
		if !gone[id] {
			kept = append(kept, id)
		}
	}
	m.order = kept
}
