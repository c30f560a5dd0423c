// Package host is what a machine gives the process that runs on it: clocks, a
// network, a disk, child processes and randomness. It holds interfaces and the
// few values that cross them, and it has two implementations: sim/cluster (a
// simulated machine) and impl/live (this one).
//
// Nothing here blocks. A process is called with one event at a time, from one
// goroutine, and never waits; so it is a state machine and needs no locks.
// What it waits for is a [Call]: a method and a plain argument, never a closure.
package host

import "time"

// An Addr is where a process listens, as "host:port". In simulation the host
// part is the machine's name.
type Addr string

// A ProcessID names a process across its restarts: "m1", "w2", "c1". A child's
// is its parent's with the child's own name behind a slash.
type ProcessID string

// A ConnID names one connection at one end of it. Numbers are never reused
// within an incarnation of the process; 0 is no connection.
type ConnID uint64

// A TimerID names one armed timer. 0 is no timer.
type TimerID uint64

// Mono is nanoseconds on a machine's monotonic clock since an arbitrary point.
// It drifts but never jumps. It is for measuring and display: code under impl
// decides by timers, and detlint refuses Mono in a condition.
type Mono int64

// Wall is nanoseconds since 1970 on a machine's wall clock, which has an
// offset and can jump. Display only, like [Mono].
type Wall int64

// A Clock tells one machine's time and rings its timers.
type Clock interface {
	// Mono is the time on the monotonic clock.
	Mono() Mono
	// Wall is the time on the wall clock.
	Wall() Wall
	// StartTimer calls c once d has passed on the monotonic clock. Use [After].
	StartTimer(d time.Duration, c Call) TimerID
	// StopTimer cancels a timer and reports whether it was in time to.
	// Stopping 0, or a timer that has rung, does nothing.
	StopTimer(t TimerID) bool
}

// A Message is one value sent over a connection: a struct without pointers,
// maps, functions, channels or interfaces, never changed once it is sent.
type Message interface {
	// Name is the message's name in traces, as "RegisterWorker".
	Name() string
	// Digest writes every field into d.
	Digest(d *Digest)
}

// A Codec turns messages into bytes and back. Real connections always use it;
// simulated ones do when the world is told to encode every message.
type Codec interface {
	// Append appends the encoding of m, framing included, to dst.
	Append(dst []byte, m Message) ([]byte, error)
	// Decode takes the first message off src. It returns the number of bytes
	// used; 0 bytes and no error ask for more input.
	Decode(src []byte) (m Message, used int, err error)
}

// A Network carries messages over connections, as TCP does: in order inside a
// connection, with no order between two. A connection may stall for ever
// without either end being told.
type Network interface {
	// Listen accepts connections at addr; each is told by Process.Accepted.
	// It fails if the address is taken.
	Listen(addr Addr, codec Codec) error
	// Dial opens a connection. Process.Connected or Process.Closed follows.
	Dial(addr Addr, codec Codec) ConnID
	// Send queues m. Sending on a connection that is gone does nothing: the
	// process was or will be told by Closed.
	Send(c ConnID, m Message)
	// Close ends a connection. The closing side is not called back; the peer
	// gets Closed after what was sent before.
	Close(c ConnID)
}

// A Reason says why a connection closed.
type Reason uint8

// The reasons of [Process.Closed].
const (
	ClosedByPeer Reason = iota + 1 // the peer closed it, after everything it had sent
	Reset                          // the peer's process died, or the network said so
	Refused                        // nobody listens there
	TimedOut                       // a dial was not answered in time
	Malformed                      // the peer sent bytes that do not decode
)

// String returns the reason in words.
func (r Reason) String() string {
	names := [...]string{"?", "closed by peer", "reset", "refused", "timed out", "malformed"}
	if int(r) < len(names) {
		return names[r]
	}
	return names[0]
}

// A ReadResult is what [Disk.Read] completes with.
type ReadResult struct {
	Data []byte
	Err  string // empty, or why it could not be read; "not exist" if there is none
}

