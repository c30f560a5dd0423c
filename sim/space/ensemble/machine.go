package ensemble

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/zk/quorum"
	"github.com/simctl/simctl/sim/zk/server"
)

// The times of servers. Their relations are those of zoo.cfg's defaults, but that
// fewer ticks are waited for.
const (
	tick      = 2 * time.Second
	initTicks = 5
	syncTicks = 2
)

func addr(i int) host.Addr { return host.Addr(fmt.Sprintf("z%d:2888", i+1)) }

// machine is one machine as one incarnation sees it during one step: the host of
// its part in the ensemble, and the state that the ensemble replicates, which is
// the list of all transactions.
type machine struct {
	w *World
	n *node
}

var (
	_ host.Host      = (*machine)(nil)
	_ server.Machine = (*machine)(nil)
)

// Self implements host.Host.
func (m *machine) Self() host.ProcessID { return m.n.id }

// Incarnation implements host.Host.
func (m *machine) Incarnation() uint32 { return m.n.inc }

// Mono implements host.Clock: it stands still.
func (m *machine) Mono() host.Mono { return 0 }

// Wall implements host.Clock: it stands still.
func (m *machine) Wall() host.Wall { return 0 }

// Draw implements host.Rand.
func (m *machine) Draw(_ string, n uint64) uint64 { return n / 2 }

// Spawn implements host.Children: a server has none.
func (m *machine) Spawn(host.Program) host.ProcessID { panic("ensemble: a server has no children") }

// Signal implements host.Children.
func (m *machine) Signal(host.ProcessID, host.Signal) {}

// Exit implements host.Host.
func (m *machine) Exit(int) { m.n.exiting = true }

// Note implements host.Host. A note's kind has the same name in the trace.
func (m *machine) Note(n host.Note) {
	if m.n.exiting {
		return
	}
	if n.Kind == host.NoteFailed && m.w.fails == "" && !m.w.c.MayEnd {
		m.w.fails = string(m.n.id) + " ends: " + n.Value
	}
	m.w.tell(trace.Event{
		Process: string(m.n.id), Inc: m.n.inc, Kind: trace.Kind(n.Kind.String()), Subject: n.Subject, Value: n.Value,
		Detail: n.Detail, Term: n.Term, N: n.N, M: n.M, P: n.P, Q: n.Q, Zxid: n.Zxid,
	})
}

// StartTimer implements host.Clock.
func (m *machine) StartTimer(d time.Duration, c host.Call) host.TimerID {
	sum := host.NewDigest(names{m.n})
	c.Digest(&sum)
	m.n.last++
	m.n.timers = append(m.n.timers, timer{host.TimerID(m.n.last), m.w.now + int64(max(0, d)), c, sum.Sum()})
	return host.TimerID(m.n.last)
}

// StopTimer implements host.Clock.
func (m *machine) StopTimer(t host.TimerID) bool {
	i := slices.IndexFunc(m.n.timers, func(x timer) bool { return x.id == t })
	if i >= 0 {
		m.n.timers = slices.Delete(m.n.timers, i, i+1)
	}
	return i >= 0
}

// Listen implements host.Network. A server that is up listens.
func (m *machine) Listen(host.Addr, host.Codec) error { return nil }

// Dial implements host.Network. Whoever is up accepts.
func (m *machine) Dial(to host.Addr, _ host.Codec) host.ConnID {
	n, w := m.n, m.w
	n.last++
	n.dials++
	x := end{link: uint64(n.i)<<32 | n.dials, id: host.ConnID(n.last), peer: n.i}
	for i := range w.nodes {
		if addr(i) == to && i != n.i {
			x.peer = i
		}
	}
	if x.peer == n.i || w.nodes[x.peer].peer == nil {
		x.push(item{kind: closed, why: host.Refused, sent: w.next()})
	} else {
		q := w.mut(x.peer)
		q.last++
		q.ends = append(q.ends, end{link: x.link, side: 1, id: host.ConnID(q.last), peer: n.i})
		x.push(item{kind: connected, sent: w.next()})
	}
	n.ends = append(n.ends, x)
	return x.id
}

