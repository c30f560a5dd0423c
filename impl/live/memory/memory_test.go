package memory_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/memory"
)

var (
	_ live.Net    = (*memory.Machine)(nil)
	_ live.Stream = (*memory.Conn)(nil)
	_ live.Files  = (*memory.Files)(nil)
)

const delay = 100 * time.Microsecond

var (
	alice = netip.MustParseAddr("10.0.0.1")
	bob   = netip.MustParseAddr("10.0.0.2")
)

// A call is two machines in a bubble, with one connection.
type call struct {
	t         *testing.T
	net       *memory.Net
	near, far live.Stream
}

// inCall runs f in a bubble.
func inCall(t *testing.T, f func(c *call)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := memory.NewNet(1, delay, delay)
		l, err := n.Machine(bob).Listen("10.0.0.2:7")
		require.NoError(t, err)
		near, err := n.Machine(alice).Dial(t.Context(), "10.0.0.2:7")
		require.NoError(t, err)
		far, err := l.Accept()
		require.NoError(t, err)
		f(&call{t, n, near.(live.Stream), far.(live.Stream)})
		require.NoError(t, l.Close())
		_, _ = near.Close(), far.Close()
	})
}

func (c *call) send(from net.Conn, text string) {
	c.t.Helper()
	_, err := io.WriteString(from, text)
	require.NoError(c.t, err)
}

// expect reads exactly text, which arrives after d.
func (c *call) expect(at net.Conn, text string, d time.Duration) {
	c.t.Helper()
	begin := time.Now()
	b := make([]byte, len(text))
	_, err := io.ReadFull(at, b)
	require.NoError(c.t, err)
	require.Equal(c.t, text, string(b))
	require.Equal(c.t, d, time.Since(begin))
}

func TestBytesArriveInOrderAfterTheDelay(t *testing.T) {
	inCall(t, func(c *call) {
		c.send(c.near, "one")
		time.Sleep(delay / 2)
		c.send(c.near, "two")
		c.expect(c.far, "one", delay/2)
		c.expect(c.far, "two", delay/2)
		c.send(c.far, "answer")
		c.expect(c.near, "answer", delay)
		require.Equal(t, "10.0.0.1", c.far.RemoteAddr().(*net.TCPAddr).IP.String())
		require.Equal(t, c.near.LocalAddr(), c.far.RemoteAddr())
	})
}

func TestACutStallsSilentlyAndHealingDelivers(t *testing.T) {
	inCall(t, func(c *call) {
		c.net.Cut(alice, bob)
		c.send(c.near, "late")
		c.send(c.far, "the other direction stands")
		c.expect(c.near, "the other direction stands", delay)
		time.Sleep(time.Hour)
		c.net.Heal()
		c.expect(c.far, "late", delay)
	})
}

func TestACloseIsReadAfterEverythingSent(t *testing.T) {
	inCall(t, func(c *call) {
		c.send(c.near, "last")
		require.NoError(t, c.near.CloseWrite())
		_, err := c.near.Write([]byte("x"))
		require.ErrorIs(t, err, net.ErrClosed)
		b, err := io.ReadAll(c.far)
		require.NoError(t, err)
		require.Equal(t, "last", string(b))
		c.send(c.far, "it still reads")
		c.expect(c.near, "it still reads", delay)
		require.NoError(t, c.near.Close())
		require.ErrorIs(t, c.near.Close(), net.ErrClosed)
		_, err = c.near.Read(make([]byte, 1))
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

func TestAResetEndsBothDirections(t *testing.T) {
	inCall(t, func(c *call) {
		c.send(c.near, "before")
		require.NoError(t, c.near.SetLinger(0))
		require.NoError(t, c.near.Close())
		c.expect(c.far, "before", delay)
		_, err := c.far.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		_, err = c.far.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.ECONNRESET)
	})
}

func TestAnswersToAClosedConnectionResetIt(t *testing.T) {
	inCall(t, func(c *call) {
		require.NoError(t, c.near.Close())
		_, err := c.far.Read(make([]byte, 1))
		require.Equal(t, io.EOF, err)
		c.send(c.far, "nobody reads this")
		time.Sleep(3 * delay)
		_, err = c.far.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.ECONNRESET)
	})
}

func TestDeadlinesEndWhatWaits(t *testing.T) {
	inCall(t, func(c *call) {
		begin := time.Now()
		require.NoError(t, c.near.SetDeadline(begin.Add(time.Second)))
		_, err := c.near.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, time.Second, time.Since(begin))
		_, err = c.near.Write([]byte("x"))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, c.near.SetReadDeadline(time.Time{}))
		c.send(c.far, "again")
		c.expect(c.near, "again", delay)
		require.NoError(t, c.near.SetWriteDeadline(time.Now().Add(time.Minute)))
		n, err := c.near.Write(bytes.Repeat([]byte("x"), 3<<20))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded, "the reader takes nothing")
		require.Equal(t, 1<<20, n)
		require.Equal(t, time.Second+delay+time.Minute, time.Since(begin))
	})
}

