package lone

import (
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/volume"
)

// ioError is the Err of a call that fails.
const ioError = "input/output error"

// what a process asks of its disk
const (
	creates = iota
	appends
	syncs
	renames
	removes
	reads
	lists
)

// call is one call of the disk that is under way.
type call struct {
	what     uint8
	name, to string
	data     []byte
	done     host.Call
}

func (c *call) digest(d *host.Digest) {
	d.Uint(uint64(c.what))
	d.Str(c.name)
	d.Str(c.to)
	d.Bytes(c.data)
	c.done.Digest(d)
}

// String is the call in words.
func (c *call) String() string {
	text := [...]string{"create", "write", "sync", "rename", "remove", "read", "list"}[c.what] + " " + c.name
	switch c.what {
	case renames:
		return text + " to " + c.to
	case appends:
		return fmt.Sprintf("%s, %d bytes", text, len(c.data))
	}
	return text
}

// carryOut has the call happen, or fail, and returns its result.
func (c *call) carryOut(w *World, fails bool) any {
	if fails {
		w.spend(failures, "disk-error")
	}
	switch {
	case c.what == reads && fails:
		return &host.ReadResult{Err: ioError}
	case c.what == reads:
		data, err := w.disk.Read(c.name)
		return &host.ReadResult{Data: data, Err: err}
	case c.what == lists && fails:
		return &host.ListResult{Err: ioError}
	case c.what == lists:
		return &host.ListResult{Names: w.disk.List(c.name)}
	case fails:
		return &host.DiskResult{Err: ioError}
	}
	var err string
	w.disk, err = c.write(w.disk)
	return &host.DiskResult{Err: err}
}

// write is what a call that changes something makes of the disk.
func (c *call) write(v *volume.Volume) (after *volume.Volume, err string) {
	switch c.what {
	case creates:
		return v.Create(c.name)
	case appends:
		return v.Append(c.name, c.data)
	case syncs:
		return v.Sync(c.name)
	case renames:
		return v.Rename(c.name, c.to)
	}
	return v.Remove(c.name)
}

// machine is the machine as one incarnation sees it, during one step.
type machine struct{ w *World }

var _ host.Host = (*machine)(nil)

func (h *machine) ask(c call) {
	if !h.w.exiting {
		h.w.calls = append(h.w.calls, c)
	}
}

// CreateFile implements host.Disk.
func (h *machine) CreateFile(name string, c host.Call) {
	h.ask(call{what: creates, name: name, done: c})
}

// AppendFile implements host.Disk.
func (h *machine) AppendFile(name string, data []byte, c host.Call) {
	h.ask(call{what: appends, name: name, data: slices.Clone(data), done: c})
}

// SyncFile implements host.Disk.
func (h *machine) SyncFile(name string, c host.Call) { h.ask(call{what: syncs, name: name, done: c}) }

// RenameFile implements host.Disk.
func (h *machine) RenameFile(from, to string, c host.Call) {
	h.ask(call{what: renames, name: from, to: to, done: c})
}

// RemoveFile implements host.Disk.
func (h *machine) RemoveFile(name string, c host.Call) {
	h.ask(call{what: removes, name: name, done: c})
}

// ReadFile implements host.Disk.
func (h *machine) ReadFile(name string, c host.Call) { h.ask(call{what: reads, name: name, done: c}) }

// ListFiles implements host.Disk.
func (h *machine) ListFiles(dir string, c host.Call) { h.ask(call{what: lists, name: dir, done: c}) }

// Self implements host.Host.
func (h *machine) Self() host.ProcessID { return h.w.c.Name }

// Incarnation implements host.Host.
func (h *machine) Incarnation() uint32 { return h.w.inc }

// Mono implements host.Clock: it stands still.
func (h *machine) Mono() host.Mono { return 0 }

// Wall implements host.Clock: it stands still.
func (h *machine) Wall() host.Wall { return 0 }

// StartTimer implements host.Clock: the timer may ring at any time.
func (h *machine) StartTimer(_ time.Duration, c host.Call) host.TimerID {
	h.w.last++
	h.w.timers = append(h.w.timers, timer{h.w.last, c})
	return h.w.last
}

// StopTimer implements host.Clock.
func (h *machine) StopTimer(t host.TimerID) bool {
	at := slices.IndexFunc(h.w.timers, func(x timer) bool { return x.id == t })
	if at >= 0 {
		h.w.timers = slices.Delete(h.w.timers, at, at+1)
	}
	return at >= 0
}

// Draw implements host.Rand.
func (h *machine) Draw(purpose string, n uint64) uint64 {
	h.w.draws++
	var d host.Digest
	d.Str(purpose)
	d.Uint(uint64(h.w.inc))
	d.Uint(h.w.draws)
	return d.Sum() % n
}

// Listen implements host.Network: nobody dials.
func (h *machine) Listen(host.Addr, host.Codec) error { return nil }

func alone() { panic("lone: this process is alone") }

// Dial implements host.Network, and panics.
func (h *machine) Dial(host.Addr, host.Codec) host.ConnID { alone(); return 0 }

// Send implements host.Network, and panics.
func (h *machine) Send(host.ConnID, host.Message) { alone() }

// Close implements host.Network, and panics.
func (h *machine) Close(host.ConnID) { alone() }

// Spawn implements host.Children, and panics.
func (h *machine) Spawn(host.Program) host.ProcessID { alone(); return "" }

// Signal implements host.Children, and panics.
func (h *machine) Signal(host.ProcessID, host.Signal) { alone() }

// Exit implements host.Host.
func (h *machine) Exit(status int) {
	if !h.w.exiting {
		h.w.exiting, h.w.status = true, status
	}
}

// Note implements host.Host. A note's kind has the same name in the trace.
func (h *machine) Note(n host.Note) {
	if h.w.exiting {
		return
	}
	h.w.tell(trace.Event{
		Process: string(h.w.c.Name), Inc: h.w.inc, Kind: trace.Kind(n.Kind.String()), Subject: n.Subject, Value: n.Value,
		Detail: n.Detail, Term: n.Term, N: n.N, M: n.M, P: n.P, Q: n.Q, Zxid: n.Zxid,
	})
}
