package live_test

import (
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/live/memory"
)

// inMemory runs p in a bubble, on a machine of its own, until stop is called.
func inMemory(t *testing.T, n *memory.Net, name, addr string, files *memory.Files, p *probe) (h *live.Host, stop func() error) {
	t.Helper()
	begin := time.Now()
	h, err := live.NewHost(live.Options{
		Self: host.ProcessID(name), Net: n.Machine(netip.MustParseAddr(addr)), Files: files,
		Mono: func() host.Mono { return host.Mono(time.Since(begin)) },
	})
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Go(func() { _, err = h.Run(t.Context(), p) })
	return h, func() error { all.Wait(); return err }
}

func TestAProcessRunsInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memory.NewNet(1, time.Millisecond, time.Millisecond)
		server, client := &probe{}, &probe{}
		server.started = func(h host.Host) { server.check(h.Listen("10.0.0.1:7", lines{})) }
		server.received = func(c host.ConnID, m host.Message) { server.h.Send(c, text("answer to "+m.(text))) }
		client.started = func(h host.Host) {
			h.Send(h.Dial("10.0.0.1:7", lines{}), text("question"))
			host.After(h, time.Hour, (*probe).rang, "after an hour")
		}
		sh, stopServer := inMemory(t, n, "s", "10.0.0.1", &memory.Files{}, server)
		ch, stopClient := inMemory(t, n, "c", "10.0.0.2", &memory.Files{}, client)
		time.Sleep(4 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, []string{"connected 1", "received 1 answer to question"}, client.lines())
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, "rang after an hour", client.lines()[2])
		require.NoError(t, ch.Call(func() {
			require.Equal(t, host.Mono(time.Hour+4*time.Millisecond), ch.Mono())
			ch.Exit(0)
		}))
		require.NoError(t, stopClient())
		require.NoError(t, sh.Call(func() { sh.Exit(0) }))
		require.NoError(t, stopServer())
	})
}

func TestAKilledProcessResetsItsConnectionsAndItsFilesStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memory.NewNet(1, time.Millisecond, time.Millisecond)
		server, client := &probe{}, &probe{}
		server.started = func(h host.Host) {
			server.check(h.Listen("10.0.0.1:7", lines{}))
			h.AppendFile("f", []byte("kept"), host.BindResult((*probe).wrote, "append"))
		}
		client.started = func(h host.Host) { h.Dial("10.0.0.1:7", lines{}) }
		files := &memory.Files{}
		sh, stopServer := inMemory(t, n, "s", "10.0.0.1", files, server)
		ch, stopClient := inMemory(t, n, "c", "10.0.0.2", &memory.Files{}, client)
		time.Sleep(10 * time.Millisecond)
		sh.Kill()
		require.ErrorIs(t, stopServer(), live.ErrKilled)
		time.Sleep(10 * time.Millisecond)
		require.NoError(t, ch.Call(func() { client.h.Dial("10.0.0.1:7", lines{}) }))
		time.Sleep(10 * time.Millisecond)
		require.Equal(t, []string{"connected 1", "closed 1 reset", "closed 2 refused"}, client.lines())
		require.Equal(t, []string{`append: ""`, "accepted 1"}, server.lines())
		got, err := files.Read("f")
		require.NoError(t, err)
		require.Equal(t, "kept", string(got))
		require.NoError(t, ch.Call(func() { ch.Exit(0) }))
		require.NoError(t, stopClient())
	})
}
