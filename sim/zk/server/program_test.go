package server_test

import (
	"bytes"
	"fmt"

	"github.com/simctl/simctl/sim/zk/jute"
)

// A draw returns a number from 0 to n-1; 0 is the simplest choice.
type draw func(n int) int

func pick[T any](d draw, from ...T) T { return from[d(len(from))] }

// A doing is what kind of step a program takes.
type doing uint8

const (
	request   doing = iota // client n sends a request
	pair                   // two requests or more at once, those behind the first without awaiting its reply
	reconnect              // the client's connection is cut, and its session resumed at a server
	move                   // its session is resumed at a server while the old connection stays, and sends the request
	expire                 // a session with an ephemeral and no client is waited for to expire
	failover               // the leader is killed, and started again
)

// A step is one of a program: plain data, the same for both sides.
type step struct {
	doing  doing
	client int
	server int // in the order: leader, followers
	ops    []op
}

// An op is a request.
type op struct {
	typ  int32
	body []byte
	what string
	// alone says that ZooKeeper's answers to what comes right behind vary.
	alone bool
	// watches, if not nil, is a setWatches whose zxid is behind the latest by
	// as many as it says.
	watches *jute.SetWatches
}

// A generator makes programs. What it draws is all that it depends on.
type generator struct {
	draw
	servers int
	clients int
	root    string // what all paths that are not ZooKeeper's own begin with
	large   int    // how many bytes the largest requests have; 0: there are none
	rare    int    // one step in so many is an expiry; and less, a failover
	burst   int    // a client sends up to so many requests at once; up to 1: two now and then
	kept    []step // what follows the step that was given last
}

// unknownOp is no operation's number.
const unknownOp = 99

func (g *generator) step() step {
	if len(g.kept) > 0 {
		s := g.kept[0]
		g.kept = g.kept[1:]
		return s
	}
	s := step{client: g.draw(g.clients)}
	switch k := g.draw(400); {
	case k < 380 && g.burst > 1:
		return g.many(s)
	case k < 360:
		s.ops = []op{g.op()}
	case k < 380:
		s.doing, s.ops = pair, []op{g.op(), g.op()}
		for i := range s.ops {
			if o := &s.ops[i]; o.overtakes() {
				*o = op{typ: jute.OpPing, what: "ping"}
			}
		}
	case k < 390:
		s.doing, s.server, s.ops = reconnect, g.draw(g.servers), []op{g.setWatches()}
	case k < 396:
		s.doing, s.server, s.ops = move, g.draw(g.servers), []op{g.op()}
		if s.ops[0].fatal() {
			s.ops[0] = op{typ: jute.OpPing, what: "ping"}
		}
	case g.rare > 0 && g.draw(g.rare) == 1:
		s.doing, s.server = expire, g.draw(g.servers)
		for range 1 + g.draw(2) {
			c := g.write()
			c.Type, c.Flags = jute.OpCreate, jute.FlagEphemeral
			s.ops = append(s.ops, tree(c))
		}
	case g.rare > 0 && g.servers > 1 && g.draw(4*g.rare) == 1:
		s.doing = failover
	default:
		s.ops = []op{g.op()}
	}
	return s
}

// many makes a burst of s, up to a request that must stand alone: that is the
// next step. Most that must are left out, lest bursts be short.
func (g *generator) many(s step) step {
	s.doing = pair
	for range 1 + g.draw(g.burst) {
		o := g.op()
		if !o.overtakes() {
			s.ops = append(s.ops, o)
		} else if g.draw(8) == 0 {
			g.kept = append(g.kept, step{client: s.client, ops: []op{o}})
			break
		}
	}
	if len(s.ops) == 0 {
		return g.step()
	}
	return s
}

// overtakes reports whether some replies to a request overtake those of the
// writes before it; or some of those behind it do: of a node whose ACL a write
// not yet applied changes, ZooKeeper asks the new version, and the old ACL.
func (o *op) overtakes() bool {
	return o.fatal() || o.typ == jute.OpAuth || o.typ == jute.OpSetACL || o.alone
}

