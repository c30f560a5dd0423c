package client_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/client"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/wire"
)

// A storm is a client whose masters do anything in any order.
type storm struct {
	hosttest.Twins
	c        *client.Client
	hardened bool
	calls    int64
	open     map[string]string // job -> what is under way
	known    map[string]bool   // jobs that have an ID
	requests map[int64]bool    // sent, by number
	last     int64
}

var plan = []client.Step{
	{At: 0, Kind: client.Submit, Tag: "a", Poll: 2 * time.Second},
	{At: time.Second, Kind: client.Kill, Tag: "a"},
	{At: time.Second, Kind: client.Submit, Tag: "b"},
	{At: 3 * time.Second, Kind: client.Status, Tag: "b"},
	{At: 4 * time.Second, Kind: client.Kill, Tag: "b"},
}

func newStorm(p policy.Policy) *storm {
	s := &storm{
		c: client.New(config(p, plan...)), hardened: p == policy.Hardened,
		open: map[string]string{}, known: map[string]bool{}, requests: map[int64]bool{},
	}
	s.H = hosttest.New("c1", 1)
	s.H.Start(s.c)
	return s
}

// do lets something happen and looks at what the client did.
func (s *storm) do(t *rapid.T, f func(h *hosttest.Host)) {
	did, err := s.Do(f)
	require.NoError(t, err)
	for line := range strings.Lines(did) {
		line = strings.TrimSpace(line)
		words := strings.Fields(line)
		if words[0] == "note" {
			s.note(t, words, line)
			continue
		}
		if _, sent, ok := strings.Cut(line, "{Req:"); ok {
			var req int64
			fmt.Sscan(sent, &req)
			require.False(t, s.requests[req], "request %d is sent twice", req)
			s.requests[req] = true
			s.last = max(s.last, req)
			if tag, ok := strings.CutPrefix(sent[strings.Index(sent, " ")+1:], "Desc:{Tag:"); ok && s.hardened {
				require.Contains(t, line, "Key:c1-1-"+tag[:1])
			}
		}
	}
}

// note holds the notes of operations to their order.
func (s *storm) note(t *rapid.T, words []string, line string) {
	kind, tag, what := words[1], words[2], words[3]
	switch kind {
	case "call":
		s.calls++
		require.Contains(t, line, fmt.Sprintf(" n=%d", s.calls), "numbers have no gaps")
		require.Empty(t, s.open[tag], "two operations of one job at once")
		require.True(t, what == "submit" || s.known[tag], "%s has no ID yet", tag)
		s.open[tag] = what
	case "return", "gave-up":
		require.Equal(t, s.open[tag], what)
		s.open[tag] = ""
		if kind == "return" && what == "submit" && !strings.Contains(line, "error: ") {
			s.known[tag] = true
		}
	}
}

func (s *storm) actions() map[string]func(t *rapid.T) {
	onConn := func(t *rapid.T, f func(h *hosttest.Host, name string)) {
		conns := s.H.Conns()
		if len(conns) == 0 {
			t.Skip("no connection")
		}
		name := rapid.SampledFrom(conns).Draw(t, "connection")
		s.do(t, func(h *hosttest.Host) { f(h, name) })
	}
	answer := func(make func(t *rapid.T, req int64) host.Message) func(t *rapid.T) {
		return func(t *rapid.T) {
			m := make(t, rapid.Int64Range(max(1, s.last-3), s.last+1).Draw(t, "req"))
			onConn(t, func(h *hosttest.Host, name string) { h.Receive(name, m) })
		}
	}
	flag := func(t *rapid.T, name string) bool { return rapid.Bool().Draw(t, name) }
	return map[string]func(t *rapid.T){
		"split":   func(*rapid.T) { s.Split() },
		"connect": func(t *rapid.T) { onConn(t, func(h *hosttest.Host, name string) { h.Connect(name) }) },
		"break":   func(t *rapid.T) { onConn(t, func(h *hosttest.Host, name string) { h.Break(name, host.Reset) }) },
		"advance": func(t *rapid.T) {
			d := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 11 * time.Second}).Draw(t, "by")
			s.do(t, func(h *hosttest.Host) { h.Advance(d) })
		},
		"submitted": answer(func(t *rapid.T, req int64) host.Message {
			return wire.SubmitDriverResponse{Req: req, OK: flag(t, "ok"), NotAlive: flag(t, "not alive"), Driver: "d"}
		}),
		"killed": answer(func(t *rapid.T, req int64) host.Message {
			return wire.KillDriverResponse{Req: req, OK: flag(t, "ok"), NotAlive: flag(t, "not alive"), Reason: "already KILLED"}
		}),
		"state": answer(func(t *rapid.T, req int64) host.Message {
			return wire.DriverStatusResponse{
				Req: req, Found: flag(t, "found"), NotAlive: flag(t, "not alive"),
				State: rapid.SampledFrom([]wire.DriverState{wire.Running, wire.Finished}).Draw(t, "state"),
			}
		}),
		"": func(t *rapid.T) { s.check(t) },
	}
}

func (s *storm) check(t *rapid.T) {
	p, open := s.c.Progress(), 0
	for _, what := range s.open {
		if what != "" {
			open++
		}
	}
	require.Equal(t, open, p.Open)
	require.Equal(t, s.calls, p.Called)
	require.Equal(t, p.Called, p.Returned+p.GaveUp+int64(p.Open), "every operation ends once")
}

func TestAnythingMayHappenToAClient(t *testing.T) {
	for _, p := range []policy.Policy{policy.Hardened, policy.Spark} {
		t.Run(p.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := newStorm(p)
				t.Repeat(s.actions())
				// Nobody waits for ever: with every master silent the plan ends.
				for range 20 {
					s.do(t, func(h *hosttest.Host) { h.Advance(time.Minute) })
				}
				s.check(t)
				require.Equal(t, len(plan), s.c.Progress().Begun)
				for tag, what := range s.open {
					require.True(t, what == "" || what == "status", "job %s still waits for its %s", tag, what)
				}
			})
		})
	}
}
