// Package scenarios is what we try: a scenario is a text that prints and
// parses, saying which machines there are, what clients do, and what goes
// wrong when. It holds no code that acts: sim/cluster and impl/live/lab are
// two interpreters of it. It knows nothing of what it describes.
package scenarios

import (
	"time"

	"github.com/simctl/simctl/scenarios/anchor"
	"github.com/simctl/simctl/scenarios/timers"
)

// A Scenario is a family of runs; a seed picks one of it. Every [Range] in it
// is drawn uniformly by the seed.
type Scenario struct {
	Name string // a path, broad to narrow: "failover/kill"
	Doc  string // one sentence: what must be seen
	// Source is where it comes from: places in the code of the system that is
	// studied, tickets.
	Source string
	// Seed is the one that shows what the scenario is about. A sweep that is
	// given no seeds runs it once, from this one. 0: it has none.
	Seed uint64

	Masters, Workers, Clients, Servers int
	WorkerCores                        int64 // cores of each worker; at least 1
	WorkerMemory                       int64 // MiB of each worker; at least 1

	Timers TimersName // "fast" or "spark"
	// Conf are settings by the names of Spark's configuration, as "key=value";
	// they change timers, and how masters, workers and clients behave.
	Conf   []string
	Safety time.Duration // length of the safety phase, faults on
	// Restart is how long a supervisor waits before it starts a master or
	// worker again that exited or was killed; 0 means never, unless a fault
	// says so itself (for=...).
	Restart Range
	// Curator is the version of the library whose client masters have, which
	// takes a session for expired when its timeout has passed without a
	// connection, and whose latch Spark's masters have: "2.13", "5.6" or "5.7",
	// each with its defects. "": no such estimate, the latch of 5.9.
	Curator string
	// CuratorLag is how far the two threads of version 2.13 may be behind each
	// other; each time drawn anew.
	CuratorLag time.Duration
	// KeepAll: every machine lives on behind the healing. Else half of the runs
	// keep but some of them.
	KeepAll bool

	Work   Work
	Ops    []Op    // explicit operations, besides what Work draws
	Faults []Fault // rules; a rule with ranges or roles is drawn by the seed
	Delay  Delay   // of messages between machines
	Drift  int64   // each machine's clock rate is drawn from ±Drift parts per million
	Order  Order   // of what arrives at nearly the same time

	Recovery Recovery   // where the masters keep records
	Given    []Given    // what some processes are told otherwise than the others
	Apart    [][]string // groups of servers that are services of their own; none: all are one

	Ensemble Ensemble // how the ZooKeeper servers are configured
	Special  []Server // the servers about which something is special
	Probes   []Probe  // processes that use ZooKeeper directly
	ZOps     []ZOp    // what they do
	Recipes  []Recipe
	Loads    []Load

	ShowVotes bool     // the story of a run tells its elections vote by vote
	Sees      []See    // what each run must show
	Must      []string // reachability: each run must see it
	Sometimes []string // some run of a sweep of at least 20 seeds must
	Require   []string // optional properties that must hold here
	// Expect is the one property that every run must violate, or several, as
	// "A or B", of which each run must violate some, and none else. "": none.
	Expect string
	// ExpectUnder is the preset of switches under which that is so; runs of
	// other policies violate nothing. "": under all of them.
	ExpectUnder string
}

// Work is the drawn part of what clients do. Each client submits Jobs jobs
// spread over the safety phase, asks their status until they end, and kills
// some.
type Work struct {
	Jobs       int   // jobs of each client; 0 for none
	Cores      int64 // each asks for 1..Cores cores
	Memory     int64 // MiB each asks for
	RunFor     Range // how long a job runs
	Kill       int   // per cent of jobs that the client kills
	Supervised int   // per cent that are supervised
	Fail       int   // per cent that exit with a status other than 0
	Status     Range // time between status requests about one job
	App        Application
}

// An OpKind is what a client does in an explicit operation.
type OpKind string

// The explicit operations.
const (
	Submit OpKind = "submit"
	Kill   OpKind = "kill"
	Status OpKind = "status"
)

// An Op is one explicit operation: `op at=3s c1 submit a cores=2 for=5s`.
type Op struct {
	At     Range
	Client string // "c1"
	Kind   OpKind
	Tag    string // the job's name; Kill and Status name it too
	Cores  int64  // Submit: 0 means 1
	Memory int64  // Submit: MiB; 0 means what Work asks for, and at least 1
	RunFor Range  // Submit
	// Poll, of a Submit, is the time between status requests about the job; 0
	// draws it from Work, at least a second.
	Poll      time.Duration
	Supervise bool  // Submit
	Exit      int64 // Submit: exit status of the job
	App       Application
}

// A Class is a kind of fault.
type Class string

