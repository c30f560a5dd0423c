package wire

import (
	"time"

	"github.com/simctl/simctl/impl/host"
)

// An AppID names an application for ever.
type AppID string

// An AppState is an application's state, with Spark's names.
type AppState string

// The states of an application (ApplicationState.scala).
const (
	AppWaiting  AppState = "WAITING" // no executor was given to it yet
	AppRunning  AppState = "RUNNING"
	AppFinished AppState = "FINISHED"
	AppFailed   AppState = "FAILED"
	AppKilled   AppState = "KILLED"
	AppUnknown  AppState = "UNKNOWN" // read from the store, and not heard of since
)

// Terminal reports whether s is final.
func (s AppState) Terminal() bool { return s == AppFinished || s == AppFailed || s == AppKilled }

// An ExecutorState is an executor's state, with Spark's names.
type ExecutorState string

// The states of an executor (ExecutorState.scala).
const (
	ExecutorLaunching      ExecutorState = "LAUNCHING"
	ExecutorRunning        ExecutorState = "RUNNING"
	ExecutorKilled         ExecutorState = "KILLED"
	ExecutorFailed         ExecutorState = "FAILED"
	ExecutorLost           ExecutorState = "LOST"   // with its worker
	ExecutorExited         ExecutorState = "EXITED" // by itself, with any status
	ExecutorDecommissioned ExecutorState = "DECOMMISSIONED"
)

// Finished reports whether s is final. A decommissioned executor still runs.
func (s ExecutorState) Finished() bool {
	return s == ExecutorKilled || s == ExecutorFailed || s == ExecutorLost || s == ExecutorExited
}

// A Job is what an application computes. The zero Job is none: its driver only
// runs for a while.
type Job struct {
	Kind   JobKind
	Stages int64         // one after another; at least 1
	Tasks  int64         // of each stage; at least 1
	Task   time.Duration // how long an executor's core works on a task
	Amount int64         // of a ledger job: what it adds to the account
	Ledger host.Addr     // of a ledger job: where the account is
	// Request is how many executors it asks for, RequestAfter behind its first
	// registration; 0: it leaves it at its Limit; -1: as many as it gets.
	Request      int64         `json:",omitempty" cbor:"Request"`
	RequestAfter time.Duration `json:",omitempty" cbor:"RequestAfter,omitempty"`
	// Kill is how many executors it ends, the oldest first, KillAfter behind its
	// first registration; KillAfter 0: once its first stage is complete.
	Kill      int64         `json:",omitempty" cbor:"Kill"`
	KillAfter time.Duration `json:",omitempty" cbor:"KillAfter,omitempty"`
}

// A JobKind is a program that applications run.
type JobKind string

// The kinds of jobs.
const (
	// NoJob runs for a while.
	NoJob JobKind = ""
	// Pi computes pi: each task counts in how many of its points of a fixed
	// lattice a quarter of a circle has, so that the sum is known beforehand.
	Pi JobKind = "pi"
	// Ledger adds an amount to an account under a key of its own, so that doing
	// it again changes nothing.
	Ledger JobKind = "ledger"
	// LedgerPlain adds an amount to an account each time it is run.
	LedgerPlain JobKind = "ledger-plain"
)

// An AppDesc says what an application asks of a cluster, as Spark's
// ApplicationDescription. The zero AppDesc is none.
type AppDesc struct {
	Tag      string    // its name, chosen by whoever submits it
	Key      string    // idempotency key of its registration; empty if keys are off
	Driver   host.Addr // where its executors register
	MaxCores int64     // spark.cores.max; 0: the master's default
	Cores    int64     // of each executor; 0: one executor takes all that it is given on its worker
	Memory   int64     // of each executor, MiB
	Limit    int64     // how many executors it wants; -1: as many as it gets
}

// An AppRecord is what the store keeps of an application.
type AppRecord struct {
	ID   AppID
	Desc AppDesc
	// State is kept up to date only with durable driver state, and so are the
	// next three only with durable-targets-and-marks.
	State    AppState
	Target   int64 // how many executors it asked for last; -1: no limit
	Next     int64 // no executor has an ID from this on
	Failures int64 // executors that failed, one after another
	Start    int64 // when it registered, by its master's wall clock: nanoseconds since 1970; to be shown
}

// A RetiredWorker is what the store keeps of a worker that takes no more work,
// in place of its [WorkerRecord]. Only with durable-targets-and-marks.
type RetiredWorker struct{ Worker WorkerRecord }

// An ExecutorOnWorker is an executor as its worker reports it.
type ExecutorOnWorker struct {
	App    AppID
	ID     int64
	State  ExecutorState
	Cores  int64
	Memory int64 // MiB
}

// Messages of a worker to a master about executors.
type (
	// ExecutorStateChanged reports an executor's state: an ask in Spark since
	// 3.2.0, so it has an answer and is sent again.
	ExecutorStateChanged struct {
		Req    int64 // the worker's own number for it
		Worker WorkerID
		App    AppID
		ID     int64
		State  ExecutorState
		Status int64 // it exited with
		Reason string
		Term   int64
	}
	// WorkerDecommissioning says that the worker takes no more work.
	WorkerDecommissioning struct {
		Worker WorkerID
		Term   int64
	}
)

