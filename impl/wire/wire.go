// Package wire is the messages between masters, workers, drivers and
// submission clients, one struct each, and the records of the store; and their
// one encoding. Names are Spark's (deploy/DeployMessage.scala) where Spark has
// the message.
//
// Every message of a master carries Term, its reign. Without term fencing
// nobody refuses by it: it is there for the judges.
package wire

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
)

// A WorkerID names a worker process: one incarnation of it where identities
// carry incarnations.
type WorkerID string

// Precedes reports whether a is an earlier incarnation of b: of two IDs that differ
// only in the number behind the last dash, the one with the smaller number.
func (a WorkerID) Precedes(b WorkerID) bool {
	i, j := strings.LastIndexByte(string(a), '-'), strings.LastIndexByte(string(b), '-')
	if i < 0 || j < 0 || a[:i] != b[:j] {
		return false
	}
	m, errA := strconv.ParseUint(string(a[i+1:]), 10, 64)
	n, errB := strconv.ParseUint(string(b[j+1:]), 10, 64)
	return errA == nil && errB == nil && m < n
}

// A DriverID names a driver for ever, across its attempts.
type DriverID string

// A DriverState is a driver's state, with Spark's names.
type DriverState string

// The states of a driver (DriverState.scala). UNKNOWN is not used by Spark.
const (
	Submitted   DriverState = "SUBMITTED"   // waits for a worker
	Running     DriverState = "RUNNING"     // sent to a worker
	Relaunching DriverState = "RELAUNCHING" // its worker is lost; it waits for another
	Finished    DriverState = "FINISHED"    // it exited with 0
	Killed      DriverState = "KILLED"      // it was killed as asked
	Failed      DriverState = "FAILED"      // it exited with another status
	Errored     DriverState = "ERROR"       // it could not run or its worker was lost
)

// Terminal reports whether s is final.
func (s DriverState) Terminal() bool {
	return s == Finished || s == Killed || s == Failed || s == Errored
}

// Over reports whether nothing runs under s any more: it is final, or the
// attempt was ended for another to follow.
func (s DriverState) Over() bool { return s.Terminal() || s == Relaunching }

// Evicted is the reason for which the state of a driver is not known that has
// ended, and whose record was dropped since as one of too many.
const Evicted = "evicted"

// A Desc says what a driver is: what a client submits.
type Desc struct {
	Tag       string        // the job's name, chosen by the client; for people and judges
	Key       string        // idempotency key; empty if keys are off
	Cores     int64         // cores it needs, at least 1
	Memory    int64         // memory it needs, MiB
	Supervise bool          // run again elsewhere when its worker is lost, or here when it fails
	RunFor    time.Duration // how long it runs
	Status    int64         // what it exits with
	Job       Job           // what its application computes; none: it runs for RunFor
	App       AppDesc       // what that asks for; Driver is filled in where it runs
}

// String prints the fields, and those of an application only if it has one.
func (d Desc) String() string {
	s := fmt.Sprintf("Tag:%s Key:%s Cores:%d Memory:%d Supervise:%v RunFor:%v Status:%d",
		d.Tag, d.Key, d.Cores, d.Memory, d.Supervise, d.RunFor, d.Status)
	if d.Job != (Job{}) || d.App != (AppDesc{}) {
		s += fmt.Sprintf(" Job:%+v App:%+v", d.Job, d.App)
	}
	return "{" + s + "}"
}

// A DriverRecord is what the store keeps of a driver.
type DriverRecord struct {
	ID     DriverID
	Desc   Desc
	State  DriverState // kept up to date only with durable driver state
	Worker WorkerID    // where it runs or ran last; likewise
	// Attempt counts its launches, from 1; 0 before the first. Likewise.
	Attempt int64
	// KillAsked: a kill was acknowledged. Likewise.
	KillAsked bool
}

// A WorkerRecord is what the store keeps of a worker.
type WorkerRecord struct {
	ID     WorkerID
	Addr   host.Addr
	Cores  int64
	Memory int64 // MiB
}

// A TermRecord is the data of the term znode.
type TermRecord struct {
	Term     int64
	Owner    host.ProcessID
	Nonce    uint64 // the winner's own, to recognise its write after a connection loss
	Released bool   // the owner stopped gracefully and acts no more
}

// A DriverOnWorker is one attempt of a driver as its worker reports it.
type DriverOnWorker struct {
	ID      DriverID
	Attempt int64
	State   DriverState // Running, or how it ended if that is not acknowledged yet
	Cores   int64
	Memory  int64
}

