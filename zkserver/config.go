// Package zkserver runs servers of the simulated ZooKeeper as programs of this
// machine, over TCP on loopback: one by its zoo.cfg, or an ensemble of them, a
// process each, with commands that kill and start single servers.
package zkserver

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/quorum"
	"github.com/simctl/simctl/sim/zk/server"
)

// A Config is one server as a zoo.cfg describes it.
type Config struct {
	Server  server.Config
	Members quorum.Config // no members: standalone
	Dir     string        // dataDir
	NoSync  bool          // forceSync=no: the log is written and not synced
	// Record is a file to which the server's records are appended; empty: none.
	Record      string
	Incarnation uint32 // counts its starts in the records; 0 means 1
	// Routes are where to dial instead of addresses, each as ADDRESS=INSTEAD.
	Routes []string
	// Trouble is a file that says what is wrong with the machine; empty: nothing.
	Trouble string
	// Warnings are the lines that have no effect here, as FILE:LINE: WHY.
	Warnings []string

	port       int    // clientPort
	address    string // clientPortAddress
	ownClients map[server.ServerID]string
	texts      map[server.ServerID]string // of /zookeeper/config
}

// defaultTick is tickTime where a zoo.cfg has none.
const defaultTick = 3 * time.Second

// A line is one KEY=VALUE of a file, where it stands.
type line struct {
	number     int
	key, value string
}

