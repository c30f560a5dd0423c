package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"
)

// zkProgram is a running `simctl zk` with what it printed.
type zkProgram struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *bufio.Reader
	errs lockedBuffer
	data string
}

// nextPort is the first that consecutive has not given away.
var nextPort = 30000

// consecutive finds n free ports in a row, below those that connections take
// by themselves. No two tests get the same.
func consecutive(t *testing.T, n int) int {
	for ; nextPort+n < 32768; nextPort += n {
		free := true
		for i := range n {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(nextPort+i)))
			if err != nil {
				free = false
				break
			}
			require.NoError(t, l.Close())
		}
		if free {
			nextPort += n
			return nextPort - n
		}
	}
	t.Fatal("no free ports")
	return 0
}

// A lockedBuffer is written by one goroutine and read by another.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func startZK(t *testing.T, data string, servers, port int) *zkProgram {
	p := &zkProgram{t: t, data: data}
	p.cmd = exec.Command("simctl", "zk", "--servers="+strconv.Itoa(servers), "--port="+strconv.Itoa(port), "--tick=200ms", "--data="+data)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.cmd.Stderr = &p.errs
	p.out = bufio.NewReader(out)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// started reads the line of a server that serves, and returns its process.
func (p *zkProgram) started(id, port int) int {
	line, err := p.out.ReadString('\n')
	require.NoError(p.t, err, p.errs.String())
	want := regexp.MustCompile(`^z` + strconv.Itoa(id) + ` 127\.0\.0\.1:` + strconv.Itoa(port) + ` pid=(\d+)\n$`)
	found := want.FindStringSubmatch(line)
	require.NotNil(p.t, found, "%q is not %s", line, want)
	pid, err := strconv.Atoi(found[1])
	require.NoError(p.t, err)
	return pid
}

// tell runs a command to the servers and returns what they are, a line each.
func (p *zkProgram) tell(words ...string) []string {
	out, err := exec.Command("simctl", append(append([]string{"zk"}, words...), "--data="+p.data)...).CombinedOutput()
	require.NoError(p.t, err, "%s", out)
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// end is Ctrl-C: nothing may be left behind.
func (p *zkProgram) end(pids ...int) {
	require.NoError(p.t, p.cmd.Process.Signal(os.Interrupt))
	_, _ = io.Copy(io.Discard, p.out)
	_ = p.cmd.Wait()
	require.Equal(p.t, 130, p.cmd.ProcessState.ExitCode(), p.errs.String())
	for _, pid := range pids {
		require.ErrorIs(p.t, syscall.Kill(pid, 0), syscall.ESRCH)
	}
	require.NoFileExists(p.t, filepath.Join(p.data, "control"))
}

func TestSingleServersOfAnEnsembleAreKilledAndStarted(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	port := consecutive(t, 3)
	p := startZK(t, filepath.Join(t.TempDir(), "data"), 3, port)
	pids := []int{p.started(1, port), p.started(2, port+1), p.started(3, port+2)}
	addrs := []string{"127.0.0.1:" + strconv.Itoa(port), "127.0.0.1:" + strconv.Itoa(port+1), "127.0.0.1:" + strconv.Itoa(port+2)}
	c, _, err := zk.Connect(addrs, 4*time.Second, zk.WithLogger(quiet{}))
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Create("/n", []byte("0"), 0, zk.WorldACL(zk.PermAll))
	require.NoError(t, err)

	require.Regexp(t, `^z2 \S+ killed$`, p.tell("kill", "2")[1])
	write(t, c, 1)
	require.Regexp(t, `^z2 \S+ pid=\d+ follower$`, p.tell("start")[1])
	pids = append(pids, p.started(2, port+1))

	require.NoError(t, syscall.Kill(pids[2], syscall.SIGKILL), "it led, as the greatest id")
	write(t, c, 2)
	require.Eventually(t, func() bool { return strings.HasSuffix(p.tell("status")[2], " killed") }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGHUP))
	pids = append(pids, p.started(3, port+2))
	require.Regexp(t, `^z3 \S+ pid=\d+ follower$`, p.tell("start")[2], "it waits until the servers serve")

	require.Regexp(t, `^z1 \S+ pid=\d+ paused$`, p.tell("pause", "z1")[0])
	write(t, c, 3)
	p.tell("resume", "z1")
	require.Regexp(t, `^z1 \S+ ended$`, p.tell("stop", "1")[0])
	write(t, c, 4)
	p.end(pids...)
}

func TestDataOutlivesTheServersThatWereGivenADirectory(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	data := filepath.Join(t.TempDir(), "data")
	for _, servers := range []int{1, 3} {
		data := filepath.Join(data, strconv.Itoa(servers))
		for life := range 2 {
			port := consecutive(t, servers)
			p := startZK(t, data, servers, port)
			var pids []int
			for i := range servers {
				pids = append(pids, p.started(i+1, port+i))
			}
			c, _, err := zk.Connect([]string{"127.0.0.1:" + strconv.Itoa(port)}, 4*time.Second, zk.WithLogger(quiet{}))
			require.NoError(t, err)
			if life == 0 {
				_, err = c.Create("/kept", []byte("it is"), 0, zk.WorldACL(zk.PermAll))
				require.NoError(t, err)
			} else {
				_, err = c.Sync("/kept")
				require.NoError(t, err)
				got, _, err := c.Get("/kept")
				require.NoError(t, err)
				require.Equal(t, "it is", string(got))
			}
			c.Close()
			p.end(pids...)
		}
	}
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	out, err := exec.Command("simctl", "zk", "--port="+port).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "ZooKeeper server 1 ended at its start: ")
	require.Contains(t, string(out), "address already in use")
}
