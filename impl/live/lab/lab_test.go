package lab

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/lab/proc"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(nodeEnv); text != "" {
		var n node
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			panic(err)
		}
		os.Exit(n.run())
	}
	// Close of a session that hung up waits for a second, and nobody for it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/go-zookeeper/zk.(*Conn).Close"))
}

// startZooKeeper starts an ensemble for one test. Without ZooKeeper it skips
// the test, or fails it if SIMCTL_REQUIRE_ZK is set.
func startZooKeeper(t *testing.T, servers int) *ensemble.Ensemble {
	t.Helper()
	e, err := ensemble.Start(context.Background(), ensemble.Options{Servers: servers, Dir: t.TempDir()})
	if errors.Is(err, ensemble.ErrNoZooKeeper) && os.Getenv("SIMCTL_REQUIRE_ZK") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(e.Stop)
	return e
}

func TestEnsembleSurvivesTheLossOfItsLeaderAndTakesItBack(t *testing.T) {
	e := startZooKeeper(t, 3)
	ctx := context.Background()
	require.Len(t, e.Addrs(), 3)
	require.Equal(t, 500*time.Millisecond, e.Tick())
	lost := e.Leader(ctx)
	require.NotNil(t, lost)
	require.Equal(t, "imok", lost.Ask(ctx, "ruok"))
	require.Contains(t, lost.Ask(ctx, "mntr"), "zk_server_state\tleader")
	lost.Kill()
	require.True(t, lost.Ended())
	require.Empty(t, lost.Mode(ctx))
	require.NoError(t, e.Wait(ctx, 20*time.Second))
	require.NotEqual(t, lost, e.Leader(ctx))
	require.NoError(t, lost.Start())
	require.ErrorContains(t, lost.Start(), "runs already")
	require.Eventually(t, func() bool { return lost.Mode(ctx) == "follower" }, 20*time.Second, 20*time.Millisecond)
	require.NoError(t, lost.Pause())
	// The signal is on its way to every thread when Pause returns.
	require.Eventually(t, func() bool { return lost.Mode(ctx) == "" }, 20*time.Second, 20*time.Millisecond)
	require.NoError(t, lost.Resume())
	require.Eventually(t, func() bool { return lost.Mode(ctx) != "" }, 20*time.Second, 20*time.Millisecond)
	require.NoError(t, lost.Pause())
	lost.Stop()
	require.True(t, lost.Ended())
}

func TestServerThatCannotStartSaysWhyInOneLine(t *testing.T) {
	e := startZooKeeper(t, 1)
	s := e.Servers()[0]
	s.Kill()
	require.NoError(t, os.WriteFile(s.Dir()+"/zoo.cfg", []byte("tickTime=nonsense\n"), 0o644))
	require.NoError(t, s.Start())
	err := e.Wait(context.Background(), 20*time.Second)
	require.ErrorContains(t, err, "ZooKeeper server 1 ended at its start: ")
	require.NotContains(t, err.Error(), "\n")
	t.Log(err)
}

func TestWithoutJavaTheErrorSaysWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := ensemble.Start(context.Background(), ensemble.Options{})
	require.ErrorIs(t, err, ensemble.ErrNoZooKeeper)
	require.ErrorContains(t, err, "no java in PATH")
}

// state is the process's state as Linux tells it: R, S, T (stopped), Z; "" if
// there is no such process.
func state(t *testing.T, pid string) string {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("this system has no /proc")
	}
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return rest[:1]
}

func TestProcIsPausedResumedAndStopped(t *testing.T) {
	dir := t.TempDir()
	// It starts nothing after it is ready: a parent whose child is paused before
	// its exec waits in state D and not in T.
	p, err := proc.Start(exec.Command("sh", "-c", `trap 'exit 9' TERM; sleep 1000 & echo $! > `+dir+`/new; mv `+dir+`/new `+dir+`/ready; wait`))
	require.NoError(t, err)
	require.Eventually(t, func() bool { _, err := os.Stat(dir + "/ready"); return err == nil }, 10*time.Second, time.Millisecond)
	pid := strconv.Itoa(p.PID())
	child, err := os.ReadFile(dir + "/ready")
	require.NoError(t, err)
	require.NoError(t, p.Pause())
	require.Eventually(t, func() bool { return state(t, pid) == "T" }, 10*time.Second, time.Millisecond)
	require.NotEqual(t, "T", state(t, strings.TrimSpace(string(child))), "what it started goes on")
	require.NoError(t, p.Resume())
	require.Eventually(t, func() bool { return state(t, pid) != "T" }, 10*time.Second, time.Millisecond)
	require.NoError(t, p.Pause())
	require.False(t, p.Ended())
	require.Equal(t, 9, p.Finish(10*time.Second), "a paused process is resumed to end")
	require.True(t, p.Ended())
	require.Error(t, p.Kill())
}

func TestKillAllEndsEverythingThatIsLeft(t *testing.T) {
	dir := t.TempDir()
	// A process that ignores TERM and has started another one.
	p, err := proc.Start(exec.Command("sh", "-c", `trap '' TERM; sleep 1000 & echo $! > `+dir+`/pid.new; mv `+dir+`/pid.new `+dir+`/pid; wait; sleep 1000`))
	require.NoError(t, err)
	paused, err := proc.Start(exec.Command("sleep", "1000"))
	require.NoError(t, err)
	require.NoError(t, paused.Pause())
	require.Eventually(t, func() bool { _, err := os.Stat(dir + "/pid"); return err == nil }, 10*time.Second, time.Millisecond)
	require.NoError(t, p.Stop())
	proc.KillAll()
	require.Equal(t, -1, p.Wait())
	require.Equal(t, -1, paused.Wait())
	text, err := os.ReadFile(dir + "/pid")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains("Z", state(t, strings.TrimSpace(string(text)))) }, 10*time.Second, time.Millisecond)
}

func TestProcThatCannotStartIsAnError(t *testing.T) {
	_, err := proc.Start(exec.Command("/nonexistent"))
	require.ErrorContains(t, err, "start /nonexistent")
}