// ReadConfig reads a file in the form of zoo.cfg, as ZooKeeper 3.8 does: it is
// a Java properties file, of a key given twice the last counts, and what
// ZooKeeper refuses is refused. N of server.N is this server's if it is in the
// file myid of dataDir. What a server here does not have is refused if it would
// be another ensemble without, and warned of if not.
func ReadConfig(file string) (*Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := &Config{address: "127.0.0.1", ownClients: map[server.ServerID]string{}, texts: map[server.ServerID]string{}}
	c.Server.Tick, c.Server.MaxClientCnxns, c.Server.Words = defaultTick, 60, none
	for _, l := range properties(string(text)) {
		if err := c.set(l); err != nil {
			return nil, fmt.Errorf("%s:%d: %s=%s: %w", file, l.number, l.key, l.value, err)
		}
		if why := noEffect(l.key, l.value); why != "" {
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s:%d: %s=%s: %s", file, l.number, l.key, l.value, why))
		}
	}
	if err := c.complete(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

// properties returns the lines of a Java properties file that count, in order.
// A key ends at the first '=', ':' or space; a line that ends in a backslash
// goes on in the next.
func properties(text string) []line {
	var out []line
	at := map[string]int{}
	carried, begun := "", 0
	for i, s := range strings.Split(text, "\n") {
		s = strings.TrimLeft(strings.TrimRight(s, "\r"), " \t\f")
		if carried == "" {
			if begun = i + 1; s == "" || s[0] == '#' || s[0] == '!' {
				continue
			}
		}
		s = carried + s
		if carried = ""; strings.HasSuffix(s, `\`) && !strings.HasSuffix(s, `\\`) {
			carried = strings.TrimSuffix(s, `\`)
			continue
		}
		l := line{number: begun, key: s}
		if end := strings.IndexAny(s, "=: \t\f"); end >= 0 {
			l.key = s[:end]
			l.value = strings.TrimLeft(s[end:], " \t\f")
			if l.value != "" && (l.value[0] == '=' || l.value[0] == ':') {
				l.value = l.value[1:]
			}
			l.value = strings.TrimSpace(strings.ReplaceAll(l.value, `\:`, ":"))
		}
		if before, twice := at[l.key]; twice {
			out[before] = l
			continue
		}
		at[l.key] = len(out)
		out = append(out, l)
	}
	return out
}

// set takes one line.
func (c *Config) set(l line) error {
	if id, ok := strings.CutPrefix(l.key, "server."); ok {
		return c.setMember(id, l.value)
	}
	if take := settings[l.key]; take != nil {
		return take(c, l.value)
	}
	for prefix, why := range refused {
		if strings.HasPrefix(l.key, prefix) {
			return errors.New(why)
		}
	}
	return nil
}

// refused are the beginnings of keys that make another ensemble, or clients
// that cannot connect, of what is simulated.
var refused = map[string]string{
	"group.": "hierarchical quorums are not simulated", "weight.": "hierarchical quorums are not simulated",
	"observerMasterPort": errObserver.Error(),
}

// none is a list of four-letter words that names none, ZooKeeper's default.
const none = ","

// settings are the keys that count besides server.N.
var settings = map[string]func(c *Config, value string) error{
	"dataDir":                       func(c *Config, v string) error { c.Dir = v; return nil },
	"clientPortAddress":             func(c *Config, v string) error { c.address = v; return nil },
	"clientPort":                    func(c *Config, v string) (err error) { c.port, err = portOf(v); return err },
	"tickTime":                      func(c *Config, v string) error { return millis(&c.Server.Tick, v, 1) },
	"minSessionTimeout":             func(c *Config, v string) error { return millis(&c.Server.MinSession, v, -1) },
	"maxSessionTimeout":             func(c *Config, v string) error { return millis(&c.Server.MaxSession, v, -1) },
	"initLimit":                     func(c *Config, v string) error { return number(&c.Members.Init, v, 1) },
	"syncLimit":                     func(c *Config, v string) error { return number(&c.Members.Sync, v, 1) },
	"snapCount":                     func(c *Config, v string) error { return number(&c.Members.SnapCount, v, 2) },
	"extendedTypesEnabled":          func(c *Config, v string) error { c.Server.ExtendedTypes = v == "true"; return nil },
	"forceSync":                     func(c *Config, v string) error { c.NoSync = v == "no"; return nil },
	"4lw.commands.whitelist":        func(c *Config, v string) error { c.Server.Words = cmp.Or(v, none); return nil },
	"localSessionsEnabled":          func(c *Config, v string) error { return boolean(&c.Server.LocalSessions, v) },
	"localSessionsUpgradingEnabled": func(c *Config, v string) error { return boolean(&c.Server.LocalUpgrading, v) },
	"maxClientCnxns":                func(c *Config, v string) error { return number(&c.Server.MaxClientCnxns, v, math.MinInt32) },
	"DigestAuthenticationProvider.superDigest": func(c *Config, v string) error { c.Server.Super = v; return nil },
	"jute.maxbuffer":                  func(c *Config, v string) error { return number(&c.Server.MaxBuffer, v, 1) },
	"znode.container.checkIntervalMs": func(c *Config, v string) error { return millis(&c.Server.ContainerCheck, v, 1) },
	"readonlymode.enabled":            func(c *Config, v string) error { return boolean(&c.Server.ReadOnly, v) },
	"reconfigEnabled":                 func(c *Config, v string) error { return boolean(&c.Server.Reconfig, v) },
	"electionAlg": func(_ *Config, v string) error {
		if v != "3" {
			return errors.New("want 3, as of ZooKeeper 3.8")
		}
		return nil
	},
	"peerType": func(_ *Config, v string) error {
		switch v {
		case "participant":
			return nil
		case "observer":
			return errObserver
		}
		return errors.New("want participant")
	},
}

var errObserver = errors.New("observers are not simulated")

// boolean takes true or false, and nothing else.
func boolean(to *bool, v string) error {
	if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
		return errors.New("want true or false")
	}
	*to = strings.EqualFold(v, "true")
	return nil
}

// number takes a whole number from least on.
func number(to *int, v string, least int) error {
	n, err := strconv.Atoi(v)
	if err != nil && least == math.MinInt32 {
		return errors.New("want a number")
	}
	if err != nil || n < least {
		return fmt.Errorf("want a number from %d on", least)
	}
	*to = n
	return nil
}

// millis takes a number of milliseconds; -1, where allowed, is the default.
func millis(to *time.Duration, v string, least int) error {
	var n int
	if err := number(&n, v, least); err != nil {
		return err
	}
	*to = time.Duration(max(n, 0)) * time.Millisecond
	return nil
}

func portOf(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 65535 {
		return 0, errors.New("want a port from 1 to 65535")
	}
	return n, nil
}

// setMember takes server.N=HOST:PORT:PORT[:participant][;[HOST:]PORT].
func (c *Config) setMember(id, value string) error {
	n, err := strconv.ParseUint(id, 10, 8)
	if err != nil || n == 0 {
		return errors.New("want server.N with N from 1 to 255")
	}
	peer, client, hasClient := strings.Cut(value, ";")
	if strings.Contains(peer, "|") {
		return errors.New("several addresses of one server are not simulated")
	}
	name, rest, err := splitHost(peer)
	if err != nil {
		return err
	}
	parts := strings.Split(rest, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return errMember
	}
	for _, p := range parts[:2] {
		if _, err := portOf(p); err != nil {
			return errMember
		}
	}
	if len(parts) == 3 && !strings.EqualFold(parts[2], "participant") {
		if strings.EqualFold(parts[2], "observer") {
			return errObserver
		}
		return fmt.Errorf("unrecognised peer type %q", parts[2])
	}
	if hasClient {
		port := client[strings.LastIndexByte(client, ':')+1:]
		if _, err := portOf(port); err != nil {
			return fmt.Errorf("client port: %w", err)
		}
		c.ownClients[server.ServerID(n)] = client
		if client == port {
			client = "0.0.0.0:" + port
		}
		client = ";" + client
	}
	c.texts[server.ServerID(n)] = fmt.Sprintf("server.%d=%s:participant%s\n", n, net.JoinHostPort(name, strings.Join(parts[:2], ":")), client)
	c.Members.Members = append(c.Members.Members, quorum.Member{
		ID: server.ServerID(n), Addr: host.Addr(net.JoinHostPort(name, parts[0])),
	})
	return nil
}

var errMember = errors.New("want server.N=HOST:PORT:PORT[:participant][;[HOST:]PORT]")

// splitHost takes the host, perhaps in brackets, off HOST:REST.
func splitHost(s string) (name, rest string, err error) {
	if in, ok := strings.CutPrefix(s, "["); ok {
		name, rest, ok = strings.Cut(in, "]:")
		if !ok {
			return "", "", errMember
		}
		return name, rest, nil
	}
	name, rest, ok := strings.Cut(s, ":")
	if !ok || name == "" {
		return "", "", errMember
	}
	return name, rest, nil
}

// complete checks what one line cannot say.
func (c *Config) complete() error {
	m := &c.Members
	m.Tick = c.Server.Tick
	c.Server.MinSession = cmp.Or(c.Server.MinSession, 2*c.Server.Tick)
	c.Server.MaxSession = cmp.Or(c.Server.MaxSession, 20*c.Server.Tick)
	switch {
	case c.Dir == "":
		return errors.New("dataDir is not set")
	case c.Server.MinSession > c.Server.MaxSession:
		return errors.New("minSessionTimeout must not be larger than maxSessionTimeout")
	case len(m.Members) < 2:
		for _, only := range m.Members { // the one participant of an ensemble is standalone
			c.useClientOf(only.ID)
		}
		m.Members = nil
		return c.listen()
	case m.Init == 0:
		return errors.New("initLimit is not set")
	case m.Sync == 0:
		return errors.New("syncLimit is not set")
	}
	text, err := os.ReadFile(filepath.Join(c.Dir, "myid"))
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 8)
	if err != nil {
		return fmt.Errorf("myid: %q is not a number from 1 to 255", strings.TrimSpace(string(text)))
	}
	c.Server.ID, m.ID = server.ServerID(id), server.ServerID(id)
	for _, id := range slices.Sorted(maps.Keys(c.texts)) {
		c.Server.Members += c.texts[id]
	}
	c.useClientOf(m.ID)
	return c.listen()
}

// useClientOf takes the client port from server.N=...;PORT, if it has one.
func (c *Config) useClientOf(id server.ServerID) {
	client := c.ownClients[id]
	i := strings.LastIndexByte(client, ':')
	if client == "" || c.port != 0 {
		return
	}
	c.port, _ = strconv.Atoi(client[i+1:])
	if i > 0 && client[:i] != "0.0.0.0" {
		c.address = strings.Trim(client[:i], "[]")
	}
}

// listen says where clients connect: on loopback, if the file does not say.
func (c *Config) listen() error {
	if c.port == 0 {
		return errors.New("clientPort is not set")
	}
	c.Server.Client = host.Addr(net.JoinHostPort(c.address, strconv.Itoa(c.port)))
	return nil
}
