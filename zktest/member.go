package zktest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/sim/zk/quorum"
	"github.com/simctl/simctl/sim/zk/server"
)

// A member is one server across its restarts.
type member struct {
	id           server.ServerID
	client, peer string
	dir          string     // of its files, or
	files        live.Files // in memory
	net          live.Net
	starts       uint32

	host *live.Host // nil while it is down
	srv  *server.Server
	end  chan struct{} // closed when it has ended
	err  error         // why it ended, known once end is closed
}

// sendQueue is how many bytes may wait for one client: a znode's children may
// take tens of MiB.
const sendQueue = 256 << 20

// start runs a server that is down.
func (e *Ensemble) start(m *member) error {
	if e.o.TCP {
		if err := m.open(); err != nil {
			return err
		}
	}
	m.starts++
	o := live.Options{
		Self: host.ProcessID(e.Name(int(m.id))), Incarnation: m.starts, Seed: e.o.Seed, DataDir: m.dir, Files: m.files, Net: m.net,
		SendQueue: sendQueue,
	}
	if e.net != nil {
		o.Mono = func() host.Mono { return host.Mono(time.Since(e.begin)) }
	}
	h, err := live.NewHost(o)
	if err != nil {
		return fmt.Errorf("zktest: %w", err)
	}
	r, err := e.replicator(m.id)
	if err != nil {
		return fmt.Errorf("zktest: %w", err)
	}
	srv := server.New(e.config(m), r)
	p := &process{Server: srv}
	end := make(chan struct{})
	m.host, m.srv, m.end, m.err = h, srv, end, nil
	go func() {
		defer close(end)
		status, err := h.Run(context.Background(), p)
		if err == nil {
			err = fmt.Errorf("it ended with status %d: %s", status, strings.Join(p.why, "; "))
		}
		m.err = fmt.Errorf("zktest: server %d: %w", m.id, err)
	}()
	return nil
}

// config is what one server is told; the only one of an ensemble stands alone.
func (e *Ensemble) config(m *member) server.Config {
	c := server.Config{
		Client: host.Addr(m.client), Tick: e.o.Tick, MinSession: e.o.MinSession, MaxSession: e.o.MaxSession,
		MaxClientCnxns: e.o.MaxClientCnxns, ExtendedTypes: e.o.ExtendedTypes,
	}
	if len(e.members) > 1 {
		c.ID = m.id
	}
	return c
}

func (e *Ensemble) replicator(id server.ServerID) (server.Replicator, error) {
	if len(e.members) == 1 {
		return server.NewStandalone(), nil
	}
	c := quorum.Config{ID: id, Tick: e.o.Tick, Init: e.o.Init, Sync: e.o.Sync}
	for _, m := range e.members {
		c.Members = append(c.Members, quorum.Member{ID: m.id, Addr: host.Addr(m.peer)})
	}
	return quorum.New(c)
}

// kill ends a server, if it runs, and returns why it had ended before.
func (m *member) kill() error {
	if m.host == nil {
		if m.net != nil {
			return m.release()
		}
		return nil
	}
	m.host.Kill()
	<-m.end
	m.host, m.srv = nil, nil
	if errors.Is(m.err, live.ErrKilled) {
		return nil
	}
	return m.err
}

// ask calls f between two events of a server that runs, and reports whether it
// could.
func (m *member) ask(f func(s *server.Server)) bool {
	h, s := m.host, m.srv
	return h != nil && h.Call(func() { f(s) }) == nil
}

// A process is a server whose complaints are kept.
type process struct {
	*server.Server
	why []string
}

// Start starts the server on a host that keeps its complaints.
func (p *process) Start(h host.Host) { p.Server.Start(&complaints{h, p}) }

// Part returns the server, whose continuations are to be found, and its parts.
func (p *process) Part(i int) any {
	if i == 0 {
		return p.Server
	}
	return p.Server.Part(i - 1)
}

// complaints keeps the notes of failures.
type complaints struct {
	host.Host
	p *process
}

// Note keeps what failed.
func (c *complaints) Note(n host.Note) {
	if n.Kind == host.NoteFailed {
		c.p.why = append(c.p.why, strings.TrimSpace(n.Subject+" "+n.Value))
	}
	c.Host.Note(n)
}

// loopback is TCP with listeners that were opened beforehand, so that a port
// once found free stays the server's.
type loopback struct {
	mu   sync.Mutex
	open map[string]net.Listener
}

// Listen implements live.Net.
func (l *loopback) Listen(addr string) (net.Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ready := l.open[addr]; ready != nil {
		delete(l.open, addr)
		return ready, nil
	}
	return net.Listen("tcp", addr)
}

// Dial implements live.Net.
func (l *loopback) Dial(ctx context.Context, addr string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

// open takes the ports of a server that is down. Right after its end a
// connection that somebody else dials may have one of them for a while.
func (m *member) open() error {
	if m.net == nil {
		m.net = &loopback{open: map[string]net.Listener{}}
	}
	tcp := m.net.(*loopback)
	for _, addr := range []*string{&m.client, &m.peer} {
		if tcp.open[*addr] != nil {
			continue
		}
		l, err := net.Listen("tcp", *addr)
		for patience := 100; err != nil && patience > 0; patience-- {
			time.Sleep(50 * time.Millisecond)
			l, err = net.Listen("tcp", *addr)
		}
		if err != nil {
			return fmt.Errorf("zktest: %w", err)
		}
		*addr = l.Addr().String()
		tcp.open[*addr] = l
	}
	return nil
}

// release closes the ports that were taken for a server that did not start.
func (m *member) release() error {
	tcp, ok := m.net.(*loopback)
	if !ok {
		return nil
	}
	for addr, l := range tcp.open {
		_ = l.Close()
		delete(tcp.open, addr)
	}
	return nil
}
