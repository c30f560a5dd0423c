package zk

import (
	"slices"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/zk/armed"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/proto"
)

// Times of the client library, in nanoseconds of its machine's clock.
const (
	dialLimit   = 1000 * millisecond // of a dial
	nap         = 1000 * millisecond // after all servers were tried in vain
	closeLinger = 1000 * millisecond // to tell a server of a close
)

// phase is what a link does about its connection.
type phase uint8

const (
	idle phase = iota // over, or between two servers
	dialling
	shaking   // the connection stands, the server has not granted the session
	connected // requests may be sent
)

// entry is one operation that is not answered.
type entry struct {
	xid   int64
	op    coord.Op
	done  host.Call
	watch host.Call
	bad   bool  // never sent: the client itself refuses it
	due   int64 // it is not sent before; virtual time
}

// link is one session as its client sees it, with its connection.
type link struct {
	c        *Client
	s        coord.Session
	name     string // what it is for
	deaf     bool   // it was cut off, and its connection has lost something
	changed  host.Call
	state    coord.State
	ended    error // ErrExpired or ErrClosed once it is over
	asked    int64 // timeout asked for
	timeout  int64 // granted, or asked for before that is known
	id       int64
	password uint64
	secret   []byte // the password on the wire
	closing  int64  // xid of the packet that closes the session
	watching bool   // the watches were set again, and nothing has answered that
	zxid     int64  // the last seen in a reply

	servers  []host.Addr
	at, last int // the server being tried, and the one before which a lap ends
	phase    phase
	conn     host.ConnID
	heard    int64 // when the last packet came, virtual time
	spoke    int64 // when the last one went
	tried    bool  // some server was tried
	stood    bool  // some server has accepted a connection
	pauses   uint64

	timers [len(timerNames)]kernel.Ref

	xid  int64
	out  []entry // in order; the first sent of them are on the connection
	sent int

	armed armed.Watches
}

// patience bounds each attempt at a server, so that a lap over all of them
// fits into the session.
func (l *link) patience() int64 { return l.timeout / int64(max(len(l.servers), 1)) }

// next tries the next server. After a lap it waits, and what is still to be
// sent is answered: nobody can be reached.
func (l *link) next() {
	if len(l.servers) == 0 {
		return
	}
	l.at = (l.at + 1) % len(l.servers)
	lapped := l.at == l.last
	if l.last == -1 {
		l.last = 0
	}
	if lapped || l.c.cfg.Profile == Curator && l.tried {
		l.failAll(coord.ErrConnectionLoss)
	}
	l.tried = true
	if d := l.pause(lapped); d > 0 {
		l.phase = idle
		l.start(napTimer, d)
		return
	}
	l.dial()
}

func (l *link) dial() {
	l.phase = dialling
	l.conn = l.c.net.Dial(l.c.end, l.servers[l.at], l.c.codec())
	l.start(dialTimer, l.dialPatience())
}

// start starts a timer anew on the machine's clock.
func (l *link) start(what uint64, d int64) { l.startAt(what, l.c.k.Now()+l.c.cfg.Virtual(d)) }

func (l *link) startAt(what uint64, at int64) {
	l.stop(what)
	l.timers[what] = l.c.k.Post(at, kernel.Event{
		Actor: l.c.actor, Inc: l.c.end.Inc, Kind: kernel.Timer, A: what, B: uint64(l.s),
		Name: timerNames[what], Sum: uint64(kernel.KeyOf("zk timer", what, uint64(l.s))),
	})
}

// stop stops a timer, also one that has rung for a client that stands still.
func (l *link) stop(what uint64) {
	l.c.k.Cancel(l.timers[what])
	l.timers[what] = kernel.Ref{}
}

// rang carries out a timer.
func (l *link) rang(what uint64) {
	l.timers[what] = kernel.Ref{}
	switch what {
	case napTimer:
		l.dial()
	case dialTimer:
		l.hangUp()
		l.next()
	case pingTimer:
		if !l.tooSoon() {
			l.say(proto.Ping{})
			l.pingAgain()
		}
	case silenceTimer:
		limit := l.heard + l.c.cfg.Virtual(l.timeout*2/3)
		if limit > l.c.k.Now() {
			l.startAt(silenceTimer, limit)
			return
		}
		l.hangUp()
		l.lost()
	case closeTimer:
		l.forget()
	case deadTimer:
		if l.ended == nil && l.phase != connected {
			l.finish(coord.ErrExpired, coord.Expired)
			l.forget()
		}
	case slowTimer:
		if l.phase == connected {
			l.sendDue()
		}
	}
}

// network carries out what happens to the connection.
func (l *link) network(e *kernel.Event) {
	if l.cut() {
		l.deaf = true
		return
	}
	switch e.Kind {
	case kernel.Connected:
		l.phase, l.stood = shaking, true
		l.start(dialTimer, l.patience())
		l.say(proto.ConnectRequest{Session: l.id, Password: l.password, Timeout: l.asked, LastZxid: l.zxid, Owner: l.c.cfg.Owner})
	case kernel.Hangup:
		l.conn = 0
		l.lost()
	case kernel.Message:
		l.heard = l.c.k.Now()
		l.receive(e.V.(host.Message))
	}
}

