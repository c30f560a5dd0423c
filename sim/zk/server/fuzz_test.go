package server_test

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/server"
)

// How a hostile connection begins, and what its bytes are then: the lowest two
// bits of a mode.
const (
	fuzzRaw       = iota // nothing, and as they are
	fuzzSession          // with a session, and as they are
	fuzzRequests         // with a session, and requests with true lengths
	fuzzHandshake        // a handshake with a true length, and as they are
)

// hostile returns what a connection sends.
func hostile(mode byte, data []byte) []byte {
	switch mode % 4 {
	case fuzzSession:
		return append(handshake(time.Second), data...)
	case fuzzRequests:
		out := handshake(time.Second)
		for xid := int32(1); len(data) >= 2; xid++ {
			typ, n := int32(int8(data[0])), min(int(data[1]), len(data)-2)
			out = append(out, wire(packet(typ, xid, data[2:2+n]))...)
			data = data[2+n:]
		}
		return out
	case fuzzHandshake:
		n := min(len(data), 45)
		return append(wire(jute.Frame{Data: data[:n]}), data[n:]...)
	}
	return data
}

// Whatever comes over one connection, in whatever pieces: nothing panics, no
// more is allocated than the bytes account for, what is sent back is packets,
// another client is served on, and the connection does not stay for ever.
func FuzzConnection(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, mode byte, pieces, data []byte) {
		if len(data) > 8<<10 {
			t.Skip("longer inputs hold no more")
		}
		b := newBox(t, server.Config{Tick: 250 * time.Millisecond, ExtendedTypes: mode&4 != 0})
		good, answers := b.open("good", time.Second)
		require.Len(t, answers.take(t), 1)
		bad, l := b.dial("bad")
		before := allocated()
		deliver(b, bad, pieces, hostile(mode, data))
		require.Less(t, allocated()-before, uint64(1<<20+4096*len(data)))
		require.Empty(t, b.failed)
		if mode%4 == fuzzSession || mode%4 == fuzzRequests {
			l.take(t)
		}
		copied := b.s.Clone(b)
		require.Equal(t, sum(b.s), sum(copied))
		for range 60 {
			b.advance(500 * time.Millisecond)
			b.write(good, ping())
		}
		b.write(good, wire(packet(jute.OpExists, 1, pathWatch("/"))))
		require.Len(t, answers.take(t), 61, "a client that did nothing wrong")
		require.True(t, l.closed, "it was silent for half a minute")
		words, said := b.dial("good")
		b.write(words, []byte("mntr"))
		require.Regexp(t, `zk_num_alive_connections\t2\n`, string(said.out), "the good client and this one")
		require.Regexp(t, `zk_global_sessions\t1\n`, string(said.out))
		require.Empty(t, b.failed)
	})
}

// deliver sends bytes in pieces of the given sizes, the last one as often as
// is needed.
func deliver(b *box, c host.ConnID, pieces, data []byte) {
	size := len(data)
	for len(data) > 0 {
		if len(pieces) > 0 {
			size, pieces = int(pieces[0])+1, pieces[1:]
		}
		n := min(max(size, 1), len(data))
		b.write(c, data[:n])
		data = data[n:]
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func seeds(f *testing.F) {
	f.Add(byte(fuzzRaw), []byte(nil), []byte("ruok"))
	f.Add(byte(fuzzRaw), []byte{0}, []byte("\x40\x00\x00\x00 and then nothing"))
	f.Add(byte(fuzzRaw), []byte(nil), []byte("\x00\x0f\xff\xff a promise of a mebibyte"))
	f.Add(byte(fuzzRaw), []byte{1, 2}, append(handshake(time.Second), "mntr"...))
	f.Add(byte(fuzzSession), []byte(nil), []byte("\xff\xff\xff\xff"))
	f.Add(byte(fuzzHandshake), []byte{3}, handshake(-time.Second)[4:])
	f.Add(byte(fuzzSession), []byte{0}, append(wire(packet(jute.OpCreate, 1, create("/a", jute.FlagSequential))), ping()...))
	request := func(typ int8, body []byte) []byte { return append([]byte{byte(typ), byte(len(body))}, body...) }
	var all []byte
	for typ := int8(-11); typ <= 107; typ++ {
		all = append(all, request(typ, pathWatch("/zookeeper"))...)
	}
	f.Add(byte(fuzzRequests), []byte(nil), all)
	f.Add(byte(fuzzRequests), []byte(nil), append(request(jute.OpCreate, create("/e", jute.FlagEphemeral)), request(jute.OpCloseSession, nil)...))
	f.Add(byte(fuzzRequests), []byte{7}, request(jute.OpMulti, binary.BigEndian.AppendUint32(nil, 0x7fffffff)))
	f.Add(byte(fuzzRequests), []byte{7}, request(jute.OpSetWatches, append(make([]byte, 8), 0x7f, 0xff, 0xff, 0xff)))
	f.Add(byte(fuzzRequests), []byte(nil), request(jute.OpAuth, []byte("\x00\x00\x00\x00\x00\x00\x00\x06digest\x00\x00\x00\x03a:b")))
}
