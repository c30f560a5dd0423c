package quorum

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/network"
	"github.com/simctl/simctl/sim/zk/server"
)

// A duo is one server of three, and all that the others would say to it, by
// hand: they are connections with names.
type duo struct {
	w     *world
	n     *node
	end   network.End // of the hand
	conns map[string]host.ConnID
	mute  map[string]bool // pings are not answered
	last  string          // the server's state as last written down
	out   strings.Builder
}

// newDuo has the server with the id, which has logged n transactions in epoch 1.
func newDuo(seed uint64, id, n int) *duo {
	w := newWorld(seed, 3, Config{Tick: 2 * time.Second})
	b := &duo{w: w, n: w.nodes[id-1], conns: map[string]host.ConnID{}, mute: map[string]bool{}}
	leader := w.nodes[2]
	b.end = network.End{Machine: leader.mach, Actor: w.k.AddActor("hand", b), Inc: 1}
	w.k.SetIncarnation(b.end.Actor, 1)
	if b.n != leader {
		if err := w.net.Listen(b.end, leader.addr, Codec{}); err != nil {
			panic(err)
		}
	}
	var txns []server.Txn
	for i := range n {
		txns = append(txns, server.Txn{Zxid: opening(1) + int64(i+1), Data: make([]byte, 8)})
	}
	b.n.disk.SetFiles(Files(1, txns))
	b.n.start()
	w.run(100 * time.Millisecond)
	b.look()
	return b
}

// Handle implements kernel.Handler.
func (b *duo) Handle(e *kernel.Event) {
	if !b.w.net.Arrive(e) {
		return
	}
	c := host.ConnID(e.A)
	m, _ := e.V.(Packet)
	if m.Type == FollowerInfo {
		b.conns["leader"] = c
	}
	name := ""
	for _, n := range []string{"a", "b", "c", "leader"} {
		if b.conns[n] == c {
			name = n
		}
	}
	switch {
	case name == "": // an election's
	case m.Type == Ping:
		if !b.mute[name] {
			b.w.net.Send(b.end, c, Packet{Type: Ping})
		}
	case e.Kind == kernel.Message:
		fmt.Fprintf(&b.out, "    %s gets %s\n", name, shown(m))
	case e.Kind == kernel.Hangup:
		fmt.Fprintf(&b.out, "    %s is closed\n", name)
		delete(b.conns, name)
	}
}

func zxidOf(z int64) string { return fmt.Sprintf("%d:%d", epochOf(z), counterOf(z)) }

func shown(m Packet) string {
	s := m.Name() + " " + zxidOf(m.Zxid)
	if m.Type == AckEpoch {
		s += fmt.Sprintf(" epoch %d", int64(binary.BigEndian.Uint64(m.Data)))
	}
	return s
}

// look writes the server's state down if it has changed.
func (b *duo) look() {
	p := b.n.peer
	now := fmt.Sprintf("%s, logged %s, on disk %s, applied %s, epochs %d %d", strings.ToLower(p.state.String()),
		zxidOf(p.st.last()), zxidOf(p.st.durable), zxidOf(p.applied), p.st.accepted, p.st.current)
	if p.serving {
		now += ", serves"
	}
	if now != b.last {
		fmt.Fprintf(&b.out, "    %s\n", now)
	}
	b.last = now
}

// packet reads "TYPE epoch:counter", with "id n" or "epoch n" behind it.
func packet(t *testing.T, f []string) Packet {
	var m Packet
	for typ := range slices.Values([]PacketType{Proposal, Ack, Commit, Sync, NewLeader, FollowerInfo, UpToDate, Trunc, LeaderInfo, AckEpoch}) {
		if packetNames[typ] == f[0] {
			m.Type = typ
		}
	}
	require.NotZero(t, m.Type, f[0])
	var epoch, counter, n int64
	_, err := fmt.Sscanf(f[1], "%d:%d", &epoch, &counter)
	require.NoError(t, err)
	m.Zxid = opening(epoch) | counter
	if len(f) > 2 {
		_, err = fmt.Sscan(f[3], &n)
		require.NoError(t, err)
	}
	switch m.Type {
	case FollowerInfo:
		m.Data = []byte{byte(n)}
	case AckEpoch:
		m.Data = binary.BigEndian.AppendUint64(nil, uint64(n))
	case Proposal:
		m.Data = make([]byte, 8)
	}
	return m
}

