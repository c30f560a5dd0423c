package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/server"
)

// When a silent connection is closed: at the end of the ten seconds in which
// its patience, counted from whatever last went over it, has passed.
func TestSilentConnectionsAreClosed(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name   string
		after  time.Duration // a full ten seconds, at which the connection is opened
		open   func(b *box) (host.ConnID, *line)
		closed time.Duration // behind that full ten seconds
	}{
		{"without a session, just behind the mark", 0, func(b *box) (host.ConnID, *line) { return b.dial("m") }, 20 * s},
		{"without a session, just before the next", 9999 * time.Millisecond, func(b *box) (host.ConnID, *line) { return b.dial("m") }, 20 * s},
		{"in the middle of its handshake", 0, func(b *box) (host.ConnID, *line) {
			c, l := b.dial("m")
			b.write(c, handshake(4 * s)[:20])
			return c, l
		}, 20 * s},
		{"its session expires", 0, func(b *box) (host.ConnID, *line) { return b.open("m", 8*s) }, 10 * s},
		{"it pinged", 0, func(b *box) (host.ConnID, *line) {
			c, l := b.open("m", 15*s)
			for range 3 {
				b.advance(10 * s)
				b.write(c, ping())
			}
			return c, l
		}, 46 * s}, // 30 s and its session's 15, to the next tick
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(t, server.Config{Tick: 2 * s})
			begin := b.now
			b.advance(tt.after)
			_, l := tt.open(b)
			b.advance(tt.closed - time.Nanosecond - (b.now - begin))
			require.False(t, l.closed)
			b.advance(time.Nanosecond)
			require.True(t, l.closed)
		})
	}
}

func TestASilentConnectionGoesBeforeItsSession(t *testing.T) {
	tests := []struct {
		name   string
		meet   time.Duration // when an event goes over the connection
		closed time.Duration
	}{
		{"nothing goes over it", 0, time.Hour + 10*time.Second},
		{"but an event", 59*time.Minute + 5*time.Second, time.Hour + 59*time.Minute + 10*time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(t, server.Config{Tick: 2 * time.Hour, MinSession: time.Hour, MaxSession: time.Hour})
			id, l := b.open("w", 0)
			begin := b.now
			b.write(id, wire(packet(jute.OpExists, 1, pathWatch("/a"))))
			if tt.meet != 0 {
				b.advance(tt.meet)
				writer, _ := b.open("m", 0)
				b.write(writer, wire(packet(jute.OpCreate, 1, create("/a", 0))))
				require.Len(t, l.take(t), 3, "the handshake, the reply, the event")
			}
			b.advance(tt.closed - time.Nanosecond - (b.now - begin))
			require.False(t, l.closed)
			b.advance(time.Nanosecond)
			require.True(t, l.closed)
			words, answer := b.dial("m")
			b.write(words, []byte("mntr"))
			require.Regexp(t, `zk_global_sessions\t[12]\n`, string(answer.out), "the session lives on")
		})
	}
}

func TestAMachineHasSoManyConnections(t *testing.T) {
	b := newBox(t, server.Config{MaxClientCnxns: 2})
	c1, l1 := b.open("m", 0)
	_, l2 := b.open("m", 0)
	_, l3 := b.open("m", 0)
	require.False(t, l1.closed || l2.closed)
	require.True(t, l3.closed)
	require.Empty(t, l3.take(t), "it is told nothing")
	word, l4 := b.dial("m")
	b.write(word, []byte("ruok"))
	require.True(t, l4.closed)
	require.Empty(t, l4.out, "not even that the server is well")
	_, other := b.open("n", 0)
	require.False(t, other.closed, "another machine has its own")
	b.hangUp(c1)
	_, l5 := b.open("m", 0)
	require.False(t, l5.closed, "one has gone")
	require.Len(t, l5.take(t), 1)
}
