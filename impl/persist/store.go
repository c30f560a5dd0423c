// Package persist keeps what a master must not forget, by one of three engines
// behind the same [Store]: ZOOKEEPER keeps one znode a driver, a worker and
// an application under DIR/master_status, as Spark's ZooKeeperPersistenceEngine does;
// FILESYSTEM one file each; NONE nothing. Fenced, every write is one
// transaction with a check of the term znode, or stands between two readings of
// the term file; several writes that wait go together.
package persist

import (
	"maps"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// An Owner is the process that a store belongs to.
type Owner interface {
	host.Process
	// StoreSent tells that a transaction which confirms the reign, if it
	// commits, is being sent now.
	StoreSent()
	// StoreConfirmed tells that the last transaction sent has committed. It
	// comes before the continuations of its writes.
	StoreConfirmed()
	// StoreSettled tells that the continuations of that transaction have run.
	StoreSettled()
	// StoreLost tells that the term is another's, or gone: no write of this
	// reign can commit any more.
	StoreLost(why string)
}

// A Mode is an engine, by Spark's name (spark.deploy.recoveryMode).
type Mode string

// The engines.
const (
	ZooKeeper Mode = "ZOOKEEPER" // also the empty Mode
	Files     Mode = "FILESYSTEM"
	None      Mode = "NONE"
)

// Modes lists the engines.
func Modes() []Mode { return []Mode{ZooKeeper, Files, None} }

// Config says how a store behaves.
type Config struct {
	Mode Mode   // empty means ZooKeeper
	Dir  string // ZooKeeper: the root, as "/spark"
	Path string // Files: the directory (spark.deploy.recoveryDirectory)
	// Atomic: Files are written under another name, synced and renamed.
	Atomic bool
	// Update: a record that is there may be put again. Without it that is an
	// error of the plain engine Files.
	Update bool
	// KeepUndecodable: records that cannot be decoded stay where they are and
	// are told. Otherwise a znode is removed, and a file makes the reading fail.
	KeepUndecodable bool
	// Fenced: every write checks the term znode.
	Fenced bool
	// Blocking: one write at a time, as a plain create or delete, retried
	// Tries times after a lost connection or session; then, and when the
	// znode exists or does not, its continuation is told the error. Otherwise
	// writes are repeated until they are known to have happened.
	Blocking bool
	// Format is the form of records that this release writes, and the latest
	// that it reads; 0 means the first. A release with another one stands for
	// every change that an older release cannot read.
	Format byte
	// Retry is the first pause before a retry; blocking retries double it.
	Retry time.Duration
	// Tries is how often a blocking store tries again. Curator's
	// ExponentialBackoffRetry of Spark: 3.
	Tries int

	root, term string // the store's root and the term znode
}

// formatAt is where a record says what form it has.
const formatAt = 1

// recordSize is room for a usual record, in bytes.
const recordSize = 128

// Group is how many writes go into one transaction at most.
const Group = 100

// A Result is the answer to a write or a fence.
type Result struct {
	Zxid int64 // of the transaction that holds it, 0 if unknown
	Err  error // only of a blocking store
}

type kind uint8

const (
	put kind = iota + 1
	del
	fence
)

func (k kind) String() string { return [...]string{"?", "put", "delete", "fence"}[k] }

// entry is one write that waits or is in flight.
type entry struct {
	kind  kind
	key   string // "driver_ID", "worker_ID" or "app_ID"; empty for a fence
	data  []byte
	done  host.Call
	write int64 // its number in this incarnation; 0 for a fence
	noted bool  // its intent was noted
	fresh bool  // there should be no record yet
}

// A Store is the persistence engine of one master: a part of its process.
type Store struct {
	h     host.Host
	owner Owner
	cfg   Config

	session   coord.Session
	connected bool
	open      bool
	term      int64
	version   int32  // of the term znode, as long as the reign lasts
	round     uint64 // answers of older rounds are ignored

	queue  []entry
	steps  []step          // what queue[:flight] comes to in files
	step   int             // the one under way
	count  int64           // transactions of this reign on files
	flight int             // queue[:flight] has been sent and is not settled
	sent   bool            // the service has it now
	doubt  bool            // its outcome is unknown: look before it is sent again
	looks  int             // looks that are not answered
	pause  bool            // a retry timer runs
	tries  int             // blocking: failures of the head so far
	known  map[string]bool // keys that exist in the store
	writes int64
	load   load
	// settling: continuations of a transaction run, and the owner does not know
	// all of it yet.
	settling bool
}

// New makes a store that belongs to owner. It waits for a session and a reign.
func New(h host.Host, owner Owner, cfg Config) *Store {
	if cfg.Mode == "" {
		cfg.Mode = ZooKeeper
	}
	cfg.root, cfg.term = election.StorePath(cfg.Dir), election.TermPath(cfg.Dir)
	return &Store{h: h, owner: owner, cfg: cfg, connected: cfg.Mode != ZooKeeper, known: map[string]bool{}}
}

// SetSession gives the store a session that is not connected yet. What waits
// goes on in it: fenced, that is harmless; unfenced, it is Spark's D-03.
func (s *Store) SetSession(c coord.Session) {
	s.session, s.connected = c, false
	if !s.cfg.Blocking {
		s.unsettled()
	}
}

// SessionChanged tells the store of its session's state.
func (s *Store) SessionChanged(c coord.StateChange) {
	if c.Session != s.session {
		return
	}
	s.connected = c.State == coord.Connected
	if !s.connected || s.cfg.Blocking {
		return
	}
	if !s.sent && s.looks == 0 {
		s.pause = false
		s.round++
	}
	s.restartLoad()
	s.pump()
}

// Open begins a reign: writes are accepted from now on.
func (s *Store) Open(w election.Win) {
	s.open, s.term, s.version, s.count = true, w.Term, w.Version, 0
}

// Close ends the reign: what waits is dropped, and what is in flight is
// nobody's any more.
func (s *Store) Close() {
	s.open = false
	s.round++
	s.queue, s.flight, s.sent, s.doubt, s.looks, s.pause, s.tries = nil, 0, false, false, 0, false, 0
	s.known, s.load, s.steps, s.step = map[string]bool{}, load{}, nil, 0
}

// Busy reports whether a write waits or is in flight, or records are read.
func (s *Store) Busy() bool { return len(s.queue) > 0 || !s.load.done.IsZero() }

// Settled reports whether the store is not busy and its owner knows of all that
// was committed.
func (s *Store) Settled() bool { return !s.settling && !s.Busy() }

// PutDriver keeps rec; done is told the [Result].
func (s *Store) PutDriver(rec wire.DriverRecord, done host.Call) {
	s.put("driver_"+string(rec.ID), rec, done)
}

// PutWorker keeps rec; done is told the [Result].
func (s *Store) PutWorker(rec wire.WorkerRecord, done host.Call) {
	s.put("worker_"+string(rec.ID), rec, done)
}

// RetireWorker keeps rec with the mark that the worker takes no more work; done
// is told the [Result].
func (s *Store) RetireWorker(rec wire.WorkerRecord, done host.Call) {
	s.put("worker_"+string(rec.ID), wire.RetiredWorker{Worker: rec}, done)
}

// CreateApp keeps rec, of which there should be no record yet: a blocking store
// fails if there is one. Done is told the [Result].
func (s *Store) CreateApp(rec wire.AppRecord, done host.Call) {
	key := "app_" + string(rec.ID)
	s.add(entry{kind: put, fresh: s.cfg.Blocking, key: key, data: s.encode(key, rec), done: done})
}

// PutApp keeps rec; done is told the [Result].
func (s *Store) PutApp(rec wire.AppRecord, done host.Call) {
	s.put("app_"+string(rec.ID), rec, done)
}

// DeleteApp forgets an application; done is told the [Result].
func (s *Store) DeleteApp(id wire.AppID, done host.Call) {
	s.add(entry{kind: del, key: "app_" + string(id), done: done})
}

// DeleteDriver forgets a driver; done is told the [Result].
func (s *Store) DeleteDriver(id wire.DriverID, done host.Call) {
	s.add(entry{kind: del, key: "driver_" + string(id), done: done})
}

// DeleteWorker forgets a worker; done is told the [Result].
func (s *Store) DeleteWorker(id wire.WorkerID, done host.Call) {
	s.add(entry{kind: del, key: "worker_" + string(id), done: done})
}

// Fence confirms the reign once everything before it is committed; done is
// told the [Result]. Fences that wait share one transaction. Unfenced, it is
// a round trip to the leader of the service.
func (s *Store) Fence(done host.Call) { s.add(entry{kind: fence, done: done}) }

func (s *Store) put(key string, rec any, done host.Call) {
	s.add(entry{kind: put, key: key, data: s.encode(key, rec), done: done})
}

func (s *Store) encode(key string, rec any) []byte {
	data, err := wire.AppendRecord(make([]byte, 0, recordSize), rec)
	if err != nil {
		panic("persist: record " + key + ": " + err.Error())
	}
	if s.cfg.Format > 0 {
		data[formatAt] += s.cfg.Format
	}
	return data
}

func (s *Store) add(e entry) {
	if !s.open {
		return
	}
	if e.kind != fence {
		s.writes++
		e.write = s.writes
	}
	s.queue = append(s.queue, e)
	s.pump()
}

// Clone returns a deep copy that runs on h and belongs to owner.
func (s *Store) Clone(h host.Host, owner Owner) *Store {
	c := *s
	c.h, c.owner = h, owner
	c.queue, c.steps = slices.Clone(s.queue), slices.Clone(s.steps)
	c.known = maps.Clone(s.known)
	c.load = s.load.clone()
	return &c
}

// Digest writes the complete state into d.
func (s *Store) Digest(d *host.Digest) {
	d.Uint(uint64(s.session))
	d.Bool(s.connected)
	d.Bool(s.open)
	d.Int(s.term)
	d.Int(int64(s.version))
	d.Uint(s.round)
	d.Uint(uint64(len(s.queue)))
	for _, e := range s.queue {
		d.Uint(uint64(e.kind))
		d.Str(e.key)
		d.Bytes(e.data)
		e.done.Digest(d)
		d.Int(e.write)
		d.Bool(e.noted)
		d.Bool(e.fresh)
	}
	s.digestSteps(d)
	d.Int(int64(s.flight))
	d.Bool(s.sent)
	d.Bool(s.doubt)
	d.Int(int64(s.looks))
	d.Bool(s.pause)
	d.Int(int64(s.tries))
	d.Uint(uint64(len(s.known)))
	for _, k := range slices.Sorted(maps.Keys(s.known)) {
		d.Str(k)
		d.Bool(s.known[k])
	}
	d.Int(s.writes)
	s.load.digest(d)
	d.Bool(s.settling)
}

func (s *Store) digestSteps(d *host.Digest) {
	d.Uint(uint64(len(s.steps)))
	for _, st := range s.steps {
		d.Uint(uint64(st.do))
		d.Str(st.name)
		d.Str(st.to)
		d.Bytes(st.data)
		d.Bool(st.missing)
	}
	d.Int(int64(s.step))
	d.Int(s.count)
}
