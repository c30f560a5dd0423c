// Package trace is what happened in a run, whoever ran it: a simulation, an
// exploration or a live cluster. It has two views. A [Step] is one kernel
// event, with everything needed to compare two runs. An [Event] is something
// that a judge cares about: a master became Alive, a write was committed, a
// command was obeyed. Judges read events only, so they judge live runs too.
package trace

// A Step is one kernel event as it was carried out.
type Step struct {
	N      uint64 `json:"n"`                // from 1
	At     int64  `json:"at"`               // virtual nanoseconds since the run began
	Actor  string `json:"actor"`            // who was called: "m1", "z2", "fault", "world"
	Inc    uint32 `json:"inc,omitempty"`    // the actor's incarnation
	Kind   string `json:"kind"`             // "timer", "message", "connected", ...
	What   string `json:"what"`             // method or message name
	Detail string `json:"detail,omitempty"` // the argument or message, for people
	Sum    uint64 `json:"sum"`              // digest of the payload
	Cause  uint64 `json:"cause,omitempty"`  // the step that made this one pending, or sent what was held until then; 0 for the outside
	Via    uint64 `json:"via,omitempty"`    // the step that let what was held go on, if it was held
	Forced string `json:"forced,omitempty"` // what an override did to it: "lost", "2s late"
}

// A Kind says what an [Event] tells.
type Kind string

// What happens in the world. Process is who it happens to, if anyone.
const (
	Started        Kind = "started"         // a process started; N: incarnation; Value: its kind ("master", "worker", "client", "driver")
	Exited         Kind = "exited"          // it ended by itself; N: status
	KilledOff      Kind = "killed"          // it was killed: its connections are reset at once
	HostLost       Kind = "host-lost"       // its machine is gone: silence
	Paused         Kind = "paused"          // it does not run (SIGSTOP)
	Resumed        Kind = "resumed"         // it runs again
	Fault          Kind = "fault"           // Subject: the fault's class; Value: "begin" or "end"; Detail: its text
	Commit         Kind = "commit"          // a transaction was committed. Zxid; N: session; Subject: paths; Value: operations; Term, M: term and write number of its tag; P: session's process, in Detail
	SessionUp      Kind = "session-up"      // N: session ID; Process: owner
	SessionExpired Kind = "session-expired" // at the service. N: session ID; Process: owner; Value: "expired" or "closed"
	ServiceUp      Kind = "service-up"      // the coordination service has a quorum
	ServiceDown    Kind = "service-down"    // it has none
	Healed         Kind = "healed"          // the safety phase is over; Detail: the core, space separated
	Bound          Kind = "bound"           // a liveness bound. Subject: property; N: nanoseconds after Healed; Detail: its terms
	Require        Kind = "require"         // the scenario requires an optional property. Subject: its name
	Panicked       Kind = "panicked"        // impl panicked. Detail: the panic and where
	Ended          Kind = "ended"           // the run is over; Value: "", or [Overrun]
)

// Overrun is the Value of Ended if the run was stopped because it took more steps than
// it may.
const Overrun = "overrun"

