// Package ensemble is real ZooKeeper servers on this machine: Debian's, or those
// of simctl zk.
package ensemble

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/lab/proc"
)

// ErrNoZooKeeper is what [Start] returns if Java or ZooKeeper is not
// installed.
var ErrNoZooKeeper = errors.New("ZooKeeper is not installed (on Debian: apt-get install zookeeper)")

// Debian's jars: ZooKeeper, whose manifest names the others, and a logger.
const (
	jar    = "/usr/share/java/zookeeper.jar"
	logger = "/usr/share/java/slf4j-simple.jar"
)

// Options say what to start.
type Options struct {
	Servers int           // how many; 0 means 1
	Tick    time.Duration // tickTime; 0 means 500 ms
	// Init and Sync are initLimit and syncLimit, in ticks; 0 means 10 and 5.
	Init, Sync int
	Dir        string        // where data and logs go; it must exist
	Start      time.Duration // how long to wait until it serves; 0 means 60 s
	// Program, if not empty, is a simctl program: the servers are its own, run
	// as `Program zk --config=FILE`, and nothing has to be installed.
	Program string
	// Records, if not empty, is a directory: with Program, each server appends
	// what it notes to a file of its own there, as zN.ndjson.
	Records string
	// Trouble, if not empty, is a directory: with Program, a file there says what
	// is wrong with each server's machine, see [Server.Trouble].
	Trouble string
	// Lines are more of zoo.cfg, without line ends; a key given here counts.
	Lines []string
	// Port is the first server's client port, and the others' follow; 0: free
	// ones are found.
	Port int
	// Apart are groups of servers, by their ids, that are services of their own;
	// empty: all are one.
	Apart [][]int
	// Route, if not nil, says where a server dials another one instead of its
	// address. It needs Program: Debian's servers tell each other where they are.
	Route func(from, to int, addr host.Addr) (host.Addr, error)
	// Java are the options of the virtual machine; nil means a small one that
	// starts quickly.
	Java []string
}

// An Ensemble is N real ZooKeeper servers on loopback. It and its servers are
// for one goroutine at a time.
type Ensemble struct {
	o       Options
	servers []*Server
	ports   proc.Ports
}

// A Server is one ZooKeeper server of an ensemble.
type Server struct {
	// Addr is where clients connect.
	Addr    host.Addr
	id      int
	dir     string
	proc    *proc.Proc // nil while it is stopped
	o       *Options   // of the ensemble; nil: a server that is only asked
	clients int        // client port
	routes  []string   // ADDRESS=INSTEAD
	starts  uint32
}

// At is a server that stands already, and is only asked.
func At(addr host.Addr) *Server { return &Server{Addr: addr} }

// HaveZooKeeper returns nil if an ensemble can be started here, and otherwise
// ErrNoZooKeeper with what is missing.
func HaveZooKeeper() error {
	if _, err := exec.LookPath("java"); err != nil {
		return fmt.Errorf("%w: no java in PATH", ErrNoZooKeeper)
	}
	if _, err := os.Stat(jar); err != nil {
		return fmt.Errorf("%w: no %s", ErrNoZooKeeper, jar)
	}
	return nil
}

// Start starts servers and returns once a majority serves.
func Start(ctx context.Context, o Options) (*Ensemble, error) {
	if err := HaveZooKeeper(); err != nil && o.Program == "" {
		return nil, err
	}
	if o.Servers == 0 {
		o.Servers = 1
	}
	if o.Tick == 0 {
		o.Tick = 500 * time.Millisecond
	}
	if o.Start == 0 {
		o.Start = 60 * time.Second
	}
	e, err := Prepare(o)
	if err != nil {
		return nil, err
	}
	for _, s := range e.servers {
		if err := s.Start(); err != nil {
			e.Stop()
			return nil, err
		}
	}
	if err := e.WaitFor(ctx, o.Start, o.Servers); err != nil {
		e.Stop()
		return nil, err
	}
	return e, nil
}

// Prepare is [Start] without a start: the servers have their ports, routes and
// files.
func Prepare(o Options) (*Ensemble, error) {
	e := &Ensemble{o: o}
	if err := e.configure(); err != nil {
		return nil, fmt.Errorf("start ZooKeeper: %w", err)
	}
	return e, nil
}

// Servers returns the servers, in the order of their ids.
func (e *Ensemble) Servers() []*Server { return e.servers }

// Addrs returns where clients connect.
func (e *Ensemble) Addrs() []host.Addr {
	var out []host.Addr
	for _, s := range e.servers {
		out = append(out, s.Addr)
	}
	return out
}

// Leader is the server that leads, or serves alone; nil if none does.
func (e *Ensemble) Leader(ctx context.Context) *Server {
	for _, s := range e.servers {
		if mode := s.Mode(ctx); mode == "leader" || mode == "standalone" {
			return s
		}
	}
	return nil
}

// Tick is the servers' tickTime.
func (e *Ensemble) Tick() time.Duration { return e.o.Tick }

// Stop ends every server.
func (e *Ensemble) Stop() {
	for _, s := range e.servers {
		s.Kill()
	}
	e.ports.Release()
}

// End asks every server to end, kills those that did not within 3 s, and
// returns once all are gone.
func (e *Ensemble) End() {
	for _, s := range e.servers {
		if s.proc != nil {
			_ = s.proc.Stop() // it may be gone already
			_ = s.proc.Resume()
		}
	}
	patience := time.After(3 * time.Second)
	for _, s := range e.servers {
		if s.proc == nil {
			continue
		}
		select {
		case <-s.proc.Done():
		case <-patience:
			e.Stop()
		}
	}
	e.ports.Release()
}

