package server_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/sim/zk/jute"
	"github.com/simctl/simctl/sim/zk/server"
)

// Ours and ZooKeeper 3.8 answer the same random program of several sessions
// alike: codes, stats but for times, zxids, children, watch events in order;
// on one server, and on three between which the sessions move.
// SIMCTL_DIFF_OPS says how many requests, SIMCTL_DIFF_SEED from which seed, and
// SIMCTL_DIFF_BURST how many at most a client sends at once: with 64 a request
// takes a twentieth of the time; none then has the greatest length that there is. The
// three servers are asked for by SIMCTL_DIFF_SERVERS=3: on a busy machine
// ZooKeeper's side was seen to cut a connection there that ours did not, and not
// to cut it when the program ran again. Why is not known.
func TestDifferentialAgainstZooKeeper(t *testing.T) {
	needZooKeeper(t)
	ops, seed := number("SIMCTL_DIFF_OPS", 10_000), number("SIMCTL_DIFF_SEED", 1)
	sizes := []int{1}
	if n := int(number("SIMCTL_DIFF_SERVERS", 1)); n > 1 {
		sizes = append(sizes, n)
	}
	for _, servers := range sizes {
		t.Run(fmt.Sprintf("%d", servers), func(t *testing.T) {
			t.Parallel()
			sites := bothSites(t, servers, seed)
			r := rand.New(rand.NewPCG(seed, uint64(servers)))
			g := &generator{draw: r.IntN, servers: servers, clients: 4, rare: 4, burst: int(number("SIMCTL_DIFF_BURST", 1))}
			if servers == 1 && g.burst <= 1 {
				g.large = jute.MaxBuffer
			}
			p := newProgram(t, sites, g.clients)
			most := int(ops)
			if servers > 1 { // a step takes ten times as long
				most = int(ops / 10)
			}
			steps, sent, parts := 0, 0, 0
			t.Cleanup(func() { t.Logf("%d requests in %d steps from seed %d", sent, steps, seed) })
			for sent < most {
				if g.burst > 1 && sent >= parts*partOf {
					parts++
					t.Logf("at %d", sent)
					g.root = fmt.Sprintf("/r%d", parts)
					world := []jute.ACL{{Perms: jute.PermAll, ID: jute.ID{Scheme: "world", ID: "anyone"}}}
					p.step(t, step{ops: []op{tree(jute.Op{Type: jute.OpCreate, Path: g.root, ACL: world})}})
				}
				do := g.step()
				p.step(t, do)
				steps, sent = steps+1, sent+len(do.ops)
			}
		})
	}
}

// partOf is how many requests of bursts go to one part of the tree: nodes with
// numbers fill it, until nothing can be deleted there.
const partOf = 4000

// The same of short programs, each in a part of the tree of its own: one that
// fails is shrunk to the steps that it takes, and printed.
func TestDifferentialProgramsShrink(t *testing.T) {
	needZooKeeper(t)
	servers := int(number("SIMCTL_DIFF_SERVERS", 1))
	sites := bothSites(t, servers, 1)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		root := fmt.Sprintf("/r%d", round)
		numbers := rapid.IntRange(0, 1<<20)
		g := &generator{servers: servers, clients: 3, root: root, draw: func(n int) int { return numbers.Draw(t, "") % n }}
		p := newProgram(t, sites, g.clients)
		defer p.end(t)
		p.step(t, step{ops: []op{tree(jute.Op{Type: jute.OpCreate, Path: root, ACL: g.acl()})}})
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			p.step(t, g.step())
		}
	})
}

// bothSites starts ours and ZooKeeper's, with the same settings. Nobody sweeps
// containers away, and no server waits less than 10 s for another.
func bothSites(t *testing.T, servers int, seed uint64) [2]*site {
	o := setting{servers: servers, tick: 100 * time.Millisecond, patience: 100}
	o.cfg = server.Config{MaxSession: 40 * time.Second, ContainerCheck: 1000 * time.Hour, ExtendedTypes: seed%2 == 0}
	o.lines = []string{"maxSessionTimeout=40000", fmt.Sprintf("extendedTypesEnabled=%v", o.cfg.ExtendedTypes)}
	return [2]*site{ourSite(t, o), theirSite(t, o)}
}

