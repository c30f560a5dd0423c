// Package apps is a master's table of applications and their executors: their
// registration, the launching of executors on workers, the reports on them, and
// their end. It is a part of the master's process, as its latch and its store
// are. Names and steps are Spark's (deploy/master/Master.scala); where a safeguard
// of policy changes them, both ways stand side by side.
package apps

import (
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/mailbox"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/schedule"
	"github.com/simctl/simctl/impl/wire"
)

// A Phase is how far a master's reign is.
type Phase uint8

// The phases of a reign.
const (
	Idle       Phase = iota // it does not lead, or has not read its store
	Recovering              // it knows its store, and may not act yet
	Acting
	Holding // it leads and may not act
)

// An Owner is the master that a table belongs to.
type Owner interface {
	host.Process
	// Phase is how far its reign is.
	Phase() Phase
	// Reign is the term and the transaction that began it, 0 without.
	Reign() (term, zxid int64)
	// Usable lists the workers on which executors may start and what they have
	// left, by their IDs.
	Usable() []schedule.Worker
	// Place is where a worker that is not lost listens.
	Place(id wire.WorkerID) (addr host.Addr, ok bool)
	// Everyone lists the workers that are not lost, by their IDs.
	Everyone() []wire.WorkerID
	// Use counts cores and memory in MiB as used at a worker, or no more.
	Use(id wire.WorkerID, cores, memory int64)
	// Say says o now, or when the master acts again.
	Say(o Output)
	// Confirm runs c once the reign is known to have lasted until now.
	Confirm(c host.Call)
	// Post runs c behind everything that waits in the mailbox.
	Post(c host.Call)
	// Then puts steps before the rest of the running handler.
	Then(steps ...host.Call)
	// Fail ends the running handler.
	Fail(err error)
	// Settle goes on with what a blocking store held up.
	Settle()
	// Schedule places drivers, then executors.
	Schedule()
	// MayComplete completes recovery if nobody else is waited for.
	MayComplete()
}

// An Output is something the table says: to a worker, to an application over
// the connection dialled to it, or on a connection.
type Output struct {
	Conn   host.ConnID
	Worker wire.WorkerID // instead of Conn
	App    wire.AppID    // likewise
	Msg    host.Message
	Note   host.Note // told when it is said; kind 0 for none
}

// Digest writes every field into d.
func (o Output) Digest(d *host.Digest) {
	d.Conn(o.Conn)
	d.Str(string(o.Worker))
	d.Str(string(o.App))
	mailbox.DigestMessage(d, o.Msg)
	o.Note.Digest(d)
}

// Config is what a table is told when it is made.
type Config struct {
	Addr     host.Addr // the master's
	Policy   policy.Policy
	Schedule schedule.Settings
	Silence  time.Duration // an application that is silent for so long is lost; only with connection-incarnation
	Again    time.Duration // pause before something unanswered is sent again
	// Retries is after how many failures of executors, one after another, an
	// application without a running one is given up; negative: never. The
	// default, for 0, is Spark's 10 (spark.deploy.maxExecutorRetries).
	Retries int64
	// Retained is how many ended applications are remembered
	// (spark.deploy.retainedApplications).
	Retained int
	// IDs is how applications are named, after the term or the second of the wall
	// clock, and their number; default [wire.AppIDs].
	IDs wire.IDPattern
}

// idsOfTerm is how many IDs of executors a term has for each application, where
// identities carry the term.
const idsOfTerm = 100_000

// An Apps is one master's table.
type Apps struct {
	h     host.Host
	owner Owner
	store *persist.Store
	cfg   Config
	pol   policy.Policy

	apps   map[wire.AppID]*app
	order  []wire.AppID // those that have not ended, as they registered
	ended  []wire.AppID // in the order of their end
	addrs  map[host.Addr]wire.AppID
	keys   map[string]wire.AppID
	conns  map[host.ConnID]wire.AppID // connections known to be an application's
	strays []stray
	kills  []killing
	issued int64 // IDs given in this reign, or by this process
}