func (b *duo) line(t *testing.T, f []string) {
	after := 50 * time.Millisecond
	switch f[0] {
	case "lead":
		b.n.peer.lead()
	case "follow":
		b.n.peer.follow(3)
	case "tear": // the last record of its log
		b.n.kill()
		files := b.n.disk.Files()
		require.True(t, Tear(files))
		b.n.disk.SetFiles(files)
		b.n.start()
	case "restart":
		b.n.kill()
		b.n.start()
	case "propose":
		b.w.propose(b.n)
	case "run", "slow":
		d, err := time.ParseDuration(f[1])
		require.NoError(t, err)
		if f[0] == "slow" { // each call of the disk
			b.n.disk.SetSlow(int64(d))
		} else {
			after = d
		}
	default:
		switch f[1] {
		case "dials":
			delete(b.mute, f[0])
			b.conns[f[0]] = b.w.net.Dial(b.end, b.n.addr, Codec{})
		case "closes":
			b.w.net.Close(b.end, b.conns[f[0]])
			delete(b.conns, f[0])
		case "is-silent":
			b.mute[f[0]] = true
		default:
			b.w.net.Send(b.end, b.conns[f[0]], packet(t, f[1:]))
		}
	}
	b.w.run(after)
	b.look()
}

// TestOneServerPacketByPacket holds a leader, and a follower, to what it says
// and to what it has, whatever the others do.
func TestOneServerPacketByPacket(t *testing.T) {
	datadriven.Walk(t, "testdata/packets", func(t *testing.T, path string) {
		var b *duo
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "server" {
				var id, n int
				d.ScanArgs(t, "id", &id)
				d.ScanArgs(t, "logged", &n)
				b = newDuo(1, id, n)
			}
			for line := range strings.Lines(d.Input) {
				line = strings.TrimSpace(line)
				fmt.Fprintln(&b.out, line)
				b.line(t, strings.Fields(line))
			}
			out := b.out.String()
			b.out.Reset()
			return out
		})
	})
}

// A server that crashes, at whatever moment of a snapshot and its new log, is
// back with all that it had on its disk, and an epoch that is no older.
func TestWhatIsOnTheDiskOutlivesACrash(t *testing.T) {
	snapshots := 0
	for i := range 150 {
		b := newDuo(uint64(i), 1, 5)
		b.n.peer.cfg.SnapCount = 2
		for line := range strings.Lines(`follow
			leader LEADERINFO 2:0
			leader NEWLEADER 2:0
			slow 100ms
			leader UPTODATE 1:5
			leader PROPOSAL 2:1
			leader COMMIT 2:1
			leader PROPOSAL 2:2`) {
			b.line(t, strings.Fields(line))
		}
		b.w.run(time.Duration(i) * 10 * time.Millisecond)
		st := &b.n.peer.st
		durable, epoch := st.durable, st.current
		if st.rolling.step != rollIdle {
			snapshots++
		}
		b.w.lose(b.n)
		b.n.disk.SetSlow(0)
		b.n.start()
		b.w.run(100 * time.Millisecond)
		require.Empty(t, b.w.complaints, "crash %d", i)
		require.GreaterOrEqual(t, b.n.peer.st.last(), durable, "crash %d", i)
		require.Equal(t, epoch, b.n.peer.st.current, "crash %d", i)
	}
	require.Greater(t, snapshots, 20, "many are under way")
}
