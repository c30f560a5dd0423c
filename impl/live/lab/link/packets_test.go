package link

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
)

// named is a framing for tests: a letter, which is the name, and what follows
// until the next full stop.
func named(stream []byte) (string, int, error) {
	for i, c := range stream {
		if c == '.' {
			return string(stream[:1]), i + 1, nil
		}
	}
	return "", 0, nil
}

func TestTrapLosesOneMessageOrSendsItTwice(t *testing.T) {
	p, near, far := link(t)
	p.Frame(named)
	lost, twice := NewTrap("b", 0, false, 0), NewTrap("any", 2, true, 0)
	p.Set(Forward, lost)
	say(t, far, "b.") // the other way
	hear(t, near, "b.")
	say(t, near, "a1.b")
	say(t, near, "2.b3.")
	hear(t, far, "a1.b3.")
	require.Zero(t, lost.Left())
	p.Set(Forward, twice)
	say(t, near, "b4.")
	hear(t, far, "b4.b4.")
	require.Equal(t, 1, twice.Left())
	p.Unset(Forward, twice)
	say(t, near, "b5.b6.")
	hear(t, far, "b5.b6.")
}

// A message that comes a second time after its connection is gone comes over
// the next one.
func TestSecondMessageComesOverANewerConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	p, err := NewProxy(host.Addr(l.Addr().String()))
	require.NoError(t, err)
	defer p.Close()
	p.Frame(named)
	p.Set(Forward, NewTrap("a", 1, true, 500*time.Millisecond))
	dial := func() (near, far net.Conn) {
		near, err := net.Dial("tcp", string(p.Addr()))
		require.NoError(t, err)
		far, err = l.Accept()
		require.NoError(t, err)
		return near, far
	}
	near, far := dial()
	say(t, near, "a1.")
	hear(t, far, "a1.")
	near.Close()
	far.Close()
	near, far = dial()
	defer near.Close()
	defer far.Close()
	hear(t, far, "a1.")
}

func TestDrainLetsOnePacketPassAtATime(t *testing.T) {
	p, near, far := link(t)
	p.Frame(named)
	p.Drain(Forward, 40*time.Millisecond)
	begin := time.Now()
	say(t, near, "a.b.c.d.")
	say(t, far, "x.y.z.")
	hear(t, near, "x.y.z.")
	hear(t, far, "a.b.c.d.")
	require.GreaterOrEqual(t, time.Since(begin), 120*time.Millisecond)
}

// What TCP sends again is late, in order, and not lost; the other way is well.
func TestLossyWayIsLateAndLosesNothing(t *testing.T) {
	p, near, far := link(t)
	p.Frame(named)
	p.Lossy(Forward, 1200)
	p.Lossy(Forward, -200) // every packet is lost, as often as one can be
	begin := time.Now()
	say(t, far, "x.")
	hear(t, near, "x.")
	say(t, near, "a.")
	require.NoError(t, far.SetReadDeadline(time.Now().Add(20*time.Second)))
	buf := make([]byte, 2)
	_, err := far.Read(buf)
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(begin), 6200*time.Millisecond, "200 ms, and twice that, up to 3.2 s")
	w := wear{loss: 0}
	require.Zero(t, w.resent())
}

func TestPrefixedMessagesAreCutAtTheirLength(t *testing.T) {
	stream := append(binary.BigEndian.AppendUint32(nil, 5), "helloX"...)
	for i := range 9 {
		_, used, err := Prefixed(stream[:i])
		require.NoError(t, err)
		require.Zero(t, used)
	}
	_, used, err := Prefixed(stream)
	require.NoError(t, err)
	require.Equal(t, 9, used)
	_, _, err = Prefixed([]byte("stat"))
	require.Error(t, err, "no length")
}

// What is no message is carried as it comes.
func TestBytesThatAreNoMessageAreCarriedToo(t *testing.T) {
	p, near, far := link(t)
	p.Frame(Prefixed)
	say(t, near, "stat and more")
	hear(t, far, "stat and more")
	say(t, near, "a")
	hear(t, far, "a")
}
