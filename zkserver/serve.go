package zkserver

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/trouble"
	"github.com/simctl/simctl/sim/zk/quorum"
	"github.com/simctl/simctl/sim/zk/server"
)

// sendQueue is how many bytes may wait for one client: a znode's children may
// take tens of MiB.
const sendQueue = 256 << 20

// Run runs the server in this process until ctx is done.
func (c *Config) Run(ctx context.Context) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("zk: %w", err)
	}
	alone := server.NewStandalone()
	alone.SnapEvery(c.Members.SnapCount)
	var r server.Replicator = alone
	if len(c.Members.Members) > 0 {
		peer, err := quorum.New(c.Members)
		if err != nil {
			return fmt.Errorf("zk: %w", err)
		}
		r = peer
	}
	notes := &failures{}
	o := live.Options{
		Self: host.ProcessID(fmt.Sprintf("z%d", c.Server.ID)), Seed: uint64(c.Server.ID), DataDir: c.Dir, Grace: time.Second,
		SendQueue: sendQueue, NoSync: c.NoSync, Incarnation: max(c.Incarnation, 1), Route: c.route,
		Trouble: trouble.Follow(c.Trouble),
	}
	if c.Record != "" {
		recorder, err := live.NewRecorder(c.Record)
		if err != nil {
			return fmt.Errorf("zk: %w", err)
		}
		defer recorder.Close()
		o.Recorder = recorder
	}
	status, err := live.Run(ctx, o, &watched{server.New(c.Server, r), notes})
	switch {
	case err != nil:
		return fmt.Errorf("zk: server %d: %w", c.Server.ID, err)
	case status != 0:
		return fmt.Errorf("zk: server %d at %s: %s", c.Server.ID, c.Server.Client, strings.Join(notes.why, "; "))
	}
	return nil
}

// route is where to dial instead of an address.
func (c *Config) route(to host.Addr) host.Addr {
	for _, r := range c.Routes {
		if from, instead, _ := strings.Cut(r, "="); from == string(to) {
			return host.Addr(instead)
		}
	}
	return to
}

// failures are why a server ended.
type failures struct{ why []string }

// A watched server is one whose complaints are kept.
type watched struct {
	*server.Server
	failures *failures
}

// Start starts the server on a host that keeps its complaints.
func (w *watched) Start(h host.Host) { w.Server.Start(&noting{h, w.failures}) }

// Part returns the server, whose continuations are to be found, and its parts.
func (w *watched) Part(i int) any {
	if i == 0 {
		return w.Server
	}
	return w.Server.Part(i - 1)
}

// A noting host keeps the notes of failures.
type noting struct {
	host.Host
	failures *failures
}

// Note keeps what failed.
func (h *noting) Note(n host.Note) {
	if n.Kind == host.NoteFailed {
		h.failures.why = append(h.failures.why, strings.TrimSpace(n.Subject+" "+n.Value))
	}
	h.Host.Note(n)
}