func number(env string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(env), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// A program is carried out on two sites, step by step.
type program struct {
	sides [2]*side
	log   []string
}

// A side is one site, and the sessions that the program has there.
type side struct {
	*site
	*scale
	sessions []*raw
	where    []int // the server of each, in the order of roles
	order    []int // of the servers: leader, followers
	zxid     int64 // the latest that a client was told
	// What came of the step, and whether a session ended by it, whose
	// ephemerals ZooKeeper deletes in the order of a hash table.
	said      []string
	unordered bool
	more      bool // a further request is under way
	xids      []int32
	failed    error // to send
}

func newProgram(t tester, sites [2]*site, clients int) *program {
	p := &program{}
	for k, site := range sites {
		s := &side{site: site, sessions: make([]*raw, clients), where: make([]int, clients), order: site.roles()}
		p.sides[k], s.scale = s, newScale(0)
		var all []int64
		for n := range s.sessions {
			s.where[n] = n % len(s.order)
			s.sessions[n], _ = dialFor(t, s.addr(n), patience, 0, nil)
			all = append(all, s.sessions[n].session)
		}
		s.level(t)
		s.scale = newScale(s.zxid)
		for n, id := range all {
			s.names[id] = fmt.Sprintf("session %d", n)
		}
		s.said = nil
	}
	return p
}

// end closes every session.
func (p *program) end(t tester) {
	for _, s := range p.sides {
		for _, r := range s.sessions {
			_, _, _ = r.call(t, jute.OpCloseSession, nil)
		}
	}
}

func (s *side) addr(n int) string { return s.addrs[s.order[s.where[n]]] }

func (s *side) say(format string, args ...any) { s.said = append(s.said, fmt.Sprintf(format, args...)) }

// open gives client n a new session.
func (s *side) open(t tester, n int) {
	r, resp := dialFor(t, s.addr(n), patience, 0, nil)
	require.NotZero(t, resp.Session)
	s.sessions[n] = r
	s.names[r.session] = fmt.Sprintf("session %d", n)
}

// retire closes a session whose connection was cut, lest it expire some time,
// and opens another.
func (s *side) retire(t tester, n int) {
	r := s.sessions[n]
	s.unordered = true
	r.c.Close()
	if again, resp := dialFor(t, s.addr(n), patience, r.session, r.password); resp.Session != 0 {
		_, _, err := again.call(t, jute.OpCloseSession, nil)
		require.NoError(t, err)
		again.c.Close()
	}
	s.open(t, n)
}

// resume resumes client n's session at a server.
func (s *side) resume(t tester, n, server int) {
	s.where[n] = server
	old := s.sessions[n]
	r, resp := dialFor(t, s.addr(n), patience, old.session, old.password)
	s.say("session %d is resumed for %d ms", n, resp.Timeout)
	if resp.Timeout == 0 {
		s.open(t, n)
		return
	}
	r.xid = old.xid
	s.sessions[n] = r
}

// send sends a request; at is the latest zxid.
func (s *side) send(r *raw, o *op) (int32, error) {
	body := o.body
	if o.watches != nil {
		var e jute.Encoder
		w := *o.watches
		w.Zxid = s.zxid - w.Zxid
		w.Encode(&e)
		body = e.Buf
	}
	return r.send(o.typ, body)
}

// burst sends all requests of a step together.
func (s *side) burst(r *raw, do *step) {
	s.xids, r.hold = s.xids[:0], true
	for i := range do.ops {
		xid, _ := s.send(r, &do.ops[i])
		s.xids = append(s.xids, xid)
	}
	s.failed = r.flush()
}

// receive tells the replies to a burst, and how many events were told to its
// client before each.
func (s *side) receive(t tester, do *step) {
	r := s.sessions[do.client]
	for i := range do.ops {
		s.more = i < len(do.ops)-1
		s.await(t, do.client, r, &do.ops[i], s.xids[i], s.failed)
		s.say("to %s, after %d events", do.ops[i].what, len(r.events))
	}
}

// await tells the reply to a request of client n.
func (s *side) await(t tester, n int, r *raw, o *op, xid int32, err error) {
	var h jute.ReplyHeader
	var b []byte
	if err == nil {
		h, b, err = r.receive(t, xid)
	}
	s.say("%s", s.reply(o.typ, h, b, err))
	switch {
	case err != nil:
		return
	case o.typ == jute.OpCloseSession:
		s.unordered = true
		s.open(t, n)
	case s.more:
	case h.Err == jute.Unimplemented && h.Zxid < 0 || h.Err == jute.AuthFailed:
		// The connection is closed, when the server comes to it.
		for err == nil {
			_, err = r.tryPacket()
		}
		s.say("then %s", s.reply(o.typ, h, b, err))
	}
}

// level pings with every client until all were told of the same zxid, and tells
// what their watches told.
func (s *side) level(t tester) {
	for deadline := time.Now().Add(20 * time.Second); ; {
		var low, high int64
		xids, errs := make([]int32, len(s.sessions)), make([]error, len(s.sessions))
		for n, r := range s.sessions {
			xids[n], errs[n] = r.send(jute.OpPing, nil)
		}
		for n, r := range s.sessions {
			var h jute.ReplyHeader
			if errs[n] == nil {
				h, _, errs[n] = r.receive(t, xids[n])
			}
			if errs[n] != nil {
				s.say("session %d is cut", n)
				s.retire(t, n)
			}
			if high = max(high, h.Zxid); n == 0 || h.Zxid < low {
				low = h.Zxid
			}
		}
		if low == high {
			s.zxid = high
			return
		}
		require.True(t, time.Now().Before(deadline), "servers that have applied the same: 0x%x to 0x%x", low, high)
	}
}

func (s *side) tell() {
	for n, r := range s.sessions {
		if s.unordered {
			slices.Sort(r.events)
		}
		for _, e := range r.events {
			s.say("session %d is told %s", n, e)
		}
		r.events = nil
	}
}

// step carries out one step on both sides and compares what was said.
func (p *program) step(t tester, do step) {
	t.Helper()
	p.note(&do)
	if do.doing == pair { // on both sides at the same time
		for _, s := range p.sides {
			s.burst(s.sessions[do.client], &do)
		}
	}
	if do.doing == request {
		var xids [2]int32
		var errs [2]error
		for k, s := range p.sides {
			xids[k], errs[k] = s.send(s.sessions[do.client], &do.ops[0])
		}
		for k, s := range p.sides {
			s.await(t, do.client, s.sessions[do.client], &do.ops[0], xids[k], errs[k])
		}
	} else {
		for _, s := range p.sides {
			s.special(t, &do)
		}
	}
	for _, s := range p.sides {
		s.level(t)
		s.tell()
	}
	p.log[len(p.log)-1] += fmt.Sprintf("\n\t%q", p.sides[0].said)
	said := [2][]string{p.sides[0].said, p.sides[1].said}
	for _, s := range p.sides {
		s.said, s.unordered = nil, false
	}
	if !slices.Equal(said[0], said[1]) {
		for _, l := range p.log {
			t.Logf("%s", l)
		}
		require.Equal(t, said[1], said[0], "theirs is expected, ours is actual")
	}
}

// note keeps the last steps in words.
func (p *program) note(do *step) {
	text := fmt.Sprintf("session %d: %s", do.client, [...]string{"", "at once", "reconnects", "moves", "expires", "failover"}[do.doing])
	if do.doing != request && do.doing != pair {
		text += fmt.Sprintf(", server %d", do.server)
	}
	for i := range do.ops {
		text += " | " + do.ops[i].what
	}
	if p.log = append(p.log, text); len(p.log) > 40 {
		p.log = p.log[1:]
	}
}

// patience is the timeout of the sessions that are not to expire, which they
// might while servers start on a busy machine.
const patience = 40 * time.Second

// settleTime is how long ZooKeeper may take to forget the watches of a
// connection that was cut.
const settleTime = 20 * time.Millisecond

// special carries out what is not one request on a connection that stays.
func (s *side) special(t tester, do *step) {
	old := s.sessions[do.client]
	switch do.doing {
	case pair:
		s.receive(t, do)
	case reconnect:
		old.c.Close()
		time.Sleep(settleTime)
		s.resume(t, do.client, do.server)
		xid, err := s.send(s.sessions[do.client], &do.ops[0])
		s.await(t, do.client, s.sessions[do.client], &do.ops[0], xid, err)
	case move:
		s.resume(t, do.client, do.server)
		xid, err := s.send(old, &do.ops[0])
		s.await(t, do.client, old, &do.ops[0], xid, err)
		old.c.Close()
		time.Sleep(settleTime)
	case expire:
		s.expire(t, do)
	case failover:
		s.failover(t)
	}
}

// expire opens a session that creates ephemerals and is left alone, and waits
// until it has expired.
func (s *side) expire(t tester, do *step) {
	r, resp := dialFor(t, s.addrs[s.order[do.server]], 200*time.Millisecond, 0, nil)
	require.EqualValues(t, 200, resp.Timeout)
	s.names[r.session] = "a session that expires"
	for i := range do.ops {
		xid, err := s.send(r, &do.ops[i])
		s.await(t, 0, r, &do.ops[i], xid, err)
	}
	r.c.Close()
	s.level(t)
	before := s.zxid
	for deadline := time.Now().Add(10 * time.Second); s.zxid == before && time.Now().Before(deadline); s.level(t) {
		time.Sleep(5 * time.Millisecond)
	}
	s.unordered = true
}

// failover kills the leader and starts it again, and resumes every session.
func (s *side) failover(t tester) {
	s.kill(s.order[0])
	s.site.await(t)
	s.start(t, s.order[0])
	s.site.await(t)
	s.order = s.roles()
	for n, r := range s.sessions {
		_, _, err := r.call(t, jute.OpPing, nil)
		s.say("session %d is cut: %v", n, err != nil)
		s.resume(t, n, s.where[n])
	}
	// Followers tell the new epoch with its first transaction.
	_, err := s.send(s.sessions[0], &op{typ: jute.OpDelete})
	require.NoError(t, err)
	_, _, err = s.sessions[0].receive(t, s.sessions[0].xid)
	require.NoError(t, err)
}
