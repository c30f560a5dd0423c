package live_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/link"
)

// A zkUser is a probe with a session.
type zkUser struct {
	probe
	id      int64
	session coord.Session
}

func (u *zkUser) changed(_ int, s coord.StateChange) {
	u.id = s.ID
	u.note("%s", s.State)
}

func (u *zkUser) answered(what string, r coord.Result) {
	u.note("%s: %v", what, r.Err)
	if what == "closing" {
		u.h.Exit(0)
	}
}

// open opens a session of the length; with a zkUser as process.
func (u *zkUser) open(h *live.Host, servers []host.Addr, length time.Duration) {
	u.session = h.OpenSession(coord.Options{Servers: servers, Timeout: length}, host.BindResult((*zkUser).changed, 0))
}

// connected runs a user whose session stands.
func connected(t *testing.T, servers []host.Addr, length time.Duration) (*live.Host, *zkUser) {
	t.Helper()
	u := &zkUser{}
	h := runProcess(t, live.Options{Self: "p"}, u)
	require.NoError(t, h.Call(func() { u.open(h, servers, length) }))
	await(t, &u.probe, "connected")
	return h, u
}

// again waits until the session is connected for the second time.
func (u *zkUser) again(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		n := 0
		for _, l := range u.lines() {
			if l == "connected" {
				n++
			}
		}
		return n == 2
	}, 20*time.Second, time.Millisecond, "%v", u.lines)
}

func TestSessionSurvivesTheLossOfTheLeader(t *testing.T) {
	t.Parallel()
	e := startZooKeeper(t, 3)
	h, u := connected(t, e.Addrs(), 5*time.Second)
	id := u.id
	begin := time.Now()
	e.Leader(context.Background()).Kill()
	u.again(t)
	t.Logf("connected again after %v", time.Since(begin))
	require.NoError(t, h.Call(func() {
		require.Equal(t, id, u.id)
		coord.Do(h, u.session, coord.Op{Kind: coord.Set, Path: "/zookeeper/quota", Version: coord.AnyVersion}, (*zkUser).answered, "set")
	}))
	await(t, &u.probe, "set: <nil>")
}

// go-zookeeper alone waits for 6.67 session timeouts for a server that accepts
// and says nothing, and finds its session expired.
func TestSessionSurvivesALeaderThatStandsStill(t *testing.T) {
	t.Parallel()
	e := startZooKeeper(t, 3)
	_, u := connected(t, e.Addrs(), 6*time.Second)
	leader := e.Leader(context.Background())
	begin := time.Now()
	require.NoError(t, leader.Pause())
	defer leader.Kill()
	await(t, &u.probe, "disconnected")
	lost := time.Since(begin)
	u.again(t)
	t.Logf("lost after %v, connected again after %v", lost, time.Since(begin))
	require.Equal(t, []string{"connected", "disconnected", "connected"}, u.lines())
	require.Less(t, time.Since(begin), 20*time.Second)
}

func TestDeadServersInTheListArePassedOver(t *testing.T) {
	t.Parallel()
	e := startZooKeeper(t, 1)
	servers := append([]host.Addr{freeAddr(t), freeAddr(t), freeAddr(t)}, e.Addrs()...)
	connected(t, servers, 4*time.Second)
}

func TestSessionClosedBeforeTheExitIsClosedAtTheService(t *testing.T) {
	t.Parallel()
	e := startZooKeeper(t, 1)
	h, u := connected(t, e.Addrs(), 4*time.Second)
	require.NoError(t, h.Call(func() {
		coord.Do(h, u.session, coord.Op{Kind: coord.Create, Path: "/e", Mode: coord.Ephemeral}, (*zkUser).answered, "create")
	}))
	await(t, &u.probe, "create: <nil>")
	require.NoError(t, h.Call(func() {
		h.CloseSession(u.session)
		h.Exit(0)
	}))
	other, v := connected(t, e.Addrs(), 4*time.Second)
	begin := time.Now()
	require.Eventually(t, func() bool {
		require.NoError(t, other.Call(func() {
			coord.Do(other, v.session, coord.Op{Kind: coord.Exists, Path: "/e"}, (*zkUser).answered, "exists")
		}))
		l := v.lines()
		return l[len(l)-1] == "exists: no node"
	}, 2*time.Second, 5*time.Millisecond)
	require.Less(t, time.Since(begin), 2*time.Second)
}

func TestCloseOfASessionThatIsCutOffEndsSoon(t *testing.T) {
	t.Parallel()
	e := startZooKeeper(t, 1)
	px, err := link.NewProxy(e.Addrs()[0])
	require.NoError(t, err)
	defer px.Close()
	u := &zkUser{}
	h, err := live.NewHost(live.Options{Self: "p"})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := h.Run(context.Background(), u)
		ended <- err
	}()
	require.NoError(t, h.Call(func() { u.open(h, []host.Addr{px.Addr()}, 4*time.Second) }))
	await(t, &u.probe, "connected")
	px.Cut()
	begin := time.Now()
	require.NoError(t, h.Call(func() {
		coord.Do(h, u.session, coord.Op{Kind: coord.Get, Path: "/"}, (*zkUser).answered, "closing")
		h.CloseSession(u.session)
	}))
	require.NoError(t, <-ended)
	require.Less(t, time.Since(begin), 4*time.Second)
	require.Equal(t, []string{"connected", "closing: session closed"}, u.lines())
}

func TestUnknownSessionAnswersClosed(t *testing.T) {
	u := &zkUser{}
	h := runProcess(t, live.Options{Self: "p"}, u)
	require.NoError(t, h.Call(func() {
		coord.Do(h, 77, coord.Op{Kind: coord.Get, Path: "/"}, (*zkUser).answered, "get")
		h.CloseSession(77)
		h.DropSession(0)
	}))
	await(t, &u.probe, "get: session closed")
}