// Wait returns once a majority of the servers serves, or an error after limit.
func (e *Ensemble) Wait(ctx context.Context, limit time.Duration) error {
	return e.WaitFor(ctx, limit, len(e.servers)/2+1)
}

// WaitFor returns once that many of the servers serve, or an error after limit.
func (e *Ensemble) WaitFor(ctx context.Context, limit time.Duration, enough int) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		serving := 0
		for _, s := range e.servers {
			if s.Mode(ctx) != "" {
				serving++
			}
			if s.proc != nil && s.proc.Ended() && s.proc.Wait() != proc.Killed {
				return fmt.Errorf("ZooKeeper server %d ended at its start: %s", s.id, s.lastWords())
			}
		}
		if serving >= enough {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ZooKeeper does not serve: %d of %d servers after %v: %w", serving, len(e.servers), limit, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Start starts a server that does not run. It serves some time later: see
// [Ensemble.Wait].
func (s *Server) Start() error {
	if !s.Ended() {
		return fmt.Errorf("start ZooKeeper server %d: it runs already", s.id)
	}
	out, err := os.OpenFile(s.logFile(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("start ZooKeeper server %d: %w", s.id, err)
	}
	defer out.Close()
	s.starts++
	cmd := s.command(filepath.Join(s.dir, "zoo.cfg"))
	cmd.Dir = s.dir
	cmd.Stdout, cmd.Stderr = out, out
	s.proc, err = proc.Start(cmd)
	if err != nil {
		return fmt.Errorf("start ZooKeeper server %d: %w", s.id, err)
	}
	return nil
}

// command is the program that is a server.
func (s *Server) command(cfg string) *exec.Cmd {
	if s.o.Program != "" {
		cmd := exec.Command(s.o.Program, "zk", "--config="+cfg)
		if len(s.routes) > 0 {
			cmd.Args = append(cmd.Args, "--route="+strings.Join(s.routes, ","))
		}
		if file := s.Trouble(); file != "" {
			cmd.Args = append(cmd.Args, "--trouble="+file)
		}
		if file := s.Records(); file != "" {
			cmd.Args = append(cmd.Args, "--record="+file, fmt.Sprintf("--incarnation=%d", s.starts))
		}
		return cmd
	}
	java := s.o.Java
	if java == nil {
		java = []string{"-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"}
	}
	return exec.Command("java", slices.Concat(java, []string{"-Djava.net.preferIPv4Stack=true",
		"-Dzookeeper.jmx.log4j.disable=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", jar + ":" + logger,
		"org.apache.zookeeper.server.quorum.QuorumPeerMain", cfg})...)
}

// Records is the file that the server notes to, "" if it is told of none.
func (s *Server) Records() string {
	if s.o.Program == "" || s.o.Records == "" {
		return ""
	}
	return filepath.Join(s.o.Records, fmt.Sprintf("z%d.ndjson", s.id))
}

// Trouble is the file that says what is wrong with the server's machine, "" if
// it looks at none.
func (s *Server) Trouble() string {
	if s.o.Program == "" || s.o.Trouble == "" {
		return ""
	}
	return filepath.Join(s.o.Trouble, fmt.Sprintf("trouble-z%d", s.id))
}

func (s *Server) logFile() string { return filepath.Join(s.dir, "server.log") }

// Dir is where its configuration, data and log are.
func (s *Server) Dir() string { return s.dir }

// ID is the server's myid.
func (s *Server) ID() int { return s.id }

// Starts is how often the server was started: the incarnation in its records.
func (s *Server) Starts() uint32 { return s.starts }

// Ended reports whether the server does not run.
func (s *Server) Ended() bool { return s.proc == nil || s.proc.Ended() }

// PID is the number of the server's process, 0 if it never ran.
func (s *Server) PID() int {
	if s.proc == nil {
		return 0
	}
	return s.proc.PID()
}

// Done is closed when the process of a server that was started has ended.
func (s *Server) Done() <-chan struct{} { return s.proc.Done() }

// WasKilled reports whether a signal ended the server.
func (s *Server) WasKilled() bool {
	return s.proc != nil && s.proc.Ended() && s.proc.Wait() == proc.Killed
}

// Stop ends the server gracefully (SIGTERM), paused or not, and waits for it.
// After 10 s it is killed.
func (s *Server) Stop() {
	if s.proc != nil {
		s.proc.Finish(10 * time.Second)
	}
}

// Terminate asks the server to end (SIGTERM), and does not wait.
func (s *Server) Terminate() error { return s.proc.Stop() }

// Kill kills the server (SIGKILL) and waits for its end.
func (s *Server) Kill() {
	if s.proc != nil {
		_ = s.proc.Kill() // it may be gone already
		s.proc.Wait()
	}
}

// Pause lets the server stand still (SIGSTOP).
func (s *Server) Pause() error { return s.proc.Pause() }

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.proc.Resume() }

// Mode is "leader", "follower" or "standalone", and "" if the server does not
// serve.
func (s *Server) Mode(ctx context.Context) string {
	for line := range strings.Lines(s.Ask(ctx, "srvr")) {
		if mode, ok := strings.CutPrefix(line, "Mode: "); ok {
			return strings.TrimSpace(mode)
		}
	}
	return ""
}

// Ask sends a four-letter word and returns the answer, "" if there is none.
func (s *Server) Ask(ctx context.Context, word string) string {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", string(s.Addr))
	if err != nil {
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := c.Write([]byte(word)); err != nil {
		return ""
	}
	var out strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		out.Write(buf[:n])
		if err != nil {
			return out.String()
		}
	}
}