// lost is told that the connection is gone: what was sent may have happened.
func (l *link) lost() {
	was := l.phase
	l.hangUp()
	l.phase = idle
	if was == connected && l.ended == nil {
		l.failAll(coord.ErrConnectionLoss)
		l.tell(coord.Disconnected)
		if l.c.cfg.Estimates {
			l.start(deadTimer, l.timeout)
		}
	}
	if l.ended != nil && was == connected {
		l.forget() // the close was sent
		return
	}
	l.next()
}

// hangUp ends the connection, if there is one, and its timers.
func (l *link) hangUp() {
	if l.conn != 0 {
		l.c.net.Close(l.c.end, l.conn)
		l.conn = 0
	}
	for _, what := range [...]uint64{dialTimer, napTimer, pingTimer, silenceTimer} {
		l.stop(what)
	}
	l.sent, l.watching, l.deaf = 0, false, false
}

func (l *link) receive(m host.Message) {
	switch m := m.(type) {
	case jute.Frame:
		l.unpack(m)
	case proto.ConnectResponse:
		l.granted(m)
	case *proto.Reply:
		l.answered(m)
	case proto.WatchEvent:
		l.fired(coord.Event{Type: m.Type, Path: m.Path})
	case proto.SessionClosed:
		l.forget()
	}
}

// granted is told what the server says of the session.
func (l *link) granted(m proto.ConnectResponse) {
	l.stop(dialTimer)
	l.stop(deadTimer)
	if m.Timeout == 0 {
		if l.ended == nil {
			l.finish(coord.ErrExpired, coord.Expired)
		}
		l.forget()
		return
	}
	l.id, l.password, l.timeout = m.Session, m.Password, m.Timeout
	l.phase, l.last = connected, l.at
	if l.ended != nil {
		l.say(proto.CloseSession{})
		return
	}
	l.pingAgain()
	l.start(silenceTimer, l.timeout*2/3)
	l.tell(coord.Connected)
	if !l.armed.None() {
		data, exist, kids := l.armed.Paths()
		l.say(&proto.SetWatches{Zxid: l.zxid, Data: data, Exist: exist, Kids: kids})
	}
	l.sendDue()
}

// sendDue sends what was not sent and may be.
func (l *link) sendDue() {
	for l.sent < len(l.out) {
		if e := &l.out[l.sent]; e.due > l.c.k.Now() {
			l.startAt(slowTimer, e.due)
			return
		}
		l.sendNext()
	}
}

// sendNext sends the first operation that was not sent.
func (l *link) sendNext() {
	e := &l.out[l.sent]
	l.sent++
	if e.bad {
		l.refuse()
		return
	}
	l.say(&proto.Request{Xid: e.xid, Op: e.op, Watch: !e.watch.IsZero()})
}

// answered hands over the answer to an operation.
func (l *link) answered(m *proto.Reply) {
	i := l.match(int32(m.Xid), m.Zxid)
	if i < 0 || l.loses(i) {
		return
	}
	r := l.c.result()
	m.Unpack(r)
	l.settle(i, r)
}

// settle hands over the result of the i-th operation, and then those of the
// next ones that the client refuses itself.
func (l *link) settle(i int, r *coord.Result) {
	e := l.pop(i)
	l.armed.Arm(&e.op, r.Err, e.watch)
	l.c.push(kernel.Reply, e.done, r)
	l.refuse()
}

// saw notes the zxid of an answer.
func (l *link) saw(zxid int64) {
	if zxid > 0 {
		l.zxid = zxid
	}
}

// pop takes the i-th operation off those that are not answered.
func (l *link) pop(i int) entry {
	e := l.out[i]
	l.out = slices.Delete(l.out, i, i+1)
	l.sent--
	return e
}

// refuse answers the operations whose turn it is that no server is asked for.
func (l *link) refuse() {
	for l.sent > 0 && l.out[0].bad {
		e := l.pop(0)
		l.c.push(kernel.Reply, e.done, &coord.Result{Err: coord.ErrBadArguments})
	}
}

// fired hands over a watch event.
func (l *link) fired(e coord.Event) {
	for _, call := range l.armed.Take(&e) {
		l.c.push(kernel.Watch, call, &coord.Event{Type: e.Type, Path: e.Path})
	}
}

// failAll answers everything that is not answered.
func (l *link) failAll(err error) {
	out := l.out
	l.out, l.sent = nil, 0
	for i := range out {
		l.c.push(kernel.Reply, out[i].done, &coord.Result{Err: err})
	}
}

// tell hands over a state.
func (l *link) tell(state coord.State) {
	l.state = state
	ch := &coord.StateChange{Session: l.s, State: state, ID: l.id}
	if l.id != 0 {
		ch.Timeout = time.Duration(l.timeout)
	}
	l.c.push(kernel.Session, l.changed, ch)
}

// finish ends the session for its owner: what is asked for is answered, and
// watches are told that they do not watch any more.
func (l *link) finish(err error, state coord.State) {
	l.ended = err
	l.failAll(err)
	for _, w := range l.armed.All() {
		l.c.push(kernel.Watch, w.Call, &coord.Event{Type: coord.NotWatching, Path: w.Path})
	}
	l.tell(state)
}

// forget ends everything that the session does on the network. An expired one
// stays known, so that it answers that it is.
func (l *link) forget() {
	l.hangUp()
	l.stop(closeTimer)
	l.phase = idle
	if l.ended == coord.ErrClosed {
		l.c.sessions = slices.DeleteFunc(l.c.sessions, func(o *link) bool { return o == l })
	}
}
