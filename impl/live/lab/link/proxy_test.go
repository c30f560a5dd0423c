package link

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
)

// link returns the two ends of a connection through a new proxy.
func link(t *testing.T) (p *Proxy, near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	p, err = NewProxy(host.Addr(l.Addr().String()))
	require.NoError(t, err)
	t.Cleanup(p.Close)
	near, err = net.Dial("tcp", string(p.Addr()))
	require.NoError(t, err)
	far, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { near.Close(); far.Close() })
	return p, near, far
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	_, err := c.Write([]byte(text))
	require.NoError(t, err)
}

func hear(t *testing.T, c net.Conn, text string) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	buf := make([]byte, len(text))
	_, err := io.ReadFull(c, buf)
	require.NoError(t, err)
	require.Equal(t, text, string(buf))
}

func hearNothing(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

func TestProxyRelaysBothWaysAndAGracefulEnd(t *testing.T) {
	_, near, far := link(t)
	say(t, near, "hello")
	hear(t, far, "hello")
	say(t, far, "welcome")
	hear(t, near, "welcome")
	require.NoError(t, near.(*net.TCPConn).CloseWrite())
	_, err := far.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	say(t, far, "last words")
	hear(t, near, "last words")
}

func TestCutIsSilentAndNothingIsLost(t *testing.T) {
	p, near, far := link(t)
	p.Cut()
	p.Cut()
	say(t, near, "a")
	say(t, far, "b")
	hearNothing(t, far)
	hearNothing(t, near)
	p.Restore()
	hear(t, far, "a")
	hear(t, near, "b")
}

func TestCutOfOneWayLetsTheOtherPass(t *testing.T) {
	p, near, far := link(t)
	p.CutWay(Forward)
	say(t, near, "a")
	say(t, far, "b")
	hear(t, near, "b")
	hearNothing(t, far)
	p.Restore()
	hear(t, far, "a")
}

func TestCutHidesTheEndOfAPeerAndANewDial(t *testing.T) {
	p, near, far := link(t)
	p.Cut()
	require.NoError(t, far.Close())
	hearNothing(t, near)
	second, err := net.Dial("tcp", string(p.Addr()))
	require.NoError(t, err)
	defer second.Close()
	hearNothing(t, second)
	p.Restore()
	_, err = near.Read(make([]byte, 1))
	require.Error(t, err)
}

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) }

func TestResetIsToldToBothEndsAndNewConnectionsPass(t *testing.T) {
	p, near, far := link(t)
	p.Cut()
	p.Reset()
	for _, c := range []net.Conn{near, far} {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	p.Restore()
}

func TestResetOfAnEndIsPassedOn(t *testing.T) {
	_, near, far := link(t)
	require.NoError(t, far.(*net.TCPConn).SetLinger(0))
	require.NoError(t, far.Close())
	_, err := near.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestProxyToNobodyResets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	l.Close()
	p, err := NewProxy(host.Addr(addr))
	require.NoError(t, err)
	defer p.Close()
	c, err := net.Dial("tcp", string(p.Addr()))
	if err != nil {
		return // reset before the dial returned
	}
	defer c.Close()
	_, err = c.Read(make([]byte, 1))
	require.True(t, isReset(err), "%v", err)
}

func TestCloseEndsACutProxy(t *testing.T) {
	p, near, _ := link(t)
	p.Cut()
	say(t, near, "held")
	p.Close()
	_, err := net.Dial("tcp", string(p.Addr()))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}
