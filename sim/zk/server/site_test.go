package server_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/sim/zk/quorum"
	"github.com/simctl/simctl/sim/zk/server"
)

// A site is an ensemble, or a server on its own, that listens on loopback:
// ours, or ZooKeeper's.
type site struct {
	addrs []string
	up    []bool
	start func(t tester, i int)
	kill  func(i int)
}

// A setting is what a site is configured with, for both alike.
type setting struct {
	servers int
	tick    time.Duration
	cfg     server.Config // ours, but ID, Client and Tick
	lines   []string      // zoo.cfg's, but what lab writes
	java    []string      // what ZooKeeper takes from system properties only
	// patience is initLimit and syncLimit, in ticks; 0 is the default.
	patience int
}

// needZooKeeper skips a test where ZooKeeper is not installed.
func needZooKeeper(t *testing.T) {
	t.Helper()
	err := ensemble.HaveZooKeeper()
	if err != nil && os.Getenv("SIMCTL_REQUIRE_ZK") != "" {
		t.Fatal(err)
	}
	if err != nil || testing.Short() {
		t.Skip("needs ZooKeeper: ", err)
	}
}

// ourSite starts servers of ours in this process. Killed ones end as those do
// that are told to: their connections end with them.
func ourSite(t *testing.T, o setting) *site {
	t.Helper()
	members := quorum.Config{Tick: o.tick, Init: o.patience, Sync: o.patience}
	s := &site{up: make([]bool, o.servers)}
	dir := t.TempDir()
	for i := range o.servers {
		s.addrs = append(s.addrs, freeAddr(t))
		members.Members = append(members.Members, quorum.Member{ID: server.ServerID(i + 1), Addr: host.Addr(freeAddr(t))})
	}
	var inConfig string
	for i, m := range members.Members {
		inConfig += fmt.Sprintf("server.%d=%s:%s:participant\n", i+1, m.Addr, string(m.Addr)[strings.LastIndex(string(m.Addr), ":")+1:])
	}
	stops := make([]func(), o.servers)
	s.start = func(t tester, i int) {
		cfg := o.cfg
		cfg.Client, cfg.Tick = host.Addr(s.addrs[i]), o.tick
		var r server.Replicator = server.NewStandalone()
		if o.servers > 1 {
			cfg.Members = inConfig
			cfg.ID = server.ServerID(i + 1)
			mine := members
			mine.ID = cfg.ID
			peer, err := quorum.New(mine)
			require.NoError(t, err)
			r = peer
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			opts := live.Options{Self: host.ProcessID(fmt.Sprintf("z%d", i+1)), DataDir: filepath.Join(dir, fmt.Sprint(i)), SendQueue: 64 << 20}
			status, err := live.Run(ctx, opts, server.New(cfg, r))
			if err != nil || status != 0 {
				t.Errorf("server ended: %v, status %d", err, status)
			}
		}()
		stops[i], s.up[i] = func() { cancel(); <-done }, true
	}
	s.kill = func(i int) { stops[i](); s.up[i] = false }
	for i := range o.servers {
		require.NoError(t, os.Mkdir(filepath.Join(dir, fmt.Sprint(i)), 0o755))
		s.start(t, i)
	}
	t.Cleanup(s.stop)
	s.await(t)
	return s
}

// theirSite starts servers of ZooKeeper.
func theirSite(t *testing.T, o setting) *site {
	t.Helper()
	// A log that need not be on a disk is faster where there is memory for it.
	dir := t.TempDir()
	if fast, err := os.MkdirTemp("/dev/shm", "simctl-zk-"); err == nil {
		dir = fast
		t.Cleanup(func() { os.RemoveAll(fast) })
	}
	if o.patience > 0 {
		o.lines = append(o.lines, fmt.Sprintf("initLimit=%d", o.patience), fmt.Sprintf("syncLimit=%d", o.patience))
	}
	if o.cfg.ContainerCheck > 0 {
		every := min(o.cfg.ContainerCheck.Milliseconds(), 1<<31-1)
		o.java = append(o.java, fmt.Sprintf("-Dznode.container.checkIntervalMs=%d", every))
	}
	e, err := ensemble.Start(context.Background(), ensemble.Options{
		Servers: o.servers, Tick: o.tick, Dir: dir, Java: append([]string{"-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"}, o.java...), Lines: append([]string{"forceSync=no", "preAllocSize=4096"}, o.lines...),
	})
	require.NoError(t, err)
	s := &site{up: make([]bool, o.servers)}
	for i, a := range e.Addrs() {
		s.addrs, s.up[i] = append(s.addrs, string(a)), true
	}
	s.start = func(t tester, i int) {
		require.NoError(t, e.Servers()[i].Start())
		s.up[i] = true
	}
	s.kill = func(i int) { e.Servers()[i].Kill(); s.up[i] = false }
	t.Cleanup(e.Stop)
	s.await(t)
	return s
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func (s *site) stop() {
	for i, up := range s.up {
		if up {
			s.kill(i)
		}
	}
}

// await waits until every server that is up serves.
func (s *site) await(t tester) {
	t.Helper()
	require.Eventually(t, func() bool {
		for i, up := range s.up {
			if up && s.field(i, "Mode") == "" {
				return false
			}
		}
		return true
	}, 60*time.Second, 20*time.Millisecond, "every server serves")
}

// field is one of srvr's answer, "" if the server does not serve.
func (s *site) field(i int, name string) string {
	for line := range strings.Lines(word(s.addrs[i], "srvr")) {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// roles returns the leader, if there is one, and then the followers, of the
// servers that are up.
func (s *site) roles() []int {
	var all []int
	for i, up := range s.up {
		switch mode := s.field(i, "Mode"); {
		case !up:
		case mode == "follower":
			all = append(all, i)
		case mode != "":
			all = append([]int{i}, all...)
		}
	}
	return all
}

// level waits until all servers that are up have applied the same. Those that
// follow a leader that has proposed nothing yet have what it has.
func (s *site) level(t tester) {
	t.Helper()
	require.Eventually(t, func() bool {
		zxids := map[string]bool{}
		for i, up := range s.up {
			if z := s.field(i, "Zxid"); up && strings.HasSuffix(z, "00000000") && s.field(i, "Mode") == "leader" {
				return true
			} else if up {
				zxids[z] = true
			}
		}
		return len(zxids) == 1 && !zxids[""]
	}, 20*time.Second, time.Millisecond, "every server has applied the same")
}
