package server_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/jute"
)

// What suites of other clients ask for and ours did not have. Each test runs on
// ours and on ZooKeeper.

func onBoth(t *testing.T, o setting, test func(t *testing.T, s *site)) {
	o.tick = 500 * time.Millisecond
	t.Run("ours", func(t *testing.T) { test(t, ourSite(t, o)) })
	t.Run("ZooKeeper", func(t *testing.T) { needZooKeeper(t); test(t, theirSite(t, o)) })
}

// greet sends a handshake that allows a read-only server, and returns the
// answer, or false if the connection was closed instead.
func greet(t *testing.T, addr string, readOnly bool, of *raw) (*raw, jute.ConnectResponse, bool) {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	req := jute.ConnectRequest{Timeout: 10_000, Session: of.session, Password: of.password, HasReadOnly: true, ReadOnly: readOnly}
	if of.password == nil {
		req.Password = make([]byte, 16)
	}
	var e jute.Encoder
	req.Encode(&e)
	_, err = c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(e.Buf))), e.Buf...))
	require.NoError(t, err)
	r := &raw{c: c, in: bufio.NewReader(c)}
	var resp jute.ConnectResponse
	b, err := r.tryPacket()
	if err == nil {
		resp.Decode(jute.NewDecoder(b))
	}
	return r, resp, err == nil
}

func body(o jute.Op) []byte {
	var e jute.Encoder
	o.Encode(&e)
	return e.Buf
}

var open = []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "world", ID: "anyone"}}}

func code(t *testing.T, r *raw, typ int32, body []byte) jute.Code {
	t.Helper()
	h, _, err := r.call(t, typ, body)
	require.NoError(t, err)
	return h.Err
}

// A server that has looked for a leader for a while serves reads, to clients
// that allow it and have no session of the ensemble.
func TestReadOnly(t *testing.T) {
	o := setting{servers: 3, lines: []string{"localSessionsEnabled=true", "localSessionsUpgradingEnabled=true"}, java: []string{"-Dreadonlymode.enabled=true"}}
	o.cfg.LocalSessions, o.cfg.LocalUpgrading, o.cfg.ReadOnly = true, true, true
	onBoth(t, o, func(t *testing.T, s *site) {
		global, _ := dialRaw(t, s.addrs[0], 0, nil)
		require.Equal(t, jute.OK, code(t, global, jute.OpCreate, body(jute.Op{Type: jute.OpCreate, Path: "/e", ACL: open, Flags: jute.FlagEphemeral})))
		s.level(t)
		require.Equal(t, "rw", word(s.addrs[0], "isro"))
		s.kill(1)
		s.kill(2)
		var c *raw
		require.Eventually(t, func() bool {
			one, resp, ok := greet(t, s.addrs[0], true, &raw{})
			c = one
			return ok && resp.ReadOnly
		}, 30*time.Second, 50*time.Millisecond, "a handshake says read-only")
		require.Equal(t, "ro", word(s.addrs[0], "isro"))
		require.Contains(t, word(s.addrs[0], "srvr"), "READ-ONLY mode; serving only read-only clients\n")
		require.Equal(t, "read-only", s.field(0, "Mode"))
		_, _, ok := greet(t, s.addrs[0], false, &raw{})
		require.False(t, ok, "a client that wants to write is cut")
		_, _, ok = greet(t, s.addrs[0], true, global)
		require.False(t, ok, "a session of the ensemble waits for it")
		require.Equal(t, jute.OK, code(t, c, jute.OpGetData, body(jute.Op{Type: jute.OpGetData, Path: "/e"})))
		require.Equal(t, jute.NotReadOnly, code(t, c, jute.OpCreate, body(jute.Op{Type: jute.OpCreate, Path: "/no", ACL: open})))
		require.Equal(t, jute.NotReadOnly, code(t, c, jute.OpDelete, body(jute.Op{Type: jute.OpDelete, Path: "/e", Version: -1})))
		var path jute.Encoder
		path.String("/e")
		require.Equal(t, jute.NotReadOnly, code(t, c, jute.OpSync, path.Buf))
		require.Equal(t, jute.OK, code(t, c, jute.OpPing, nil))
		s.start(t, 1)
		require.Eventually(t, func() bool {
			_, _, err := c.call(t, jute.OpPing, nil)
			return err != nil
		}, 30*time.Second, 50*time.Millisecond, "its clients are cut when there is a leader")
	})
}

func (r *raw) proves(t *testing.T, auth string) {
	t.Helper()
	a := jute.Auth{Scheme: "digest", Auth: []byte(auth)}
	var e jute.Encoder
	a.Encode(&e)
	require.Equal(t, jute.OK, code(t, r, jute.OpAuth, e.Buf))
}

