package server_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/server"
)

// A box is a machine with one standalone server, moved by hand: its clock
// stands still but for advance, its disk is done at once, and its connections
// are bytes in and bytes out, as those of a socket.
type box struct {
	t      *testing.T
	s      *server.Server
	now    time.Duration
	last   uint64 // number given last, to a connection or a timer
	codec  host.Codec
	files  map[string][]byte
	done   []func()
	timers []alarm
	lines  map[host.ConnID]*line
	failed []string
}

type alarm struct {
	id host.TimerID
	at time.Duration
	c  host.Call
}

// A line is one connection to the server.
type line struct {
	in     []byte // not decoded yet
	out    []byte // what the server sent
	closed bool
}

var _ host.Host = (*box)(nil)

func newBox(t *testing.T, cfg server.Config) *box {
	b := &box{t: t, now: time.Hour, files: map[string][]byte{}, lines: map[host.ConnID]*line{}}
	cfg.Client = "z:2181"
	b.s = server.New(cfg, server.NewStandalone())
	b.s.Start(b)
	b.settle()
	require.Equal(t, server.Leading, b.s.Role())
	return b
}

// dial opens a connection from a machine.
func (b *box) dial(machine string) (host.ConnID, *line) {
	b.last++
	c := host.ConnID(b.last)
	b.lines[c] = &line{}
	b.s.Accepted(c, host.Addr(fmt.Sprintf("%s:%d", machine, 1000+b.last)))
	return c, b.lines[c]
}

// write delivers bytes, as they come.
func (b *box) write(c host.ConnID, bytes []byte) {
	l := b.lines[c]
	l.in = append(l.in, bytes...)
	for !l.closed {
		m, used, err := b.codec.Decode(l.in)
		if err != nil {
			l.closed = true
			b.s.Closed(c, host.Malformed)
			return
		}
		if used == 0 {
			return
		}
		l.in = l.in[used:]
		if m != nil {
			b.s.Received(c, m)
			b.settle()
		}
	}
}

// hangUp ends a connection from the client's side.
func (b *box) hangUp(c host.ConnID) {
	if l := b.lines[c]; !l.closed {
		l.closed = true
		b.s.Closed(c, host.ClosedByPeer)
	}
}

// settle carries out what the disk has to do.
func (b *box) settle() {
	for len(b.done) > 0 {
		f := b.done[0]
		b.done = b.done[1:]
		f()
	}
}

// advance lets d pass.
func (b *box) advance(d time.Duration) {
	end := b.now + d
	for {
		next := -1
		for i, a := range b.timers {
			if a.at <= end && (next < 0 || a.at < b.timers[next].at) {
				next = i
			}
		}
		if next < 0 {
			b.now = end
			return
		}
		a := b.timers[next]
		b.timers = slices.Delete(b.timers, next, next+1)
		b.now = max(b.now, a.at)
		a.c.Run(b.s, nil)
		b.settle()
	}
}

// wire returns a packet with its length before it.
func wire(f jute.Frame) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(f.Data))), f.Data...)
}

// open opens a session on a connection from a machine.
func (b *box) open(machine string, timeout time.Duration) (host.ConnID, *line) {
	c, l := b.dial(machine)
	b.write(c, handshake(timeout))
	return c, l
}

func handshake(timeout time.Duration) []byte {
	var e jute.Encoder
	(&jute.ConnectRequest{Timeout: int32(timeout.Milliseconds()), Password: make([]byte, 16)}).Encode(&e)
	return wire(jute.Frame{Data: e.Buf})
}

func ping() []byte { return wire(packet(jute.OpPing, jute.XidPing, nil)) }

// take returns the packets that the server has sent. It fails if something
// else is among them.
func (l *line) take(t *testing.T) (packets [][]byte) {
	for len(l.out) > 0 {
		require.GreaterOrEqual(t, len(l.out), 4)
		n := int(int32(binary.BigEndian.Uint32(l.out)))
		require.GreaterOrEqual(t, n, 0)
		require.LessOrEqual(t, n, len(l.out)-4)
		packets = append(packets, l.out[4:4+n])
		l.out = l.out[4+n:]
	}
	return packets
}

func (b *box) Mono() host.Mono { return host.Mono(b.now) }
func (b *box) Wall() host.Wall { return host.Wall(b.now) }

func (b *box) StartTimer(d time.Duration, c host.Call) host.TimerID {
	b.last++
	b.timers = append(b.timers, alarm{host.TimerID(b.last), b.now + d, c})
	return host.TimerID(b.last)
}

func (b *box) StopTimer(id host.TimerID) bool {
	n := len(b.timers)
	b.timers = slices.DeleteFunc(b.timers, func(a alarm) bool { return a.id == id })
	return len(b.timers) < n
}

func (b *box) Listen(_ host.Addr, c host.Codec) error {
	b.codec = c
	return nil
}

func (b *box) Dial(host.Addr, host.Codec) host.ConnID { panic("a server on its own dials nobody") }

func (b *box) Send(c host.ConnID, m host.Message) {
	l := b.lines[c]
	if l.closed {
		return
	}
	var err error
	l.out, err = b.codec.Append(l.out, m)
	require.NoError(b.t, err)
}

func (b *box) Close(c host.ConnID) {
	if l := b.lines[c]; l != nil {
		l.closed = true
	}
}

func (b *box) finish(c host.Call, r any) { b.done = append(b.done, func() { c.Run(b.s, r) }) }

func (b *box) AppendFile(name string, data []byte, c host.Call) {
	b.files[name] = append(b.files[name], data...)
	b.finish(c, &host.DiskResult{})
}
func (b *box) CreateFile(string, host.Call)   { panic("a server creates no empty files") }
func (b *box) ListFiles(string, host.Call)    { panic("a server lists no files") }
func (b *box) SyncFile(_ string, c host.Call) { b.finish(c, &host.DiskResult{}) }
func (b *box) RenameFile(from, to string, c host.Call) {
	b.files[to] = b.files[from]
	delete(b.files, from)
	b.finish(c, &host.DiskResult{})
}
func (b *box) RemoveFile(name string, c host.Call) {
	delete(b.files, name)
	b.finish(c, &host.DiskResult{})
}
func (b *box) ReadFile(name string, c host.Call) {
	data, ok := b.files[name]
	r := host.ReadResult{Data: data}
	if !ok {
		r.Err = "not exist"
	}
	b.finish(c, &r)
}

func (b *box) Spawn(host.Program) host.ProcessID  { panic("a server has no children") }
func (b *box) Signal(host.ProcessID, host.Signal) {}
func (b *box) Draw(string, uint64) uint64         { return 0 }
func (b *box) Self() host.ProcessID               { return "z" }
func (b *box) Incarnation() uint32                { return 1 }
func (b *box) Exit(status int)                    { b.failed = append(b.failed, fmt.Sprintf("exit %d", status)) }
func (b *box) Note(n host.Note) {
	if n.Kind == host.NoteFailed {
		b.failed = append(b.failed, n.Value)
	}
}
