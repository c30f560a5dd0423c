package zktest_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/trouble"
	"github.com/simctl/simctl/zktest"
)

// A client is a process of impl with sessions, which writes down what it is told.
type client struct {
	host.Process
	h        *live.Host
	journal  *journal
	servers  []host.Addr
	sessions map[string]coord.Session
}

func (c *client) Start(host.Host) {
	for _, name := range []string{"latch", "store"} {
		c.sessions[name] = c.h.OpenSession(coord.Options{Servers: c.servers, Timeout: 6 * time.Second, Name: name}, host.BindResult((*client).changed, name))
	}
}

func (c *client) Signalled(host.Signal) { c.h.Exit(0) }

func (c *client) changed(name string, s coord.StateChange) { c.journal.say("%s %s", name, s.State) }

func (c *client) told(what string, r coord.Result) {
	if r.Err != nil {
		what += " " + r.Err.Error()
	}
	c.journal.say("%s answered", what)
}

// ask asks for an operation in a session.
func (c *client) ask(t *testing.T, session, what string, op coord.Op) {
	t.Helper()
	require.NoError(t, c.h.Call(func() { coord.Do(c.h, c.sessions[session], op, (*client).told, what) }))
}

// count is how many lines end so.
func (c *client) count(end string) (n int) {
	for _, line := range c.journal.all() {
		if strings.HasSuffix(line, end) {
			n++
		}
	}
	return n
}

// startClient starts a client of a server over TCP, in a machine with a file of
// troubles.
func startClient(t *testing.T) (*client, *trouble.Sheet) {
	t.Helper()
	e, err := zktest.Start(zktest.Options{TCP: true, Tick: 500 * time.Millisecond})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "trouble")
	c := &client{journal: newJournal(), sessions: map[string]coord.Session{}}
	for _, addr := range e.Addrs() {
		c.servers = append(c.servers, host.Addr(addr))
	}
	c.h, err = live.NewHost(live.Options{Self: "c1", Trouble: trouble.Follow(file)})
	require.NoError(t, err)
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		_, err := c.h.Run(ctx, c)
		ended <- err
	}()
	t.Cleanup(func() {
		end()
		require.NoError(t, <-ended)
		require.NoError(t, e.Close())
	})
	return c, trouble.NewSheet(file)
}

// What a machine's file says of its sessions: an operation is late, an answer is
// lost with its connection though the operation has happened, and one session is
// cut off while the other goes on.
func TestSessionsHaveTheTroublesOfTheirMachine(t *testing.T) {
	c, sheet := startClient(t)
	told := func(end string, times int) {
		t.Helper()
		require.Eventually(t, func() bool { return c.count(end) >= times }, time.Minute, 5*time.Millisecond, "%s: %q", end, c.journal.all())
	}
	told("latch connected", 1)
	told("store connected", 1)

	require.NoError(t, sheet.Delay("create", 700*time.Millisecond, true))
	time.Sleep(20 * time.Millisecond) // what was read of the file may be 5 ms old
	asked := time.Now()
	c.ask(t, "store", "late", coord.Op{Kind: coord.Create, Path: "/a"})
	told("late answered", 1)
	require.GreaterOrEqual(t, time.Since(asked), 700*time.Millisecond)
	require.NoError(t, sheet.Delay("create", 700*time.Millisecond, false))

	require.NoError(t, sheet.Lose("write", 1, true))
	time.Sleep(20 * time.Millisecond)
	c.ask(t, "store", "lost", coord.Op{Kind: coord.Set, Path: "/a", Data: []byte("x"), Version: 0})
	told("lost "+coord.ErrConnectionLoss.Error()+" answered", 1)
	told("store connected", 2)
	c.ask(t, "store", "again", coord.Op{Kind: coord.Set, Path: "/a", Data: []byte("x"), Version: 0})
	told("again "+coord.ErrBadVersion.Error()+" answered", 1) // it had happened

	require.NoError(t, sheet.Cut("latch", true))
	told("latch disconnected", 1)
	c.ask(t, "store", "beside", coord.Op{Kind: coord.Exists, Path: "/a"})
	told("beside answered", 1)
	require.Zero(t, c.count("store disconnected")-1, "but for the answer that was lost")
	require.NoError(t, sheet.Cut("latch", false))
	require.Eventually(t, func() bool { return c.count("latch connected") > 1 || c.count("latch expired") > 0 }, time.Minute, 5*time.Millisecond)
}