// Send implements host.Network.
func (m *machine) Send(c host.ConnID, msg host.Message) {
	at := m.n.conn(c)
	if at < 0 || m.n.exiting {
		return
	}
	e := &m.n.ends[at]
	q := m.w.mut(e.peer)
	if to := q.find(e.link, 1-e.side); to >= 0 {
		var d host.Digest
		d.Str(msg.Name())
		msg.Digest(&d)
		q.ends[to].push(item{kind: message, msg: msg, sum: d.Sum(), sent: m.w.next()})
	}
}

// Close implements host.Network.
func (m *machine) Close(c host.ConnID) {
	at := m.n.conn(c)
	if at < 0 || m.n.exiting {
		return
	}
	e := m.n.ends[at]
	m.n.ends = slices.Delete(m.n.ends, at, at+1)
	m.w.reset(e.peer, e.link, 1-e.side, host.ClosedByPeer, false)
}

func (m *machine) order(o order) {
	if m.n.exiting {
		return
	}
	var d host.Digest
	d.Uint(uint64(o.kind))
	d.Str(o.name)
	d.Str(o.to)
	d.Bytes(o.data)
	c := host.NewDigest(names{m.n})
	o.done.Digest(&c)
	d.Uint(c.Sum())
	o.sum, o.sent = d.Sum(), m.w.next()
	q := &m.n.disk
	q.asked = append(q.asked[:len(q.asked):len(q.asked)], o)
}

// CreateFile implements host.Disk.
func (m *machine) CreateFile(string, host.Call) { panic("ensemble: a server creates no empty files") }

// ListFiles implements host.Disk.
func (m *machine) ListFiles(string, host.Call) { panic("ensemble: a server lists no files") }

// AppendFile implements host.Disk.
func (m *machine) AppendFile(name string, data []byte, c host.Call) {
	m.order(order{kind: appends, name: name, data: data, done: c})
}

// SyncFile implements host.Disk.
func (m *machine) SyncFile(name string, c host.Call) {
	m.order(order{kind: syncs, name: name, done: c})
}

// RenameFile implements host.Disk.
func (m *machine) RenameFile(from, to string, c host.Call) {
	m.order(order{kind: renames, name: from, to: to, done: c})
}

// RemoveFile implements host.Disk.
func (m *machine) RemoveFile(name string, c host.Call) {
	m.order(order{kind: removes, name: name, done: c})
}

// ReadFile implements host.Disk.
func (m *machine) ReadFile(name string, c host.Call) {
	m.order(order{kind: reads, name: name, done: c})
}

// Became implements server.Machine.
func (m *machine) Became(r server.Role, _ int64) { m.n.role = r }

// Restore implements server.Machine.
func (m *machine) Restore(s server.Txn) error {
	m.n.log = nil
	for b := s.Data; len(b) > 8; b = b[9:] {
		m.n.log = append(m.n.log, server.Txn{Zxid: int64(binary.BigEndian.Uint64(b)), Data: b[8:9:9]})
	}
	return nil
}

// Snapshot implements server.Machine.
func (m *machine) Snapshot() server.Txn {
	var b []byte
	for _, t := range m.n.log {
		b = append(binary.BigEndian.AppendUint64(b, uint64(t.Zxid)), t.Data...)
	}
	return server.Txn{Data: b}
}

// Committed implements server.Machine: nobody waits for an answer here.
func (m *machine) Committed(t server.Txn) server.Answer {
	m.n.log = append(m.n.log[:len(m.n.log):len(m.n.log)], t)
	return server.NotHere
}

// Forwarded implements server.Machine, as all that follow: there are no clients.
func (m *machine) Forwarded(server.ServerID, []byte) {}

// Synced implements server.Machine.
func (m *machine) Synced(uint64) {}

// Touches implements server.Machine.
func (m *machine) Touches() []server.Touch { return nil }

// Touched implements server.Machine.
func (m *machine) Touched(server.ServerID, []server.Touch) {}

// Revalidate implements server.Machine.
func (m *machine) Revalidate(server.ServerID, int64, time.Duration) bool { return false }

// Revalidated implements server.Machine.
func (m *machine) Revalidated(int64, bool) {}

// process is a server as continuations find it.
type process struct {
	host.Process
	peer *quorum.Peer
}

// Part is where continuations look for the receiver of theirs.
func (p process) Part(i int) any { return p.peer.Part(i) }
