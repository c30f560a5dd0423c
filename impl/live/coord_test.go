package live_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/coord/coordtest"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/lab/link"
)

// startZooKeeper starts an ensemble for one test. Without ZooKeeper it skips
// the test, or fails it if SIMCTL_REQUIRE_ZK is set.
func startZooKeeper(t *testing.T, servers int) *ensemble.Ensemble {
	t.Helper()
	e, err := ensemble.Start(context.Background(), ensemble.Options{
		Servers: servers, Tick: 500 * time.Millisecond, Dir: t.TempDir(),
	})
	if errors.Is(err, ensemble.ErrNoZooKeeper) && os.Getenv("SIMCTL_REQUIRE_ZK") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(e.Stop)
	return e
}

func TestLiveSessionsBehaveAsEveryImplementationDoes(t *testing.T) {
	t.Parallel()
	coordtest.Run(t, over(startZooKeeper(t, 3)))
}

func TestSuiteNoticesMistakes(t *testing.T) {
	t.Parallel()
	coordtest.RunMutants(t, over(startZooKeeper(t, 1)))
}

// over returns what opens the suite's view of e.
func over(e *ensemble.Ensemble) func(t *testing.T) coordtest.Service {
	return func(t *testing.T) coordtest.Service {
		clean(t, e.Addrs(), "/coordtest")
		return &service{t: t, zk: e, begin: time.Now(), users: map[host.ProcessID]*user{}}
	}
}

// A service is the suite's view of a real ensemble.
type service struct {
	t     *testing.T
	zk    *ensemble.Ensemble
	begin time.Time
	users map[host.ProcessID]*user
}

// A user is one process, with a proxy of its own to each server.
type user struct {
	h       *live.Host
	proxies map[host.Addr]*link.Proxy
}

func (s *service) Attach(name host.ProcessID, p host.Process) coord.Client {
	u := &user{proxies: map[host.Addr]*link.Proxy{}}
	for _, addr := range s.zk.Addrs() {
		px, err := link.NewProxy(addr)
		require.NoError(s.t, err)
		u.proxies[addr] = px
	}
	var err error
	u.h, err = live.NewHost(live.Options{
		Self: name, Seed: 1, Route: func(a host.Addr) host.Addr { return u.proxies[a].Addr() },
	})
	require.NoError(s.t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := u.h.Run(context.Background(), p)
		if err != nil {
			s.t.Error(err)
		}
	})
	s.t.Cleanup(func() {
		_ = u.h.Call(func() { u.h.Exit(0) })
		for _, px := range u.proxies {
			px.Restore()
		}
		wg.Wait()
		for _, px := range u.proxies {
			px.Close()
		}
	})
	s.users[name] = u
	return u.h
}

func (s *service) Call(name host.ProcessID, f func()) {
	require.NoError(s.t, s.users[name].h.Call(f))
}

func (s *service) Run(d time.Duration)  { time.Sleep(d) }
func (s *service) Now() time.Duration   { return time.Since(s.begin) }
func (s *service) Servers() []host.Addr { return s.zk.Addrs() }
func (s *service) Tick() time.Duration  { return s.zk.Tick() }
func (s *service) Slack() time.Duration { return 700 * time.Millisecond }
func (s *service) proxy(name host.ProcessID, f func(*link.Proxy)) error {
	for _, px := range s.users[name].proxies {
		f(px)
	}
	return nil
}

func (s *service) BreakConnection(name host.ProcessID) error {
	link.ResetAll(slices.Collect(maps.Values(s.users[name].proxies)))
	return nil
}

func (s *service) Cut(name host.ProcessID) error     { return s.proxy(name, (*link.Proxy).Cut) }
func (s *service) Restore(name host.ProcessID) error { return s.proxy(name, (*link.Proxy).Restore) }

// ExpireSession takes the session over and closes it, which looks to its owner
// like an expiry.
func (s *service) ExpireSession(id int64) error {
	var password []byte
	for _, u := range s.users {
		if password = u.h.Password(id); password != nil {
			break
		}
	}
	c, err := net.Dial("tcp", string(s.zk.Addrs()[0]))
	if err != nil {
		return err
	}
	defer c.Close()
	b := binary.BigEndian.AppendUint32(nil, 28+uint32(len(password)))
	b = binary.BigEndian.AppendUint32(b, 0)     // protocol version
	b = binary.BigEndian.AppendUint64(b, 0)     // last zxid seen
	b = binary.BigEndian.AppendUint32(b, 10000) // timeout
	b = binary.BigEndian.AppendUint64(b, uint64(id))
	b = binary.BigEndian.AppendUint32(b, uint32(len(password)))
	b = append(b, password...)
	b = binary.BigEndian.AppendUint32(b, 8)
	b = binary.BigEndian.AppendUint32(b, 1)             // xid
	b = binary.BigEndian.AppendUint32(b, ^uint32(11)+1) // closeSession
	if _, err := c.Write(b); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c)
	return err
}

// clean removes the tree below and at root.
func clean(t *testing.T, servers []host.Addr, root string) {
	t.Helper()
	var addrs []string
	for _, a := range servers {
		addrs = append(addrs, string(a))
	}
	c, _, err := zk.Connect(addrs[:1], 10*time.Second, zk.WithLogInfo(false))
	require.NoError(t, err)
	defer c.Close()
	var remove func(string)
	remove = func(p string) {
		kids, _, err := c.Children(p)
		if errors.Is(err, zk.ErrNoNode) {
			return
		}
		require.NoError(t, err)
		for _, k := range kids {
			remove(path.Join(p, k))
		}
		require.NoError(t, c.Delete(p, -1))
	}
	remove(root)
}