// A ListResult is what [Disk.ListFiles] completes with.
type ListResult struct {
	Names []string // in order, without the directory; none if there is no such directory
	Err   string   // empty, or why it could not be read
}

// A DiskResult is what the other calls of [Disk] complete with.
type DiskResult struct {
	Err string // empty if done
}

// FileExists is the Err of [Disk.CreateFile] for a file that is there.
const FileExists = "exists"

// FileNotExist is the Err of calls of [Disk] for a file that is not there.
const FileNotExist = "not exist"

// A Disk keeps files. Every call completes later, as its Call with a
// [DiskResult] or [ReadResult]. A crash may lose what was not synced and tear
// the last write. What is appended may not be changed afterwards.
//
// A file called "a/b" is in the directory "a", which is there as soon as a file
// is. A sync makes a file's content survive, and what was created, renamed and
// removed in its directory so far. A rename replaces what had the new name.
type Disk interface {
	// CreateFile makes an empty file; one that is there is an error.
	CreateFile(name string, c Call)
	AppendFile(name string, data []byte, c Call)
	SyncFile(name string, c Call)
	RenameFile(from, to string, c Call)
	RemoveFile(name string, c Call)
	ReadFile(name string, c Call)
	// ListFiles completes with a [ListResult]: the files in a directory.
	ListFiles(dir string, c Call)
}

// A Signal is what a parent sends its child, and an operator a process.
type Signal uint8

// The signals of [Children.Signal], and one that operators send to workers.
const (
	Terminate    Signal = iota + 1 // SIGTERM: please end
	Kill                           // SIGKILL: end at once
	Decommission                   // SIGPWR: take no more work (spark.worker.decommission.signal)
)

// A Program says what a child is to run: the kind of process and its argument.
type Program struct {
	Kind string // "driver"
	Name string // the child's own name, unique among its siblings
	Args string // what the kind makes of it, a JSON object
}

// Children starts and stops child processes on the same machine. A child dies
// with its parent.
type Children interface {
	// Spawn starts p. Process.Exited tells its end, also when it cannot start.
	Spawn(p Program) ProcessID
	// Signal sends s to a child; nothing happens if it is gone.
	Signal(child ProcessID, s Signal)
}

// A Rand draws numbers that belong to this process alone. A draw depends on
// the seed, the process, its incarnation, the purpose and how many draws that
// purpose has had: a new draw elsewhere changes no other.
type Rand interface {
	// Draw returns a number in [0,n). Purpose is a constant of the code.
	Draw(purpose string, n uint64) uint64
}

// A Host is one machine as one process sees it.
type Host interface {
	Clock
	Network
	Disk
	Children
	Rand
	// Self is this process's name.
	Self() ProcessID
	// Incarnation counts the starts of Self, from 1.
	Incarnation() uint32
	// Exit ends this process with a status once the current call returns.
	// Nothing it does after Exit has an effect.
	Exit(status int)
	// Note tells whoever watches what the process did, or is about to do.
	Note(n Note)
}

// A Process is a program that a machine runs. Its methods are never called
// concurrently, and Start is called first.
type Process interface {
	// Start is called once, before anything else.
	Start(h Host)
	// Accepted tells of a connection that a peer opened to a listened address.
	Accepted(c ConnID, from Addr)
	// Connected tells that a dialled connection stands.
	Connected(c ConnID)
	// Received delivers the next message of a connection.
	Received(c ConnID, m Message)
	// Closed tells that a connection is gone; its number is never used again.
	Closed(c ConnID, why Reason)
	// Exited tells that a child ended. Status is its exit status; -1 if a
	// signal ended it or it did not start.
	Exited(child ProcessID, status int)
	// Signalled tells that the parent sent s; Kill is never delivered.
	Signalled(s Signal)
	// Clone returns a deep copy that runs on h.
	Clone(h Host) Process
	// Digest writes the complete state into d, in a fixed order.
	Digest(d *Digest)
}

// A Composite is a process whose parts register continuations of their own,
// as a master's latch does.
type Composite interface {
	// Part returns the i-th part, and nil after the last.
	Part(i int) any
}
