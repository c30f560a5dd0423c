// Package refusal is a program that cannot run as it is configured: it says so
// and ends.
package refusal

import "github.com/simctl/simctl/impl/host"

// New makes the program that says why it cannot run.
func New(why string) host.Process { return refusal{why} }

type refusal struct{ why string }

// Start implements host.Process.
func (r refusal) Start(h host.Host) {
	h.Note(host.Note{Kind: host.NoteFailed, Value: r.why})
	h.Exit(1)
}

// Accepted implements host.Process.
func (refusal) Accepted(host.ConnID, host.Addr) {}

// Connected implements host.Process.
func (refusal) Connected(host.ConnID) {}

// Received implements host.Process.
func (refusal) Received(host.ConnID, host.Message) {}

// Closed implements host.Process.
func (refusal) Closed(host.ConnID, host.Reason) {}

// Exited implements host.Process.
func (refusal) Exited(host.ProcessID, int) {}

// Signalled implements host.Process.
func (refusal) Signalled(host.Signal) {}

// Clone implements host.Process.
func (r refusal) Clone(host.Host) host.Process { return r }

// Digest implements host.Process.
func (r refusal) Digest(d *host.Digest) { d.Str(r.why) }
