package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/driver"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/lab/link"
	"github.com/simctl/simctl/impl/live/lab/proc"
	"github.com/simctl/simctl/impl/master"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
	"github.com/simctl/simctl/impl/worker"
	"github.com/simctl/simctl/scenarios"
)

// nodeEnv has the test binary run as one process of a cluster: its value is a
// node as JSON.
const nodeEnv = "LAB_TEST_NODE"

// A node is one process of the test's cluster.
type node struct {
	Kind    string
	ID      host.ProcessID
	Inc     uint32
	Listen  host.Addr
	Masters []host.Addr
	ZK      []host.Addr
	Args    string
	Dir     string
}

// run is the whole life of a node, in a process of its own.
func (n node) run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	rec, err := live.NewRecorder(filepath.Join(n.Dir, strings.ReplaceAll(string(n.ID), "/", "_")+".ndjson"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	p, err := n.process()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	status, err := live.Run(ctx, live.Options{Self: n.ID, Incarnation: n.Inc, Seed: 1, Recorder: rec, ChildCommand: n.child}, p)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return status
}

func (n node) process() (host.Process, error) {
	t := scenarios.TimersFor("fast")
	switch n.Kind {
	case "master":
		return master.New(master.Config{
			Addr: n.Listen, ZK: n.ZK, Policy: policy.Hardened, Session: t.Session, Lease: t.Lease, Recovery: t.Recovery,
			WorkerTimeout: t.WorkerTimeout, WorkerLease: t.WorkerLease, Terminate: t.Terminate, StoreRetry: t.StoreRetry, Relaunch: t.Relaunch,
		}), nil
	case "worker":
		return worker.New(worker.Config{
			Name: string(n.ID), Listen: n.Listen, Masters: n.Masters, Cores: 8, Memory: 8192, Policy: policy.Hardened,
			Heartbeat: t.Heartbeat, Register: t.Register, RegisterSlow: t.RegisterSlow, RegisterFew: t.RegisterFew,
			RegisterMax: t.RegisterMax, Terminate: t.Terminate, Lease: t.WorkerLease, Relaunch: t.Relaunch, Dial: t.Dial,
		}), nil
	case "client":
		var plan []client.Step
		for i := range jobs {
			plan = append(plan, client.Step{
				At: time.Duration(i) * 200 * time.Millisecond, Kind: "submit", Tag: fmt.Sprintf("job%d", i), Poll: t.Ask,
				Desc: wire.Desc{Cores: 1, Memory: 64, RunFor: 100 * time.Millisecond},
			})
		}
		return client.New(client.Config{
			Masters: n.Masters, Policy: policy.Hardened, Ask: t.Ask, Retry: t.Retry, GiveUp: t.GiveUp, Dial: t.Dial, Plan: plan,
		}), nil
	default:
		return driver.New(n.Args, driver.Config{})
	}
}

// jobs is how many the client submits.
const jobs = 100

func (n node) child(p host.Program) *exec.Cmd {
	return node{Kind: p.Kind, ID: n.ID + "/" + host.ProcessID(p.Name), Args: p.Args, Dir: n.Dir}.command()
}

func (n node) command() *exec.Cmd {
	text, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), nodeEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	return cmd
}

// A cluster is the real processes of one test.
type cluster struct {
	*testing.T
	dir     string
	masters []node
	procs   map[host.ProcessID]*proc.Proc
}

func (c *cluster) start(n node) {
	p, err := proc.Start(n.command())
	require.NoError(c, err)
	c.procs[n.ID] = p
}

// reigns is every record of a master that became Alive, in order of time.
func (c *cluster) reigns() (out []live.Record) {
	for _, n := range c.masters {
		for _, r := range c.records(n.ID) {
			if r.Event == "state" && r.Value == "Alive" {
				out = append(out, r)
			}
		}
	}
	return out
}

func (c *cluster) records(id host.ProcessID) []live.Record {
	name := filepath.Join(c.dir, string(id)+".ndjson")
	if _, err := os.Stat(name); err != nil {
		return nil
	}
	rs, err := live.ReadRecords(name)
	require.NoError(c, err)
	return rs
}

// active waits for the n-th term and returns the record of its master's first
// being Alive. A master that was paused may note once more that it is Alive, in
// its old term, before it learns that this is over.
func (c *cluster) active(n int) (latest live.Record) {
	c.Helper()
	require.Eventually(c, func() bool {
		terms := map[int64]bool{}
		latest = live.Record{}
		for _, r := range c.reigns() {
			terms[r.Term] = true
			if r.Term > latest.Term {
				latest = r
			}
		}
		return len(terms) >= n
	}, 30*time.Second, 20*time.Millisecond, "reign %d", n)
	return latest
}

