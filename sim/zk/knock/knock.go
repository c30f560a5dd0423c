// Package knock finds out from outside how long there is no service.
package knock

import (
	"maps"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/packet"
)

// A Knocker finds out when there is service again, as it was measured on real
// servers: from a moment on it dials every server as often as it is turned
// away, opens a new session and writes once. The first write that is answered
// is noted, and ends it.
type Knocker struct {
	h       host.Host
	at      time.Duration
	servers []host.Addr
	conns   map[host.ConnID]attempt
	done    bool
}

// attempt is one dial and what came of it.
type attempt struct {
	server int
	opened bool // the session
}

// pause is the pause after an attempt that failed.
const pause = 3 * time.Millisecond

// New returns a knocker that begins at a moment after its start.
func New(at time.Duration, servers []host.Addr) *Knocker {
	return &Knocker{at: at, servers: servers, conns: map[host.ConnID]attempt{}}
}

// Start implements host.Process.
func (k *Knocker) Start(h host.Host) {
	k.h = h
	for i := range k.servers {
		host.After(h, k.at, (*Knocker).dial, i)
	}
}

func (k *Knocker) dial(i int) {
	if !k.done {
		k.conns[k.h.Dial(k.servers[i], jute.Codec{})] = attempt{server: i}
	}
}

// Connected implements host.Process.
func (k *Knocker) Connected(c host.ConnID) {
	k.h.Send(c, packet.Connect(jute.ConnectRequest{Timeout: 10_000}))
}

// Received implements host.Process.
func (k *Knocker) Received(c host.ConnID, m host.Message) {
	at, ok := k.conns[c]
	f, isFrame := m.(jute.Frame)
	if !ok || !isFrame || k.done {
		return
	}
	d := jute.NewDecoder(f.Data)
	if !at.opened {
		var r jute.ConnectResponse
		if r.Decode(d); d.Err() != nil || r.Session == 0 {
			k.h.Close(c)
			k.Closed(c, 0)
			return
		}
		at.opened = true
		k.conns[c] = at
		k.h.Send(c, packet.Request(1, &coord.Op{Kind: coord.Set, Path: "/", Data: []byte("x"), Version: coord.AnyVersion}, false))
		return
	}
	var r jute.ReplyHeader
	if r.Decode(d); d.Err() == nil && r.Err == jute.OK {
		k.done = true
		k.h.Note(host.Note{Kind: host.NoteZReturn, Subject: "set /", Value: "ok", N: 1, Zxid: r.Zxid})
		k.h.Exit(0)
	}
}

// Closed implements host.Process.
func (k *Knocker) Closed(c host.ConnID, _ host.Reason) {
	if at, ok := k.conns[c]; ok {
		delete(k.conns, c)
		host.After(k.h, pause, (*Knocker).dial, at.server)
	}
}

// Accepted implements host.Process.
func (*Knocker) Accepted(host.ConnID, host.Addr) {}

// Exited implements host.Process.
func (*Knocker) Exited(host.ProcessID, int) {}

// Signalled implements host.Process.
func (*Knocker) Signalled(host.Signal) {}

// Clone implements host.Process. Nobody clones a world that is measured.
func (k *Knocker) Clone(h host.Host) host.Process {
	c := *k
	c.h, c.conns = h, maps.Clone(k.conns)
	return &c
}

// Digest implements host.Process.
func (k *Knocker) Digest(d *host.Digest) {
	d.Bool(k.done)
	d.Int(int64(len(k.conns)))
}
