package master

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/mailbox"
	"github.com/simctl/simctl/impl/wire"
)

// mail is one thing that comes.
type mail = mailbox.Mail

// Blocked reports whether the master's only thread waits for its store.
func (m *Master) Blocked() bool { return m.pol.BlockingStore && m.store.Busy() }

// post handles l now, or when the store no longer blocks.
func (m *Master) post(l mail) {
	if !m.stopping {
		m.box.Post(l)
	}
}

func (m *Master) settle() { m.box.Settle() }

// then puts steps before the rest of the running handler.
func (m *Master) then(steps ...host.Call) { m.box.Then(steps...) }

// fail ends the running handler, whose changes so far stay, as in Spark's
// Inbox; or it ends the reign.
func (m *Master) fail(err error) {
	m.failed(err.Error())
	m.box.Abort()
	if m.pol.EndReignOnError {
		m.endReign(true)
	}
}

// Handle handles one mail.
func (m *Master) Handle(l mail) {
	switch {
	case !l.Call.IsZero():
		l.Call.Run(m, nil)
	case l.Why != 0:
		m.closed(l.Conn)
	default:
		m.receive(l.Conn, l.Msg)
	}
}

func (m *Master) receive(c host.ConnID, msg host.Message) {
	switch msg := msg.(type) {
	case wire.Heartbeat:
		m.heartbeat(c, msg)
	case wire.RegisterWorker:
		m.registerWorker(c, msg.Worker)
	case wire.WorkerSchedulerStateResponse:
		m.schedulerState(c, msg)
	case wire.WorkerLatestState:
		m.latestState(c, msg)
	case wire.DriverStateChanged:
		m.driverStateChanged(c, msg)
	case wire.RequestSubmitDriver:
		m.requestSubmit(c, msg)
	case wire.RequestKillDriver:
		m.requestKill(c, msg)
	case wire.RequestDriverStatus:
		m.requestStatus(c, msg)
	case wire.WorkerDecommissioning:
		m.decommission(c, msg.Worker)
	default:
		m.apps.Receive(c, msg)
	}
}

// Accepted remembers the connection, to close it when a reign ends.
func (m *Master) Accepted(c host.ConnID, _ host.Addr) { m.accepted = append(m.accepted, c) }

// Connected sends what waited for the connection to a worker.
func (m *Master) Connected(c host.ConnID) {
	w := m.workers[m.conns[c]]
	if m.apps.Connected(c) || w == nil || w.out != c {
		return
	}
	w.up = true
	for _, msg := range w.outbox {
		m.h.Send(c, msg)
	}
	w.outbox = nil
}

// Received delivers a message to the mailbox.
func (m *Master) Received(c host.ConnID, msg host.Message) { m.post(mail{Conn: c, Msg: msg}) }

// Closed delivers a closed connection to the mailbox.
func (m *Master) Closed(c host.ConnID, why host.Reason) {
	if i := slices.Index(m.accepted, c); i >= 0 {
		m.accepted = slices.Delete(m.accepted, i, i+1)
	}
	m.post(mail{Conn: c, Why: why})
}

// Exited is not called: a master has no children.
func (m *Master) Exited(host.ProcessID, int) {}

// output is something a master says: an answer on a connection, or a command
// to a worker, or word to an application, over the connection dialled to it.
type output struct {
	conn   host.ConnID
	worker wire.WorkerID // instead of conn
	app    wire.AppID    // likewise
	msg    host.Message
	note   host.Note // told when it is said; kind 0 for none
}

// say says o, or keeps it while the master is suspended.
func (m *Master) say(o output) {
	if m.state == Suspended {
		m.held = append(m.held, o)
		return
	}
	if o.note.Kind != 0 {
		m.h.Note(o.note)
	}
	switch {
	case o.app != "":
		m.apps.Deliver(o.app, o.msg)
		return
	case o.worker == "":
		m.h.Send(o.conn, o.msg)
		return
	}
	w := m.workers[o.worker]
	switch {
	case w == nil:
	case w.up:
		m.h.Send(w.out, o.msg)
	default:
		w.outbox = append(w.outbox, o.msg)
		if w.out == 0 {
			w.out = m.h.Dial(w.rec.Addr, wire.Codec{})
			m.conns[w.out] = w.rec.ID
		}
	}
}

// answer says msg on c.
func (m *Master) answer(c host.ConnID, msg host.Message) { m.say(output{conn: c, msg: msg}) }

// command says msg to a worker.
func (m *Master) command(id wire.WorkerID, msg host.Message) { m.say(output{worker: id, msg: msg}) }

func (m *Master) ack(what, id string, zxid int64) host.Note {
	return host.Note{Kind: host.NoteAcked, Subject: what, Value: id, Term: m.reign.Term, Zxid: zxid}
}
