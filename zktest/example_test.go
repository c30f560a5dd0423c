package zktest_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/simctl/simctl/zktest"
)

// A follower of a leader is told when the leader's session ends.
func ExampleStart() {
	e, err := zktest.Start(zktest.Options{Servers: 3})
	if err != nil {
		panic(err)
	}
	defer e.Close()
	dial := func(name string) *zk.Conn {
		c, _, err := zk.Connect(e.Addrs(), 10*time.Second, zk.WithDialer(e.Dialer(name)), zk.WithLogger(quiet{}))
		if err != nil {
			panic(err)
		}
		return c
	}
	leader, follower := dial("leader"), dial("follower")
	defer leader.Close()
	defer follower.Close()
	if _, err := leader.Create("/leader", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll)); err != nil {
		panic(err)
	}
	_, err = follower.Sync("/leader") // it may be connected to another server
	if err != nil {
		panic(err)
	}
	_, _, changed, err := follower.ExistsW("/leader")
	if err != nil {
		panic(err)
	}
	_ = e.ExpireSession(leader.SessionID())
	fmt.Println((<-changed).Type)
	// Output: EventNodeDeleted
}

// A Singleton is code to be tested: one of its kind works at a time, as long
// as it holds a lock.
type singleton struct{ working atomic.Bool }

func (s *singleton) run(c *zk.Conn, events <-chan zk.Event) {
	lock := zk.NewLock(c, "/singleton", zk.WorldACL(zk.PermAll))
	for lock.Lock() != nil {
		time.Sleep(time.Second)
	}
	s.working.Store(true)
	for ev := range events {
		if ev.State == zk.StateDisconnected {
			s.working.Store(false) // another may have been elected since
			return
		}
	}
}

// The test of it, as its author would write it: what happens when the one that
// works is cut off, in half a minute that takes milliseconds.
func TestTheSingletonIsReplacedAndKnowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		e, err := zktest.Start(zktest.Options{Servers: 3})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		start := func(name string) *singleton {
			c, events, err := zk.Connect(e.Addrs(), 10*time.Second,
				zk.WithDialer(e.Dialer(name)), zk.WithHostProvider(e.Hosts()), zk.WithLogger(quiet{}))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			s := &singleton{}
			go s.run(c, events)
			time.Sleep(time.Second)
			return s
		}
		a, b := start("a"), start("b")
		if !a.working.Load() || b.working.Load() {
			t.Fatalf("a works: %v, b works: %v", a.working.Load(), b.working.Load())
		}
		e.Partition("a")
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			synctest.Wait()
			if a.working.Load() && b.working.Load() {
				t.Fatalf("both work %v after the beginning", time.Since(began))
			}
		}
		if a.working.Load() || !b.working.Load() {
			t.Fatalf("a works: %v, b works: %v", a.working.Load(), b.working.Load())
		}
	})
}
