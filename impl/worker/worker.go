// Package worker is the process that runs drivers on its machine for the
// active master: Spark's deploy/worker/Worker.scala and DriverRunner.scala. It
// registers, sends heartbeats, follows a new master when told, starts drivers
// and reports their ends.
package worker

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/lease"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

// terminated is the exit status of a worker that was asked to end: 128 + 15.
const terminated = 143

// A Config says what a worker is. Durations that are 0 are Spark's defaults.
type Config struct {
	Name    string      // the base of its identity under Spark; empty: its process's name
	Listen  host.Addr   // where masters send their commands
	Masters []host.Addr // where it registers; at least one
	Cores   int64       // cores it offers
	Memory  int64       // memory it offers, MiB
	Policy  policy.Policy
	// IDs is how it is named ([wire.WorkerIDs] is Spark's pattern): after the second of
	// the wall clock, its machine and its port, or with term-in-ids after its
	// machine, its port and its incarnation. Empty: without the port.
	IDs wire.IDPattern

	Heartbeat    time.Duration // between heartbeats; default 15 s (spark.worker.timeout / 4)
	Register     time.Duration // between registration attempts, times a factor of this process; default 10 s
	RegisterSlow time.Duration // the same after RegisterFew attempts; default 60 s
	RegisterFew  int           // default 6 (spark.worker.initialRegistrationRetries)
	RegisterMax  int           // attempts before Spark's worker gives up; default 16 (spark.worker.maxRegistrationRetries)
	Terminate    time.Duration // between TERM and KILL of a driver; default 10 s (spark.worker.driverTerminateTimeout)
	Lease        time.Duration // with worker-lease: supervised drivers run this long without an answered heartbeat; default 180 s
	// TerminateExecutor is that of an executor, which Spark has hard-coded; default Terminate.
	TerminateExecutor time.Duration
	Ask               time.Duration // an ask that takes longer has failed; default Dial (spark.network.timeout)
	StateSync         int           // asks to confirm an executor's state before Spark's worker ends; default 5 (spark.worker.executorStateSync.maxAttempts)
	Relaunch          time.Duration // the unit of pauses: before a report is sent again and a driver started again; default 1 s
	Dial              time.Duration // a dial that takes longer is given up; default 120 s (spark.network.timeout)
}

func (c *Config) setDefaults() {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&c.Heartbeat, 15*time.Second)
	set(&c.Register, 10*time.Second)
	set(&c.RegisterSlow, 60*time.Second)
	set(&c.Terminate, 10*time.Second)
	set(&c.Lease, 180*time.Second)
	set(&c.Relaunch, time.Second)
	set(&c.Dial, 120*time.Second)
	set(&c.TerminateExecutor, c.Terminate)
	set(&c.Ask, c.Dial)
	if c.StateSync == 0 {
		c.StateSync = 5
	}
	if c.RegisterFew == 0 {
		c.RegisterFew = 6
	}
	if c.RegisterMax == 0 {
		c.RegisterMax = 16
	}
}

// A Worker implements [host.Process].
type Worker struct {
	h   host.Host
	cfg Config
	id  wire.WorkerID

	// The master it follows.
	master     host.Addr // "" before the first
	masterTerm int64     // the term in which that master told it to
	seen       int64     // the highest term of any master
	entry      int64     // the decision by which a master last took it in; 0 before the first
	connected  bool      // heartbeats make sense: the connection to the master was not lost since
	registered bool      // as Spark's field: a registration was accepted since the last loss

	// Registration.
	factor   uint64       // drawn once: millionths of the interval beyond half of it
	attempts int          // retries since the last loss
	retry    host.TimerID // the next attempt, 0 if none is scheduled
	beating  bool         // the heartbeat timer runs
	since    int64        // the first lease that the master it follows can have granted

	lease *lease.Lease // to run supervised drivers

	links   []link    // connections it dialled, one a master
	inbound []inbound // connections masters dialled

	runs       []run
	coresUsed  int64
	memoryUsed int64
	known      map[wire.DriverID]ending // the newest attempt it ever had of each driver; only with term-in-ids
	spawned    int64                    // processes started
	resend     host.TimerID             // the next round of unacknowledged reports

	executors      []execution
	past           map[executorID]wire.ExecutorState // how executors ended; only with term-in-ids
	finished       []Executor                        // those that ended last, to be shown
	finishing      map[wire.AppID]int64              // applications that are over, and the term that said so; until they are cleaned
	over           map[wire.AppID]bool               // applications that are over; only with term-in-ids
	sync           syncing
	reqs           int64   // reports on executors
	reports        int64   // of all that is here
	watched        []watch // connections that children dialled
	decommissioned bool    // it takes no more executors
}

