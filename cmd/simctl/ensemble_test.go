package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"
)

// ensemble is servers of `simctl zk`, a process each.
type ensemble struct {
	t       *testing.T
	configs []string
	clients []string
	procs   []*exec.Cmd
}

func newEnsemble(t *testing.T, size int) *ensemble {
	e := &ensemble{t: t, procs: make([]*exec.Cmd, size)}
	dir := t.TempDir()
	ports := consecutive(t, 3*size)
	var members strings.Builder
	for i := range size {
		fmt.Fprintf(&members, "server.%d=127.0.0.1:%d:%d\n", i+1, ports+3*i, ports+3*i+1)
		e.clients = append(e.clients, fmt.Sprintf("127.0.0.1:%d", ports+3*i+2))
	}
	for i := range size {
		data := filepath.Join(dir, fmt.Sprintf("z%d", i+1))
		require.NoError(t, os.MkdirAll(data, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(data, "myid"), []byte(strconv.Itoa(i+1)), 0o644))
		_, port, _ := net.SplitHostPort(e.clients[i])
		config := filepath.Join(dir, fmt.Sprintf("zoo%d.cfg", i+1))
		text := fmt.Sprintf("tickTime=200\ninitLimit=10\nsyncLimit=5\nmaxSessionTimeout=20000\nclientPort=%s\ndataDir=%s\n%s", port, data, members.String())
		require.NoError(t, os.WriteFile(config, []byte(text), 0o644))
		e.configs = append(e.configs, config)
	}
	t.Cleanup(func() {
		for i := range e.procs {
			e.kill(i)
		}
	})
	return e
}

func (e *ensemble) start(i int) {
	cmd := exec.Command("simctl", "zk", "--config="+e.configs[i])
	var out bytes.Buffer
	cmd.Stderr = &out
	require.NoError(e.t, cmd.Start())
	e.procs[i] = cmd
	e.t.Cleanup(func() {
		if e.procs[i] == cmd { // it writes until it has ended
			e.kill(i)
		}
		if out.Len() > 0 {
			e.t.Logf("server %d: %s", i+1, out.String())
		}
	})
}

// kill is kill -9.
func (e *ensemble) kill(i int) {
	if p := e.procs[i]; p != nil {
		_ = p.Process.Kill()
		_ = p.Wait()
		e.procs[i] = nil
	}
}

// mode is what a server says of itself, "" if it does not serve.
func (e *ensemble) mode(i int) string {
	c, err := net.DialTimeout("tcp", e.clients[i], time.Second)
	if err != nil {
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(c, "srvr")
	text, _ := io.ReadAll(c)
	_, mode, _ := strings.Cut(string(text), "Mode: ")
	mode, _, _ = strings.Cut(mode, "\n")
	return mode
}

// leader waits until all that run serve, and returns the leader's index.
func (e *ensemble) leader() (leader int) {
	require.Eventually(e.t, func() bool {
		leader = -1
		for i, p := range e.procs {
			switch m := e.mode(i); {
			case m == "leader" && leader < 0:
				leader = i
			case m != "follower" && p != nil:
				return false
			}
		}
		return leader >= 0
	}, 20*time.Second, 20*time.Millisecond)
	return leader
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// write sets a counter until it is acknowledged. An attempt of unknown outcome
// may have counted, so only the value matters.
func write(t *testing.T, c *zk.Conn, n int) {
	require.Eventually(t, func() bool {
		_, err := c.Set("/n", []byte(strconv.Itoa(n)), -1)
		return err == nil
	}, 20*time.Second, 10*time.Millisecond)
}

func TestEnsembleOverTCPLosesNothingWhenItsLeadersAreKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	e := newEnsemble(t, 3)
	for i := range e.procs {
		e.start(i)
	}
	e.leader()
	c, _, err := zk.Connect(e.clients, 4*time.Second, zk.WithLogger(quiet{}))
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Create("/n", []byte("0"), 0, zk.WorldACL(zk.PermAll))
	require.NoError(t, err)
	session, n := c.SessionID(), 0
	for range 3 {
		for range 50 {
			n++
			write(t, c, n)
		}
		i := e.leader()
		e.kill(i)
		n++
		begin := time.Now()
		write(t, c, n)
		t.Logf("server %d killed: a write after %v", i+1, time.Since(begin).Round(time.Millisecond))
		e.start(i)
	}
	require.Equal(t, session, c.SessionID(), "the session outlives the leaders")
	for i := range e.procs {
		e.kill(i)
	}
	for i := range e.procs {
		e.start(i)
	}
	e.leader()
	for i := range e.procs {
		require.Equal(t, strconv.Itoa(n), readAt(t, e.clients[i]), "server %d", i+1)
	}
}

// readAt reads the counter from one server, behind a sync.
func readAt(t *testing.T, addr string) string {
	c, _, err := zk.Connect([]string{addr}, 4*time.Second, zk.WithLogger(quiet{}))
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Sync("/n")
	require.NoError(t, err)
	data, _, err := c.Get("/n")
	require.NoError(t, err)
	return string(data)
}

func TestAServerWhoseIDIsNotInItsConfigurationSaysSo(t *testing.T) {
	e := newEnsemble(t, 3)
	id := filepath.Join(filepath.Dir(e.configs[0]), "z1", "myid")
	require.NoError(t, os.WriteFile(id, []byte("9\n"), 0o644))
	out, err := exec.Command("simctl", "zk", "--config="+e.configs[0]).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "my id 9 is not among the servers of the configuration")
}
