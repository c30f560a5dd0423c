// Package cluster is a small live cluster to play with: masters, workers and
// servers of ZooKeeper as processes of this machine, on loopback, which other
// programs may stop and start one by one.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/lab/proc"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/impl/live/steer"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
)

// Options say what a cluster is.
type Options struct {
	// Program is a simctl program: each process is it again, as `Program node`
	// or `Program zk`.
	Program string
	Data    string // directory of all its files, which are kept
	// From, if not empty, is a directory that a backup went to: the servers begin
	// with what was in it. It needs a directory without data.
	From                      string
	Masters, Workers, Servers int
	Cores, Memory             int64 // of each worker; memory in MiB
	Debian                    bool  // the servers are Debian's ZooKeeper
	Policy                    policy.Policy
	Timers                    scenarios.TimersName
	Conf                      conf.Conf     // goes before the timers
	Tick                      time.Duration // of the servers; 0 means 500 ms
	Out, Warn                 io.Writer     // are told what runs, and what goes wrong
}

func (o *Options) check() error {
	within := func(n, least, most int, what string) error {
		if n < least || n > most {
			return fmt.Errorf("%d %s: want %d to %d", n, what, least, most)
		}
		return nil
	}
	err := errors.Join(within(o.Masters, 1, 9, "masters"), within(o.Workers, 0, 20, "workers"), within(o.Servers, 1, 9, "servers"))
	switch {
	case err != nil:
		return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	case o.Data == "":
		return errors.New("no directory for its files")
	case o.Cores < 1 || o.Memory < 1:
		return fmt.Errorf("workers of %d cores and %d MiB: want at least 1 of each", o.Cores, o.Memory)
	case o.Conf.Given("spark.deploy.recoveryMode"):
		return errors.New("spark.deploy.recoveryMode: its masters keep their records in its ZooKeeper")
	}
	if err := o.Conf.Check(o.Policy); err != nil {
		return err
	}
	_, err = scenarios.TimersFor(o.Timers).With(o.Conf.Timers())
	return err
}

// What stands in a cluster's directory: the servers' files, and in each
// process's directory how often it was started.
const (
	zookeeper = "zookeeper"
	starts    = "incarnation"
)

// A member is one master or worker, across its starts.
type member struct {
	program.Options
	proc *proc.Proc // nil before the first start
}

// A cluster is what runs. It belongs to one goroutine.
type cluster struct {
	o       Options
	servers *ensemble.Ensemble
	members []*member
	ports   proc.Ports
	ended   chan string // names of processes that have ended
}

// Up starts a cluster and carries out what it is told until ctx is done or it
// is told to end. Everything that it started is gone when it returns.
func Up(ctx context.Context, o Options) error {
	if err := o.check(); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	zk := filepath.Join(o.Data, zookeeper)
	if o.From != "" {
		if err := restore(o.From, o.Data); err != nil {
			return fmt.Errorf("cluster: %w", err)
		}
	}
	if err := os.MkdirAll(zk, 0o755); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	l, err := steer.Listen(o.Data)
	if err != nil {
		return fmt.Errorf("cluster: %s: %w", o.Data, err)
	}
	defer l.Close()
	eo := ensemble.Options{Servers: o.Servers, Tick: o.Tick, Dir: zk}
	if !o.Debian {
		eo.Program = o.Program
	}
	servers, err := ensemble.Start(ctx, eo)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("cluster: %w", err)
	}
	c := &cluster{o: o, servers: servers, ended: make(chan string)}
	defer c.end()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := c.startAll(ctx); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	go l.Serve(ctx)
	c.run(ctx, l)
	return nil
}

// startAll starts masters and workers.
func (c *cluster) startAll(ctx context.Context) error {
	for _, s := range c.servers.Servers() {
		c.watch(ctx, serverName(s), s.Addr, s.PID(), s.Done())
	}
	ports, err := c.ports.Take(2*c.o.Masters + 2*c.o.Workers)
	if err != nil {
		return err
	}
	at := func(i int) host.Addr { return host.Addr("127.0.0.1:" + strconv.Itoa(ports[i])) }
	var masters []host.Addr
	for i := range c.o.Masters {
		masters = append(masters, at(2*i))
	}
	for i := range c.o.Masters + c.o.Workers {
		m := &member{Options: program.Options{
			Kind: "worker", ID: fmt.Sprintf("w%d", i-c.o.Masters+1), Listen: at(2 * i), HTTP: string(at(2*i + 1)), Masters: masters,
			Cores: c.o.Cores, Memory: c.o.Memory,
		}}
		if i < c.o.Masters {
			m.Options = program.Options{
				Kind: "master", ID: fmt.Sprintf("m%d", i+1), Listen: at(2 * i), HTTP: string(at(2*i + 1)), ZK: c.servers.Addrs(), Dir: "/spark",
			}
		}
		m.Policy, m.Timers, m.Conf, m.Data = c.o.Policy, c.o.Timers, c.o.Conf, filepath.Join(c.o.Data, m.ID)
		c.members = append(c.members, m)
		if err := c.start(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// start starts the next incarnation of a process; how many there were is
// remembered from one cluster on a directory to the next.
func (c *cluster) start(ctx context.Context, m *member) error {
	if err := os.MkdirAll(m.Data, 0o755); err != nil {
		return err
	}
	count := filepath.Join(m.Data, starts)
	text, err := os.ReadFile(count)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	before, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	m.Incarnation, m.Seed = uint32(before)+1, before+1
	if err := os.WriteFile(count, []byte(fmt.Sprintln(m.Incarnation)), 0o644); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(m.Data, "log"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(c.o.Program, m.Flags()...)
	cmd.Stdout, cmd.Stderr = log, log
	p, err := proc.Start(cmd)
	if err != nil {
		return err
	}
	m.proc = p
	c.watch(ctx, m.ID, m.Listen, p.PID(), p.Done())
	return nil
}

// watch tells that a process runs, and when it has ended.
func (c *cluster) watch(ctx context.Context, name string, at host.Addr, pid int, done <-chan struct{}) {
	fmt.Fprintf(c.o.Out, "%s %s pid=%d\n", name, at, pid)
	go func() {
		<-done
		select {
		case c.ended <- name:
		case <-ctx.Done():
		}
	}()
}

func (c *cluster) run(ctx context.Context, l *steer.Listener) {
	for {
		select {
		case <-ctx.Done():
			return
		case name := <-c.ended:
			fmt.Fprintf(c.o.Warn, "%s has ended\n", name)
		case cmd := <-l.Commands:
			if cmd.Words[0] == "down" {
				c.end()
				cmd.Answer("", nil)
				return
			}
			cmd.Answer(c.carryOut(ctx, cmd.Words))
		}
	}
}

// end asks everything to end, and kills what does not.
func (c *cluster) end() {
	for _, m := range c.members {
		if !m.proc.Ended() {
			_ = m.proc.Stop() // it may be gone already
		}
	}
	for _, m := range c.members {
		if !m.proc.Ended() {
			m.proc.Finish(3 * time.Second)
		}
	}
	c.servers.End()
	c.ports.Release()
}
