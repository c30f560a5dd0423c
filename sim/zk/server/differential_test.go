package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/live/lab"
	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/server"
)

// Ours and ZooKeeper 3.8 answer the same random program of several sessions
// alike: codes, stats but for times, zxids, children, watch events in order.
// SIMCTL_DIFF_OPS says how many operations, SIMCTL_DIFF_SEED from which seed.
func TestDifferentialAgainstZooKeeper(t *testing.T) {
	if err := lab.HaveZooKeeper(); err != nil || testing.Short() {
		if os.Getenv("SIMCTL_REQUIRE_ZK") != "" && err != nil {
			t.Fatal(err)
		}
		t.Skip("needs ZooKeeper: ", err)
	}
	e, err := lab.StartEnsemble(context.Background(), lab.EnsembleOptions{Servers: 1, Tick: 2 * time.Second, Dir: t.TempDir()})
	require.NoError(t, err)
	defer e.Stop()
	ours, _ := serve(t, t.TempDir(), server.Config{})
	p := newProgram(t, ours, string(e.Addrs()[0]), number("SIMCTL_DIFF_SEED", 1))
	for i := range number("SIMCTL_DIFF_OPS", 10_000) {
		p.step(t, int(i))
	}
}

func number(env string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(env), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// unknownOp is no operation's number.
const unknownOp = 99

// A program is a random one, carried out on two servers.
type program struct {
	rng   *rand.Rand
	sides [2]side
	log   []string
	// unordered: a session was closed, whose ephemerals ZooKeeper deletes in
	// the order of a hash table.
	unordered bool
}

type side struct {
	addr     string
	base     int64
	sessions [3]*raw
	names    map[int64]string
}

func newProgram(t *testing.T, ours, theirs string, seed uint64) *program {
	p := &program{rng: rand.New(rand.NewPCG(seed, 7))}
	for i, addr := range []string{ours, theirs} {
		s := &p.sides[i]
		s.addr, s.names = addr, map[int64]string{0: "-"}
		for n := range s.sessions {
			s.open(t, n)
		}
		h, _, err := s.sessions[0].call(t, jute.OpPing, nil)
		require.NoError(t, err)
		s.base = h.Zxid
	}
	return p
}

func (s *side) open(t *testing.T, n int) {
	r, resp := dialRaw(t, s.addr, 0, nil)
	require.NotZero(t, resp.Session)
	s.sessions[n] = r
	s.names[r.session] = fmt.Sprintf("session %d", n)
}

// retire closes a session whose connection was cut, lest it expire some time,
// and opens another.
func (s *side) retire(t *testing.T, n int) {
	r := s.sessions[n]
	r.c.Close()
	if again, resp := dialRaw(t, s.addr, r.session, r.password); resp.Session != 0 {
		_, _, err := again.call(t, jute.OpCloseSession, nil)
		require.NoError(t, err)
	}
	s.open(t, n)
}

// step carries out one operation, and compares the replies and what every
// session was told.
func (p *program) step(t *testing.T, i int) {
	n := p.rng.IntN(3)
	typ, body, what := p.operation()
	p.log = append(p.log, fmt.Sprintf("%d: session %d: %s", i, n, what))
	var said [2][]string
	unordered := p.unordered || typ == jute.OpCloseSession || typ == unknownOp
	p.unordered = false
	for k := range p.sides {
		s := &p.sides[k]
		said[k] = append(said[k], s.sessions[n].do(t, s.base, typ, body, s.names))
		if typ == unknownOp {
			time.Sleep(50 * time.Millisecond) // ZooKeeper closes some time after it has answered
		}
		switch {
		case said[k][0] == "closed":
			p.unordered = true
			s.retire(t, n)
		case typ == jute.OpCloseSession:
			s.open(t, n)
		}
		for m, r := range s.sessions {
			if _, _, err := r.call(t, jute.OpPing, nil); err != nil {
				said[k] = append(said[k], fmt.Sprintf("session %d is cut", m))
				p.unordered = true
				s.retire(t, m)
			}
			if unordered {
				slices.Sort(r.events)
			}
			for _, e := range r.events {
				said[k] = append(said[k], fmt.Sprintf("session %d is told %s", m, e))
			}
			r.events = nil
		}
	}
	if !slices.Equal(said[0], said[1]) {
		for _, l := range p.log[max(0, len(p.log)-12):] {
			t.Log(l)
		}
		require.Equal(t, said[1], said[0], "theirs is expected, ours is actual")
	}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func (p *program) path() string {
	r := p.rng
	a, b := pick(r, "/a", "/b", "/c", "/d"), pick(r, "", "", "/x", "/y", "/x/z")
	if r.IntN(40) == 0 {
		return pick(r, "/", "/zookeeper", "/zookeeper/config", "/zookeeper/quota", "noslash", "/a//b", "/a/", "/a/../b", "/a/./b", "/a\x01b", "")
	}
	return a + b
}

func (p *program) acl() []jute.ACL {
	r := p.rng
	world := jute.ID{Scheme: "world", ID: "anyone"}
	if r.IntN(12) > 0 {
		return []jute.ACL{{Perms: jute.PermAll, ID: world}}
	}
	return pick(r, nil,
		[]jute.ACL{{Perms: jute.PermRead | jute.PermAdmin | jute.PermDelete, ID: world}},
		[]jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "auth"}}},
		[]jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "digest", ID: "nocolon"}}},
		[]jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "ip", ID: "127.0.0.0/8"}}},
		[]jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "ip", ID: "junk"}}},
		[]jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "nonsense", ID: "x"}}},
		[]jute.ACL{{Perms: jute.PermRead, ID: world}, {Perms: jute.PermAll, ID: jute.ID{Scheme: "ip", ID: "127.0.0.1"}}})
}