// app is what a master knows of an application.
type app struct {
	rec     wire.AppRecord // as decided
	told    wire.AppRecord // as committed
	pending []decision
	zxid    int64 // of told, 0 if unknown
	asked   bool  // Spark's UNKNOWN: read from the store, not heard of yet
	over    bool  // it ended, and counts among the ended
	why     string
	until   host.Wall // when it ended; to be shown
	first   int64     // executors of earlier reigns have IDs below this; 0 if there was none
	granted int64     // cores
	execs   []executor
	conn    host.ConnID // the newest on which it spoke; 0 if that is closed
	out     host.ConnID // the one dialled to it
	up      bool        // out is connected
	outbox  []host.Message
	news    []host.Message // losses that it must hear of, in this reign; only with connection-incarnation
	missed  int            // signs of life that did not come
	timer   host.TimerID   // of the next
	again   host.TimerID   // of asking it again in recovery
	falls   int64          // executors that failed since it rested last; only with durable-targets-and-marks
	rest    host.TimerID   // until it is over no executor is launched
}

// decision is a record on its way to be committed, and who waits for it.
type decision struct {
	Rec  wire.AppRecord
	What wait
	Conn host.ConnID
	Req  int64
}

// wait says what a committed decision is answered with.
type wait uint8

const (
	nothing wait = iota
	registration
	unregistration
	targets
)

// executor is one executor of an application.
type executor struct {
	ID        int64
	Worker    wire.WorkerID
	Cores     int64
	Memory    int64
	State     wire.ExecutorState
	Sent      bool // its launch is committed and was sent
	Confirmed bool // its worker reported it
	Gone      bool // it is decommissioned: no more the application's, still the worker's
	Timer     host.TimerID
}

// stray is an executor that was told to end and holds its cores until it has.
type stray struct {
	App    wire.AppID
	ID     int64
	Worker wire.WorkerID
	Cores  int64 // counted as used; 0 if its size is not known
	Memory int64
	Timer  host.TimerID
}

// killing is an application that waits until executors have ended.
type killing struct {
	Conn host.ConnID
	Req  int64
	App  wire.AppID
	IDs  []int64
}

// An ExecutorID names an executor, in timers and continuations.
type ExecutorID struct {
	App wire.AppID
	ID  int64
}

// New makes an empty table. It has the store of its owner.
func New(h host.Host, owner Owner, store *persist.Store, cfg Config) *Apps {
	if cfg.Retries == 0 {
		cfg.Retries = 10
	}
	if cfg.Retained == 0 {
		cfg.Retained = 200
	}
	if cfg.IDs == "" {
		cfg.IDs = wire.AppIDs
	}
	a := &Apps{h: h, owner: owner, store: store, cfg: cfg, pol: cfg.Policy}
	a.clear()
	return a
}

func (a *Apps) clear() {
	a.apps, a.addrs, a.keys = map[wire.AppID]*app{}, map[host.Addr]wire.AppID{}, map[string]wire.AppID{}
	a.conns = map[host.ConnID]wire.AppID{}
	a.order, a.ended, a.strays, a.kills = nil, nil, nil, nil
}

// Begin begins a reign.
func (a *Apps) Begin() {
	if a.pol.TermInIDs {
		a.issued = 0
	}
}

// Forget drops everything that a reign knew.
func (a *Apps) Forget() {
	for _, id := range slices.Concat(a.order, a.ended) {
		p := a.apps[id]
		a.disarm(p)
		for i := range p.execs {
			a.h.StopTimer(p.execs[i].Timer)
		}
		if p.out != 0 {
			a.h.Close(p.out)
		}
	}
	for i := range a.strays {
		a.h.StopTimer(a.strays[i].Timer)
	}
	a.clear()
}

func (a *Apps) disarm(p *app) {
	a.h.StopTimer(p.timer)
	a.h.StopTimer(p.again)
	a.h.StopTimer(p.rest)
	p.timer, p.again, p.rest = 0, 0, 0
}

func (a *Apps) term() int64 {
	term, _ := a.owner.Reign()
	return term
}

// Receive takes a message that concerns applications. It reports whether msg
// is one.
func (a *Apps) Receive(c host.ConnID, msg host.Message) bool {
	switch msg := msg.(type) {
	case wire.RegisterApplication:
		a.register(c, msg.Desc)
	case wire.UnregisterApplication:
		a.unregister(c, msg.App)
	case wire.MasterChangeAcknowledged:
		a.acknowledged(c, msg.App)
	case wire.RequestExecutors:
		a.requestExecutors(c, msg)
	case wire.KillExecutors:
		a.killExecutors(c, msg)
	case wire.ExecutorStateChanged:
		a.stateChanged(c, msg)
	default:
		return false
	}
	return true
}
