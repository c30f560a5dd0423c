package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/server"
)

// A recorder is a host whose disk takes everything, and which keeps what is
// sent and complained of.
type recorder struct {
	host.Host
	read     map[string][]byte
	calls    []func(p host.Process)
	failures []string
	sent     []host.Message
	timers   host.TimerID
}

func (r *recorder) Mono() host.Mono                    { return 1e12 }
func (r *recorder) Wall() host.Wall                    { return 1e18 }
func (r *recorder) Listen(host.Addr, host.Codec) error { return nil }
func (r *recorder) Exit(int)                           {}
func (r *recorder) Close(host.ConnID)                  {}
func (r *recorder) StopTimer(host.TimerID) bool        { return true }
func (r *recorder) Note(n host.Note)                   { r.failures = append(r.failures, n.Value) }
func (r *recorder) Send(_ host.ConnID, m host.Message) { r.sent = append(r.sent, m) }
func (r *recorder) StartTimer(time.Duration, host.Call) host.TimerID {
	r.timers++
	return r.timers
}
func (r *recorder) AppendFile(_ string, _ []byte, c host.Call) { r.done(c) }
func (r *recorder) SyncFile(_ string, c host.Call)             { r.done(c) }
func (r *recorder) RenameFile(_, _ string, c host.Call)        { r.done(c) }
func (r *recorder) RemoveFile(_ string, c host.Call)           { r.done(c) }

func (r *recorder) done(c host.Call) {
	r.calls = append(r.calls, func(p host.Process) { c.Run(p, &host.DiskResult{}) })
}

func (r *recorder) ReadFile(name string, c host.Call) {
	res := host.ReadResult{Err: "not exist"}
	if b, ok := r.read[name]; ok {
		res = host.ReadResult{Data: b}
	}
	r.calls = append(r.calls, func(p host.Process) { c.Run(p, &res) })
}

// deliver completes what the disk was asked, until it is asked no more.
func (r *recorder) deliver(p host.Process) {
	for len(r.calls) > 0 {
		c := r.calls[0]
		r.calls = r.calls[1:]
		c(p)
	}
}

func sum(p host.Process) uint64 {
	var d host.Digest
	p.Digest(&d)
	return d.Sum()
}

func packet(typ, xid int32, body []byte) jute.Frame {
	var e jute.Encoder
	(&jute.RequestHeader{Xid: xid, Type: typ}).Encode(&e)
	return jute.Frame{Data: append(e.Buf, body...)}
}

// A clone is the same server: it digests alike, does the same with the same
// events, and shares nothing with the one that it was made from.
func TestACloneGoesOnAlikeAndAlone(t *testing.T) {
	h := &recorder{}
	s := server.New(server.Config{Client: "z:1"}, server.NewStandalone())
	s.Start(h)
	h.deliver(s)
	require.Equal(t, server.Leading, s.Role())
	var e jute.Encoder
	(&jute.ConnectRequest{Timeout: 10_000, Password: make([]byte, 16)}).Encode(&e)
	s.Accepted(1, "m1:5")
	s.Received(1, jute.Frame{Data: e.Buf})
	h.deliver(s)
	s.Accepted(2, "m1:6")
	s.Received(1, packet(jute.OpExists, 1, pathWatch("/a")))

	after := func(p host.Process, h *recorder) []uint64 {
		sums := []uint64{sum(p)}
		for i, f := range []jute.Frame{packet(jute.OpCreate, 2, create("/a", 0)), packet(jute.OpCreate, 3, create("/a/e", 1)),
			packet(jute.OpPing, 4, nil), packet(jute.OpCloseSession, 5, nil)} {
			p.Received(1, f)
			sums = append(sums, sum(p))
			if i > 1 {
				h.deliver(p)
				sums = append(sums, sum(p))
			}
		}
		return sums
	}
	hc := &recorder{timers: h.timers}
	clone := s.Clone(hc)
	before := sum(s)
	want := after(clone, hc)
	require.Equal(t, before, sum(s), "the clone acted alone")
	sentBefore := len(h.sent)
	require.Equal(t, want, after(s, h))
	require.Equal(t, hc.sent, h.sent[sentBefore:])
	require.Empty(t, h.failures)
	seen := map[uint64]bool{}
	for _, x := range want {
		require.False(t, seen[x], "every event left a trace in the digest")
		seen[x] = true
	}
}
