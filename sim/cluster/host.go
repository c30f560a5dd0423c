package cluster

import (
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
)

// simHost is one simulated machine as one process incarnation sees it. It is
// host.Host and coord.Client.
type simHost struct {
	p     *process
	inc   uint32
	end   network.End
	draws map[string]*drawing
}

// drawing is one purpose's stream of a process.
type drawing struct {
	key kernel.Key
	n   uint64
}

var (
	_ host.Host    = (*simHost)(nil)
	_ coord.Client = (*simHost)(nil)
)

func (h *simHost) Self() host.ProcessID { return h.p.id }

func (h *simHost) Incarnation() uint32 { return h.inc }

func (h *simHost) Mono() host.Mono { return host.Mono(h.p.machine.mono(h.p.w.k.Now())) }

func (h *simHost) Wall() host.Wall {
	m := h.p.machine
	return host.Wall(wallStart + m.mono(h.p.w.k.Now()) + m.offset)
}

func (h *simHost) StartTimer(d time.Duration, c host.Call) host.TimerID {
	if h.p.silent() {
		return 0
	}
	k := h.p.w.k
	sum := &h.p.w.digest
	*sum = host.Digest{}
	c.Digest(sum)
	r := k.Post(k.Now()+h.p.machine.virtual(int64(d)), kernel.Event{
		Actor: h.p.actor, Inc: h.inc, Kind: kernel.Timer, Call: c, Name: c.Name(), Sum: sum.Sum(),
	})
	return host.TimerID(r.Uint())
}

func (h *simHost) StopTimer(t host.TimerID) bool { return h.p.w.k.Cancel(kernel.RefOf(uint64(t))) }

func (h *simHost) Listen(addr host.Addr, codec host.Codec) error {
	if h.p.silent() {
		return nil
	}
	return h.p.w.net.Listen(h.end, addr, codec)
}

func (h *simHost) Dial(addr host.Addr, codec host.Codec) host.ConnID {
	if h.p.silent() {
		return 0
	}
	return h.p.w.net.Dial(h.end, addr, codec)
}

func (h *simHost) Send(c host.ConnID, m host.Message) {
	switch h.p.output() {
	case atOnce:
		h.p.w.net.Send(h.end, c, m)
	case afterPause:
		h.sendLater(c, m)
	}
}

func (h *simHost) sendLater(c host.ConnID, m host.Message) {
	h.p.hold(func() { h.p.w.net.Send(h.end, c, m) })
}

func (h *simHost) Close(c host.ConnID) {
	switch h.p.output() {
	case atOnce:
		h.p.w.net.Close(h.end, c)
	case afterPause:
		h.p.hold(func() { h.p.w.net.Close(h.end, c) })
	}
}

func (h *simHost) AppendFile(name string, data []byte, c host.Call) {
	switch h.p.output() {
	case atOnce:
		h.p.machine.disk.AppendFile(h.p.actor, h.inc, name, data, c)
	case afterPause:
		h.p.hold(func() { h.p.machine.disk.AppendFile(h.p.actor, h.inc, name, data, c) })
	}
}

func (h *simHost) CreateFile(name string, c host.Call) {
	switch h.p.output() {
	case atOnce:
		h.p.machine.disk.CreateFile(h.p.actor, h.inc, name, c)
	case afterPause:
		h.p.hold(func() { h.p.machine.disk.CreateFile(h.p.actor, h.inc, name, c) })
	}
}

func (h *simHost) SyncFile(name string, c host.Call) {
	switch h.p.output() {
	case atOnce:
		h.p.machine.disk.SyncFile(h.p.actor, h.inc, name, c)
	case afterPause:
		h.p.hold(func() { h.p.machine.disk.SyncFile(h.p.actor, h.inc, name, c) })
	}
}

func (h *simHost) RenameFile(from, to string, c host.Call) {
	switch h.p.output() {
	case atOnce:
		h.p.machine.disk.RenameFile(h.p.actor, h.inc, from, to, c)
	case afterPause:
		h.p.hold(func() { h.p.machine.disk.RenameFile(h.p.actor, h.inc, from, to, c) })
	}
}

func (h *simHost) RemoveFile(name string, c host.Call) {
	switch h.p.output() {
	case atOnce:
		h.p.machine.disk.RemoveFile(h.p.actor, h.inc, name, c)
	case afterPause:
		h.p.hold(func() { h.p.machine.disk.RemoveFile(h.p.actor, h.inc, name, c) })
	}
}

func (h *simHost) ReadFile(name string, c host.Call) {
	if !h.p.silent() {
		h.p.machine.disk.ReadFile(h.p.actor, h.inc, name, c)
	}
}

func (h *simHost) ListFiles(dir string, c host.Call) {
	if !h.p.silent() {
		h.p.machine.disk.ListFiles(h.p.actor, h.inc, dir, c)
	}
}

func (h *simHost) Spawn(prog host.Program) host.ProcessID {
	if h.p.silent() {
		return ""
	}
	return h.p.w.spawn(h.p, prog)
}

func (h *simHost) Signal(child host.ProcessID, s host.Signal) {
	if !h.p.silent() {
		h.p.w.signal(h.p, child, s)
	}
}

func (h *simHost) Draw(purpose string, n uint64) uint64 {
	d := h.draws[purpose]
	if d == nil {
		d = &drawing{key: kernel.KeyOf(purpose, uint64(kernel.KeyOf(string(h.p.id))), uint64(h.inc))}
		h.draws[purpose] = d
	}
	d.n++
	return h.p.w.k.Below(d.key, d.n, n)
}

func (h *simHost) Exit(status int) {
	if h.p.silent() || h.p.exiting {
		return
	}
	h.p.exiting, h.p.status = true, status
}

func (h *simHost) Note(n host.Note) {
	if h.p.struck && h.p.strike.kind == strikePause {
		h.noteLater(n)
		return
	}
	if !h.p.silent() {
		h.p.w.note(h.p, &n)
	}
}

// noteLater keeps a note for the resumption. It is a function of its own so
// that notes are copied to the heap only here.
func (h *simHost) noteLater(n host.Note) { h.p.hold(func() { h.p.w.note(h.p, &n) }) }

func (h *simHost) OpenSession(o coord.Options, changed host.Call) coord.Session {
	if h.p.silent() {
		return 0
	}
	return h.p.zk.OpenSession(o, changed)
}

func (h *simHost) CloseSession(s coord.Session) {
	switch h.p.output() {
	case atOnce:
		h.p.zk.CloseSession(s)
	case afterPause:
		h.p.hold(func() { h.p.zk.CloseSession(s) })
	}
}

func (h *simHost) DropSession(s coord.Session) {
	if !h.p.silent() {
		h.p.zk.DropSession(s)
	}
}

func (h *simHost) Do(s coord.Session, op coord.Op, done, watch host.Call) {
	switch h.p.output() {
	case atOnce:
		h.p.zk.Do(s, op, done, watch)
	case afterPause:
		h.doLater(s, op, done, watch)
	}
}

func (h *simHost) doLater(s coord.Session, op coord.Op, done, watch host.Call) {
	h.p.hold(func() { h.p.zk.Do(s, op, done, watch) })
}