// fatal reports whether a request ends its session or its connection.
func (o *op) fatal() bool {
	switch o.typ {
	case jute.OpCloseSession, unknownOp, jute.OpNotify, jute.OpError, 10, 23, -12:
		return true
	}
	return false
}

func tree(o jute.Op) op {
	var e jute.Encoder
	o.Encode(&e)
	return op{typ: o.Type, body: e.Buf, what: describe(&o), alone: misnamed(&o)}
}

// misnamed reports whether o creates another kind of znode than its flags say,
// which ZooKeeper takes for the latter until it is applied.
func misnamed(o *jute.Op) bool {
	switch o.Type {
	case jute.OpCreateContainer:
		return o.Flags != jute.FlagContainer
	case jute.OpCreate, jute.OpCreate2:
		return o.Flags == jute.FlagContainer
	}
	return false
}

func describe(o *jute.Op) string {
	s := fmt.Sprintf("%d %q", o.Type, o.Path)
	switch o.Type {
	case jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		s += fmt.Sprintf(" flags %d ttl %d acl %v data %s", o.Flags, o.TTL, o.ACL, brief(o.Data))
	case jute.OpSetData:
		s += fmt.Sprintf(" version %d data %s", o.Version, brief(o.Data))
	case jute.OpSetACL:
		s += fmt.Sprintf(" version %d acl %v", o.Version, o.ACL)
	case jute.OpDelete, jute.OpCheck:
		s += fmt.Sprintf(" version %d", o.Version)
	default:
		s += fmt.Sprintf(" watch %v", o.Watch)
	}
	return s
}

func (g *generator) path() string {
	odd := g.draw(40) == 39
	if odd && g.draw(2) == 0 {
		return pick(g.draw, "/zookeeper", "/zookeeper/config", "/zookeeper/quota", "/zookeeper/quota/a", "noslash", "", " ", "a/b", "//", "/zookeeper/")
	}
	if odd {
		return g.root + pick(g.draw, "/", "/a//b", "/a/", "/a/../b", "/a/./b", "/a/...", "/a\x01b", "/a\x00b", "/a\xff\xfeb", "/ä", "/\ue000", "/\ufff0",
			"/\u007f", "/\u00a0", "/a/x/", "/.", "/a ", "/a\tb")
	}
	return g.root + pick(g.draw, "/a", "/b", "/c", "/d") + pick(g.draw, "", "", "/x", "/y", "/x/z")
}

func (g *generator) acl() []jute.ACL {
	world := jute.ID{Scheme: "world", ID: "anyone"}
	all := func(scheme, id string) []jute.ACL {
		return []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: scheme, ID: id}}}
	}
	switch g.draw(14) {
	default:
		return all("world", "anyone")
	case 10:
		return []jute.ACL{{Perms: int32(g.draw(32)), ID: world}}
	case 11:
		return pick(g.draw, all("auth", ""), all("digest", "user:smGaoVKd/cQkjm7b88GyorAUz20="), all("digest", "other:smGaoVKd/cQkjm7b88GyorAUz20="), all("ip", "127.0.0.1"),
			append(all("auth", ""), all("world", "anyone")...), append(all("auth", ""), all("digest", "user:smGaoVKd/cQkjm7b88GyorAUz20=")...), []jute.ACL{{Perms: jute.PermRead, ID: world}, {Perms: jute.PermAll, ID: jute.ID{Scheme: "auth"}}})
	case 12:
		return pick(g.draw, all("ip", "127.0.0.0/8"), all("ip", "10.0.0.0/8"), all("ip", "127.0.0.1/33"), all("ip", "junk"), all("ip", "::1"), all("ip", "127.1"),
			all("ip", "127.0.0.1/-1"), all("ip", "127.0.0.1/0"), all("ip", ""), all("ip", "127.0.0.01"), all("ip", "127.0.0.+1/8"), all("ip", "127.0.0.1/32/4"))
	case 13:
		return pick(g.draw, nil, all("digest", "nocolon"), all("digest", "a:b:c"), all("digest", ""), all("digest", ":x"), all("nonsense", "x"), all("", ""), all("world", "nobody"),
			all("super", "x"), all("sasl", "x"), all("x509", "x"), []jute.ACL{{Perms: 0, ID: world}, {Perms: 99, ID: world}}, append(all("world", "anyone"), all("world", "anyone")...))
	}
}

