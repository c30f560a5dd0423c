package cluster

import (
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/cluster/bound"
	"github.com/simctl/simctl/sim/cluster/commits"
	"github.com/simctl/simctl/sim/cluster/refusal"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/zk"
	"github.com/simctl/simctl/sim/zk/quorum"
	"github.com/simctl/simctl/sim/zk/server"
)

// A JVM that is started again needs to get up, as measured.
const (
	bootMin = 1200 * time.Millisecond
	bootMax = bound.BootMax
)

// ensemble is the coordination service as servers that are processes. What is
// here only watches them: who leads, what was committed, whose session it was.
type ensemble struct {
	w       *World
	servers []*machine
	members []quorum.Member

	log    *commits.Log
	doomed []int64 // sessions that are to end as soon as somebody leads
	up     bool    // as told last
}

// doomed is the event that ends a session at the leader.
type doomed int64

func newEnsemble(w *World) *ensemble {
	e := &ensemble{w: w, log: commits.New()}
	e.log.OwnerOf, e.log.Committed, e.log.Session = e.ownerOf, w.committed, func(s zk.SessionEvent) {
		if !s.Up {
			e.sessionEnded(s.Session)
		}
		w.sessionChanged(s)
	}
	for _, m := range w.machines {
		if m.server < 0 {
			continue
		}
		e.servers = append(e.servers, m)
		e.members = append(e.members, quorum.Member{ID: m.ids.config, Addr: host.Addr(m.name + peerPort)})
	}
	return e
}

// newServer makes a server's program: alone if there is no other.
func (e *ensemble) newServer(m *machine) host.Process {
	cfg := server.Config{
		ID: m.ids.own, Client: e.w.servers[m.server], Tick: e.w.timers.Tick, Applied: e.log.Applied, Decode: e.log.Decode,
		LocalSessions: e.w.s.Ensemble.Local != "", LocalUpgrading: e.w.s.Ensemble.Local == "upgrade",
	}
	m.peer = nil
	defects, _ := quorum.WithDefect(e.w.s.Ensemble.Defect) // the scenario was checked
	cfg.LostWakeUp = defects.LostWakeUp
	if len(e.members) == 1 {
		return server.New(cfg, server.NewStandalone())
	}
	peer, err := quorum.New(quorum.Config{
		ID: cfg.ID, Members: slices.Clone(e.members), Tick: cfg.Tick, Init: e.w.s.Ensemble.Init, Sync: e.w.s.Ensemble.Sync,
		SnapCount: e.w.s.Ensemble.SnapCount, Pace: quorum.Measured(len(e.members)), Defects: defects,
	})
	if err != nil {
		return refusal.New(err.Error())
	}
	m.peer = peer
	return server.New(cfg, peer)
}

// bootSoon starts a server again, as soon as its program has got up.
func (e *ensemble) bootSoon(m *machine) {
	if m.proc.life != dead || m.booting {
		return
	}
	m.booting = true
	m.boots++
	k := e.w.k
	d := k.Between(kernel.KeyOf("boot "+m.name), m.boots, int64(bootMin), int64(bootMax))
	k.Post(k.Now()+d, kernel.Event{
		Actor: e.w.self, Kind: kernel.Service, A: bootEvent, B: m.boots, V: m.name,
		Name: "boot", Sum: uint64(kernel.KeyOf("boot "+m.name, m.boots)),
	})
}

// boot starts a server, unless a fault has come between.
func (e *ensemble) boot(name string, boots uint64) {
	if m := e.w.byName[name]; m.booting && m.boots == boots {
		m.booting, m.held = false, false
		m.proc.start()
	}
}

// of is the program of a server, nil if it does not run.
func (m *machine) program() *server.Server {
	if m.proc == nil || m.proc.life == dead {
		return nil
	}
	s, _ := m.proc.impl.(*server.Server)
	return s
}

// leader is the server that leads and reaches a majority which follows it; nil
// if there is none.
func (e *ensemble) leader() *machine {
	for _, m := range e.servers {
		s := m.program()
		if s == nil || m.proc.life != running || s.Role() != server.Leading {
			continue
		}
		n := 0
		for _, f := range e.servers {
			if e.follows(f, m) {
				n++
			}
		}
		if n > len(e.servers)/2 {
			return m
		}
	}
	return nil
}

// follows reports whether a server serves under a leader, and they reach each
// other.
func (e *ensemble) follows(f, m *machine) bool {
	if f == m {
		return true
	}
	if s := f.program(); s == nil || f.proc.life != running || s.Role() != server.Following {
		return false
	}
	net := e.w.net
	return f.peer.Leader() == m.ids.config && net.Reachable(f.id, m.id) && net.Reachable(m.id, f.id)
}

// stepped looks at a server after a step of it.
func (e *ensemble) stepped(m *machine) {
	if role := m.program().Role(); role != m.role {
		m.role = role
		e.look()
	}
}

// look finds out whether there is service now.
func (e *ensemble) look() {
	l := e.leader()
	if l != nil {
		for _, id := range e.doomed {
			e.end(l, id)
		}
	}
	if up := l != nil; up != e.up {
		e.up = up
		e.w.quorum(up)
	}
}

// longestWait is the longest time for which a server that looks for a leader
// now waits for votes before it asks for them again: the back-off of its
// election, at least the shortest one.
func (e *ensemble) longestWait() time.Duration {
	longest := bound.FinalWait
	for _, m := range e.servers {
		if m.program() != nil && m.peer != nil && m.peer.Role() == quorum.Looking {
			longest = max(longest, m.peer.Waits())
		}
	}
	return longest
}

// loseLeader kills the server that leads and starts it again, as a supervisor
// does. Nothing happens if nobody leads.
func (e *ensemble) loseLeader() {
	m := e.leader()
	if m == nil {
		return
	}
	e.w.Kill(m.name, 0)
	e.bootSoon(m)
	e.look()
}

// expire ends a session before its time. Without a leader it ends when there
// is one again.
func (e *ensemble) expire(id int64) {
	if !e.log.Alive(id) || slices.Contains(e.doomed, id) {
		return
	}
	e.doomed = append(e.doomed, id)
	if l := e.leader(); l != nil {
		e.end(l, id)
	}
}

// end lets the leader end a session.
func (e *ensemble) end(l *machine, id int64) {
	k := e.w.k
	k.Post(k.Now(), kernel.Event{
		Actor: l.proc.actor, Inc: l.proc.inc, Kind: kernel.Service, V: doomed(id),
		Name: "expire", Sum: uint64(kernel.KeyOf("expire", uint64(id))),
	})
}

// sessionEnded forgets what was to happen to a session.
func (e *ensemble) sessionEnded(id int64) {
	e.doomed = slices.DeleteFunc(e.doomed, func(other int64) bool { return other == id })
}

// ownerOf is the process that asked for a session: it waits for the answer at
// the server that made up the session's id.
func (e *ensemble) ownerOf(session int64) string {
	for _, m := range e.servers {
		if s := m.program(); s != nil {
			if from, ok := s.ClientOf(session); ok {
				name, _, _ := strings.Cut(string(from), ":")
				return name
			}
		}
	}
	return ""
}