func TestAReaderLetsItsWriterGoOn(t *testing.T) {
	inCall(t, func(c *call) {
		want := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
		go func() {
			_, _ = c.near.Write(want)
			_ = c.near.Close()
		}()
		got, err := io.ReadAll(c.far)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got))
	})
}

func TestDials(t *testing.T) {
	tests := []struct {
		name string
		do   func(n *memory.Net, l net.Listener)
		want error
		took time.Duration
	}{
		{"somebody listens", func(*memory.Net, net.Listener) {}, nil, 2 * delay},
		{"nobody listens", func(_ *memory.Net, l net.Listener) { _ = l.Close() }, syscall.ECONNREFUSED, 2 * delay},
		{"the way is cut", func(n *memory.Net, _ net.Listener) { n.Cut(alice, bob) }, os.ErrDeadlineExceeded, time.Second},
		{"the way back is cut", func(n *memory.Net, _ net.Listener) { n.Cut(bob, alice) }, os.ErrDeadlineExceeded, time.Second},
		{"the way is mended in time", func(n *memory.Net, _ net.Listener) {
			n.Cut(alice, bob)
			time.AfterFunc(time.Millisecond, n.Heal)
		}, nil, time.Millisecond + 2*delay},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := memory.NewNet(1, delay, delay)
				l, err := n.Machine(bob).Listen("10.0.0.2:7")
				require.NoError(t, err)
				tt.do(n, l)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				begin := time.Now()
				c, err := n.Machine(alice).Dial(ctx, "10.0.0.2:7")
				require.Equal(t, tt.took, time.Since(begin))
				require.ErrorIs(t, err, tt.want)
				require.Equal(t, tt.want == nil, c != nil)
				_ = l.Close()
			})
		})
	}
}

func TestAClosedListenerResetsWhatItHasNotAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memory.NewNet(1, delay, delay)
		l, err := n.Machine(bob).Listen("10.0.0.2:7")
		require.NoError(t, err)
		_, err = n.Machine(bob).Listen("10.0.0.2:7")
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		_, err = n.Machine(bob).Listen("10.0.0.3:7")
		require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
		c, err := n.Machine(alice).Dial(t.Context(), "10.0.0.2:7")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		_, err = c.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		_, err = l.Accept()
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

func TestDelaysAreOfTheSeedAndTheConnection(t *testing.T) {
	measure := func(seed uint64) (took []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			n := memory.NewNet(seed, delay, 2*delay)
			l, err := n.Machine(bob).Listen("10.0.0.2:7")
			require.NoError(t, err)
			for range 8 {
				begin := time.Now()
				_, err := n.Machine(alice).Dial(t.Context(), "10.0.0.2:7")
				require.NoError(t, err)
				took = append(took, time.Since(begin))
				require.GreaterOrEqual(t, took[len(took)-1], 2*delay)
				require.LessOrEqual(t, took[len(took)-1], 4*delay)
			}
			_ = l.Close()
		})
		return took
	}
	require.Equal(t, measure(1), measure(1))
	require.NotEqual(t, measure(1), measure(2))
	distinct := map[time.Duration]bool{}
	for _, d := range measure(3) {
		distinct[d] = true
	}
	require.Len(t, distinct, 8)
}

func TestFiles(t *testing.T) {
	var f memory.Files
	require.ErrorIs(t, f.Sync("a"), fs.ErrNotExist)
	require.ErrorIs(t, f.Remove("a"), fs.ErrNotExist)
	require.ErrorIs(t, f.Rename("a", "b"), fs.ErrNotExist)
	require.NoError(t, f.Append("a", []byte("one ")))
	require.NoError(t, f.Append("a", []byte("two")))
	require.NoError(t, f.Sync("a"))
	require.NoError(t, f.Append("b", []byte("old")))
	require.NoError(t, f.Rename("a", "b"))
	got, err := f.Read("b")
	require.NoError(t, err)
	require.Equal(t, "one two", string(got))
	got[0] = 'X'
	got, err = f.Read("b")
	require.NoError(t, err)
	require.Equal(t, "one two", string(got), "what was read is the reader's own")
	_, err = f.Read("a")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, f.Remove("b"))
	_, err = f.Read("b")
	require.ErrorIs(t, err, fs.ErrNotExist)
}