// write returns an operation that may stand in a multi.
func (g *generator) write() jute.Op {
	o := jute.Op{Path: g.path(), Version: pick[int32](g.draw, -1, -1, 0, 1, 2, -2)}
	o.Type = pick[int32](g.draw, jute.OpCreate, jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL, jute.OpDelete, jute.OpDelete, jute.OpSetData, jute.OpCheck)
	o.Data = pick(g.draw, nil, []byte{}, []byte("data"), []byte("other data"))
	o.ACL = g.acl()
	o.Flags = pick[int32](g.draw, 0, 0, 0, 1, 2, 3)
	switch o.Type {
	case jute.OpCreateContainer:
		o.Flags = jute.FlagContainer
	case jute.OpCreateTTL:
		o.Flags, o.TTL = pick[int32](g.draw, 5, 6), pick[int64](g.draw, 1<<39, 1<<39, 0, -1, 1<<41)
	}
	if g.draw(60) == 59 {
		o.Flags = pick[int32](g.draw, 4, 5, 6, 7, -1, 0, 1)
	}
	if o.Type == jute.OpCreateTTL && !o.WantsTTL() {
		o.TTL = 1 // below 0 it ends ZooKeeper 3.8.0
	}
	return o
}

func (g *generator) multi(read bool) op {
	var e jute.Encoder
	o := op{typ: jute.OpMulti, what: "multi"}
	var ops []jute.Op
	for range g.draw(4) {
		one := g.write()
		if read {
			one.Type = pick[int32](g.draw, jute.OpGetData, jute.OpGetChildren)
			one.Watch = g.draw(2) == 1
		}
		if g.draw(60) == 59 && !read { // ZooKeeper adds half an answer to the error
			one.Type = pick[int32](g.draw, jute.OpExists, jute.OpSetACL, jute.OpGetChildren2, jute.OpGetData, jute.OpDelete, jute.OpMulti)
		}
		// What ZooKeeper fails to check, it fails to take back what came before:
		// it counts for later requests, until the failed one is applied.
		ttl := one.Type == jute.OpCreateTTL
		o.alone = o.alone || misnamed(&one) || ttl && one.TTL != 1<<39 || !ttl && one.WantsTTL()
		o.what += "; " + describe(&one)
		ops = append(ops, one)
	}
	if read {
		o.typ, o.what = jute.OpMultiRead, "read "+o.what
	}
	jute.EncodeMulti(&e, ops)
	o.body = e.Buf
	return o
}

func (g *generator) setWatches() op {
	w := &jute.SetWatches{Zxid: int64(pick(g.draw, 0, 1, 5, 50)), Data: []string{g.path()}, Exist: []string{g.path()}, Child: []string{g.path()}, Two: g.draw(2) == 1}
	o := op{typ: jute.OpSetWatches, watches: w}
	if w.Two {
		o.typ, w.Persistent, w.Recursive = jute.OpSetWatches2, []string{g.path()}, []string{g.path()}
	}
	o.what = fmt.Sprintf("setWatches %d %q %q %q, persistent %q, recursive %q", w.Zxid, w.Data, w.Exist, w.Child, w.Persistent, w.Recursive)
	return o
}

func (g *generator) op() op {
	o := g.well()
	if g.draw(300) == 299 && o.watches == nil { // what does not decode, or more than does
		if n := len(o.body); n > 0 && g.draw(2) == 0 && (o.typ != jute.OpReconfig || g.servers == 1) { // several ZooKeepers never answer that

			cut := g.draw(n)
			o.body, o.what = o.body[:cut:cut], fmt.Sprintf("%s, its first %d bytes", o.what, cut)
		} else {
			o.body, o.what = append(bytes.Clone(o.body), "more"...), o.what+", and more"
		}
	}
	return o
}

