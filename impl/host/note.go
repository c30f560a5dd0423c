package host

// A NoteKind says what a [Note] tells.
type NoteKind uint8

// What processes tell. Subject, Value, Term, N and Zxid of the note mean what
// stands behind each; a field that is not named is zero. "Decision" is the
// zxid of the committed transaction by which the thing was decided, 0 if none.
const (
	// NoteState: a master entered a recovery state. Value: the state's name;
	// Term: its reign, 0 while it is Standby.
	NoteState NoteKind = iota + 1
	// NoteElected: a master's reign began. Term; Zxid: the transaction that
	// created the term, or, without term fencing, the zxid of the reply that
	// made it believe it leads.
	NoteElected
	// NoteIntent: about to send a store write. Subject: the record's key;
	// Value: what ("put", "delete"); Term; N: the write's number in this
	// incarnation.
	NoteIntent
	// NoteWritten: a store write was answered. Fields as NoteIntent; Zxid: its
	// transaction, 0 if the outcome is not known.
	NoteWritten
	// NoteRecovered: a master became Alive and holds this record: one note a
	// record, before its NoteState Alive. Subject: record key ("driver/ID",
	// "worker/ID"); Value: state; Term; N: attempt.
	NoteRecovered
	// NoteAcked: a master answers a request positively. Subject: what
	// ("submit", "kill", "status", "register", "report"); Value: the driver's
	// or worker's ID; Term; Zxid: decision (for status: the fenced read).
	NoteAcked
	// NoteObeyed: a worker obeys a command. Subject: "launch", "kill",
	// "master" (it follows a new master), "reconnect", "launch-executor",
	// "kill-executor", "finish-app", "decommission"; Value: the ID of the driver,
	// executor (APP/ID), application or worker, or the master's address; Term; N:
	// a driver's attempt; Zxid: decision.
	NoteObeyed
	// NoteRefused: a worker refuses a command of an older term, or, of an
	// executor, of a master that it does not follow or while it takes no more
	// work. As NoteObeyed.
	NoteRefused
	// NoteAccepted: a master accepted a report on a driver. Subject: driver
	// ID; Value: the state reported; Term; N: attempt; Zxid: decision.
	NoteAccepted
	// NoteUsage: a master's view of one worker's use. Subject: worker ID;
	// N: cores used; M: cores in all; P: memory used in MiB; Q: memory in all.
	NoteUsage
	// NoteRegistered: a worker is registered with a master. Subject: its ID;
	// Value: the master's address; Term.
	NoteRegistered
	// NoteJob: a driver runs or ends. Subject: driver ID; Value: "started",
	// "finished", "failed", "killed"; N: attempt.
	NoteJob
	// NoteCall: a client sends an operation for the first time. Subject: the
	// job's tag; Value: "submit", "kill", "status"; N: the operation's number.
	// Of a submission also M and P: the cores and the memory in MiB that the
	// job needs; Q: 1 if it is supervised; of an application Detail: what it
	// computes and what an executor takes ("pi stages=2 tasks=8 ecores=1
	// ememory=256").
	NoteCall
	// NoteReturn: the operation got its answer. Fields as NoteCall, and
	// Detail: the answer: for submit the driver ID, for status the state, for
	// kill "ok"; or "error: " and why it was refused for good.
	NoteReturn
	// NoteGaveUp: the client stops waiting; the outcome stays unknown.
	NoteGaveUp
	// NoteSession: a session's state changed. Subject: which ("latch",
	// "store"); Value: the state; N: the session ID; M: of a process that notes
	// its operations, the session's number in this incarnation.
	NoteSession
	// NoteRole: a ZooKeeper server became something to its ensemble. Value:
	// "looking", "following" or "leading"; Term: its current epoch; N: the
	// server that it elected, 0 if it is looking; Zxid: the last that it voted
	// with.
	NoteRole
	// NoteServing: a ZooKeeper server serves clients from now on, until its
	// next NoteRole. Value: "following" or "leading"; of a leader it says that
	// a quorum has established its epoch. Term: the epoch; Zxid: the last
	// transaction of the history that it begins with, which it has delivered;
	// N: how many servers the ensemble has.
	NoteServing
	// NoteLogged: a ZooKeeper server's disk holds every transaction up to Zxid,
	// and none behind it. Less than before if a leader took some back.
	NoteLogged
	// NoteDelivered: a ZooKeeper server applied a committed transaction. Zxid;
	// N: digest of the transaction; M: digest of everything delivered so far,
	// through snapshots and restarts; P: 1 if the client that asked for it is
	// connected to this server and was answered in the same step, 2 if it was
	// not yet, 0 if it is not here.
	NoteDelivered
	// NoteRestored: a ZooKeeper server's state was replaced by a snapshot, or
	// is empty. Value: whose snapshot, "disk" or "leader"; Zxid: its last
	// transaction; M: digest of everything delivered up to it. From the disk
	// also N: the last transaction in the log; Term: the current epoch.
	NoteRestored
	// NoteAnswered: a ZooKeeper server answered a client's write in a later
	// step than it delivered it. Zxid: the write's.
	NoteAnswered
	// NoteVote: a ZooKeeper server got the vote of another in an election, or
	// votes itself. Value: the voter's state ("LOOKING", "FOLLOWING",
	// "LEADING"; "refused" if it was dialled as a leader and is none); N: the
	// voter's number, 0 for its own vote; M: the server voted for; Zxid: the
	// last that that one has logged; P: that one's epoch; Q: the round.
	NoteVote
	// NoteFailed: a handler failed and the failure was swallowed (as Spark's
	// Inbox does). Value: why.
	NoteFailed
	// NoteZCall: a process asks ZooKeeper for an operation. Subject: the
	// operation in words ("set /a data=x version=3"); N: its number in this
	// incarnation; M: the number of its session in this incarnation.
	NoteZCall
	// NoteZReturn: the operation was answered. Subject: what and where ("set
	// /a"); Value: "ok" or the error; Detail: what the answer holds ("version=4
	// mzxid=12"); N, M as NoteZCall; P: the session ID, 0 if unknown; Zxid: the
	// answer's.
	NoteZReturn
	// NoteZWatch: the watch that operation N left fired. Subject: its path;
	// Value: the event ("data-changed"); M, P as NoteZReturn.
	NoteZWatch
	// NoteRecipe: something happened in a recipe built on ZooKeeper. Subject:
	// the recipe and its path ("lock /lock"); Value: what ("enter", "leave",
	// "members"); Detail: the particulars; Zxid: a lock's fencing token.
	NoteRecipe
	// NoteApp: something happened to an application, as its driver's process
	// sees it. Subject: its tag; Value: "registered", "master" (it follows
	// another one), "removed" (the master ended it), "stage" (one is complete),
	// "finished", "failed"; Detail: its ID, or why; Term; N: of a stage its
	// number, of the end the result; M: the attempt of its driver, 0 in client
	// mode. In client mode the client tells "begun" when it starts the driver,
	// with what it computes as Detail, as NoteCall, and "exited", with its exit
	// status as N.
	NoteApp
	// NoteExecutor: an executor runs or ends. Subject: "APP/ID"; Value:
	// "started", "registered" (its driver has taken it), "refused", "killed",
	// "orphaned" (its worker or driver is gone), "ended"; Detail: its worker. The
	// worker itself tells "cleaned" of an application, which is over and has no
	// executor here any more: what it kept for it is removed. Subject: "APP";
	// Term: of the command.
	NoteExecutor
	// NoteTask: a driver was told the end of a task. Subject: the application's
	// tag; Value: "done", "failed" or "lost"; Detail: "APP/ID" of the executor;
	// N: the stage; M: the task; P: the attempt.
	NoteTask
	// NoteEffect: an account was changed, or was not because its key was known.
	// Subject: the account; Value: the key; Detail: the driver; N: the amount, 0
	// if it was not changed; M: the balance; P: the attempt of the driver.
	NoteEffect
	// NoteReady: a master that is not Alive tells probes that it is ready to
	// serve. One that is Alive, or tells them that it is not, need not say so
	// here. Value: its state; Term.
	NoteReady
)

var noteNames = [...]string{
	"?", "state", "elected", "intent", "written", "recovered", "acked", "obeyed", "refused", "accepted",
	"usage", "registered", "job", "call", "return", "gave-up", "session",
	"role", "serving", "logged", "delivered", "restored", "answered", "vote", "failed",
	"zcall", "zreturn", "zwatch", "recipe", "app", "executor", "task", "effect", "ready",
}

// String returns the kind's name in traces.
func (k NoteKind) String() string {
	if int(k) < len(noteNames) {
		return noteNames[k]
	}
	return noteNames[0]
}

// A Note is what a process tells about itself: for the trace, the history and
// the judges. Telling changes nothing in the process.
type Note struct {
	Kind    NoteKind
	Subject string
	Value   string
	Detail  string
	Term    int64
	N       int64
	M, P, Q int64
	Zxid    int64
}

// Digest writes the note into d.
func (n *Note) Digest(d *Digest) {
	d.Uint(uint64(n.Kind))
	d.Str(n.Subject)
	d.Str(n.Value)
	d.Str(n.Detail)
	d.Int(n.Term)
	d.Int(n.N)
	d.Int(n.M)
	d.Int(n.P)
	d.Int(n.Q)
	d.Int(n.Zxid)
}