// Messages of a master to a worker about executors.
type (
	// ExecutorStateAck answers ExecutorStateChanged; not OK: the master's
	// handler failed.
	ExecutorStateAck struct {
		Req  int64
		OK   bool
		Term int64
	}
	// LaunchExecutor starts an executor. Without term fencing a worker takes it
	// only from the master that it follows (Worker.scala). Worker and Entry as in LaunchDriver.
	LaunchExecutor struct {
		Master   host.Addr
		Term     int64
		App      AppID
		ID       int64
		Desc     AppDesc
		Cores    int64
		Memory   int64 // MiB
		Decision int64
		Worker   WorkerID
		Entry    int64
	}
	// KillExecutor ends one; likewise.
	KillExecutor struct {
		Master   host.Addr
		Term     int64
		App      AppID
		ID       int64
		Decision int64
	}
	// ApplicationFinished lets a worker remove what it keeps for an
	// application, once no executor of it is left.
	ApplicationFinished struct {
		Term     int64
		App      AppID
		Decision int64
	}
	// DecommissionWorker asks a worker to take no more work.
	DecommissionWorker struct{ Term int64 }
)

// Messages between an application, which is its driver's process, and a
// master. [MasterChanged] goes to applications too.
type (
	// RegisterApplication asks for executors. It goes to all masters.
	RegisterApplication struct {
		Desc AppDesc
		Term int64 // the highest seen
	}
	// RegisteredApplication accepts it.
	RegisteredApplication struct {
		App      AppID
		Master   host.Addr
		Term     int64
		Decision int64
	}
	// UnregisterApplication says that the application is over.
	UnregisterApplication struct {
		App  AppID
		Term int64
	}
	// UnregisteredApplication confirms it (only with idempotency keys).
	UnregisteredApplication struct {
		App  AppID
		Term int64
	}
	// MasterChangeAcknowledged answers MasterChanged.
	MasterChangeAcknowledged struct {
		App  AppID
		Term int64
	}
	// ExecutorAdded tells an application of an executor that was launched.
	ExecutorAdded struct {
		App    AppID
		ID     int64
		Worker WorkerID
		Addr   host.Addr // the worker's
		Cores  int64
		Memory int64 // MiB
		Term   int64
	}
	// ExecutorUpdated tells it of an executor's new state.
	ExecutorUpdated struct {
		App    AppID
		ID     int64
		State  ExecutorState
		Status int64
		Reason string
		Term   int64
	}
	// WorkerRemoved tells it that a worker is lost, and with it what it kept.
	WorkerRemoved struct {
		App    AppID
		Worker WorkerID
		Term   int64
	}
	// ApplicationRemoved tells it that the master has ended it.
	ApplicationRemoved struct {
		App    AppID
		State  AppState
		Reason string
		Term   int64
	}
	// RequestExecutors sets how many executors an application wants.
	RequestExecutors struct {
		Req   int64
		App   AppID
		Total int64 // -1: as many as it gets
		Term  int64
	}
	// KillExecutors ends executors of an application.
	KillExecutors struct {
		Req  int64
		App  AppID
		IDs  []int64
		Term int64
	}
	// ExecutorsResponse answers both; not OK: the application is unknown.
	ExecutorsResponse struct {
		Req  int64
		OK   bool
		Term int64
	}
)

// Messages between an application's driver and its executors
// (CoarseGrainedClusterMessage.scala), and between the processes on a machine.
type (
	// RegisterExecutor makes an executor known to its driver.
	RegisterExecutor struct {
		App    AppID
		ID     int64
		Worker WorkerID
		Cores  int64
	}
	// RegisteredExecutor accepts it. Not OK: the driver has one of that ID, or
	// is not that application; the executor exits.
	RegisteredExecutor struct {
		OK     bool
		Reason string
	}
	// LaunchTask gives an executor a task.
	LaunchTask struct {
		Stage   int64
		Task    int64
		Attempt int64
		Job     Job
	}
	// StatusUpdate says how a task ended.
	StatusUpdate struct {
		ID      int64 // the executor's
		Stage   int64
		Task    int64
		Attempt int64
		OK      bool
		Result  int64
	}
	// ExecutorHeartbeat says that an executor lives. The driver answers it, so
	// that an executor whose driver's machine is lost notices.
	ExecutorHeartbeat struct{ ID int64 }
	// ExecutorHeartbeatResponse answers it.
	ExecutorHeartbeatResponse struct{}
	// StopExecutor ends an executor.
	StopExecutor struct{}
	// WatchWorker is what an executor or driver says to its worker: it ends
	// itself when the connection does (WorkerWatcher.scala).
	WatchWorker struct{ Process host.ProcessID }
	// DriverLease is what a worker says to a supervised driver on its machine: until
	// when it may run, on the monotonic clock that both have.
	DriverLease struct{ Until host.Mono }
	// Deposit adds an amount to an account, once for each key that is not
	// empty.
	Deposit struct {
		Req     int64
		Account string
		Key     string
		Amount  int64
		Driver  DriverID // whose effect it is, "" in client mode
		Attempt int64
	}
	// DepositResponse answers it.
	DepositResponse struct {
		Req     int64
		Balance int64
		Again   bool // the key was known: nothing changed
	}
)
