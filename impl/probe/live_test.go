package probe_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/probe"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/zktest"
)

// A zk is three servers that a test uses over TCP.
type zk struct {
	addrs  []host.Addr
	strike func() error // the leader is killed and, later, started again
}

// embedded starts three of our own servers.
func embedded(t *testing.T) zk {
	e, err := zktest.Start(zktest.Options{Servers: 3, Tick: 200 * time.Millisecond, TCP: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	var z zk
	for _, a := range e.Addrs() {
		z.addrs = append(z.addrs, host.Addr(a))
	}
	z.strike = func() error {
		id := e.Leader()
		if err := e.Kill(id); err != nil {
			return err
		}
		time.Sleep(time.Second)
		return e.Restart(id)
	}
	return z
}

// debian starts three real ones. Without ZooKeeper it skips the test, or fails
// it if SIMCTL_REQUIRE_ZK is set.
func debian(t *testing.T) zk {
	e, err := ensemble.Start(context.Background(), ensemble.Options{Servers: 3, Tick: 500 * time.Millisecond, Dir: t.TempDir()})
	if errors.Is(err, ensemble.ErrNoZooKeeper) && os.Getenv("SIMCTL_REQUIRE_ZK") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(e.Stop)
	return zk{e.Addrs(), func() error {
		leader := e.Leader(context.Background())
		if leader == nil {
			return errors.New("nobody leads")
		}
		leader.Kill()
		time.Sleep(time.Second)
		return leader.Start()
	}}
}

// Probes run unchanged over go-zookeeper, and what they are told by real
// servers, of which the leader is killed meanwhile, is what ZooKeeper promises.
// No log of transactions is told here: what got no answer is searched for, and
// that may be too much to decide.
func TestLiveProbesSeeWhatZooKeeperPromises(t *testing.T) {
	for _, c := range []struct {
		name  string
		start func(*testing.T) zk
	}{{"embedded", embedded}, {"debian", debian}} {
		t.Run(c.name, func(t *testing.T) {
			z := c.start(t)
			run := runProbes(t, z, 3, probe.Program{
				Sessions: []probe.Session{{}, {Timeout: 3 * time.Second}},
				Work: probe.Workload{
					Ops: 120, Depth: 2, Watch: 30, Think: probe.Span{Hi: 60 * time.Millisecond},
					Mix: probe.Mix{Create: 8, Ephemeral: 3, Sequential: 6, Set: 16, Get: 20, Exists: 10, Children: 12, Delete: 8, Multi: 8, Sync: 5},
				},
				Steps: []probe.Step{
					{Op: coord.Op{Kind: coord.Create, Path: "/lock"}, Retry: true},
					{Op: coord.Op{Kind: coord.Create, Path: "/group"}, Retry: true},
				},
				Recipes: []probe.Recipe{
					{Kind: probe.Lock, At: time.Second, Path: "/lock/a", Rounds: 3},
					{Kind: probe.Member, At: time.Second, Path: "/group/a", Session: 1},
					{Kind: probe.Transfer, At: time.Second, Path: "/bank", Rounds: 10},
				},
			})
			acked := 0
			for i := range run {
				if e := &run[i]; e.Kind == trace.ZReturn && e.Value == "ok" {
					acked++
				}
			}
			require.Greater(t, acked, 200)
			for _, p := range suite.Properties() {
				if p.Name != "znodes-linearizable" && p.Name != "zk-session-order" {
					continue
				}
				f := suite.Judge([]checker.Property{p}, run)[0]
				t.Logf("%s: %s: %s", f.Property, f.Verdict, f.Detail)
				require.NotEqual(t, checker.Violation, f.Verdict, "%s in step %d: %s", f.Property, f.Step, f.Detail)
			}
		})
	}
}

// runProbes runs n probes to their end while the ensemble is struck, and
// returns what they recorded, in the order of its moments.
func runProbes(t *testing.T, z zk, n int, prog probe.Program) []trace.Event {
	dir := t.TempDir()
	var wg sync.WaitGroup
	var files []string
	for i := range n {
		name := fmt.Sprintf("p%d", i+1)
		file := filepath.Join(dir, name)
		files = append(files, file)
		rec, err := live.NewRecorder(file)
		require.NoError(t, err)
		p := probe.New(probe.Config{Servers: z.addrs, Timeout: 6 * time.Second, Program: prog})
		h, err := live.NewHost(live.Options{Self: host.ProcessID(name), Seed: uint64(i), Recorder: rec})
		require.NoError(t, err)
		wg.Go(func() {
			defer rec.Close()
			if _, err := h.Run(context.Background(), p); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		wg.Go(func() { waitAndExit(t, h, p, name) })
	}
	time.Sleep(2 * time.Second)
	require.NoError(t, z.strike())
	wg.Wait()
	var run []trace.Event
	for _, file := range files {
		records, err := live.ReadRecords(file)
		require.NoError(t, err)
		for _, r := range records {
			run = append(run, trace.Event{
				At: r.At, Until: r.Until, Process: string(r.Process), Inc: r.Inc, Kind: trace.Kind(r.Event), Subject: r.Subject,
				Value: r.Value, Detail: r.Detail, N: r.N, M: r.M, P: r.P, Zxid: r.Zxid,
			})
		}
	}
	slices.SortStableFunc(run, func(a, b trace.Event) int { return cmp.Compare(a.At, b.At) })
	run = append(run, trace.Event{At: live.Monotonic(), Kind: trace.Ended})
	start := run[0].At
	for i := range run {
		run[i].Step = uint64(i + 1)
		run[i].At, run[i].Until = run[i].At-start, max(0, run[i].Until-start)
	}
	return run
}

// waitAndExit ends a probe when it has done what it has to do.
func waitAndExit(t *testing.T, h *live.Host, p *probe.Probe, name string) {
	done := false
	for limit := time.Now().Add(90 * time.Second); !done && time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		if err := h.Call(func() { done = p.Progress().Done }); err != nil {
			return
		}
	}
	if !done {
		t.Errorf("%s: not done: %+v", name, p.Progress())
	}
	_ = h.Call(func() { p.Signalled(host.Terminate) })
}
