package server

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/datatree"
	"github.com/simctl/simctl/sim/zk/jute"
)

// A Config says what one server is. What it means to its ensemble is told to
// its [Replicator].
type Config struct {
	ID            ServerID      // 0: standalone
	Client        host.Addr     // where clients connect
	Tick          time.Duration // tickTime; 0: 2 s
	MinSession    time.Duration // the least session timeout granted; 0: 2 ticks
	MaxSession    time.Duration // the greatest; 0: 20 ticks
	MaxBuffer     int           // jute.maxbuffer; 0: [jute.MaxBuffer]
	ExtendedTypes bool          // zookeeper.extendedTypesEnabled: TTL znodes
	// ContainerCheck is how often the leader looks for containers and TTL
	// znodes to delete; 0: 60 s.
	ContainerCheck time.Duration
	// Words are the four-letter words that are answered, as of
	// 4lw.commands.whitelist; [jute.Listed] says how. Empty: all.
	Words string
	// LocalSessions is localSessionsEnabled: new sessions are known to their
	// server only. A standalone server takes no notice of it.
	LocalSessions bool
	// LocalUpgrading is localSessionsUpgradingEnabled: a local session that
	// creates an ephemeral becomes the ensemble's; else it may create none.
	LocalUpgrading bool
	// LostWakeUp turns ZOOKEEPER-4537 on: a committed write may wait for the
	// next request before it is applied.
	LostWakeUp bool
	// Applied, if not nil, is told every transaction as it is applied, before
	// any client hears of it; failed ones too, and again after a restart. It is
	// for those who watch: it must not call the server.
	Applied func(zxid int64, x *datatree.Txn)
	// Decode, if not nil, is datatree.DecodeTxn by other means: servers in one
	// process may share what they decode, which nobody changes.
	Decode func(t Txn) (*datatree.Txn, error)
	// MaxClientCnxns is how many connections one machine may have; 0: any
	// number. One too many is closed when it first speaks.
	MaxClientCnxns int
	// ReadOnly is readonlymode.enabled: a server that looks for a leader serves
	// reads, to clients that allow it. LocalSessions is to be set too.
	ReadOnly bool
	// Super is DigestAuthenticationProvider.superDigest, as USER:HASH: whoever
	// proves to be that may do everything. Empty: nobody.
	Super string
	// Members is what /zookeeper/config says of the ensemble, a line a server;
	// empty of a standalone server.
	Members string
	// Reconfig is reconfigEnabled: a reconfig is checked before it is refused,
	// for to change an ensemble that runs is not simulated.
	Reconfig bool
}

func decode(t Txn) (*datatree.Txn, error) {
	x, err := datatree.DecodeTxn(t.Data)
	return &x, err
}

func (c *Config) setDefaults() {
	if c.Tick == 0 {
		c.Tick = 2 * time.Second
	}
	if c.MinSession == 0 {
		c.MinSession = 2 * c.Tick
	}
	if c.MaxSession == 0 {
		c.MaxSession = 20 * c.Tick
	}
	if c.Decode == nil {
		c.Decode = decode
	}
	if c.ContainerCheck == 0 {
		c.ContainerCheck = time.Minute
	}
}

// A Server is one ZooKeeper server: the process.
type Server struct {
	cfg  Config
	h    host.Host
	r    Replicator
	role Role

	tree      *datatree.Tree
	watches   *datatree.Watches
	fresh     map[host.ConnID]host.Addr // accepted from there, and silent so far
	conns     conns
	clients   map[host.ConnID]*client
	bySess    map[int64]host.ConnID // clients whose session is open or opening
	touches   map[int64]int32       // a follower's: timeouts in milliseconds
	lead      *leading              // nil unless it leads
	local     *locals               // nil unless it gives local sessions
	readOnly  bool                  // it looks for a leader and serves reads meanwhile
	roTimer   host.TimerID          // to readOnly
	nextSess  int64
	syncs     uint64
	syncing   map[uint64]host.ConnID
	stats     stats
	trace     int64 // the trace mask
	unnoticed Txn   // committed, and not applied yet (a defect)
}

