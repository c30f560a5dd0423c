package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
)

// A ground is one `simctl cluster up` and what other commands say to it.
type ground struct {
	*testing.T
	data string
	up   *exec.Cmd
	out  bytes.Buffer
}

func newGround(t *testing.T, data string, args ...string) *ground {
	p := &ground{T: t, data: data}
	p.up = exec.Command("simctl", append([]string{"cluster", "up", "--data=" + data, "--masters=2", "--workers=1", "--servers=1"}, args...)...)
	p.up.Stdout, p.up.Stderr = &p.out, &p.out
	require.NoError(t, p.up.Start())
	t.Cleanup(func() {
		_ = p.up.Process.Kill() // it has ended if all went well
		_ = p.up.Wait()
		if t.Failed() {
			t.Log(p.out.String())
		}
	})
	p.until("ALIVE", "w1")
	return p
}

// say runs another command on the same directory.
func (p *ground) say(args ...string) string {
	p.Helper()
	out, err := exec.Command("simctl", append(append([]string{"cluster"}, args...), "--data="+p.data)...).CombinedOutput()
	require.NoError(p, err, "%s", out)
	return strings.TrimSpace(string(out))
}

func (p *ground) status() map[string]simctl.ClusterProcess {
	out, err := exec.Command("simctl", "cluster", "status", "--json", "--data="+p.data).Output()
	if err != nil {
		return nil // it does not run yet
	}
	var all struct{ Processes []simctl.ClusterProcess }
	require.NoError(p, json.Unmarshal(out, &all))
	named := map[string]simctl.ClusterProcess{}
	for _, one := range all.Processes {
		named[one.Name] = one
	}
	return named
}

// until waits until a master is in a state and workers follow the one that is
// ALIVE. It returns the master's name.
func (p *ground) until(state string, workers ...string) (master string) {
	p.Helper()
	require.Eventually(p, func() bool {
		s := p.status()
		for name, one := range s {
			if one.State == state {
				master = name
			}
		}
		for _, w := range workers {
			if s[w].State != "follows "+master {
				return false
			}
		}
		return master != ""
	}, 60*time.Second, 50*time.Millisecond)
	return master
}

// TestAClusterToPlayWith is an afternoon with one: an application, the loss of
// the active master and of the worker, a backup, and a second cluster that
// begins with it and still knows what was submitted to the first.
func TestAClusterToPlayWith(t *testing.T) {
	dir := t.TempDir()
	p := newGround(t, filepath.Join(dir, "first"))
	require.Contains(t, p.say("submit", "--pi=4", "--executors=1", "--wait"), " FINISHED")
	first := p.until("ALIVE")
	require.Contains(t, p.say("stop", "active", "--kill"), first+" ")
	require.False(t, p.status()[first].Running)
	driver := p.say("submit", "--for=1ms") // there is no master yet
	require.Contains(t, driver, "driver-")
	require.NotEqual(t, first, p.until("ALIVE", "w1"))
	p.say("stop", "w1")
	waiting := p.say("submit", "--for=1ms")
	p.say("start")
	p.until("ALIVE", "w1")
	p.say("backup", filepath.Join(dir, "saved"))
	p.say("down")
	require.NoError(t, p.up.Wait(), "%s", p.out.String())

	again := newGround(t, filepath.Join(dir, "second"), "--from="+filepath.Join(dir, "saved"))
	for _, id := range []string{driver, waiting} {
		require.Eventually(t, func() bool {
			state, err := simctl.AwaitInCluster(t.Context(), again.data, id)
			return err == nil && state != ""
		}, time.Minute, 100*time.Millisecond, id)
	}
	again.say("down")
}
