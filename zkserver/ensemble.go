package zkserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	lab "github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/steer"
)

// Options say what servers to run, over TCP on loopback.
type Options struct {
	Servers       int           // how many; 0 means 1
	Port          int           // the first server's client port; the others' follow
	Data          string        // directory of their files; empty: gone when they end
	Tick          time.Duration // tickTime; 0 means 2 s
	ExtendedTypes bool          // allow TTL znodes
	NoSync        bool          // write the log, but do not sync it
	// MaxClientCnxns is how many connections one address may have to one
	// server; 0: any number.
	MaxClientCnxns int
	// Program is a simctl program. It is run as `Program zk --config=FILE`, once
	// a server.
	Program string
	// Config is a file in the form of zoo.cfg: be, in this process, the one
	// server that it describes, whatever else stands here.
	Config string
	// Record is a file to which the server that Config describes appends its
	// records, one a line; empty: none. Incarnation counts its starts in them; 0
	// means 1.
	Record      string
	Incarnation uint32
	// Routes are where that server dials instead of addresses, each as
	// ADDRESS=INSTEAD.
	Routes []string
	// Trouble is a file that tells that server what is wrong with its machine.
	Trouble string
	// Out is told each server, one a line, once all of them serve, and again
	// when one is started; Warn what goes wrong. Nil is told nothing.
	Out, Warn io.Writer
}

func (o *Options) check() error {
	o.Servers = cmp.Or(o.Servers, 1)
	o.Tick = cmp.Or(o.Tick, 2*time.Second)
	o.Out, o.Warn = cmp.Or(o.Out, io.Discard), cmp.Or(o.Warn, io.Discard)
	switch {
	case o.Servers < 1 || o.Servers > 99:
		return fmt.Errorf("zk: %d servers: want 1 to 99", o.Servers)
	case o.Port < 1 || o.Port+o.Servers > 65536:
		return fmt.Errorf("zk: port %d: want 1 to 65535, for %d servers", o.Port, o.Servers)
	case o.MaxClientCnxns < 0:
		return fmt.Errorf("zk: at most %d connections of a client: want 0 or more", o.MaxClientCnxns)
	case o.Tick < time.Millisecond || o.Tick%time.Millisecond != 0:
		return fmt.Errorf("zk: a tick of %v: want whole milliseconds, at least 1ms", o.Tick)
	}
	return nil
}

// Serve runs servers until ctx is done: the one of a zoo.cfg in this process,
// or an ensemble with a process a server.
func Serve(ctx context.Context, o Options) error {
	if err := o.check(); err != nil && o.Config == "" {
		return err
	}
	if o.Config == "" {
		return serveEnsemble(ctx, o)
	}
	c, err := ReadConfig(o.Config)
	if err != nil {
		return fmt.Errorf("zk: %w", err)
	}
	for _, w := range c.Warnings {
		fmt.Fprintln(o.Warn, "zk:", w)
	}
	c.Server.ExtendedTypes = c.Server.ExtendedTypes || o.ExtendedTypes
	c.NoSync = c.NoSync || o.NoSync
	c.Record, c.Incarnation, c.Routes, c.Trouble = o.Record, o.Incarnation, o.Routes, o.Trouble
	return c.Run(ctx)
}

// begin is how long an ensemble may take until it serves.
const begin = 30 * time.Second

// An ensemble is the servers of one `simctl zk`, and what steers them.
type ensemble struct {
	o       Options
	servers *lab.Ensemble
	control *steer.Listener
	ended   chan ending
	paused  map[int]bool // by id
}

// An ending is a process of a server that has ended.
type ending struct {
	server *lab.Server
	pid    int
}