// write returns an operation that may stand in a multi.
func (p *program) write() jute.Op {
	r := p.rng
	op := jute.Op{Path: p.path(), Version: pick(r, int32(-1), -1, 0, 1, 2)}
	op.Type = pick[int32](r, jute.OpCreate, jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpDelete, jute.OpDelete, jute.OpSetData, jute.OpCheck)
	op.Data = pick(r, nil, []byte{}, []byte("data"), []byte("other data"))
	op.ACL = p.acl()
	op.Flags = pick[int32](r, 0, 0, 0, 1, 2, 3)
	if op.Type == jute.OpCreateContainer {
		op.Flags = jute.FlagContainer
	}
	if op.Type <= jute.OpCreate2 && r.IntN(60) == 0 {
		op.Flags = pick[int32](r, 4, 7, -1)
	}
	return op
}

func (p *program) operation() (typ int32, body []byte, what string) {
	var e jute.Encoder
	r := p.rng
	op := p.write()
	switch k := r.IntN(100); {
	case k < 40:
		for op.Type == jute.OpCheck {
			op = p.write()
		}
	case k < 70:
		op.Type = pick[int32](r, jute.OpExists, jute.OpGetData, jute.OpGetChildren, jute.OpGetChildren2, jute.OpGetACL, jute.OpGetAllChildren, jute.OpSync)
		op.Watch = r.IntN(2) == 0
	case k < 74:
		op.Type = jute.OpSetACL
	case k < 84:
		var ops []jute.Op
		for range r.IntN(4) {
			ops = append(ops, p.write())
		}
		jute.EncodeMulti(&e, ops)
		return jute.OpMulti, e.Buf, fmt.Sprintf("multi %+v", ops)
	case k < 87:
		ops := []jute.Op{{Type: jute.OpGetData, Path: p.path()}, {Type: jute.OpGetChildren, Path: p.path()}}
		jute.EncodeMulti(&e, ops)
		return jute.OpMultiRead, e.Buf, fmt.Sprintf("multiRead %+v", ops)
	case k < 91:
		pm := jute.PathMode{Path: p.path(), Mode: int32(r.IntN(2))}
		pm.Encode(&e)
		return jute.OpAddWatch, e.Buf, fmt.Sprintf("addWatch %+v", pm)
	case k < 94:
		pm := jute.PathMode{Path: p.path(), Mode: 1 + int32(r.IntN(3))}
		pm.Encode(&e)
		if pm.Path == "noslash" {
			// Fails if any recursive watch is left, and ZooKeeper forgets
			// those of a connection some time after it was cut.
			return jute.OpPing, nil, "ping"
		}
		typ = pick[int32](r, jute.OpCheckWatches, jute.OpRemoveWatches)
		return typ, e.Buf, fmt.Sprintf("%d watches %+v", typ, pm)
	case k < 96:
		w := jute.SetWatches{Zxid: 1 << 40, Data: []string{p.path()}, Exist: []string{p.path()}, Child: []string{p.path()}}
		w.Encode(&e)
		return jute.OpSetWatches, e.Buf, fmt.Sprintf("setWatches %+v", w)
	case k < 97:
		return jute.OpCloseSession, nil, "closeSession"
	case k < 98:
		(&jute.Auth{Scheme: "digest", Auth: []byte("user:pass")}).Encode(&e)
		return jute.OpAuth, e.Buf, "auth"
	case k < 99:
		e.String(pick(r, "/", "/a", ""))
		return jute.OpGetEphemerals, e.Buf, "getEphemerals"
	default:
		typ = pick[int32](r, unknownOp, jute.OpReconfig, jute.OpPing)
		return typ, make([]byte, 32), fmt.Sprintf("type %d", typ)
	}
	op.Encode(&e)
	return op.Type, e.Buf, fmt.Sprintf("%+v", op)
}
