package simctl

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/sim/zk/quorum"
	"github.com/simctl/simctl/sim/zk/server"
)

// ZooKeeperOptions say what servers of the simulated ZooKeeper to run on this
// machine, over TCP on loopback.
type ZooKeeperOptions struct {
	Servers       int           // how many; 0 means 1
	Port          int           // the first server's client port; the others' follow
	Data          string        // directory of their files; empty: gone when they end
	Tick          time.Duration // tickTime; 0 means 2 s
	ExtendedTypes bool          // allow TTL znodes
	// Config is a file in the form of zoo.cfg: run the one server that it
	// describes, whatever Servers, Port, Data and Tick say. Of its keys
	// tickTime, initLimit, syncLimit, clientPort, dataDir, minSessionTimeout,
	// maxSessionTimeout, localSessionsEnabled, localSessionsUpgradingEnabled and
	// server.N count; N is in the file myid of dataDir. A
	// server.N is HOST:PORT, and what follows is not needed.
	Config string
	// Out is told the address of each client port, one a line, before the
	// servers start; nil is told nothing.
	Out io.Writer
}

// zkSendQueue is how many bytes may wait for one client: a znode's children may
// take tens of MiB.
const zkSendQueue = 256 << 20

// A zkServer is one server that is to run.
type zkServer struct {
	cfg     server.Config
	members quorum.Config // no members: standalone
	dir     string
}

func (o *ZooKeeperOptions) check() error {
	o.Servers = cmp.Or(o.Servers, 1)
	switch {
	case o.Servers < 1 || o.Servers > 99:
		return fmt.Errorf("zk: %d servers: want 1 to 99", o.Servers)
	case o.Port < 1 || o.Port+o.Servers > 65536:
		return fmt.Errorf("zk: port %d: want 1 to 65535, for %d servers", o.Port, o.Servers)
	case o.Tick != 0 && o.Tick < time.Millisecond:
		return fmt.Errorf("zk: a tick of %v: want at least 1ms", o.Tick)
	}
	return nil
}