// ended is the jobs of which the client was told that they finished.
func (c *cluster) ended() map[string]bool {
	out := map[string]bool{}
	for _, r := range c.records("c1") {
		if r.Event == "return" && r.Value == "status" && r.Detail == "FINISHED" {
			out[r.Subject] = true
		}
	}
	return out
}

// links are one master's proxies to the servers of ZooKeeper.
type links []*link.Proxy

func newLinks(t *testing.T, servers []host.Addr) (l links, addrs []host.Addr) {
	t.Helper()
	for _, s := range servers {
		p, err := link.NewProxy(s)
		require.NoError(t, err)
		t.Cleanup(p.Close)
		l, addrs = append(l, p), append(addrs, p.Addr())
	}
	return l, addrs
}

func (l links) each(f func(*link.Proxy)) {
	for _, p := range l {
		f(p)
	}
}

// startCluster starts three masters, each behind links of its own, and two
// workers.
func startCluster(t *testing.T) (c *cluster, zk map[host.ProcessID]links) {
	t.Helper()
	e := startZooKeeper(t, 3)
	c = &cluster{T: t, dir: t.TempDir(), procs: map[host.ProcessID]*proc.Proc{}}
	zk = map[host.ProcessID]links{}
	var taken proc.Ports
	t.Cleanup(taken.Release)
	numbers, err := taken.Take(5)
	require.NoError(t, err)
	var addrs []host.Addr
	for _, port := range numbers {
		addrs = append(addrs, host.Addr(fmt.Sprintf("127.0.0.1:%d", port)))
	}
	for i := range 3 {
		n := node{Kind: "master", ID: host.ProcessID(fmt.Sprintf("m%d", i+1)), Inc: 1, Listen: addrs[i], Masters: addrs[:3], Dir: c.dir}
		zk[n.ID], n.ZK = newLinks(t, e.Addrs())
		c.masters = append(c.masters, n)
	}
	t.Cleanup(proc.KillAll)
	for _, n := range c.masters {
		c.start(n)
	}
	for i := range 2 {
		c.start(node{Kind: "worker", ID: host.ProcessID(fmt.Sprintf("w%d", i+1)), Listen: addrs[3+i], Masters: addrs[:3], Dir: c.dir})
	}
	return c, zk
}

// restart starts a master again that has ended.
func (c *cluster) restart(id host.ProcessID) {
	for i := range c.masters {
		if n := &c.masters[i]; n.ID == id {
			n.Inc++
			c.start(*n)
		}
	}
}

// TestRealClusterLosesMastersInEveryWayAndNoWork is the main job, live: the
// active master is killed, stopped, paused and cut off, one after another.
func TestRealClusterLosesMastersInEveryWayAndNoWork(t *testing.T) {
	c, zk := startCluster(t)
	active := c.active(1)
	c.start(node{Kind: "client", ID: "c1", Masters: c.masters[0].Masters, Dir: c.dir})
	require.Eventually(t, func() bool { return len(c.ended()) >= 3 }, 20*time.Second, 20*time.Millisecond)
	for i, loss := range []struct {
		how        string
		lose, undo func(host.ProcessID)
	}{
		{"killed", func(m host.ProcessID) { require.NoError(t, c.procs[m].Kill()); c.procs[m].Wait() }, c.restart},
		{"stopped", func(m host.ProcessID) { require.Equal(t, 0, c.procs[m].Finish(10*time.Second)) }, c.restart},
		{"paused", func(m host.ProcessID) { require.NoError(t, c.procs[m].Pause()) }, func(m host.ProcessID) { require.NoError(t, c.procs[m].Resume()) }},
		{"cut off", func(m host.ProcessID) { zk[m].each((*link.Proxy).Cut) }, func(m host.ProcessID) { zk[m].each((*link.Proxy).Restore) }},
	} {
		begin := live.Monotonic()
		loss.lose(active.Process)
		next := c.active(i + 2)
		t.Logf("%s was %s: %s is Alive after %v", active.Process, loss.how, next.Process, time.Duration(next.At-begin))
		require.Greater(t, next.Term, active.Term)
		require.NotEqual(t, active.Process, next.Process)
		loss.undo(active.Process)
		active = next
	}
	require.Eventually(t, func() bool { return len(c.ended()) == jobs }, 30*time.Second, 50*time.Millisecond, "%v", c.ended)
	for _, id := range []host.ProcessID{"m1", "m2", "m3", "w1", "w2", "c1"} {
		for _, r := range c.records(id) {
			require.NotContains(t, []string{"panicked", "failed"}, r.Event, "%+v", r)
		}
		if p := c.procs[id]; id != "c1" {
			require.False(t, p.Ended(), "%s", id)
			p.Finish(10 * time.Second)
		}
	}
}
