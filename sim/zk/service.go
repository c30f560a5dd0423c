// Package zk is a simulated ZooKeeper at the grain of a service, and the client
// of both grains: with servers that are processes (sim/zk/server) it speaks
// their own protocol. The service is one tree behind N servers, with sessions
// and watches. Servers are lost, cut off and elect a leader, which decides who
// is served and when; they do not each keep a copy of the tree.
//
// Its one invariant: every answer is that of one linearizable tree.
//
// Faithful (to ZooKeeper 3.8.0): zxids, also of failed writes; Stat and
// sequence numbers; multi; one-shot watches and their catch-up on a new
// connection; expiry in buckets of a tick, by the leader's clock, with a full
// timeout for everybody after an election; who closes which connections when a
// server or a link is lost; that an isolated server answers pings until it
// notices; that a write which was pending when its leader lost the quorum may
// be committed later.
//
// Left out: stale reads (they wait instead), and so every subtlety of sync;
// the delay of a follower's touches until the leader's next ping, half a tick
// at most; reads of a session that has moved on by its old connection; the
// time a transaction spends between servers; ACLs, containers, TTLs.
package zk

import (
	"slices"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/zk/proto"
)

// A Server is one server's endpoint.
type Server struct {
	Name    string // the machine's: "z1". The i-th server has the id i+1
	Machine network.MachineID
	Addr    host.Addr // where clients connect
}

// A Config says what an ensemble is. Times are nanoseconds.
type Config struct {
	Servers    []Server
	Tick       int64 // tickTime; 0: 2 s
	MinSession int64 // the least session timeout granted; 0: 2 ticks
	MaxSession int64 // the greatest; 0: 20 ticks
}

// A Commit is one transaction: what the judges see of a write. Ops and Paths are
// valid only while OnCommit runs.
type Commit struct {
	Zxid    int64
	At      int64 // virtual time
	Session int64
	Owner   string   // the process that has the session
	Ops     []string // kinds of the operations, those of a multi one by one
	Paths   []string // as Ops; of a sequential create the path created
	Tag     coord.Tag
	Err     error // not nil: the transaction changed nothing, but has a zxid
}

// A SessionEvent is the beginning or the end of a session at the service.
type SessionEvent struct {
	At      int64
	Session int64
	Owner   string
	Up      bool
	Why     string // of an end: "expired" or "closed"
}

// Times that ZooKeeper has, or that were measured on it, in nanoseconds.
const (
	millisecond = 1_000_000
	defaultTick = 2000 * millisecond
	syncLimit   = 5 // ticks without a word after which a peer is given up
	// A follower notices the end of its leader's process.
	noticeMin, noticeMax = 12 * millisecond, 73 * millisecond
	// From there until a new leader serves.
	electionMin, electionMax = 350 * millisecond, 650 * millisecond
	// A server that is started again needs to get up.
	restartMin, restartMax = 1200 * millisecond, 2100 * millisecond
	// Virtual time 0 is 2026-01-01 00:00:00 UTC, in milliseconds since 1970.
	wallStart = 1_767_225_600_000
)

// noIncarnation is a dead actor's: no event is for it.
const noIncarnation = 1<<32 - 1

// A Service is one ensemble.
type Service struct {
	k     *kernel.Kernel
	net   *network.Net
	cfg   Config
	actor kernel.ActorID

	tree     *tree
	epoch    int64
	counter  int64
	servers  []*server
	leader   int  // who was elected last; -1 before that
	quorum   bool // as told last
	electing bool
	draws    uint64 // elections and notices drawn so far

	sessions []*session // in the order of creation
	opened   int64      // sessions ever
	logged   []pending  // writes that the leader has logged, whose client is gone

	ops, paths []string // scratch of commit

	// OnCommit, if not nil, is told every transaction, failed ones included.
	OnCommit func(Commit)
	// OnSession, if not nil, is told of every session's begin and end.
	OnSession func(SessionEvent)
	// OnQuorum, if not nil, is told when service begins or ends.
	OnQuorum func(up bool)
}

// New returns an ensemble whose servers run and have elected a leader.
func New(k *kernel.Kernel, n *network.Net, c Config) *Service {
	if c.Tick == 0 {
		c.Tick = defaultTick
	}
	if c.MinSession == 0 {
		c.MinSession = 2 * c.Tick
	}
	if c.MaxSession == 0 {
		c.MaxSession = 20 * c.Tick
	}
	s := &Service{k: k, net: n, cfg: c, tree: newTree(), leader: -1}
	s.actor = k.AddActor("zk", s)
	for i := range c.Servers {
		sv := &server{s: s, i: i, cfg: c.Servers[i], following: looking}
		sv.actor = k.AddActor(sv.cfg.Name, sv)
		s.servers = append(s.servers, sv)
		s.boot(sv)
	}
	if c := s.candidate(); c >= 0 {
		s.lead(c)
	}
	s.quorum = s.serves()
	s.postBeat()
	return s
}

