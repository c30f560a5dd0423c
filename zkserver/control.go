package zkserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	lab "github.com/simctl/simctl/impl/live/lab/ensemble"
)

// Verbs are what a running ensemble can be told, with what each does.
var Verbs = []struct{ Name, Doc string }{
	{"status", "Print the servers, their processes and what they are"},
	{"kill", "Kill servers (SIGKILL)"},
	{"stop", "Ask servers to end (SIGTERM) and wait for it"},
	{"start", "Start servers that do not run, and wait until they serve"},
	{"pause", "Let servers stand still (SIGSTOP)"},
	{"resume", "Let paused servers go on (SIGCONT)"},
}

// control is where a running ensemble is told what to do: a socket in a
// directory of its own, because a socket's path must be short. The file
// "control" among the data holds the path.
type control struct {
	file     string
	dir      string
	socket   net.Listener
	commands chan command
}

// A command is one line from another program, and where the answer goes.
type command struct {
	words []string
	conn  net.Conn
}

func newControl(data string) (*control, error) {
	c := &control{file: filepath.Join(data, "control"), commands: make(chan command)}
	if conn, err := dialControl(data); err == nil {
		conn.Close()
		return nil, fmt.Errorf("another simctl zk runs on %s", data)
	}
	var err error
	if c.dir, err = os.MkdirTemp("", "simctl-zk-control-"); err != nil {
		return nil, err
	}
	path := filepath.Join(c.dir, "socket")
	if c.socket, err = net.Listen("unix", path); err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.dir))
	}
	if err := os.WriteFile(c.file, []byte(path+"\n"), 0o600); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *control) close() {
	c.socket.Close()
	os.Remove(c.file)
	os.RemoveAll(c.dir)
}

// serve hands commands on, one after another.
func (c *control) serve(ctx context.Context) {
	for {
		conn, err := c.socket.Accept()
		if err != nil {
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			conn.Close()
			continue
		}
		select {
		case c.commands <- command{strings.Fields(line), conn}:
		case <-ctx.Done():
			conn.Close()
			return
		}
	}
}

// failure is how an answer begins that tells an error.
const failure = "error: "

func (c *command) answer(text string, err error) {
	_ = c.conn.SetWriteDeadline(time.Now().Add(time.Second))
	if err != nil {
		text = failure + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	_, _ = io.WriteString(c.conn, text) // who asked may be gone
	c.conn.Close()
}

// carryOut does what one command says. Its answer is the status then.
func (e *ensemble) carryOut(ctx context.Context, words []string) (string, error) {
	if len(words) == 0 {
		return "", errors.New("no command")
	}
	do := map[string]func(context.Context, *lab.Server) error{
		"status": func(context.Context, *lab.Server) error { return nil },
		"start":  e.startIfDown,
		"kill":   func(_ context.Context, s *lab.Server) error { s.Kill(); return nil },
		"stop":   func(_ context.Context, s *lab.Server) error { s.Stop(); return nil },
		"pause":  func(_ context.Context, s *lab.Server) error { return e.pause(s, true) },
		"resume": func(_ context.Context, s *lab.Server) error { return e.pause(s, false) },
	}[words[0]]
	if do == nil {
		return "", fmt.Errorf("no command %q", words[0])
	}
	var ids []int
	for _, w := range words[1:] {
		id, err := strconv.Atoi(strings.TrimPrefix(w, "z"))
		if err != nil || id < 1 || id > e.o.Servers {
			return "", fmt.Errorf("no server %s: there are z1 to z%d", w, e.o.Servers)
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 && words[0] != "status" && words[0] != "start" {
		return "", fmt.Errorf("%s: which server? as %s 2", words[0], words[0])
	}
	if err := e.each(ctx, ids, do); err != nil {
		return "", err
	}
	if words[0] == "start" {
		e.settle(ctx)
	}
	return e.status(ctx), nil
}

// settle waits a while for the servers that run to serve, if a majority can.
func (e *ensemble) settle(ctx context.Context) {
	running := 0
	for _, s := range e.servers.Servers() {
		if !s.Ended() && !e.paused[s.ID()] {
			running++
		}
	}
	if running > e.o.Servers/2 {
		_ = e.servers.WaitFor(ctx, 10*time.Second, running) // the status tells who does not
	}
}

func (e *ensemble) pause(s *lab.Server, on bool) error {
	if s.Ended() {
		return fmt.Errorf("z%d does not run", s.ID())
	}
	e.paused[s.ID()] = on
	if on {
		return s.Pause()
	}
	return s.Resume()
}

func dialControl(data string) (net.Conn, error) {
	path, err := os.ReadFile(filepath.Join(data, "control"))
	if err != nil {
		return nil, err
	}
	return net.Dial("unix", strings.TrimSpace(string(path)))
}

// Control tells the ensemble that runs on the directory data what to do: a
// verb of [Verbs] and servers, by number. It returns the status then.
func Control(data, verb string, servers []string) (string, error) {
	conn, err := dialControl(data)
	if err != nil {
		return "", fmt.Errorf("zk: no simctl zk runs on %q", data)
	}
	defer conn.Close()
	words := slices.Concat([]string{verb}, servers)
	if _, err := fmt.Fprintln(conn, strings.Join(words, " ")); err != nil {
		return "", fmt.Errorf("zk: %w", err)
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		return "", fmt.Errorf("zk: %w", err)
	}
	if why, failed := strings.CutPrefix(string(text), failure); failed {
		return "", fmt.Errorf("zk: %s", why)
	}
	return string(text), nil
}
