package master

import (
	"slices"

	"github.com/simctl/simctl/impl/apps"
	"github.com/simctl/simctl/impl/coord"
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

// Handle handles one mail, under the lease if that is not over by now.
func (m *Master) Handle(l mail) {
	m.lease.Expire()
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
type output = apps.Output

// say says o, or keeps it while the master is suspended.
func (m *Master) say(o output) {
	m.lease.Expire()
	if m.state == Suspended {
		m.held = append(m.held, o)
		return
	}
	if o.Note.Kind != 0 {
		m.h.Note(o.Note)
	}
	w := m.workers[o.Worker]
	if w != nil && m.pol.TermInIDs {
		o.Msg = wire.Meant(o.Msg, w.rec.ID, w.zxid)
	}
	switch {
	case o.App != "":
		m.apps.Deliver(o.App, o.Msg)
	case o.Worker == "":
		m.h.Send(o.Conn, o.Msg)
	case w == nil:
	case w.up:
		m.h.Send(w.out, o.Msg)
	default:
		w.outbox = append(w.outbox, o.Msg)
		if w.out == 0 {
			w.out = m.h.Dial(w.rec.Addr, wire.Codec{})
			m.conns[w.out] = w.rec.ID
		}
	}
}

// answer says msg on c.
func (m *Master) answer(c host.ConnID, msg host.Message) { m.say(output{Conn: c, Msg: msg}) }

// command says msg to a worker.
func (m *Master) command(id wire.WorkerID, msg host.Message) { m.say(output{Worker: id, Msg: msg}) }

func (m *Master) ack(what, id string, zxid int64) host.Note {
	return host.Note{Kind: host.NoteAcked, Subject: what, Value: id, Term: m.reign.Term, Zxid: zxid}
}

// which names one of a master's sessions.
type which uint8

const (
	latchSession which = iota + 1 // also the store's with one session
	storeSession
)

func (w which) String() string { return [...]string{"?", "latch", "store"}[w] }

func (m *Master) openSession(w which) {
	s := coord.Of(m.h).OpenSession(coord.Options{Servers: m.cfg.ZK, Timeout: m.cfg.Session, Name: w.String()},
		host.BindResult((*Master).sessionChanged, w))
	if w == latchSession {
		m.latchSession = s
		m.latch.SetSession(s)
	}
	if w == storeSession || m.pol.OneSession {
		m.storeSession = s
		m.store.SetSession(s)
	}
}

// sessionChanged passes a session's state on to the parts that use it. A
// session that expired is replaced.
func (m *Master) sessionChanged(w which, c coord.StateChange) {
	m.h.Note(host.Note{Kind: host.NoteSession, Subject: w.String(), Value: c.State.String(), N: c.ID})
	if m.stopping {
		m.sessionEnded(c)
		return
	}
	if w == latchSession {
		m.latch.SessionChanged(c)
	}
	if w == storeSession || m.pol.OneSession {
		m.store.SessionChanged(c)
	}
	current := c.Session == m.latchSession || c.Session == m.storeSession
	if c.State == coord.Expired && current && !m.stopping {
		m.openSession(w)
	}
}

// Signalled stops the master. A JVM told to end by SIGTERM closes nothing;
// with close-session-on-stop the successor need not wait for the session to
// expire, and with term fencing not for the lease either, unless this master still
// waited for the lease of the one before it: the successor must wait for that.
func (m *Master) Signalled(s host.Signal) {
	if s != host.Terminate || m.stopping {
		return
	}
	if !m.pol.CloseSessionOnStop {
		m.stopping = true
		m.h.Exit(128 + 15)
		return
	}
	waits := m.reign.Term != 0 && !m.holds.Counts()
	if m.reign.Term != 0 {
		m.resign()
	}
	m.stopping = true
	host.After(m.h, m.cfg.Relaunch, (*Master).stopAnyway, 0)
	switch {
	case waits:
		m.LatchReleased()
	case m.monarchy != nil:
		m.monarchy.Release()
	default:
		m.latch.Release()
	}
}

// LatchReleased closes the sessions of a stopping master.
func (m *Master) LatchReleased() {
	if !m.stopping || m.closing > 0 {
		return
	}
	m.closing = 1
	if m.monarchy != nil {
		m.h.Exit(0)
		return
	}
	c := coord.Of(m.h)
	c.CloseSession(m.latchSession)
	if !m.pol.OneSession {
		m.closing = 2
		c.CloseSession(m.storeSession)
	}
}

func (m *Master) sessionEnded(c coord.StateChange) {
	if c.State != coord.Closed && c.State != coord.Expired {
		return
	}
	m.closing--
	if m.closing <= 0 {
		m.h.Exit(0)
	}
}

func (m *Master) stopAnyway(int) { m.h.Exit(0) }
