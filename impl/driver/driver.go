// Package driver is the program that a job runs: here one that runs for a
// while and exits with a given status. Its worker starts it and learns its end
// from the exit status alone, as Spark's DriverRunner does.
package driver

import (
	"slices"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/wire"
)

// Terminated is the exit status of a driver that was asked to end, as a shell
// reports a SIGTERM: 128 + 15.
const Terminated = 143

// A Driver is one attempt of a job. It implements [host.Process].
type Driver struct {
	h    host.Host
	args wire.DriverArgs
	done bool // it has ended; what comes later changes nothing
}

// New makes a driver from the text that [wire.DriverArgs.JSON] wrote. It fails
// if the text is not that.
func New(args string) (*Driver, error) {
	a, err := wire.ParseDriverArgs(args)
	if err != nil {
		return nil, err
	}
	return &Driver{args: a}, nil
}

// Start begins the job.
func (d *Driver) Start(h host.Host) {
	d.h = h
	d.note("started")
	host.After(h, d.args.RunFor, (*Driver).timeIsOver, struct{}{})
}

func (d *Driver) timeIsOver(struct{}) {
	if d.args.Status == 0 {
		d.end("finished", 0)
		return
	}
	d.end("failed", int(d.args.Status))
}

// Signalled ends the job at once when the worker asks.
func (d *Driver) Signalled(s host.Signal) {
	if s == host.Terminate {
		d.end("killed", Terminated)
	}
}

func (d *Driver) end(how string, status int) {
	if d.done {
		return
	}
	d.done = true
	d.note(how)
	d.h.Exit(status)
}

func (d *Driver) note(what string) {
	d.h.Note(host.Note{Kind: host.NoteJob, Subject: string(d.args.Driver), Value: what, N: d.args.Attempt})
}

// Accepted implements [host.Process]. A driver listens nowhere.
func (d *Driver) Accepted(host.ConnID, host.Addr) {}

// Connected implements [host.Process]. A driver dials nobody.
func (d *Driver) Connected(host.ConnID) {}

// Received implements [host.Process]. Nobody talks to a driver.
func (d *Driver) Received(host.ConnID, host.Message) {}

// Closed implements [host.Process]. A driver has no connections.
func (d *Driver) Closed(host.ConnID, host.Reason) {}

// Exited implements [host.Process]. A driver has no children.
func (d *Driver) Exited(host.ProcessID, int) {}

// Clone implements [host.Process].
func (d *Driver) Clone(h host.Host) host.Process {
	c := *d
	c.h = h
	c.args.Masters = slices.Clone(d.args.Masters)
	return &c
}

// Digest implements [host.Process].
func (d *Driver) Digest(x *host.Digest) {
	d.args.Digest(x)
	x.Bool(d.done)
}