// The service's own events.
const (
	beatEvent = iota + 1
	noticeEvent
	electEvent
	restartEvent
)

func (s *Service) post(at int64, what, arg uint64, gen uint64, name string) {
	s.k.Post(at, kernel.Event{
		Actor: s.actor, Kind: kernel.Service, A: what, B: arg<<32 | gen&0xffffffff,
		Name: name, Sum: uint64(kernel.KeyOf(name, arg)),
	})
}

// Handle implements kernel.Handler.
func (s *Service) Handle(e *kernel.Event) {
	arg, gen := int(e.B>>32), e.B&0xffffffff
	switch e.A {
	case beatEvent:
		s.beat()
		s.postBeat()
	case noticeEvent:
		if sv := s.servers[arg]; sv.gen == gen && sv.following >= 0 && sv.alive() {
			s.giveUp(sv)
		}
	case electEvent:
		s.electing = false
		if c := s.candidate(); c >= 0 && !s.led() {
			s.lead(c)
		}
	case restartEvent:
		if s.servers[arg].gen == gen {
			s.RestartServer(arg)
			return
		}
	}
	s.settle()
}

// settle draws the conclusions from a change of who is up and reachable.
func (s *Service) settle() {
	s.join()
	s.elect()
	if up := s.serves(); up != s.quorum {
		s.quorum = up
		if s.OnQuorum != nil {
			s.OnQuorum(up)
		}
	}
	if s.quorum {
		s.commitLogged()
	}
	s.release()
}

// clock is the time that sessions are measured on, nanoseconds.
func (s *Service) clock() int64 { return s.k.Now() }

func (s *Service) zxid() int64 { return s.epoch<<32 | s.counter }

// begin starts a transaction.
func (s *Service) begin(session int64) txn {
	s.counter++
	return txn{zxid: s.zxid(), now: wallStart + s.k.Now()/millisecond, session: session}
}

// write carries out a write of a session as one transaction. Its watches fire
// before anybody is answered.
func (s *Service) write(se *session, op *coord.Op) coord.Result {
	x := s.begin(se.id)
	r := s.tree.write(x, op)
	if s.OnCommit != nil {
		s.commit(x, se, op, &r)
	}
	if r.Err == nil {
		s.fire()
	}
	return r
}

func (s *Service) commit(x txn, se *session, op *coord.Op, r *coord.Result) {
	c := Commit{Zxid: x.zxid, At: s.k.Now(), Session: se.id, Owner: se.owner, Tag: op.Tag, Err: r.Err}
	c.Ops, c.Paths = s.ops[:0], s.paths[:0]
	if op.Kind != coord.Multi {
		c.Ops, c.Paths = append(c.Ops, op.Kind.String()), append(c.Paths, pathOf(op, r))
	}
	for i := range op.Ops {
		c.Ops = append(c.Ops, op.Ops[i].Kind.String())
		c.Paths = append(c.Paths, pathOf(&op.Ops[i], &r.Results[i]))
	}
	s.ops, s.paths = c.Ops, c.Paths
	s.OnCommit(c)
}

func pathOf(op *coord.Op, r *coord.Result) string {
	if r.Path != "" {
		return r.Path
	}
	return op.Path
}

// Session reports whether a session lives, and the process that has it.
func (s *Service) Session(id int64) (owner string, alive bool) {
	if se := s.find(id); se != nil {
		return se.owner, true
	}
	return "", false
}

// Leader is the index of the server that leads now, -1 if none does.
func (s *Service) Leader() int {
	if s.serves() {
		return s.leader
	}
	return -1
}

// Digest writes the state of the service: tree, sessions and who serves.
// Connections are not part of it.
func (s *Service) Digest(d *host.Digest) {
	d.Int(s.zxid())
	d.Int(int64(s.leader))
	d.Bool(s.electing)
	for _, sv := range s.servers {
		d.Bool(sv.up)
		d.Bool(sv.paused)
		d.Int(int64(sv.following))
		d.Int(sv.heard)
	}
	d.Uint(uint64(len(s.sessions)))
	for _, se := range s.sessions {
		d.Int(se.id)
		d.Int(se.timeout)
		d.Int(se.deadline)
		d.Str(se.owner)
	}
	d.Uint(uint64(len(s.logged)))
	for i := range s.logged {
		d.Int(s.logged[i].se.id)
		proto.DigestOp(d, &s.logged[i].op)
	}
	s.tree.digest(d)
}

// find returns a living session.
func (s *Service) find(id int64) *session {
	i := slices.IndexFunc(s.sessions, func(se *session) bool { return se.id == id })
	if i < 0 {
		return nil
	}
	return s.sessions[i]
}