// New makes a worker.
func New(c Config) *Worker {
	c.setDefaults()
	w := &Worker{
		cfg: c, known: map[wire.DriverID]ending{}, past: map[executorID]wire.ExecutorState{},
		finishing: map[wire.AppID]int64{}, over: map[wire.AppID]bool{}, sync: syncing{failures: map[executorID]int64{}},
	}
	w.lease = lease.New(w, c.Lease)
	return w
}

// Start implements [host.Process]: it listens and registers with every master.
func (w *Worker) Start(h host.Host) {
	w.h = h
	w.lease.Start(h)
	w.id = w.identity()
	if err := h.Listen(w.cfg.Listen, wire.Codec{}); err != nil {
		h.Note(host.Note{Kind: host.NoteFailed, Value: fmt.Sprintf("listen on %s: %v", w.cfg.Listen, err)})
		h.Exit(1)
		return
	}
	w.factor = h.Draw("registration", 1_000_000)
	w.noteUsage()
	w.register()
}

// identity is the worker's ID. Spark's is worker-TIME-HOST-PORT, which a fast
// restart repeats; with term-in-ids each incarnation has its own.
func (w *Worker) identity() wire.WorkerID {
	name := cmp.Or(w.cfg.Name, string(w.h.Self()))
	second := strconv.FormatInt(int64(w.h.Wall())/int64(time.Second), 10)
	port := string(w.cfg.Listen[strings.LastIndexByte(string(w.cfg.Listen), ':')+1:])
	n, _ := strconv.ParseInt(port, 10, 64)
	switch {
	case w.cfg.IDs != "" && w.cfg.Policy.TermInIDs:
		return wire.WorkerID(w.cfg.IDs.Make([]string{string(w.h.Self()), port}, int64(w.h.Incarnation())))
	case w.cfg.IDs != "":
		return wire.WorkerID(w.cfg.IDs.Make([]string{second, name}, n))
	case w.cfg.Policy.TermInIDs:
		return wire.WorkerID(fmt.Sprintf("worker-%s-%d", w.h.Self(), w.h.Incarnation()))
	}
	return wire.WorkerID("worker-" + second + "-" + name)
}

// Received implements [host.Process].
func (w *Worker) Received(c host.ConnID, m host.Message) {
	if w.outOfDate(c, m) {
		return
	}
	w.answered(c)
	switch m := m.(type) {
	case wire.RegisteredWorker:
		w.registeredWorker(c, m)
	case wire.MasterChanged:
		w.masterChanged(c, m)
	case wire.ReconnectWorker:
		w.reconnect(c, m)
	case wire.RegisterWorkerFailed:
		w.registrationRefused(c, m)
	case wire.LaunchDriver:
		w.launch(c, m)
	case wire.KillDriver:
		w.kill(c, m)
	case wire.HeartbeatAck:
		w.granted(c, m)
	case wire.DriverStateAck:
		w.acknowledged(c, m)
	case wire.MasterInStandby:
		w.inStandby(c)
	case wire.WatchWorker:
		w.watches(c, m)
	default:
		w.executorCommand(c, m)
	}
}

// executorCommand takes what masters say of executors.
func (w *Worker) executorCommand(c host.ConnID, m host.Message) {
	switch m := m.(type) {
	case wire.LaunchExecutor:
		w.launchExecutor(c, m)
	case wire.KillExecutor:
		w.killExecutor(c, m)
	case wire.ExecutorStateAck:
		w.stateAcknowledged(c, m)
	case wire.ApplicationFinished:
		w.appFinished(c, m)
	case wire.DecommissionWorker:
		w.decommissionAsked(c, m)
	}
}

// Signalled implements [host.Process]. Its drivers and executors die with it.
func (w *Worker) Signalled(s host.Signal) {
	switch s {
	case host.Terminate:
		w.h.Exit(terminated)
	case host.Decommission:
		w.decommission()
	}
}

// admit takes note of the term that a master's message carries, and reports
// whether the message may be obeyed: without term fencing always.
func (w *Worker) admit(c host.ConnID, term int64) bool {
	for i := range w.inbound {
		if w.inbound[i].conn == c {
			w.inbound[i].term = term
		}
	}
	if w.cfg.Policy.TermFencing && term < w.seen {
		return false
	}
	w.seen = max(w.seen, term)
	return true
}

// noteCommand says that a command was obeyed or refused.
func (w *Worker) noteCommand(obeyed bool, what, value string, term, attempt, decision int64) {
	kind := host.NoteRefused
	if obeyed {
		kind = host.NoteObeyed
	}
	w.h.Note(host.Note{Kind: kind, Subject: what, Value: value, Term: term, N: attempt, Zxid: decision})
}

func (w *Worker) noteUsage() {
	w.h.Note(host.Note{
		Kind: host.NoteUsage, Subject: string(w.id),
		N: w.coresUsed, M: w.cfg.Cores, P: w.memoryUsed, Q: w.cfg.Memory,
	})
}
