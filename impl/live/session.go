package live

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// window is how many requests of one session may be unanswered at once.
const window = 64

// lap is the pause after all servers were tried in vain.
const lap = 100 * time.Millisecond

// A session is exactly one session of ZooKeeper, over a go-zookeeper
// connection of its own. go-zookeeper opens a new session by itself when a
// server says that the old one has expired, and would run what is queued in
// it; so a session that has ended dials no more, and its connection is closed.
//
// A session says Expired only if a server said so. go-zookeeper never ends a
// session by its own clock, and neither does this: without an answer for 2/3
// of the timeout it says Disconnected, and whoever must not act without a
// session has to stop by then, by a timer of its own.
//
// Answers and watch events are handed over in the order in which the server
// sent them. Operations that were asked for before the session became
// Disconnected are answered before that is told; those asked for while it is
// are done once it is Connected again, or answered with ErrConnectionLoss when
// no server could be reached.
type session struct {
	h       *Host
	id      coord.Session
	o       coord.Options
	changed host.Call

	mu       sync.Mutex
	conn     *zk.Conn
	tap      *tap // the connection that stands or is tried
	state    coord.State
	ended    error // ErrExpired or ErrClosed once it is over
	mute     bool  // dropped: nothing reaches the service any more
	quitAt   time.Time
	number   int64
	length   time.Duration // negotiated timeout, or the one asked for
	password []byte
	open     bool             // requests may be sent
	epoch    uint64           // counts the connections
	out      []*entry         // what is to be handed over, in order
	writing  *entry           // handed to go-zookeeper, not yet on the wire
	flying   int              // handed to go-zookeeper, not yet returned
	byXid    map[int32]*entry // on the wire, not yet replied
	resync   map[int32]bool   // setWatches on the wire, not yet replied
	data     map[string][]host.Call
	kids     map[string][]host.Call
}

// OpenSession opens a new session. The servers are tried in an order drawn by
// the process's own randomness.
func (h *Host) OpenSession(o coord.Options, changed host.Call) coord.Session {
	h.sessSeq++
	s := &session{
		h: h, id: h.sessSeq, o: o, changed: changed, state: coord.Connecting, length: o.Timeout,
		byXid: map[int32]*entry{}, resync: map[int32]bool{},
		data: map[string][]host.Call{}, kids: map[string][]host.Call{},
	}
	s.o.Servers = append([]host.Addr(nil), o.Servers...)
	for i := len(s.o.Servers) - 1; i > 0; i-- {
		j := h.Draw("zookeeper-server", uint64(i+1))
		s.o.Servers[i], s.o.Servers[j] = s.o.Servers[j], s.o.Servers[i]
	}
	h.sessions[s.id] = s
	h.living.Add(1)
	if h.exited {
		s.ended = coord.ErrClosed
		h.living.Add(-1)
		return s.id
	}
	s.connect()
	return s.id
}

func (s *session) connect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &provider{s: s, last: -1, at: -1}
	conn, _, err := zk.Connect([]string{"unused:1"}, s.o.Timeout,
		zk.WithHostProvider(p), zk.WithDialer(s.dial), zk.WithEventCallback(s.event),
		zk.WithLogger(silent{}), zk.WithLogInfo(false))
	if err != nil {
		panic(fmt.Sprintf("live: open session: %v", err)) // it only checks its arguments
	}
	s.conn = conn
}

// silent is go-zookeeper's logger: what it has to say, the session tells.
type silent struct{}

func (silent) Printf(string, ...any) {}

// timeout is the session's length as far as it is known.
func (s *session) timeout() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.length
}

// patience bounds one attempt to connect, so that a lap over all servers fits
// into the session.
func (s *session) patience() time.Duration {
	return s.timeout() / time.Duration(max(len(s.o.Servers), 1))
}

var errOver = errors.New("the session is over")

func (s *session) dial(_, addr string, limit time.Duration) (net.Conn, error) {
	if s.over() {
		return nil, errOver
	}
	to := string(s.h.o.Route(host.Addr(addr)))
	if !s.reach(time.Now().Add(min(limit, s.patience()))) {
		return nil, os.ErrDeadlineExceeded
	}
	c, err := net.DialTimeout("tcp", to, min(limit, s.patience()))
	if err != nil {
		return nil, err
	}
	t := newTap(c, s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute || errors.Is(s.ended, coord.ErrExpired) {
		c.Close()
		return nil, errOver
	}
	s.tap = t
	return t, nil
}

// over reports whether nothing may be dialled any more: a closed session is
// given a little time to reach a server and say so.
func (s *session) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended != nil && (s.mute || !time.Now().Before(s.quitAt))
}

