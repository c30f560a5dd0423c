package zktest_test

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/zktest"
)

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// in runs f in a bubble, with an ensemble.
func in(t *testing.T, o zktest.Options, f func(t *testing.T, e *zktest.Ensemble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e, err := zktest.Start(o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, e.Close()) })
		f(t, e)
	})
}

// A journal is what its clients were told, in order, with the virtual time.
type journal struct {
	begin time.Time
	mu    sync.Mutex
	lines []string
}

func newJournal() *journal { return &journal{begin: time.Now()} }

func (j *journal) say(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("%v ", time.Since(j.begin))+fmt.Sprintf(format, args...))
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

// await waits until a line ends so.
func (j *journal) await(t *testing.T, end string) {
	t.Helper()
	for range 100_000 {
		for _, l := range j.all() {
			if strings.HasSuffix(l, end) {
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
	require.Fail(t, "never said", "%s in %q", end, j.all())
}

// connect is zk.Connect from a machine in memory.
func connect(t *testing.T, e *zktest.Ensemble, j *journal, name string, timeout time.Duration) *zk.Conn {
	t.Helper()
	told := func(ev zk.Event) {
		if ev.Type == zk.EventSession {
			j.say("%s %v", name, ev.State)
		} else {
			j.say("%s %v %s", name, ev.Type, ev.Path)
		}
	}
	c, _, err := zk.Connect(e.Addrs(), timeout, zk.WithDialer(e.Dialer(name)), zk.WithHostProvider(e.Hosts()),
		zk.WithLogger(quiet{}), zk.WithEventCallback(told))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func create(t *testing.T, c *zk.Conn, path string, flags int32) string {
	t.Helper()
	made, err := c.Create(path, nil, flags, zk.WorldACL(zk.PermAll))
	require.NoError(t, err)
	return made
}

func TestAPartitionedSessionExpiresInItsTick(t *testing.T) {
	var took []time.Duration
	for range 3 {
		in(t, zktest.Options{Servers: 3, Tick: time.Second}, func(t *testing.T, e *zktest.Ensemble) {
			j := newJournal()
			app := connect(t, e, j, "app", 10*time.Second)
			other := connect(t, e, newJournal(), "other", 10*time.Second)
			create(t, app, "/e", zk.FlagEphemeral)
			_, _, gone, err := other.ExistsW("/e")
			require.NoError(t, err)
			time.Sleep(30 * time.Second)
			session := app.SessionID()
			require.Equal(t, zk.StateHasSession, app.State(), "it pings")
			cut := time.Now()
			e.Partition("app")
			ev := <-gone
			require.Equal(t, zk.EventNodeDeleted, ev.Type)
			took = append(took, time.Since(cut))
			// The ensemble began at the beginning of a tick, and sessions expire
			// at the end of one; then the news travels.
			require.Less(t, time.Since(time.Now().Truncate(time.Second)), 5*time.Millisecond)
			require.Equal(t, session, app.SessionID(), "the client does not know yet")
			e.Heal()
			j.await(t, "app StateExpired")
			_, err = other.Create("/e", nil, 0, zk.WorldACL(zk.PermAll))
			require.NoError(t, err)
		})
	}
	require.Equal(t, took[0], took[1])
	require.Equal(t, took[0], took[2])
	t.Log("expired after", took[0])
	// The leader heard of it at most a third of the timeout and half a tick
	// before the cut, and waits until the end of a tick.
	require.Greater(t, took[0], 10*time.Second*2/3-time.Second)
	require.LessOrEqual(t, took[0], 11*time.Second)
}

// whenAndWho is a line of a journal without what was said.
func whenAndWho(line string) string { return strings.Join(strings.Fields(line)[:2], " ") }

// Everything that clients are told, at which instant and, by each of them, in
// which order. What two clients do at the same instant is in no order.
func TestARunRepeatsItself(t *testing.T) {
	run := func(seed uint64) (lines []string) {
		in(t, zktest.Options{Servers: 3, Seed: seed}, func(t *testing.T, e *zktest.Ensemble) {
			j := newJournal()
			watcher := connect(t, e, j, "watcher", 6*time.Second)
			app := connect(t, e, j, "app", 4*time.Second)
			create(t, app, "/e", zk.FlagEphemeral)
			_, _, _, err := watcher.ExistsW("/e")
			require.NoError(t, err)
			time.Sleep(10 * time.Second)
			leader := e.Leader()
			require.NoError(t, e.Kill(leader))
			time.Sleep(10 * time.Second)
			require.NoError(t, e.Restart(leader))
			e.Partition("app")
			time.Sleep(10 * time.Second)
			e.Heal()
			time.Sleep(10 * time.Second)
			lines = j.all()
		})
		slices.SortStableFunc(lines, func(a, b string) int { return cmp.Compare(whenAndWho(a), whenAndWho(b)) })
		return lines
	}
	want := run(1)
	t.Log(strings.Join(want, "\n"))
	for i := range 20 {
		require.Equal(t, want, run(1), "run %d", i)
	}
	require.NotEqual(t, want, run(2), "other delays")
}

func TestALockChangesHandsWhenItsHolderIsCutOffAndTheLeaderDies(t *testing.T) {
	in(t, zktest.Options{Servers: 3}, func(t *testing.T, e *zktest.Ensemble) {
		begin := time.Now()
		first := connect(t, e, newJournal(), "first", 4*time.Second)
		second := connect(t, e, newJournal(), "second", 4*time.Second)
		lock := zk.NewLock(first, "/lock", zk.WorldACL(zk.PermAll))
		require.NoError(t, lock.Lock())
		held := make(chan time.Time)
		go func() {
			defer close(held)
			next := zk.NewLock(second, "/lock", zk.WorldACL(zk.PermAll))
			if err := next.Lock(); err != nil {
				t.Error(err)
			}
			held <- time.Now()
		}()
		time.Sleep(15 * time.Second)
		e.Partition("first")
		leader := e.Leader()
		require.NoError(t, e.Kill(leader))
		require.Equal(t, 0, e.Leader())
		at := <-held
		require.NotEqual(t, leader, e.Leader())
		require.NotZero(t, e.Leader())
		// A new leader gives every session a fresh timeout.
		require.Greater(t, at.Sub(begin), 19*time.Second)
		require.Less(t, at.Sub(begin), 25*time.Second)
		require.NoError(t, e.Restart(leader))
		require.NoError(t, e.Await())
		e.Heal()
		time.Sleep(30*time.Second - time.Since(begin))
		require.Error(t, lock.Unlock(), "it lost its session")
	})
}

func TestDataOutlivesTheServers(t *testing.T) {
	for _, servers := range []int{1, 3} {
		in(t, zktest.Options{Servers: servers, Tick: 200 * time.Millisecond}, func(t *testing.T, e *zktest.Ensemble) {
			c := connect(t, e, newJournal(), "c", 4*time.Second)
			for range 3 {
				create(t, c, "/n", zk.FlagSequence)
				session := c.SessionID()
				for id := range servers {
					require.NoError(t, e.Kill(id+1))
					require.NoError(t, e.Kill(id+1), "killing it twice does nothing")
				}
				require.Zero(t, e.Leader())
				require.ErrorIs(t, e.ExpireSession(session), zktest.ErrNotServing)
				for id := range servers {
					require.NoError(t, e.Restart(id+1))
					require.Error(t, e.Restart(id+1))
				}
				require.NoError(t, e.Await())
				retry(t, func() error { _, err := c.Sync("/"); return err })
				require.Equal(t, session, c.SessionID())
			}
			kids, _, err := c.Children("/")
			require.NoError(t, err)
			require.ElementsMatch(t, []string{"n0000000000", "n0000000001", "n0000000002", "zookeeper"}, kids)
		})
	}
}

// lost reports whether an error is one of a connection. The client passes on
// what a write to it failed with.
func lost(err error) bool {
	var broken *net.OpError
	return errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrNoServer) || errors.As(err, &broken)
}

// retry does what may meet a lost connection until it is done.
func retry(t *testing.T, f func() error) {
	t.Helper()
	for range 100 {
		err := f()
		if err == nil {
			return
		}
		if !lost(err) {
			require.NoError(t, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	require.Fail(t, "still no connection")
}

func TestSeveralGoroutinesMaySteer(t *testing.T) {
	in(t, zktest.Options{Servers: 3}, func(t *testing.T, e *zktest.Ensemble) {
		var all sync.WaitGroup
		for id := 1; id <= 3; id++ {
			all.Go(func() {
				for range 3 {
					if err := errors.Join(e.Kill(id), e.Restart(id), e.Await()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Go(func() {
			for range 1000 {
				e.Leader()
				time.Sleep(100 * time.Microsecond)
			}
		})
		all.Wait()
		require.NotZero(t, e.Leader())
	})
}

func TestASessionCanBeMadeToExpire(t *testing.T) {
	in(t, zktest.Options{Servers: 3}, func(t *testing.T, e *zktest.Ensemble) {
		j := newJournal()
		c := connect(t, e, j, "c", 4*time.Second)
		create(t, c, "/e", zk.FlagEphemeral)
		before := c.SessionID()
		require.NoError(t, e.ExpireSession(before))
		require.NoError(t, e.ExpireSession(before), "a session that there is not is left alone")
		j.await(t, "c StateExpired")
		retry(t, func() error { _, err := c.Sync("/"); return err })
		require.NotEqual(t, before, c.SessionID())
		ok, _, err := c.Exists("/e")
		require.NoError(t, err)
		require.False(t, ok)
	})
}

func TestAMinorityServesNobodyOnceItKnows(t *testing.T) {
	in(t, zktest.Options{Servers: 5}, func(t *testing.T, e *zktest.Ensemble) {
		old := e.Leader()
		e.Partition(e.Name(old), "near")
		near := connect(t, e, newJournal(), "near", 4*time.Second)
		far := connect(t, e, newJournal(), "far", 4*time.Second)
		time.Sleep(30 * time.Second)
		require.NotEqual(t, old, e.Leader())
		require.Equal(t, zk.StateHasSession, far.State())
		require.NotEqual(t, zk.StateHasSession, near.State())
		e.Heal()
		retry(t, func() error { _, err := near.Sync("/"); return err })
	})
}

func TestOneMachineMayHaveSoManyConnections(t *testing.T) {
	in(t, zktest.Options{MaxClientCnxns: 1}, func(t *testing.T, e *zktest.Ensemble) {
		first := connect(t, e, newJournal(), "m", 4*time.Second)
		other := connect(t, e, newJournal(), "n", 4*time.Second)
		create(t, first, "/a", 0)
		create(t, other, "/b", 0)
		second := connect(t, e, newJournal(), "m", 4*time.Second)
		_, err := second.Sync("/")
		require.ErrorIs(t, err, zk.ErrNoServer)
	})
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []zktest.Options{{Servers: -1}, {Servers: 100}, {Tick: time.Microsecond}, {Latency: -1}} {
		_, err := zktest.Start(o)
		require.ErrorContains(t, err, "zktest: ", "%+v", o)
	}
	e, err := zktest.Start(zktest.Options{TCP: true})
	require.NoError(t, err)
	defer e.Close()
	require.Panics(t, func() { e.Partition("c") })
	require.Panics(t, func() { e.Heal() })
	require.Panics(t, func() { _ = e.Kill(2) })
}

func TestOverTCP(t *testing.T) {
	e, err := zktest.Start(zktest.Options{Servers: 3, TCP: true, Tick: 100 * time.Millisecond, Data: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	c, _, err := zk.Connect(e.Addrs(), 4*time.Second, zk.WithDialer(e.Dialer("c")), zk.WithLogger(quiet{}))
	require.NoError(t, err)
	defer c.Close()
	create(t, c, "/a", 0)
	for range 2 {
		leader := e.Leader()
		require.NoError(t, e.Kill(leader))
		retry(t, func() error { _, err := c.Set("/a", []byte(fmt.Sprint(leader)), -1); return err })
		require.NoError(t, e.Restart(leader))
		require.NoError(t, e.Await())
		data, _, err := c.Get("/a")
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(leader), string(data))
	}
}