var (
	_ host.Process   = (*Server)(nil)
	_ host.Composite = (*Server)(nil)
	_ Machine        = (*Server)(nil)
)

// New returns a server that r replicates.
func New(cfg Config, r Replicator) *Server {
	cfg.setDefaults()
	s := &Server{
		cfg: cfg, r: r, watches: datatree.NewWatches(),
		fresh: map[host.ConnID]host.Addr{}, conns: newConns(), clients: map[host.ConnID]*client{}, bySess: map[int64]host.ConnID{},
		touches: map[int64]int32{}, syncing: map[uint64]host.ConnID{}, trace: traceMask,
	}
	s.setTree(datatree.New())
	return s
}

func (s *Server) setTree(t *datatree.Tree) {
	t.ExtendedTypes = s.cfg.ExtendedTypes
	if s.cfg.Members != "" {
		t.SetConfig(fmt.Sprintf("%sversion=%x", s.cfg.Members, s.cfg.version()), s.cfg.version())
	}
	s.tree = t
}

// Start begins recovery and listens; until it has a leader, clients are cut
// when they speak.
func (s *Server) Start(h host.Host) {
	s.h = h
	ms := int64(h.Mono()) / int64(time.Millisecond)
	s.nextSess = int64(s.cfg.ID)<<56 | int64(uint64(ms)<<24>>8)
	if err := h.Listen(s.cfg.Client, jute.Codec{Max: s.cfg.MaxBuffer}); err != nil {
		h.Note(host.Note{Kind: host.NoteFailed, Value: err.Error()})
		h.Exit(1)
		return
	}
	s.awaitReadOnly()
	s.r.Start(h, s)
}

// Accepted waits for what the connection says first: it may be a client's or
// another server's.
func (s *Server) Accepted(c host.ConnID, from host.Addr) {
	s.fresh[c] = from
	s.entered(c, from)
}

// Connected is the replicator's: only it dials.
func (s *Server) Connected(c host.ConnID) { s.r.Connected(c) }

// Received tells clients from servers by what they say.
func (s *Server) Received(c host.ConnID, m host.Message) {
	switch m := m.(type) {
	case jute.Frame:
		s.packet(c, m.Data)
	case jute.Word:
		s.word(c, m)
	default:
		s.known(c)
		s.conns.left(c)
		s.r.Received(c, m)
	}
}

// known forgets that a connection is fresh and returns who called.
func (s *Server) known(c host.ConnID) (from host.Addr, wasFresh bool) {
	from, wasFresh = s.fresh[c]
	delete(s.fresh, c)
	return from, wasFresh
}

// Closed forgets a client's connection; its session lives on.
func (s *Server) Closed(c host.ConnID, why host.Reason) {
	s.wake()
	s.conns.left(c)
	if _, ok := s.known(c); ok {
		return
	}
	if s.clients[c] != nil {
		s.forget(c)
		return
	}
	s.r.Closed(c, why)
}

// Exited does nothing: a server has no children.
func (s *Server) Exited(host.ProcessID, int) {}

// Signalled ends the server.
func (s *Server) Signalled(host.Signal) { s.h.Exit(0) }

// Part returns the parts of the replicator.
func (s *Server) Part(i int) any { return s.r.Part(i) }

// Became takes a role on.
func (s *Server) Became(r Role, zxid int64) {
	s.wake()
	s.cutAll()
	if s.lead != nil {
		s.lead.stop(s.h)
		s.lead = nil
	}
	s.stopLocals()
	s.stopReadOnly()
	s.role = r
	clear(s.touches)
	clear(s.syncing)
	if r == Looking {
		s.awaitReadOnly()
		return
	}
	s.tree.SetZxid(max(zxid, s.tree.Zxid()))
	s.startLocals()
	if r == Leading {
		s.startLeading()
	}
}

// cutAll closes every client's connection.
func (s *Server) cutAll() {
	for _, c := range slices.Sorted(maps.Keys(s.clients)) {
		s.cut(c)
	}
}

// cut closes a client's connection.
func (s *Server) cut(c host.ConnID) {
	s.forget(c)
	s.conns.left(c)
	s.h.Close(c)
}