// Messages of a worker to a master.
type (
	// RegisterWorker asks to be this master's worker. Term is the highest seen.
	RegisterWorker struct {
		Worker WorkerRecord
		Term   int64
	}
	// Heartbeat says that the worker lives. Its answer is ReconnectWorker or,
	// with worker-lease, HeartbeatAck.
	Heartbeat struct {
		Worker WorkerID
		Term   int64
		Beat   int64 // the worker's own number for it; 0: no answer is wanted
	}
	// WorkerSchedulerStateResponse answers MasterChanged with everything the
	// worker runs, and what ended unacknowledged.
	WorkerSchedulerStateResponse struct {
		Worker    WorkerID
		Term      int64
		Drivers   []DriverOnWorker
		Executors []ExecutorOnWorker
		Report    int64
	}
	// WorkerLatestState follows RegisteredWorker, with the same content. Report
	// counts both of them in one incarnation; 0 under Spark, who does not.
	WorkerLatestState struct {
		Worker    WorkerID
		Term      int64
		Drivers   []DriverOnWorker
		Executors []ExecutorOnWorker
		Report    int64
	}
	// DriverStateChanged reports one attempt's state: Running as the ack of a
	// launch (only with launch-ack), or its end; Relaunching if the worker ended
	// it because its lease was over.
	DriverStateChanged struct {
		Worker  WorkerID
		Driver  DriverID
		Attempt int64
		State   DriverState
		Term    int64
	}
)

// Messages of a master to a worker.
type (
	// RegisteredWorker accepts a registration. Duplicate: it was known already.
	RegisteredWorker struct {
		Master    host.Addr
		Term      int64
		Duplicate bool
		Decision  int64 // zxid of the record's write; 0 without
	}
	// RegisterWorkerFailed refuses one for good.
	RegisterWorkerFailed struct {
		Term   int64
		Reason string
	}
	// MasterInStandby answers a worker's registration at a master that does
	// not lead.
	MasterInStandby struct{}
	// MasterChanged says that the sender leads now and asks for the worker's
	// state.
	MasterChanged struct {
		Master host.Addr
		Term   int64
	}
	// ReconnectWorker asks a worker whose heartbeat the master does not expect
	// to register again.
	ReconnectWorker struct {
		Master host.Addr
		Term   int64
	}
	// LaunchDriver starts an attempt. Decision: zxid of the write that decided
	// it, 0 without. Worker: who is meant, with term-in-ids, and Entry the
	// decision by which it was taken in; empty and 0: whoever is there.
	LaunchDriver struct {
		Term     int64
		Driver   DriverID
		Attempt  int64
		Desc     Desc
		Decision int64
		Worker   WorkerID
		Entry    int64
	}
	// KillDriver ends an attempt; attempt 0 is any.
	KillDriver struct {
		Term     int64
		Driver   DriverID
		Attempt  int64
		Decision int64
	}
	// HeartbeatAck answers a heartbeat: until the worker's lease has passed
	// since it was sent, what runs supervised on the worker is started nowhere
	// else.
	HeartbeatAck struct {
		Term int64
		Beat int64
	}
	// DriverStateAck acknowledges a report (only with report-retry-tolerant).
	DriverStateAck struct {
		Term    int64
		Driver  DriverID
		Attempt int64
		State   DriverState
	}
)

// Messages between a submission client and a master. Req is the client's own
// number for the exchange, echoed in the answer.
type (
	// RequestSubmitDriver asks to run a driver.
	RequestSubmitDriver struct {
		Req  int64
		Desc Desc
	}
	// SubmitDriverResponse answers it. NotAlive: ask another master.
	SubmitDriverResponse struct {
		Req      int64
		OK       bool
		NotAlive bool
		Driver   DriverID
		Reason   string
		Term     int64
	}
	// RequestKillDriver asks to end a driver.
	RequestKillDriver struct {
		Req    int64
		Driver DriverID
	}
	// KillDriverResponse answers it. OK: it will end (or has been ended by a
	// kill); not OK: Reason "not found" or "already STATE".
	KillDriverResponse struct {
		Req      int64
		OK       bool
		NotAlive bool
		Reason   string
		Term     int64
	}
	// RequestDriverStatus asks how a driver is.
	RequestDriverStatus struct {
		Req    int64
		Driver DriverID
	}
	// DriverStatusResponse answers it.
	DriverStatusResponse struct {
		Req      int64
		NotAlive bool
		Found    bool
		State    DriverState
		Attempt  int64
		Worker   WorkerID
		Reason   string // an error of the master's; empty if it answered
		Term     int64
	}
)

// Meant names in a launch the worker that it is for, and the decision by which
// that was taken in: one that comes late starts nothing on another incarnation,
// nor behind another entry. Other messages stay as they are.
func Meant(msg host.Message, w WorkerID, entry int64) host.Message {
	switch msg := msg.(type) {
	case LaunchDriver:
		msg.Worker, msg.Entry = w, entry
		return msg
	case LaunchExecutor:
		msg.Worker, msg.Entry = w, entry
		return msg
	}
	return msg
}

// A Newest is the number of the newest report that was taken.
type Newest int64

// Late reports whether a report came behind a newer one, or a second time, and
// takes it if not. One without a number is never late.
func (n *Newest) Late(report int64) bool {
	if report != 0 && report <= int64(*n) {
		return true
	}
	*n = max(*n, Newest(report))
	return false
}
