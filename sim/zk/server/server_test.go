package server_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/server"
)

func create(path string, flags int32) []byte {
	var e jute.Encoder
	op := jute.Op{Type: jute.OpCreate, Path: path, Flags: flags, Data: []byte("data"),
		ACL: []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "world", ID: "anyone"}}}}
	op.Encode(&e)
	return e.Buf
}

func pathWatch(path string) []byte {
	var e jute.Encoder
	(&jute.Op{Type: jute.OpExists, Path: path, Watch: true}).Encode(&e)
	return e.Buf
}

func TestAServerKeepsItsDataOverARestartWithATornLog(t *testing.T) {
	dir := t.TempDir()
	addr, stop := serve(t, dir, server.Config{})
	c, _ := dialRaw(t, addr, 0, nil)
	for _, path := range []string{"/a", "/b"} {
		h, _, err := c.call(t, jute.OpCreate, create(path, 0))
		require.NoError(t, err)
		require.Equal(t, jute.OK, h.Err)
	}
	h, _, err := c.call(t, jute.OpCreate, create("/e", jute.FlagEphemeral))
	require.NoError(t, err)
	require.EqualValues(t, 4, h.Zxid)
	stop()
	log, err := os.OpenFile(filepath.Join(dir, "log.0"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = log.WriteString("torn, but not\x00\x00\x00 a record")
	require.NoError(t, err)
	log.Close()

	addr, stop = serve(t, dir, server.Config{})
	again, resp := dialRaw(t, addr, c.session, c.password)
	require.Equal(t, c.session, resp.Session, "the session has lived on")
	h, _, err = again.call(t, jute.OpExists, pathWatch("/e"))
	require.NoError(t, err)
	require.Equal(t, jute.OK, h.Err)
	require.EqualValues(t, 4, h.Zxid)
	h, _, err = again.call(t, jute.OpCreate, create("/c", 0))
	require.NoError(t, err)
	require.EqualValues(t, 5, h.Zxid)
	stop()
	_, stop = serve(t, dir, server.Config{})
	stop()
}

func TestADamagedSnapshotIsRefused(t *testing.T) {
	dir := t.TempDir()
	_, stop := serve(t, dir, server.Config{})
	stop()
	file := filepath.Join(dir, "snapshot")
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(file, b, 0o644))
	h := &recorder{read: map[string][]byte{"snapshot": b}}
	s := server.New(server.Config{Client: "z:1"}, server.NewStandalone())
	s.Start(h)
	h.deliver(s)
	require.Equal(t, []string{"it is damaged"}, h.failures)
}

func TestASessionWithoutAClientExpiresAndItsEphemeralsGo(t *testing.T) {
	// Only the session that is to expire is short: the watcher's outlives a machine that stands still.
	addr, _ := serve(t, t.TempDir(), server.Config{Tick: 50 * time.Millisecond, MaxSession: 30 * time.Second})
	gone, resp := dialFor(t, addr, time.Second, 0, nil)
	require.EqualValues(t, 1000, resp.Timeout)
	_, _, err := gone.call(t, jute.OpCreate, create("/e", jute.FlagEphemeral))
	require.NoError(t, err)
	gone.c.Close()
	left := time.Now()
	watcher, _ := dialRaw(t, addr, 0, nil)
	_, _, err = watcher.call(t, jute.OpExists, pathWatch("/e"))
	require.NoError(t, err)
	for len(watcher.events) == 0 {
		_, _, err = watcher.call(t, jute.OpPing, nil)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"2 3 /e (zxid -1)"}, watcher.events)
	require.GreaterOrEqual(t, time.Since(left), 500*time.Millisecond)
	_, resp = dialRaw(t, addr, gone.session, gone.password)
	require.Zero(t, resp.Timeout, "it has expired")
}

func TestASessionIsResumedWithItsPasswordOnly(t *testing.T) {
	addr, _ := serve(t, t.TempDir(), server.Config{})
	c, _ := dialRaw(t, addr, 0, nil)
	_, resp := dialRaw(t, addr, c.session, make([]byte, 16))
	require.Zero(t, resp.Timeout)
	_, err := c.tryPacket()
	require.Error(t, err, "the old connection is cut even so")
	_, resp = dialRaw(t, addr, c.session, c.password)
	require.Equal(t, c.session, resp.Session)
}

func TestHostileBytesCloseTheirConnectionOnly(t *testing.T) {
	addr, _ := serve(t, t.TempDir(), server.Config{})
	good, _ := dialRaw(t, addr, 0, nil)
	for _, bytes := range []string{
		"GET / HTTP/1.1\r\n\r\n", "\xff\xff\xff\xff", "\x7f\xff\xff\xff", "\x00\x00\x00\x00", "\x00\x00\x00\x05hello",
		"\x00\x00\x00\x2c\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x100123456789abcdef",
	} {
		c, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		_, err = c.Write([]byte(bytes))
		require.NoError(t, err)
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := c.Read(make([]byte, 64))
		require.Error(t, err, "%q", bytes)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Zero(t, n)
		c.Close()
	}
	for _, body := range [][]byte{nil, {0, 0, 0, 9, 'x'}} {
		c, _ := dialRaw(t, addr, 0, nil)
		h, _, err := c.call(t, jute.OpCreate, body)
		require.NoError(t, err)
		require.Equal(t, jute.MarshallingError, h.Err)
	}
	_, _, err := good.call(t, jute.OpPing, nil)
	require.NoError(t, err)
}

func TestTheFourLetterWordsAnswer(t *testing.T) {
	addr, _ := serve(t, t.TempDir(), server.Config{})
	c, _ := dialRaw(t, addr, 0, nil)
	_, _, err := c.call(t, jute.OpCreate, create("/e", jute.FlagEphemeral))
	require.NoError(t, err)
	_, _, err = c.call(t, jute.OpExists, pathWatch("/w"))
	require.NoError(t, err)
	for typ, want := range map[int32]jute.Code{jute.OpReconfig: jute.MarshallingError, jute.OpExists: jute.BadArguments} {
		h, _, err := c.call(t, typ, pathWatch("/nul\x00"))
		require.NoError(t, err)
		require.Equal(t, want, h.Err)
	}
	for w, want := range map[string]string{
		"gtmk": "^306$", "stmk\x00\x00\x00\x00\x00\x00\x01\x32": "^306$", "stmk\x00": "^$", "hash": "^$", "icfg": "^$", "envi": `(?m)^java.version=`,
		"ruok": "^imok$", "isro": "^rw$", "srvr": `(?m)^Zxid: 0x2\nMode: standalone\nNode count: 6$`, "stat": `Clients:\n /127.0.0.1:\d+\[1\]`,
		"mntr": `(?m)^zk_ephemerals_count\t1$`, "cons": `sid=0x`, "dump": `Session Sets \(1\)/\(1\):`, "wchs": `Total watches:1\n`,
		"conf": `tickTime=2000`, "wchp": `(?m)^/w\n\t0x`, "wchc": `(?m)^0x.*\n\t/w$`, "dirs": `dirs is not executed because it is not in the whitelist.`,
	} {
		require.Regexp(t, want, word(addr, w), w)
	}
}