// ServeZooKeeper runs servers in this process until ctx is done.
func ServeZooKeeper(ctx context.Context, o ZooKeeperOptions) error {
	if o.Config != "" {
		z, err := readZooCfg(o.Config)
		if err != nil {
			return fmt.Errorf("zk: %w", err)
		}
		z.cfg.ExtendedTypes = o.ExtendedTypes
		return z.run(ctx)
	}
	if err := o.check(); err != nil {
		return err
	}
	if o.Data == "" {
		dir, err := os.MkdirTemp("", "simctl-zk-")
		if err != nil {
			return fmt.Errorf("zk: %w", err)
		}
		defer os.RemoveAll(dir)
		o.Data = dir
	}
	servers, err := ensembleOf(&o)
	if err != nil {
		return err
	}
	for i := range servers {
		if o.Out != nil {
			fmt.Fprintln(o.Out, servers[i].cfg.Client)
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(servers))
	var all sync.WaitGroup
	for i := range servers {
		all.Go(func() {
			errs[i] = servers[i].run(ctx)
			stop()
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// ensembleOf lays out o.Servers servers.
func ensembleOf(o *ZooKeeperOptions) ([]zkServer, error) {
	members := quorum.Config{Tick: o.Tick}
	if o.Servers > 1 {
		for i := range o.Servers {
			addr, err := freeAddr()
			if err != nil {
				return nil, err
			}
			members.Members = append(members.Members, quorum.Member{ID: server.ServerID(i + 1), Addr: addr})
		}
	}
	servers := make([]zkServer, o.Servers)
	for i := range servers {
		s := zkServer{members: members, dir: filepath.Join(o.Data, fmt.Sprintf("z%d", i+1))}
		s.cfg = server.Config{
			Client: host.Addr(net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port+i))), Tick: o.Tick, ExtendedTypes: o.ExtendedTypes,
		}
		if o.Servers > 1 {
			s.cfg.ID = server.ServerID(i + 1)
			s.members.ID = s.cfg.ID
		}
		servers[i] = s
	}
	return servers, nil
}

func freeAddr() (host.Addr, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("zk: find a free port: %w", err)
	}
	defer l.Close()
	return host.Addr(l.Addr().String()), nil
}

// run runs one server until ctx is done.
func (z *zkServer) run(ctx context.Context) error {
	if err := os.MkdirAll(z.dir, 0o755); err != nil {
		return fmt.Errorf("zk: %w", err)
	}
	var r server.Replicator = server.NewStandalone()
	if len(z.members.Members) > 0 {
		peer, err := quorum.New(z.members)
		if err != nil {
			return fmt.Errorf("zk: %w", err)
		}
		r = peer
	}
	notes := &zkFailures{}
	o := live.Options{
		Self: host.ProcessID(fmt.Sprintf("z%d", z.cfg.ID)), Seed: uint64(z.cfg.ID), DataDir: z.dir, Grace: time.Second,
		SendQueue: zkSendQueue,
	}
	status, err := live.Run(ctx, o, &watchedZooKeeper{server.New(z.cfg, r), notes})
	switch {
	case err != nil:
		return fmt.Errorf("zk: server %d: %w", z.cfg.ID, err)
	case status != 0:
		return fmt.Errorf("zk: server %d at %s: %s", z.cfg.ID, z.cfg.Client, strings.Join(notes.why, "; "))
	}
	return nil
}

func readZooCfg(file string) (*zkServer, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z := &zkServer{cfg: server.Config{Client: "127.0.0.1:2181"}}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("%s:%d: %q is not KEY=VALUE", file, n, line)
		}
		if err := z.set(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
	if z.dir == "" {
		return nil, fmt.Errorf("%s: no dataDir", file)
	}
	if len(z.members.Members) < 2 {
		z.members.Members = nil
		return z, lines.Err()
	}
	text, err := os.ReadFile(filepath.Join(z.dir, "myid"))
	if err != nil {
		return nil, err
	}
	id, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 8)
	if err != nil {
		return nil, fmt.Errorf("myid: %q is not a number from 1 to 255", strings.TrimSpace(string(text)))
	}
	z.cfg.ID, z.members.ID = server.ServerID(id), server.ServerID(id)
	return z, lines.Err()
}

// set takes one line of a configuration.
func (z *zkServer) set(key, value string) error {
	if id, ok := strings.CutPrefix(key, "server."); ok {
		n, err := strconv.ParseUint(id, 10, 8)
		parts := strings.Split(value, ":")
		if err != nil || len(parts) < 2 {
			return fmt.Errorf("%s=%s: want server.N=HOST:PORT", key, value)
		}
		z.members.Members = append(z.members.Members, quorum.Member{
			ID: server.ServerID(n), Addr: host.Addr(net.JoinHostPort(parts[0], parts[1])),
		})
		return nil
	}
	if key == "dataDir" {
		z.dir = value
		return nil
	}
	known := map[string]func(n int){
		"clientPort":        func(n int) { z.cfg.Client = host.Addr(fmt.Sprintf("127.0.0.1:%d", n)) },
		"tickTime":          func(n int) { z.cfg.Tick = time.Duration(n) * time.Millisecond; z.members.Tick = z.cfg.Tick },
		"minSessionTimeout": func(n int) { z.cfg.MinSession = time.Duration(n) * time.Millisecond },
		"maxSessionTimeout": func(n int) { z.cfg.MaxSession = time.Duration(n) * time.Millisecond },
		"initLimit":         func(n int) { z.members.Init = n },
		"syncLimit":         func(n int) { z.members.Sync = n },
	}
	switch key {
	case "localSessionsEnabled":
		z.cfg.LocalSessions = value == "true"
	case "localSessionsUpgradingEnabled":
		z.cfg.LocalUpgrading = value == "true"
	}
	if take := known[key]; take != nil {
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return fmt.Errorf("%s=%s: want a number", key, value)
		}
		take(n)
	}
	return nil
}

// zkFailures are why a server ended.
type zkFailures struct{ why []string }

// A watchedZooKeeper is a server whose complaints are kept.
type watchedZooKeeper struct {
	*server.Server
	failures *zkFailures
}

// Start starts the server on a host that keeps its complaints.
func (w *watchedZooKeeper) Start(h host.Host) { w.Server.Start(&zkHost{h, w.failures}) }

// Part returns the server, whose continuations are to be found, and its parts.
func (w *watchedZooKeeper) Part(i int) any {
	if i == 0 {
		return w.Server
	}
	return w.Server.Part(i - 1)
}

// A zkHost keeps the notes of failures.
type zkHost struct {
	host.Host
	failures *zkFailures
}

// Note keeps what failed.
func (h *zkHost) Note(n host.Note) {
	if n.Kind == host.NoteFailed {
		h.failures.why = append(h.failures.why, strings.TrimSpace(n.Subject+" "+n.Value))
	}
	h.Host.Note(n)
}