func (s *Server) forget(c host.ConnID) {
	cl := s.clients[c]
	if cl == nil {
		return
	}
	delete(s.clients, c)
	if s.bySess[cl.session] == c {
		delete(s.bySess, cl.session)
	}
	s.watches.Drop(c)
}

// Restore replaces the state.
func (s *Server) Restore(snap Txn) error {
	if snap.Data == nil {
		s.setTree(datatree.New())
		s.tree.SetZxid(snap.Zxid)
		return nil
	}
	t, err := datatree.Decode(snap.Data)
	if err != nil {
		s.setTree(datatree.New())
		return err
	}
	s.setTree(t)
	t.SetZxid(snap.Zxid)
	return nil
}

// Snapshot returns the state.
func (s *Server) Snapshot() Txn {
	s.wake()
	return Txn{s.tree.Zxid(), s.tree.Encode()}
}

// Zxid is the last transaction that counts as processed, for tests and
// status pages.
func (s *Server) Zxid() int64 { return s.tree.Zxid() }

// Role is what the server is now.
func (s *Server) Role() Role { return s.role }

// ClientOf is where the client of a session connects from, if it is connected
// to this server, or about to be. It is for those who watch.
func (s *Server) ClientOf(session int64) (from host.Addr, ok bool) {
	if cl := s.clients[s.bySess[session]]; cl != nil {
		return cl.from, true
	}
	return "", false
}

// now is the wall clock in milliseconds: the time of transactions.
func (s *Server) now() int64 { return int64(s.h.Wall()) / int64(time.Millisecond) }

// Touches returns the sessions heard from, for the leader.
func (s *Server) Touches() []Touch {
	if len(s.touches) == 0 {
		return nil
	}
	out := make([]Touch, 0, len(s.touches))
	for _, id := range slices.Sorted(maps.Keys(s.touches)) {
		out = append(out, Touch{id, time.Duration(s.touches[id]) * time.Millisecond})
	}
	clear(s.touches)
	return out
}

// Committed applies a transaction: watches first, then the reply to the
// client that asked for it, if it is connected here.
func (s *Server) Committed(t Txn) Answer {
	s.wake()
	x, err := s.cfg.Decode(t)
	if err != nil {
		s.h.Note(host.Note{Kind: host.NoteFailed, Value: err.Error(), Zxid: t.Zxid})
		s.h.Exit(1)
		return NotHere
	}
	if s.cfg.LostWakeUp && s.overlooks(x) {
		s.unnoticed = t
		return Owed
	}
	return s.apply(t.Zxid, x)
}

func (s *Server) apply(zxid int64, x *datatree.Txn) Answer {
	out, events := s.tree.Apply(zxid, x)
	if s.cfg.Applied != nil {
		s.cfg.Applied(zxid, x)
	}
	if s.lead != nil {
		s.lead.prep.Committed(zxid)
	}
	for _, e := range events {
		s.fire(e)
	}
	return s.answer(zxid, x, &out)
}

func (s *Server) fire(e datatree.Event) {
	for _, n := range s.watches.Fire(e) {
		if cl := s.clients[n.Conn]; cl != nil && datatree.Allowed(n.ACL, jute.PermRead, cl.who) == jute.OK {
			s.notify(n.Conn, n.Type, n.Path)
		}
	}
}

func (s *Server) notify(c host.ConnID, typ int32, path string) {
	e := jute.Encoder{Buf: make([]byte, 0, 32+len(path))}
	(&jute.ReplyHeader{Xid: jute.XidNotification, Zxid: -1}).Encode(&e)
	if cl := s.clients[c]; cl != nil {
		s.conns.touch(c, int64(s.h.Mono()), cl.patience())
	}
	(&jute.WatchEvent{Type: typ, State: jute.StateConnected, Path: path}).Encode(&e)
	s.send(c, e.Buf)
}

func (s *Server) send(c host.ConnID, packet []byte) {
	s.stats.sent++
	if cl := s.clients[c]; cl != nil {
		cl.sent++
	}
	s.h.Send(c, jute.Frame{Data: packet})
}