// well returns a request that decodes.
func (g *generator) well() op {
	w := g.write()
	if w.Type == jute.OpCheck {
		w.Type = jute.OpDelete // outside a multi a check that holds ends ZooKeeper 3.8.0
	}
	switch k := g.draw(100); {
	case k < 38:
		if g.large > 0 && g.draw(800) == 799 {
			w.Type, w.Data = jute.OpSetData, nil
			w.Data = make([]byte, g.large-8-len(tree(w).body)+g.draw(3)-1)
		}
		if g.draw(200) == 199 { // only here: ZooKeeper does not give back such a path as it came
			w.Path = g.root + "/\U0001f600"
		}
		return tree(w)
	case k < 68:
		w.Type = pick[int32](g.draw, jute.OpExists, jute.OpGetData, jute.OpGetChildren, jute.OpGetChildren2, jute.OpGetACL, jute.OpGetAllChildren, jute.OpSync)
		w.Watch = g.draw(2) == 1
		return tree(w)
	case k < 72:
		w.Type = jute.OpSetACL
		return tree(w)
	case k < 82:
		return g.multi(false)
	case k < 85:
		return g.multi(true)
	case k < 93:
		return g.watch(k)
	case k < 95:
		return g.setWatches()
	default:
		return g.seldom()
	}
}

// watch returns what concerns persistent watches, and those that are set.
func (g *generator) watch(k int) op {
	var e jute.Encoder
	pm := jute.PathMode{Path: g.path(), Mode: int32(g.draw(2))}
	o := op{typ: jute.OpAddWatch}
	if k >= 89 {
		pm.Mode = 1 + int32(g.draw(3))
		o.typ = pick[int32](g.draw, jute.OpRemoveWatches, jute.OpCheckWatches)
	}
	if g.draw(30) == 29 {
		pm.Mode = pick[int32](g.draw, 2, 0, 4, 9, -1)
	}
	pm.Encode(&e)
	o.body, o.what = e.Buf, fmt.Sprintf("%d watch %q mode %d", o.typ, pm.Path, pm.Mode)
	return o
}

// seldom returns what is asked seldom, or ends the session.
func (g *generator) seldom() op {
	var e jute.Encoder
	switch g.draw(8) {
	case 0:
		return op{typ: jute.OpPing, what: "ping"}
	case 1:
		prefix := pick(g.draw, "/", g.root+"/a", "", " ", " /", g.root+"/a/")
		e.String(prefix)
		return op{typ: jute.OpGetEphemerals, body: e.Buf, what: fmt.Sprintf("getEphemerals %q", prefix)}
	case 2:
		return op{typ: jute.OpWhoAmI, what: "whoAmI"}
	case 3:
		id := pick(g.draw, "user:pass", "user:pass", "other:pass", "nocolon", "a:b:c", "")
		(&jute.Auth{Scheme: "digest", Auth: []byte(id)}).Encode(&e)
		return op{typ: jute.OpAuth, body: e.Buf, what: "auth " + id}
	case 4:
		scheme := pick(g.draw, "ip", "world", "nonsense", "", "auth", "super", "sasl")
		(&jute.Auth{Scheme: scheme, Auth: []byte("x")}).Encode(&e)
		return op{typ: jute.OpAuth, body: e.Buf, what: "auth in the scheme " + scheme}
	case 5:
		return op{typ: jute.OpCloseSession, what: "closeSession"}
	case 6:
		return op{typ: jute.OpReconfig, body: make([]byte, 32), what: "reconfig"}
	default:
		typ := pick[int32](g.draw, unknownOp, jute.OpNotify, jute.OpError, jute.OpDeleteContainer, 10, 23, -12)
		e.String(g.path())
		return op{typ: typ, body: e.Buf, what: fmt.Sprintf("type %d", typ)}
	}
}
