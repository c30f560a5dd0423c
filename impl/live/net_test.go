package live_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
)

// freeAddr is an address where nobody listens now.
func freeAddr(t *testing.T) host.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return host.Addr(l.Addr().String())
}

// listening runs a probe that listens.
func listening(t *testing.T) (*live.Host, *probe, host.Addr) {
	t.Helper()
	addr := freeAddr(t)
	p := &probe{}
	p.started = func(h host.Host) { p.check(h.Listen(addr, lines{})) }
	return run(t, live.Options{Self: "server"}, p), p, addr
}

func TestMessagesArriveInTheOrderSent(t *testing.T) {
	_, server, addr := listening(t)
	client := &probe{}
	h := run(t, live.Options{Self: "client"}, client)
	const n = 5000
	require.NoError(t, h.Call(func() {
		c := h.Dial(addr, lines{})
		for i := range n {
			h.Send(c, text(fmt.Sprint(i)))
		}
	}))
	await(t, server, fmt.Sprintf("received 1 %d", n-1))
	want := []string{"accepted 1"}
	for i := range n {
		want = append(want, fmt.Sprintf("received 1 %d", i))
	}
	require.Equal(t, want, server.lines())
	require.Equal(t, []string{"connected 1"}, client.lines())
}

func TestCloseIsToldToThePeerAfterEverythingSent(t *testing.T) {
	_, server, addr := listening(t)
	big := string(bytes.Repeat([]byte("x"), 1<<20))
	client := &probe{}
	h := run(t, live.Options{Self: "client"}, client)
	require.NoError(t, h.Call(func() { h.Dial(addr, lines{}) }))
	await(t, client, "connected 1")
	require.NoError(t, h.Call(func() {
		h.Send(1, text(big))
		h.Send(1, text("last"))
		h.Close(1)
		h.Send(1, text("never"))
	}))
	await(t, server, "closed 1 closed by peer")
	require.Equal(t, []string{"accepted 1", "received 1 " + big, "received 1 last", "closed 1 closed by peer"}, server.lines())
	require.Equal(t, []string{"connected 1"}, client.lines(), "the closing side is not called back")
}

func TestExitDeliversWhatWasSentBefore(t *testing.T) {
	_, server, addr := listening(t)
	client := &probe{}
	h := run(t, live.Options{Self: "client"}, client)
	require.NoError(t, h.Call(func() { h.Dial(addr, lines{}) }))
	await(t, client, "connected 1")
	require.NoError(t, h.Call(func() {
		h.Send(1, text("goodbye"))
		h.Exit(0)
		h.Send(1, text("never"))
	}))
	await(t, server, "closed 1 closed by peer")
	require.Equal(t, []string{"accepted 1", "received 1 goodbye", "closed 1 closed by peer"}, server.lines())
}

func TestDeathOfAProcessResetsItsConnections(t *testing.T) {
	dir, addr := t.TempDir(), freeAddr(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "addr"), []byte(addr), 0o644))
	p := &probe{}
	h := run(t, live.Options{Self: "parent", ChildCommand: helperCommand}, p)
	require.NoError(t, h.Call(func() { h.Spawn(host.Program{Kind: "listens", Name: "c", Args: dir}) }))
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", string(addr))
		if err == nil {
			c.Close()
		}
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, h.Call(func() { h.Dial(addr, lines{}) }))
	await(t, p, "connected 1")
	require.NoError(t, h.Call(func() { h.Signal("parent/c", host.Kill) }))
	await(t, p, "closed 1 reset")
	await(t, p, "exited parent/c -1")
	require.NoError(t, h.Call(func() { h.Dial(addr, lines{}) }))
	await(t, p, "closed 2 refused")
}

func TestDialThatIsNotAnsweredTimesOut(t *testing.T) {
	p := &probe{}
	h := run(t, live.Options{Self: "client", DialTimeout: time.Nanosecond}, p)
	require.NoError(t, h.Call(func() { h.Dial(freeAddr(t), lines{}) }))
	await(t, p, "closed 1 timed out")
}

func TestClosedDialIsNotToldOf(t *testing.T) {
	_, server, addr := listening(t)
	p := &probe{}
	h := run(t, live.Options{Self: "client"}, p)
	require.NoError(t, h.Call(func() { h.Close(h.Dial(addr, lines{})) }))
	require.NoError(t, h.Call(func() { h.Send(h.Dial(addr, lines{}), text("second")) }))
	await(t, p, "connected 2")
	require.Equal(t, []string{"connected 2"}, p.lines())
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(server.lines(), func(l string) bool { return strings.HasSuffix(l, " second") })
	}, 5*time.Second, time.Millisecond)
}

func TestTakenAddressIsAnError(t *testing.T) {
	h, _, addr := listening(t)
	require.NoError(t, h.Call(func() {
		err := h.Listen(addr, lines{})
		require.ErrorContains(t, err, "listen at "+string(addr))
		require.ErrorContains(t, h.Listen("nonsense", lines{}), "missing port")
	}))
}

func TestBytesThatDoNotDecodeEndTheConnection(t *testing.T) {
	_, server, addr := listening(t)
	c, err := net.Dial("tcp", string(addr))
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte("\x00\x00\x00\x02ok\xff\xff\xff\xff"))
	require.NoError(t, err)
	await(t, server, "closed 1 malformed")
	require.Equal(t, []string{"accepted 1", "received 1 ok", "closed 1 malformed"}, server.lines())
	_, err = c.Read(make([]byte, 1))
	require.Error(t, err)
}

func TestPeerThatDoesNotReadIsResetAndHoldsUpNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	p := &probe{}
	h := run(t, live.Options{Self: "client", SendQueue: 1 << 20}, p)
	require.NoError(t, h.Call(func() { h.Dial(host.Addr(l.Addr().String()), lines{}) }))
	await(t, p, "connected 1")
	stuck, err := l.Accept()
	require.NoError(t, err)
	defer stuck.Close()
	payload := text(bytes.Repeat([]byte("x"), 64<<10))
	require.Eventually(t, func() bool {
		begin := time.Now()
		require.NoError(t, h.Call(func() { h.Send(1, payload) }))
		require.Less(t, time.Since(begin), 2*time.Second)
		l := p.lines()
		return l[len(l)-1] == "closed 1 reset"
	}, 20*time.Second, time.Microsecond)
}

func TestRouteSaysWhereToDial(t *testing.T) {
	_, server, addr := listening(t)
	p := &probe{}
	h := run(t, live.Options{Self: "client", Route: func(a host.Addr) host.Addr {
		require.Equal(t, host.Addr("elsewhere:1"), a)
		return addr
	}}, p)
	require.NoError(t, h.Call(func() { h.Dial("elsewhere:1", lines{}) }))
	await(t, server, "accepted 1")
}
