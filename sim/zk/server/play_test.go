package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/jute"
)

// What clients see of ensembles, in scripts: ours does what they say, and so
// does ZooKeeper.
func TestClientsSeeWhatTheScriptsSay(t *testing.T) { playAll(t, ourSite) }

// The same scripts on ZooKeeper.
func TestClientsSeeTheSameOfZooKeeper(t *testing.T) {
	needZooKeeper(t)
	playAll(t, theirSite)
}

func playAll(t *testing.T, start func(*testing.T, setting) *site) {
	datadriven.Walk(t, "testdata/ensemble", func(t *testing.T, path string) {
		var p *player
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "ensemble" {
				p = newPlayer(t, start(t, settingOf(t, d)))
				return ""
			}
			var out []string
			for line := range strings.Lines(d.Input) {
				out = append(out, p.line(t, strings.Fields(line))...)
			}
			return strings.Join(out, "\n") + "\n"
		})
	})
}

func settingOf(t *testing.T, d *datadriven.TestData) setting {
	o := setting{servers: 3, tick: time.Second}
	for _, a := range d.CmdArgs {
		require.Len(t, a.Vals, 1, "%s=VALUE", a.Key)
		v := a.Vals[0]
		switch a.Key {
		case "servers":
			_, err := fmt.Sscan(v, &o.servers)
			require.NoError(t, err)
			continue
		case "tick":
			tick, err := time.ParseDuration(v)
			require.NoError(t, err)
			o.tick = tick
			continue
		case "localSessionsEnabled":
			o.cfg.LocalSessions = v == "true"
		case "localSessionsUpgradingEnabled":
			o.cfg.LocalUpgrading = v == "true"
		default:
			t.Fatalf("setting %s", a.Key)
		}
		o.lines = append(o.lines, a.Key+"="+v)
	}
	return o
}

// A player carries out a script's lines on a site.
type player struct {
	s       *site
	scale   *scale
	roles   map[string]int
	clients map[string]*raw
	past    map[string]*raw // those that were cut too
}

func newPlayer(t *testing.T, s *site) *player {
	p := &player{s: s, clients: map[string]*raw{}, past: map[string]*raw{}}
	p.settle(t)
	var first int64
	_, err := fmt.Sscanf(s.field(p.roles["leader"], "Zxid"), "0x%x", &first)
	require.NoError(t, err)
	p.scale = newScale(first)
	return p
}

// settle waits until all servers that are up serve, and gives them their names.
func (p *player) settle(t *testing.T) {
	p.s.await(t)
	p.roles = map[string]int{}
	for n, i := range p.s.roles() {
		name := "leader"
		if n > 0 {
			name = fmt.Sprintf("follower%d", n)
		}
		p.roles[name] = i
	}
	p.s.level(t)
}

// line carries out one line and returns what came of it.
func (p *player) line(t *testing.T, f []string) []string {
	said := p.act(t, f)
	p.s.level(t)
	out := []string{strings.Join(f, " ") + ": " + said}
	if said == "" {
		out[0] = strings.Join(f, " ")
	}
	return append(out, p.told(t)...)
}

// told returns the events that clients were told, by client.
func (p *player) told(t *testing.T) []string {
	var out []string
	names := make([]string, 0, len(p.clients))
	for name := range p.clients {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c := p.clients[name]
		if _, _, err := c.call(t, jute.OpPing, nil); err != nil {
			out = append(out, fmt.Sprintf("    %s is cut", name))
			delete(p.clients, name)
		}
		for _, e := range c.events {
			out = append(out, fmt.Sprintf("    %s is told %s", name, e))
		}
		c.events = nil
	}
	return out
}

// cutAll waits until the servers have noticed that their leader is gone, and
// have cut every client.
func (p *player) cutAll(t *testing.T) {
	for name, c := range p.clients {
		require.Eventually(t, func() bool {
			_, _, err := c.call(t, jute.OpPing, nil)
			return err != nil
		}, 20*time.Second, time.Millisecond, "%s is served though the leader is dead", name)
	}
}

func (p *player) act(t *testing.T, f []string) string {
	switch f[0] {
	case "kill":
		p.s.kill(p.roles[f[1]])
		if f[1] == "leader" {
			p.cutAll(t)
		}
		return ""
	case "start":
		for i, up := range p.s.up {
			if !up {
				p.s.start(t, i)
			}
		}
		p.settle(t)
		return ""
	case "settle":
		p.settle(t)
		return ""
	case "wait":
		d, err := time.ParseDuration(f[1])
		require.NoError(t, err)
		time.Sleep(d) // the time of sessions, as the script says
		return ""
	}
	switch f[1] {
	case "connect": // to a server, with a timeout
		timeout := 10 * time.Second
		if len(f) > 3 {
			var err error
			timeout, err = time.ParseDuration(f[3])
			require.NoError(t, err)
		}
		return p.connect(t, f[0], p.s.addrs[p.roles[f[2]]], timeout, &raw{})
	case "resume": // at a server, the last session that another client had
		return p.connect(t, f[0], p.s.addrs[p.roles[f[2]]], 10*time.Second, p.past[f[3]])
	case "cut":
		p.clients[f[0]].c.Close()
		delete(p.clients, f[0])
		return ""
	}
	typ, body := operation(t, f[1:])
	h, b, err := p.clients[f[0]].call(t, typ, body)
	return p.scale.reply(typ, h, b, err)
}

func (p *player) connect(t *testing.T, name, addr string, timeout time.Duration, of *raw) string {
	c, resp := dialFor(t, addr, timeout, of.session, of.password)
	if resp.Timeout == 0 {
		return "no such session"
	}
	p.clients[name], p.past[name], p.scale.names[c.session] = c, c, name
	return fmt.Sprintf("%d ms", resp.Timeout)
}

// operation reads an operation: its name, flags and path.
func operation(t *testing.T, f []string) (int32, []byte) {
	op := jute.Op{Path: f[len(f)-1], Version: -1, ACL: []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "world", ID: "anyone"}}}}
	var e jute.Encoder
	op.Watch = slices.Contains(f, "-w")
	for i, flag := range []string{"-e", "-s", "-c"} {
		if slices.Contains(f, flag) {
			op.Flags |= []int32{jute.FlagEphemeral, jute.FlagSequential, jute.FlagContainer}[i]
		}
	}
	simple := map[string]int32{
		"create": jute.OpCreate, "create2": jute.OpCreate2, "container": jute.OpCreateContainer, "delete": jute.OpDelete, "set": jute.OpSetData,
		"get": jute.OpGetData, "exists": jute.OpExists, "children": jute.OpGetChildren, "check": jute.OpCheck,
	}
	if typ, ok := simple[f[0]]; ok {
		op.Type = typ
		op.Encode(&e)
		return typ, e.Buf
	}
	switch f[0] {
	case "sync":
		e.String(op.Path)
		return jute.OpSync, e.Buf
	case "ephemerals":
		e.String("/")
		return jute.OpGetEphemerals, e.Buf
	case "ping":
		return jute.OpPing, nil
	case "close":
		return jute.OpCloseSession, nil
	case "multi":
		var ops []jute.Op
		for _, part := range f[1:] {
			one := op
			kind, path, _ := strings.Cut(part, ":")
			one.Type, one.Path = simple[strings.TrimSuffix(kind, "-e")], path
			if strings.HasSuffix(kind, "-e") {
				one.Flags = jute.FlagEphemeral
			}
			ops = append(ops, one)
		}
		jute.EncodeMulti(&e, ops)
		return jute.OpMulti, e.Buf
	}
	t.Fatalf("operation %s", f[0])
	return 0, nil
}