// Whoever proves to be the super user may do everything.
func TestSuperUser(t *testing.T) {
	o := setting{servers: 1, lines: []string{"DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU="}}
	o.cfg.Super = "super:D/InIHSb7yEEbrWz8b9l71RjZJU="
	onBoth(t, o, func(t *testing.T, s *site) {
		owner, _ := dialRaw(t, s.addrs[0], 0, nil)
		owner.proves(t, "user:password")
		mine := []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "auth"}}}
		require.Equal(t, jute.OK, code(t, owner, jute.OpCreate, body(jute.Op{Type: jute.OpCreate, Path: "/mine", ACL: mine})))
		for _, c := range []struct {
			auth string
			want jute.Code
		}{{"super:wrong", jute.NoAuth}, {"super:test", jute.OK}} {
			r, _ := dialRaw(t, s.addrs[0], 0, nil)
			r.proves(t, c.auth)
			require.Equal(t, c.want, code(t, r, jute.OpGetData, body(jute.Op{Type: jute.OpGetData, Path: "/mine"})), c.auth)
			require.Equal(t, c.want, code(t, r, jute.OpSetData, body(jute.Op{Type: jute.OpSetData, Path: "/mine", Version: -1})), c.auth)
			require.Equal(t, c.want, code(t, r, jute.OpSetACL, body(jute.Op{Type: jute.OpSetACL, Path: "/mine", ACL: mine, Version: -1})), c.auth)
			if c.want == jute.OK {
				_, b, err := r.call(t, jute.OpWhoAmI, nil)
				require.NoError(t, err)
				require.ElementsMatch(t, []jute.ID{{Scheme: "ip", ID: "127.0.0.1"}, {Scheme: "super"}, {Scheme: "digest", ID: "super"}}, jute.DecodeIDs(jute.NewDecoder(b)))
			}
		}
	})
}

// The ensemble's servers stand in /zookeeper/config, as of the first epoch if
// they may change; a reconfig is checked in ZooKeeper's order.
func TestConfigAndReconfig(t *testing.T) {
	const members = "server.1=127.0.0.1:1:2:participant\nserver.2=127.0.0.1:3:4:participant\nserver.3=127.0.0.1:5:6:participant\n"
	const joining = "server.4=127.0.0.1:11:12:observer;13"
	type row struct {
		joining, members string
		version          int64
		want             jute.Code
	}
	for _, c := range []struct {
		name    string
		enabled bool
		version int64
		rows    []row
	}{
		{"disabled", false, 0, []row{{joining, "", -1, jute.ReconfigDisabled}, {"some thing", "", 7, jute.ReconfigDisabled}}},
		{"enabled", true, 1 << 32, []row{
			{"some thing", "", -1, jute.BadArguments}, {"server.4=127.0.0.1:1:2", "", -1, jute.BadArguments},
			{"", "rubbish", -1, jute.BadArguments}, {joining, "", 7, jute.BadVersion},
			{joining, "", -1, jute.NoAuth}, {joining, "", 1 << 32, jute.NoAuth},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := setting{servers: 3, lines: []string{fmt.Sprint("reconfigEnabled=", c.enabled)}}
			o.cfg.Reconfig, o.cfg.Members = c.enabled, members
			onBoth(t, o, func(t *testing.T, s *site) {
				r, _ := dialRaw(t, s.addrs[0], 0, nil)
				readsConfig(t, r, c.version)
				for _, row := range c.rows {
					var e jute.Encoder
					for _, s := range []string{row.joining, "", row.members} {
						if s == "" {
							e.Buffer(nil)
						} else {
							e.String(s)
						}
					}
					e.Long(row.version)
					require.Equal(t, row.want, code(t, r, jute.OpReconfig, e.Buf), "%+v", row)
				}
			})
		})
	}
}

func readsConfig(t *testing.T, r *raw, version int64) {
	t.Helper()
	_, b, err := r.call(t, jute.OpGetData, body(jute.Op{Type: jute.OpGetData, Path: "/zookeeper/config"}))
	require.NoError(t, err)
	d := jute.NewDecoder(b)
	text := string(d.Buffer())
	var st jute.Stat
	st.Decode(d)
	require.Equal(t, jute.Stat{Version: -1, Aversion: -1, Mzxid: version, DataLength: int32(len(text)), Mtime: st.Mtime}, st)
	lines := strings.Split(text, "\n")
	require.Len(t, lines, 4)
	require.Regexp(t, `^server\.1=127\.0\.0\.1:\d+:\d+:participant$`, lines[0])
	require.Equal(t, fmt.Sprintf("version=%x", version), lines[3])
}

// Java takes what it writes as two characters for none that a path may have.
func TestPathsBeyondTheFirstPlane(t *testing.T) {
	onBoth(t, setting{servers: 1}, func(t *testing.T, s *site) {
		r, _ := dialRaw(t, s.addrs[0], 0, nil)
		for path, want := range map[string]jute.Code{"/\u00e9": jute.OK, "/\ufdd0": jute.OK, "/\U0001f600": jute.BadArguments, "/\ufffd": jute.BadArguments, "/\uf000": jute.BadArguments} {
			require.Equal(t, want, code(t, r, jute.OpCreate, body(jute.Op{Type: jute.OpCreate, Path: path, ACL: open})), "%q", path)
		}
	})
}