func serveEnsemble(ctx context.Context, o Options) error {
	if o.Data == "" {
		dir, err := os.MkdirTemp("", "simctl-zk-")
		if err != nil {
			return fmt.Errorf("zk: %w", err)
		}
		defer os.RemoveAll(dir)
		o.Data = dir
	}
	if err := os.MkdirAll(o.Data, 0o755); err != nil {
		return fmt.Errorf("zk: %w", err)
	}
	control, err := steer.Listen(o.Data)
	switch {
	case errors.Is(err, steer.ErrTaken):
		return fmt.Errorf("zk: another simctl zk runs on %s", o.Data)
	case err != nil:
		return fmt.Errorf("zk: %w", err)
	}
	defer control.Close()
	lo := lab.Options{Servers: o.Servers, Port: o.Port, Tick: o.Tick, Dir: o.Data, Program: o.Program, Start: begin}
	if o.MaxClientCnxns > 0 {
		lo.Lines = append(lo.Lines, fmt.Sprintf("maxClientCnxns=%d", o.MaxClientCnxns))
	}
	if o.ExtendedTypes {
		lo.Lines = append(lo.Lines, "extendedTypesEnabled=true")
	}
	if o.NoSync {
		lo.Lines = append(lo.Lines, "forceSync=no")
	}
	servers, err := lab.Start(ctx, lo)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("zk: %w", err)
	}
	defer servers.End()
	e := &ensemble{o: o, servers: servers, control: control, ended: make(chan ending), paused: map[int]bool{}}
	for _, s := range servers.Servers() {
		e.started(ctx, s)
	}
	fmt.Fprintf(o.Warn, "steer with: simctl zk status|kill|stop|start|pause|resume [SERVER...] --data=%s\n", o.Data)
	return e.run(ctx)
}

// started tells that a server runs, and watches for its end.
func (e *ensemble) started(ctx context.Context, s *lab.Server) {
	fmt.Fprintf(e.o.Out, "z%d %s pid=%d\n", s.ID(), s.Addr, s.PID())
	end, done := ending{s, s.PID()}, s.Done()
	go func() {
		<-done
		select {
		case e.ended <- end:
		case <-ctx.Done():
		}
	}()
}

// run carries out what it is told, until ctx is done or the only server fails.
// SIGHUP starts every server that does not run.
func (e *ensemble) run(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	go e.control.Serve(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
			if err := e.each(ctx, nil, e.startIfDown); err != nil {
				fmt.Fprintln(e.o.Warn, "zk:", err)
			}
		case end := <-e.ended:
			if ctx.Err() != nil || end.server.PID() != end.pid {
				continue
			}
			delete(e.paused, end.server.ID())
			how := end.server.HowEnded()
			if e.o.Servers == 1 && !end.server.WasKilled() && how != "ended" {
				return fmt.Errorf("zk: the server %s", how)
			}
			fmt.Fprintf(e.o.Warn, "z%d %s\n", end.server.ID(), how)
		case c := <-e.control.Commands:
			c.Answer(e.carryOut(ctx, c.Words))
		}
	}
}

// each does something to the servers with these ids, or to all.
func (e *ensemble) each(ctx context.Context, ids []int, do func(context.Context, *lab.Server) error) error {
	var errs []error
	for _, s := range e.servers.Servers() {
		if len(ids) == 0 || contains(ids, s.ID()) {
			errs = append(errs, do(ctx, s))
		}
	}
	return errors.Join(errs...)
}

func contains(ids []int, id int) bool {
	for _, i := range ids {
		if i == id {
			return true
		}
	}
	return false
}

func (e *ensemble) startIfDown(ctx context.Context, s *lab.Server) error {
	if !s.Ended() {
		return nil
	}
	if err := s.Start(); err != nil {
		return err
	}
	e.started(ctx, s)
	return nil
}

// status is one line a server.
func (e *ensemble) status(ctx context.Context) string {
	var b strings.Builder
	for _, s := range e.servers.Servers() {
		switch {
		case s.Ended():
			fmt.Fprintf(&b, "z%d %s %s\n", s.ID(), s.Addr, s.HowEnded())
		case e.paused[s.ID()]:
			fmt.Fprintf(&b, "z%d %s pid=%d paused\n", s.ID(), s.Addr, s.PID())
		default:
			fmt.Fprintf(&b, "z%d %s pid=%d %s\n", s.ID(), s.Addr, s.PID(), cmp.Or(s.Mode(ctx), "not serving"))
		}
	}
	return b.String()
}