// The classes. Each acts on Targets from At for For and is then undone, as its
// line says; For 0 means until the healing.
const (
	Stop      Class = "stop"           // processes end gracefully (SIGTERM); started again after For
	KillOff   Class = "kill"           // processes die (SIGKILL): connections reset at once; started again after For
	HostLoss  Class = "host-loss"      // machines vanish silently; they and their processes start again after For
	Pause     Class = "pause"          // processes stand still (SIGSTOP); resumed after For
	Partition Class = "partition"      // Groups cannot reach each other, silently; healed after For
	OneWay    Class = "one-way"        // nothing sent from Groups[0] arrives at Groups[1]; healed after For
	Stall     Class = "stall"          // connections standing between the two groups carry nothing; they go on after For
	ResetConn Class = "reset"          // connections between the two groups are reset once; the second hears of it Extra later
	Slow      Class = "slow"           // messages between the groups take Extra longer; until For has passed
	Expire    Class = "expire"         // the service ends the sessions of Targets before they know
	Leader    Class = "zk-leader-loss" // the service's leader dies: every session's connection breaks, no service until a new one leads
	ClockJump Class = "clock-jump"     // the wall clocks of Targets jump by Extra

	Renumber Class = "renumber" // every configuration says that the server has number ID, as does its myid; read at the next start
	MyID     Class = "myid"     // the server's own myid says ID, whatever configurations say; read at the next start
	Backup   Class = "backup"   // the files of the servers are copied
	Restore  Class = "restore"  // what was copied replaces the files of the servers, which must be down; nothing copied: they are gone
	Tear     Class = "tear"     // the last record of the servers' logs is cut in two; they must be down

	Decommission Class = "decommission" // workers take no more work (SIGPWR); not undone

	Drop      Class = "drop"         // the next N messages What from Groups[0] to Groups[1] are lost
	Duplicate Class = "duplicate"    // the next N messages What from Groups[0] to Groups[1] arrive twice, the second time Extra later
	DeleteZ   Class = "delete-znode" // a third party deletes the znode What of the masters Targets
	LostReply Class = "lost-reply"   // the next N operations What of Targets happen, and their connection is lost before the answer
	SlowOp    Class = "slow-op"      // operations What of Targets take Extra longer
	Lossy     Class = "lossy"        // N of a thousand packets between the groups are lost, and sent again by TCP ever later
	Drain     Class = "drain"        // connections between the groups carry one message every Extra

	DiskFull Class = "disk-full" // nothing can be appended to files of Targets, and none created
	SlowDisk Class = "slow-disk" // each call of the disk of Targets takes Extra longer

	CutOff Class = "session-cut" // the session What of Targets is cut off from the servers, silently, and no other
)

// A Fault is one thing that goes wrong. It prints as
//
//	at=12.4s for=8s partition m1 | w1 w2 z1 z2 z3
//	at=10s..20s for=1s..8s kill active p=80%
//
// A target is a machine ("m1"), a set ("masters", "workers", "clients",
// "servers", "probes", "everyone", "rest") or a role that is looked up when the
// fault begins: "active", "standby", "any-master", "any-worker", "any-server",
// "busy-worker", "zk-leader", "zk-follower", "any-probe", "driver-worker"; "any-driver" and "any-executor" are processes of
// applications, as is "w1/driver-1#1". A fault whose ranges are single values and whose targets are
// machines is concrete: it is what a schedule holds.
type Fault struct {
	At, For Range
	Class   Class
	Groups  [][]string    // one group for faults of processes, two or more for those of links
	Extra   time.Duration // see the classes
	ID      int           // of renumber and myid: the number
	// What is the kind of message of a drop and a duplicate, "any" for all;
	// the znode of a delete-znode: "latch" or "term"; the operation of a
	// lost-reply or a slow-op: "create", "delete", "set", "multi", "write" for
	// each of these, "read" for what is none; the session of a session-cut:
	// "latch", "store" or "all".
	What string
	N    int // of a drop, a duplicate, a lost-reply: how many; 0 means 1
	P    int // per cent of runs that have it; 0 and 100 mean all
	// Outputs: a stop, kill, host-loss or pause strikes between two outputs of
	// its target, within one step: after this many messages, store operations
	// or changes of files. -1 means anywhere, drawn; 0 strikes between two steps.
	Outputs int
	On      anchor.Event // from At on it waits for this; zero: it does not wait
}

// Delay says how long messages between two machines take: uniform in
// [Min, Max], but Tail per million take up to TailMax.
type Delay struct {
	Min, Max time.Duration
	Tail     int64 // per million
	TailMax  time.Duration
}

// TimersName names a set of timers.
type TimersName = timers.Name

// Timers are the durations of the protocol. The same for every policy.
type Timers = timers.Timers

// Names of timers.
const (
	Fast  = timers.Fast  // everything about ten times faster than Spark, in proportion
	Spark = timers.Spark // the defaults of Spark 4 over ZooKeeper with its sample configuration
)

// TimersFor returns the timers of that name, and zero Timers for another one.
func TimersFor(name TimersName) Timers { return timers.For(name) }
