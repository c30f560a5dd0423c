package live

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/simctl/simctl/impl/live/trouble"
)

// errLost is what go-zookeeper is told when an answer is lost with its
// connection.
var errLost = errors.New("the connection is lost before an answer")

// glance is how often something that is cut off looks whether it still is.
const glance = 10 * time.Millisecond

// cut reports whether the session is cut off from the servers.
func (s *session) cut() bool { return s.h.o.Trouble.Cut(s.o.Name, s.h.living.Load() <= 1) }

// reach waits until the session is not cut off, and reports false if that takes
// longer than a deadline.
func (s *session) reach(deadline time.Time) bool {
	for s.cut() {
		if !time.Now().Before(deadline) {
			return false
		}
		time.Sleep(glance)
	}
	return true
}

// hears waits until the session of a connection is not cut off. It reports false
// if that is later than go-zookeeper waits, or if something was lost meanwhile:
// the connection is over then.
func (t *tap) hears() bool {
	for t.s.cut() {
		t.deaf.Store(true)
		if time.Now().UnixNano() >= t.until.Load() {
			return false
		}
		time.Sleep(glance)
	}
	return !t.deaf.Load()
}

// loses reports whether the answer to a request, which has come in, is lost.
func (s *session) loses(xid int32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byXid[xid]
	return e != nil && s.h.o.Trouble.Lose(trouble.Kind(e.op.Kind.String()))
}

// room is how long what was sent before a strike has to leave the process.
const room = 20 * time.Millisecond

// output is called before each output of a step: there a strike lets the process
// stand still. What it did before is recorded and on its way; whoever wanted the
// strike sees the record, and decides how it goes on.
func (h *Host) output() {
	if h.over() || !h.o.Trouble.Strikes(string(h.o.Self), h.o.Incarnation) {
		return
	}
	if err := h.writeNotes(); err != nil {
		h.fail(err)
	}
	for end := time.Now().Add(room); time.Now().Before(end) && h.unsent(); {
		time.Sleep(time.Millisecond)
	}
	h.recordSelf(Struck, "")
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) // nobody refuses a process its own signal
}

// unsent reports whether messages wait to be written. What is asked of the
// service is with go-zookeeper, which does not tell.
func (h *Host) unsent() bool {
	for _, c := range h.conns {
		c.mu.Lock()
		waits := len(c.out) > 0 && c.tcp != nil
		c.mu.Unlock()
		if waits {
			return true
		}
	}
	return false
}
