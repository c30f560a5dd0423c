package zktest

import (
	"errors"
	"fmt"
	"time"

	"github.com/simctl/simctl/sim/zk/server"
)

// ErrNotServing is what [Ensemble.Await] returns if the servers find no leader.
var ErrNotServing = errors.New("zktest: the ensemble does not serve")

// patience is how long Await waits: longer than any election in which a
// majority can reach each other.
const patience = time.Minute

// member returns server id. It panics if there is none.
func (e *Ensemble) member(id int) *member {
	if id < 1 || id > len(e.members) {
		panic(fmt.Sprintf("zktest: no server %d: there are 1 to %d", id, len(e.members)))
	}
	return e.members[id-1]
}

// Kill ends a server as kill -9 does: its connections are reset, and what it
// had in its files stays. Killing a server that is down does nothing.
func (e *Ensemble) Kill(id int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.member(id).kill()
}

// Restart starts a server that was killed. It begins to serve in its own time:
// see Await.
func (e *Ensemble) Restart(id int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.member(id)
	if m.host != nil {
		return fmt.Errorf("zktest: server %d runs", id)
	}
	// The numbers of sessions begin at the millisecond of their server's start.
	time.Sleep(time.Millisecond)
	return e.start(m)
}

// Leader is the server that leads, 0 if none does. While a leader that was cut
// off has not noticed it, and another one was elected, it is the later one.
func (e *Ensemble) Leader() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	leader, _ := e.look()
	return leader
}

// look returns the leader, and how many servers serve clients.
func (e *Ensemble) look() (leader, serving int) {
	epoch := int64(-1)
	for _, m := range e.members {
		m.ask(func(s *server.Server) {
			if s.Role() != server.Looking {
				serving++
			}
			if now := s.Zxid() >> 32; s.Role() == server.Leading && now > epoch {
				leader, epoch = int(m.id), now
			}
		})
	}
	return leader, serving
}

// Await waits until there is a leader and every server that was not killed
// serves clients. After a minute it returns [ErrNotServing].
func (e *Ensemble) Await() error {
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		e.mu.Lock()
		running := 0
		for _, m := range e.members {
			if m.host != nil {
				running++
			}
		}
		leader, serving := e.look()
		e.mu.Unlock()
		switch {
		case leader != 0 && serving == running:
			return nil
		case time.Since(begin) > patience:
			return fmt.Errorf("%w: %d of %d servers do", ErrNotServing, serving, running)
		}
	}
}

// ExpireSession ends a session at the leader as its client's long silence
// does: its ephemeral znodes go, and its client is told when it connects again.
// A session that there is not is left alone. It returns [ErrNotServing] if
// there is no leader.
func (e *Ensemble) ExpireSession(session int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	leader, _ := e.look()
	if leader == 0 {
		return ErrNotServing
	}
	e.member(leader).ask(func(s *server.Server) { s.ExpireSession(session) })
	return nil
}
