// Package settings is what processes are told when they start.
package settings

import (
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/persist"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/schedule"
	"github.com/simctl/simctl/impl/wire"
)

// A Master is what a master is told when it starts. A zero duration or count
// means its default, which is Spark's where Spark has one.
type Master struct {
	Addr   host.Addr   // where it listens; workers and clients know it by this
	ZK     []host.Addr // the coordination service's servers
	Dir    string      // its directory there; default "/spark"
	Policy policy.Policy
	// RecoveryMode is where it keeps records; default ZOOKEEPER. With another
	// mode it needs no service, and leads as soon as it has started.
	RecoveryMode persist.Mode
	// RecoveryDirectory is the directory of FILESYSTEM on the process's disk;
	// default "recovery".
	RecoveryDirectory string
	// RecordFormat is the form of the records that this release writes; see
	// persist.Config.
	RecordFormat byte
	// Curator is the version of the library, "" for the latch of 5.9, and
	// CuratorLag how far its threads may be apart; see election.Config.
	Curator    string
	CuratorLag time.Duration

	Session       time.Duration // session timeout asked for; default 60 s
	Lease         time.Duration // Alive this long after the last committed write was sent; default Session/2
	Recovery      time.Duration // patience with workers at recovery; default 60 s
	WorkerTimeout time.Duration // a silent worker is lost after this; default 60 s
	StoreRetry    time.Duration // first pause of the blocking store's retries; default 5 s
	// WorkerLease, with worker-lease: a worker runs supervised drivers this long
	// after the heartbeat that was answered last; default 3 WorkerTimeout.
	WorkerLease time.Duration
	Terminate   time.Duration // a worker's patience with a driver that is to end; default 10 s
	Relaunch    time.Duration // pause before something unanswered is sent again; default 5 s
	Drift       int64         // bound on the drift of clocks, parts per million; default 200
	// RetainedDrivers is how many ended drivers are remembered; default 200.
	RetainedDrivers int
	// RetainedApps is how many ended applications are remembered; default 200.
	RetainedApps int
	// ExecutorRetries is after how many failures of executors, one after
	// another, an application without a running one is given up; negative:
	// never; default 10 (spark.deploy.maxExecutorRetries).
	ExecutorRetries int64
	// DeadPersistence is for how many worker timeouts more Spark remembers a
	// lost worker; default 15, negative for none.
	DeadPersistence int
	Schedule        schedule.Settings
	// DriverIDs is how drivers are named, after the term or the second of the
	// wall clock, and their number; default [wire.DriverIDs]. With term-in-ids it
	// must pass [wire.IDPattern.CheckUnique].
	DriverIDs wire.IDPattern
	AppIDs    wire.IDPattern // the same for applications; default [wire.AppIDs]
}

// WithDefaults returns c with the defaults for what it does not say.
func (c Master) WithDefaults() Master {
	d := func(v *time.Duration, def time.Duration) {
		if *v == 0 {
			*v = def
		}
	}
	if c.Dir == "" {
		c.Dir = "/spark"
	}
	if c.RecoveryMode == "" {
		c.RecoveryMode = persist.ZooKeeper
	}
	if c.RecoveryDirectory == "" {
		c.RecoveryDirectory = "recovery"
	}
	d(&c.Session, 60*time.Second)
	d(&c.Lease, c.Session/2)
	d(&c.Recovery, 60*time.Second)
	d(&c.WorkerTimeout, 60*time.Second)
	d(&c.WorkerLease, 3*c.WorkerTimeout)
	d(&c.Terminate, 10*time.Second)
	d(&c.StoreRetry, 5*time.Second)
	d(&c.Relaunch, 5*time.Second)
	if c.Drift == 0 {
		c.Drift = 200
	}
	if c.RetainedDrivers == 0 {
		c.RetainedDrivers = 200
	}
	if c.DeadPersistence == 0 {
		c.DeadPersistence = 15
	}
	c.DeadPersistence = max(0, c.DeadPersistence)
	if c.DriverIDs == "" {
		c.DriverIDs = wire.DriverIDs
	}
	if c.AppIDs == "" {
		c.AppIDs = wire.AppIDs
	}
	return c
}
