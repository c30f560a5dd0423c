package server_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/sim/zk/server"
)

// serve runs a standalone server over TCP until the test ends, or stop is
// called, and returns its address.
func serve(t *testing.T, dir string, cfg server.Config) (addr string, stop func()) {
	t.Helper()
	if cfg.Client == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		cfg.Client = host.Addr(l.Addr().String())
		l.Close()
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		status, err := live.Run(ctx, live.Options{Self: "z0", DataDir: dir, SendQueue: 64 << 20}, server.New(cfg, server.NewStandalone()))
		if err != nil || status != 0 {
			t.Errorf("server ended: %v, status %d", err, status)
		}
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	addr = string(cfg.Client)
	require.Eventually(t, func() bool { return word(addr, "srvr") != "" && word(addr, "isro") == "rw" }, 5*time.Second, 10*time.Millisecond)
	return addr, stop
}

// word asks a four-letter word.
func word(addr, w string) string {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := c.Write([]byte(w)); err != nil {
		return ""
	}
	var out []byte
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		out = append(out, buf[:n]...)
		if err != nil {
			return string(out)
		}
	}
}