// What processes tell of themselves: the notes of impl/host, field by field
// (Subject, Value, Detail, Term, N, M, P, Q, Zxid), under these names.
const (
	State      Kind = "state"      // a master's recovery state. Value; Term
	Elected    Kind = "elected"    // a reign began. Term, Zxid
	Intent     Kind = "intent"     // about to write. Subject: record key; Value: put, delete; Term; N: write number
	Written    Kind = "written"    // the write was answered. As Intent; Zxid
	Recovered  Kind = "recovered"  // a record a master holds when it becomes Alive. Subject: "driver/ID", "worker/ID"; Value: state; N: attempt; Detail: a driver's tag
	Acked      Kind = "acked"      // Subject: submit, kill, status, register, report; Value: ID; Term; Zxid: decision
	Obeyed     Kind = "obeyed"     // Subject: launch, kill, master, reconnect; Value: driver ID or master; Term; N: attempt; Zxid: decision
	Refused    Kind = "refused"    // as Obeyed
	Accepted   Kind = "accepted"   // a report was accepted. Subject: driver; Value: state; Term; N: attempt; Zxid: decision
	Usage      Kind = "usage"      // Subject: worker; N cores used, M cores, P memory used, Q memory. Process a master: its view; a worker: its own
	Registered Kind = "registered" // a worker is registered. Subject: worker ID; Value: master; Term
	Job        Kind = "job"        // Subject: driver; Value: started, finished, failed, killed; N: attempt
	Call       Kind = "call"       // Subject: tag; Value: submit, kill, status; N: operation number. Of submit also M, P: cores and memory needed; Q: 1 if supervised; Detail: what an application computes
	Return     Kind = "return"     // as Call; Detail: the answer
	GaveUp     Kind = "gave-up"    // as Call
	Session    Kind = "session"    // Subject: latch, store; Value: state; N: session ID; M: its number in the process, of processes that tell ZCall
	Role       Kind = "role"       // of a ZooKeeper server. Value: looking, following, leading; Term: epoch; N: elected server; Zxid: last logged
	Serving    Kind = "serving"    // it serves clients. Value: following, leading (its epoch is established); Term: epoch; Zxid: history it begins with; N: servers of the ensemble
	Logged     Kind = "logged"     // its disk holds every transaction up to Zxid and none behind it
	Delivered  Kind = "delivered"  // it applied a transaction. Zxid; N: digest of it; M: of everything so far; P: its client here was answered (1), not yet (2), is not here (0)
	Restored   Kind = "restored"   // its state is that of a snapshot. Value: disk, leader; Zxid; M: as Delivered; of a disk N: last in the log; Term: epoch
	Answered   Kind = "answered"   // it answered a write delivered in an earlier step. Zxid
	Vote       Kind = "vote"       // it got a vote. Value: the voter's state, or refused; N: voter, 0 for its own; M: voted for; Zxid, P: what that one has logged, and its epoch; Q: round
	Failed     Kind = "failed"     // a handler's failure was swallowed. Value: why
	ZCall      Kind = "zcall"      // an operation on znodes is asked for. Subject: it in words; N: its number; M: its session's number in the process
	ZReturn    Kind = "zreturn"    // it was answered. Subject: what and where; Value: ok or the error; Detail: the answer; N, M; P: session ID; Zxid
	ZWatch     Kind = "zwatch"     // the watch that operation N left fired. Subject: path; Value: the event; M; P: session ID
	Ready      Kind = "ready"      // a master that is not Alive tells probes that it is ready. Value: its state; Term
	Recipe     Kind = "recipe"     // a recipe built on znodes. Subject: which; Value: what happened; Detail; Zxid: a lock's token
	App        Kind = "app"        // something happened to an application. Subject: its tag; Value: what; Detail: its ID, or why; Term; N: stage or result; M: its driver's attempt, 0 in client mode
	Executor   Kind = "executor"   // an executor's process. Subject: APP/ID; Value: started, registered, refused, killed, orphaned, ended; Detail: its worker
	Task       Kind = "task"       // a task ended for its driver. Subject: the application's tag; Value: done, failed, lost; Detail: the executor; N: stage; M: task; P: attempt
	Effect     Kind = "effect"     // an account changed, or its key was known. Subject: account; Value: key; Detail: driver; N: amount, 0 if unchanged; M: balance; P: attempt of the driver
)

// An Event is one thing that judges care about.
type Event struct {
	Step    uint64 `json:"step"`            // the kernel step in which it happened; in a live run its number in the merged order
	At      int64  `json:"at"`              // nanoseconds since the run began
	Until   int64  `json:"until,omitempty"` // live: it happened somewhere in [At, Until]; 0 means At
	Process string `json:"process,omitempty"`
	Inc     uint32 `json:"inc,omitempty"`
	Kind    Kind   `json:"kind"`
	Subject string `json:"subject,omitempty"`
	Value   string `json:"value,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Term    int64  `json:"term,omitempty"`
	N       int64  `json:"n,omitempty"`
	M       int64  `json:"m,omitempty"`
	P       int64  `json:"p,omitempty"`
	Q       int64  `json:"q,omitempty"`
	Zxid    int64  `json:"zxid,omitempty"`
}

// Latest is the end of the interval in which e happened.
func (e *Event) Latest() int64 {
	if e.Until > e.At {
		return e.Until
	}
	return e.At
}
