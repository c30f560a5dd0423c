// Package diskless is the disk of machines that have none: who uses it is told by
// a panic, which an exploration finds.
package diskless

import "github.com/simctl/simctl/impl/host"

// A Disk implements host.Disk, and panics.
type Disk struct{}

var _ host.Disk = Disk{}

func none() { panic("diskless: this machine has no disk") }

// CreateFile implements host.Disk.
func (Disk) CreateFile(string, host.Call) { none() }

// AppendFile implements host.Disk.
func (Disk) AppendFile(string, []byte, host.Call) { none() }

// SyncFile implements host.Disk.
func (Disk) SyncFile(string, host.Call) { none() }

// RenameFile implements host.Disk.
func (Disk) RenameFile(string, string, host.Call) { none() }

// RemoveFile implements host.Disk.
func (Disk) RemoveFile(string, host.Call) { none() }

// ReadFile implements host.Disk.
func (Disk) ReadFile(string, host.Call) { none() }

// ListFiles implements host.Disk.
func (Disk) ListFiles(string, host.Call) { none() }
