// Package live is the real world: it runs the processes of impl on this
// machine, over real clocks, TCP, files, child processes and ZooKeeper.
//
// One goroutine, the loop, calls the process with one event at a time; every
// other goroutine here only waits for the outside and hands the loop an event.
// It is the only package of impl that may wait, and the only one that touches
// sockets, files and clocks.
package live

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/dir"
	"github.com/simctl/simctl/impl/live/trouble"
)

// Options say how a process is run.
type Options struct {
	// Self is the process's name; it must be given.
	Self host.ProcessID
	// Incarnation counts the starts of Self; 0 means 1.
	Incarnation uint32
	// Seed keys the process's random draws.
	Seed uint64
	// DataDir is where the process's files are. Without it every call of the
	// disk fails.
	DataDir string
	// NoSync lets SyncFile do nothing: what was written survives the process,
	// but not a crash of the machine.
	NoSync bool
	// DialTimeout bounds how long a dial may take; 0 means 3 s.
	DialTimeout time.Duration
	// SendQueue is how many bytes may wait to be sent on one connection; a
	// peer that is slower than that is reset. 0 means 16 MiB.
	SendQueue int
	// Grace is how long the process may go on once it was told to end; 0
	// means 10 s.
	Grace time.Duration
	// WallOffset is how far the wall clock is off; nil: it is not.
	WallOffset func() time.Duration
	// Route says where to dial instead of an address, for processes and
	// ZooKeeper servers alike: a proxy on the way. Nil means the address.
	Route func(host.Addr) host.Addr
	// Trouble is what is wrong with the machine; nil: nothing.
	Trouble *trouble.Trouble
	// ChildCommand makes the command of a child, not yet started. Nil means
	// that no child can start.
	ChildCommand func(host.Program) *exec.Cmd
	// Recorder takes the process's notes; nil drops them.
	Recorder *Recorder
	// Net carries the process's connections; nil means TCP. ZooKeeper sessions
	// are not among them.
	Net Net
	// Files are the process's files, instead of those of DataDir.
	Files Files
	// Mono is the monotonic clock; nil means that of the machine. Timers and
	// the wall clock are package time's whatever it is.
	Mono func() host.Mono
}

// A Net carries connections: TCP, or an imitation. The connections that it
// returns are [Stream]s.
type Net interface {
	// Listen takes an address, as net.Listen does.
	Listen(addr string) (net.Listener, error)
	// Dial opens a connection, until ctx is done. The errors that tell
	// something are those of package net: ECONNREFUSED, a timeout.
	Dial(ctx context.Context, addr string) (net.Conn, error)
}

// A Stream is what the host needs of a connection, and a *net.TCPConn has.
type Stream interface {
	net.Conn
	// CloseWrite ends the sending side; the peer reads everything, and EOF.
	CloseWrite() error
	// SetLinger says what Close does with what is unsent: 0 discards it and
	// resets the connection.
	SetLinger(seconds int) error
}

// Files are what a process's disk does its work on. Calls come one after
// another. A missing file is an fs.ErrNotExist.
type Files interface {
	// Create makes an empty file; one that is there is an fs.ErrExist.
	Create(name string) error
	// Append makes the file if it is missing.
	Append(name string, data []byte) error
	// Sync makes a file's content survive a crash of the machine, and what was
	// created, renamed and removed in its directory.
	Sync(name string) error
	Rename(from, to string) error
	Remove(name string) error
	Read(name string) ([]byte, error)
	// List returns the names of the files in a directory, in order; none if
	// there is no such directory.
	List(dir string) ([]string, error)
}

func (o *Options) setDefaults() error {
	if o.Self == "" {
		return fmt.Errorf("the process has no name")
	}
	if o.Incarnation == 0 {
		o.Incarnation = 1
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = 3 * time.Second
	}
	if o.SendQueue == 0 {
		o.SendQueue = 16 << 20
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	if o.Net == nil {
		o.Net = tcpNet{}
	}
	if o.Files == nil {
		o.Files = dir.New(o.DataDir, o.NoSync)
	}
	if o.Mono == nil {
		o.Mono = func() host.Mono { return host.Mono(Monotonic()) }
	}
	if o.WallOffset == nil {
		o.WallOffset = func() time.Duration { return 0 }
	}
	if o.Route == nil {
		o.Route = func(a host.Addr) host.Addr { return a }
	}
	return nil
}

// Run runs p until it exits and returns its exit status. When ctx is done, p
// is told to terminate, and given up after Options.Grace. A panic of p, or a
// record that could not be written, is an error.
func Run(ctx context.Context, o Options, p host.Process) (status int, err error) {
	h, err := NewHost(o)
	if err != nil {
		return -1, err
	}
	return h.Run(ctx, p)
}
