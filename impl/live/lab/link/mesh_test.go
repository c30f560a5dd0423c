package link

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
)

func TestStallHoldsOnlyTheConnectionsThatStand(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	var m Mesh
	defer m.Close()
	addr, err := m.Add("a", "b", host.Addr(l.Addr().String()), nil)
	require.NoError(t, err)
	open := func() (near, far net.Conn) {
		near, err := net.Dial("tcp", string(addr))
		require.NoError(t, err)
		far, err = l.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { near.Close(); far.Close() })
		return near, far
	}
	near, far := open()
	say(t, near, "x")
	hear(t, far, "x")
	m.Stall("b", "a")
	say(t, near, "held")
	hearNothing(t, far)
	near2, far2 := open()
	say(t, near2, "new")
	hear(t, far2, "new")
	m.Unstall("b", "a")
	hear(t, far, "held")
}

// onMesh is a connection that machine a dialled to machine b.
func onMesh(t *testing.T) (m *Mesh, near, far net.Conn) {
	t.Helper()
	p, near, far := link(t)
	return &Mesh{proxies: map[pair][]*Proxy{{"a", "b"}: {p}}, order: []pair{{"a", "b"}}, stalled: map[pair][]func(){}}, near, far
}

func TestCutsOfOneDirectionAddUp(t *testing.T) {
	m, near, far := onMesh(t)
	m.Cut("b", "a")
	m.Cut("b", "a")
	say(t, near, "there")
	hear(t, far, "there")
	say(t, far, "back")
	hearNothing(t, near)
	m.Heal("b", "a")
	hearNothing(t, near)
	m.Heal("b", "a")
	hear(t, near, "back")
	m.Heal("b", "a") // one too many changes nothing
	say(t, far, "on")
	hear(t, near, "on")
}

func TestASlowLinkDelaysAndKeepsOrder(t *testing.T) {
	m, near, far := onMesh(t)
	m.Slow("a", "b", 300*time.Millisecond)
	begin := time.Now()
	for range 5 {
		say(t, near, "12")
		time.Sleep(50 * time.Millisecond)
	}
	hear(t, far, "1212121212")
	took := time.Since(begin)
	require.GreaterOrEqual(t, took, 500*time.Millisecond, "each byte is late")
	require.Less(t, took, 1400*time.Millisecond, "and none waits for the one before")
	m.Slow("a", "b", -300*time.Millisecond)
	say(t, far, "back")
	hear(t, near, "back")
}

func TestTheFirstBytesOfTheTargetAreKept(t *testing.T) {
	p, near, far := link(t)
	say(t, far, "welcome")
	hear(t, near, "welcome")
	require.Equal(t, [][]byte{[]byte("welcome")}, p.Greetings())
}