// event takes go-zookeeper's session events; watch events come by the tap.
func (s *session) event(e zk.Event) {
	if e.Type != zk.EventSession {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.State {
	case zk.StateHasSession:
		s.connected()
	case zk.StateDisconnected:
		s.disconnected()
	case zk.StateExpired:
		s.end(coord.ErrExpired, coord.Expired)
		s.hangUp()
	}
}

// negotiated is told by the tap what the server granted.
func (s *session) negotiated(t *tap, id int64, timeout time.Duration, rest []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number, s.length = id, timeout
	s.password = append([]byte(nil), rest...)
}

// connected begins a connection. Watches are set again before any request is
// sent: one that is sent first would raise the zxid from which go-zookeeper
// has the server catch up, and changes made meanwhile would be missed.
func (s *session) connected() {
	if s.ended != nil {
		return
	}
	s.epoch++
	clear(s.resync)
	s.state = coord.Connected
	s.tell()
	s.open = len(s.data) == 0 && len(s.kids) == 0
	if s.open {
		s.launch()
		return
	}
	epoch := s.epoch
	time.AfterFunc(s.length/3, func() { s.opened(epoch) })
}

// opened lets requests pass in a connection whose watches are set again, or
// were not within a ping's time.
func (s *session) opened(epoch uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch == epoch && s.state == coord.Connected && !s.open {
		s.open = true
		s.launch()
	}
}

// disconnected answers everything that was asked for: it may have happened.
func (s *session) disconnected() {
	s.open = false
	clear(s.byXid)
	if s.ended != nil || s.state != coord.Connected {
		return
	}
	s.state = coord.Disconnected
	s.failAll(coord.ErrConnectionLoss)
	s.tell()
}

// unreachable is told that all servers were tried in vain.
func (s *session) unreachable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != coord.Connected && s.ended == nil {
		s.failAll(coord.ErrConnectionLoss)
		s.flush()
	}
}

// end ends the session: what is asked for is answered with err, watches are
// told that they do not watch any more. The caller holds mu.
func (s *session) end(err error, state coord.State) {
	if s.ended != nil {
		return
	}
	s.ended, s.open, s.state = err, false, state
	s.h.living.Add(-1)
	s.failAll(err)
	s.unwatch()
	s.tell()
}

// hangUp ends the connection to the service without a word, and go-zookeeper
// with it. The caller holds mu.
func (s *session) hangUp() {
	s.mute = true
	if s.tap != nil {
		s.tap.Conn.Close()
	}
	go s.conn.Close() // it waits a second for an answer that cannot come; nobody else does
}

// tell hands the process the state. The caller holds mu.
func (s *session) tell() {
	c := coord.StateChange{Session: s.id, State: s.state, ID: s.number}
	if s.number != 0 {
		c.Timeout = s.length
	}
	s.insert(&entry{phase: done, post: func(p host.Process) { s.changed.Run(p, &c) }})
}

// CloseSession ends the session at the service. If no server can be reached
// within a second its ephemerals live until it expires.
func (h *Host) CloseSession(id coord.Session) {
	s := h.sessions[id]
	if s == nil || h.exited {
		return
	}
	h.output()
	delete(h.sessions, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return
	}
	s.quitAt = time.Now().Add(time.Second)
	s.end(coord.ErrClosed, coord.Closed)
	h.others.Add(1)
	go func() {
		defer h.others.Done()
		s.conn.Close()
	}()
}

// DropSession forgets the session; the service is not told.
func (h *Host) DropSession(id coord.Session) {
	if s := h.sessions[id]; s != nil && !h.exited {
		delete(h.sessions, id)
		s.drop()
	}
}

func (s *session) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.end(coord.ErrClosed, coord.Closed)
		s.hangUp()
	}
}

// A provider hands go-zookeeper the servers one after another. go-zookeeper
// asks whether to quit only after a lap over all of them, and sleeps for 1 s
// then; so a lap is reported only when it is to quit, and the pause is here.
type provider struct {
	s        *session
	at, last int
}

// Init does nothing: the session knows its servers.
func (p *provider) Init([]string) error { return nil }

// Len is the number of servers.
func (p *provider) Len() int { return len(p.s.o.Servers) }

// Next is the server to try next, and whether it is time to quit.
func (p *provider) Next() (server string, quit bool) {
	if p.s.over() || len(p.s.o.Servers) == 0 {
		return "", true
	}
	p.at = (p.at + 1) % len(p.s.o.Servers)
	switch {
	case p.last == -1:
		p.last = p.at
	case p.at == p.last:
		p.s.unreachable()
		time.Sleep(lap)
	}
	return string(p.s.o.Servers[p.at]), false
}

// Connected is told that the last server answered.
func (p *provider) Connected() { p.last = p.at }
