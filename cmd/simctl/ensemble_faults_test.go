package main

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"
)

// cable is a client's way to its server, which can be cut for good.
type cable struct {
	mu    sync.Mutex
	conns []net.Conn
	cut   bool
}

func (c *cable) dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		return nil, errors.New("cut")
	}
	conn, err := net.DialTimeout(network, addr, timeout)
	if err == nil {
		c.conns = append(c.conns, conn)
	}
	return conn, err
}

func (c *cable) sever() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

// follower is the index of one.
func (e *ensemble) follower() int { return (e.leader() + 1) % len(e.procs) }

func TestALostClientOfAFollowerLosesItsEphemerals(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	e := newEnsemble(t, 3)
	for i := range e.procs {
		e.start(i)
	}
	l, f := e.leader(), e.follower()
	var way cable
	lost, _, err := zk.Connect([]string{e.clients[f]}, time.Second, zk.WithLogger(quiet{}), zk.WithDialer(way.dial))
	require.NoError(t, err)
	defer lost.Close()
	other, _, err := zk.Connect([]string{e.clients[l]}, time.Second, zk.WithLogger(quiet{}))
	require.NoError(t, err)
	defer other.Close()
	_, err = lost.Create("/e", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	require.NoError(t, err)
	require.Never(t, func() bool {
		ok, _, err := other.Exists("/e")
		return err == nil && !ok
	}, 1500*time.Millisecond, 50*time.Millisecond, "the session is kept alive through the follower")
	ok, _, gone, err := other.ExistsW("/e")
	require.NoError(t, err)
	require.True(t, ok)
	begin := time.Now()
	way.sever()
	ev := <-gone
	took := time.Since(begin)
	require.Equal(t, zk.EventNodeDeleted, ev.Type)
	t.Logf("deleted %v after the client was lost", took.Round(time.Millisecond))
	// The last touch is a third of the session old at most, and the timeout is
	// rounded up to a tick.
	require.Greater(t, took, 600*time.Millisecond)
	require.Less(t, took, 2*time.Second)
}

func TestAStoppedLeaderIsReplacedAfterSyncLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	e := newEnsemble(t, 3)
	for i := range e.procs {
		e.start(i)
	}
	l := e.leader()
	require.NoError(t, e.procs[l].Process.Signal(syscall.SIGSTOP))
	begin := time.Now()
	stopped := e.procs[l]
	e.procs[l] = nil
	others := []string{e.clients[(l+1)%3], e.clients[(l+2)%3]}
	c, _, err := zk.Connect(others, 4*time.Second, zk.WithLogger(quiet{}))
	require.NoError(t, err)
	defer c.Close()
	require.Eventually(t, func() bool {
		_, err := c.Create("/after", nil, 0, zk.WorldACL(zk.PermAll))
		return err == nil || errors.Is(err, zk.ErrNodeExists)
	}, 20*time.Second, 10*time.Millisecond)
	t.Logf("a write %v after the leader stood still", time.Since(begin).Round(time.Millisecond))
	require.Greater(t, time.Since(begin), 900*time.Millisecond, "syncLimit ticks are 1 s")
	require.NoError(t, stopped.Process.Signal(syscall.SIGCONT))
	e.procs[l] = stopped
	require.NotEqual(t, l, e.leader(), "it comes back as a follower")
	require.Equal(t, "follower", e.mode(l))
}
