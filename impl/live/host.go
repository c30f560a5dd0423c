package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// ErrPanicked is what [Host.Run] returns, with the stack, if the process
// panicked.
var ErrPanicked = errors.New("the process panicked")

// ErrKilled is what [Host.Run] returns if the process was killed.
var ErrKilled = errors.New("the process was killed")

// ErrEnded is what [Host.Call] returns once the process has ended.
var ErrEnded = errors.New("the process has ended")

// A Host is this machine as one process sees it. Its methods that belong to
// [host.Host] and [coord.Client] may only be called by the process.
type Host struct {
	o Options
	p host.Process

	mu     sync.Mutex
	inbox  []func() // events to come
	spare  []func() // the loop's other buffer
	ended  bool     // no more events are taken
	wake   chan struct{}
	done   chan struct{} // closed when the loop has ended
	others sync.WaitGroup

	// The rest belongs to the loop.
	exited   bool
	status   int
	failure  error
	timers   map[host.TimerID]timer
	queue    alarms
	timerSeq host.TimerID
	conns    map[host.ConnID]*conn
	connSeq  host.ConnID
	lists    []*listener
	disk     *disk
	children map[host.ProcessID]*child
	sessions map[coord.Session]*session
	sessSeq  coord.Session
	living   atomic.Int32 // sessions that have not ended
	draws    map[string]uint64
	notes    []noted
	noteSeq  uint64
}

var (
	_ host.Host    = (*Host)(nil)
	_ coord.Client = (*Host)(nil)
)

// NewHost makes a host for one process.
func NewHost(o Options) (*Host, error) {
	if err := o.setDefaults(); err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	return &Host{
		o:        o,
		wake:     make(chan struct{}, 1),
		done:     make(chan struct{}),
		timers:   map[host.TimerID]timer{},
		conns:    map[host.ConnID]*conn{},
		children: map[host.ProcessID]*child{},
		sessions: map[coord.Session]*session{},
		draws:    map[string]uint64{},
	}, nil
}

// Self is the process's name.
func (h *Host) Self() host.ProcessID { return h.o.Self }

// Incarnation counts the starts of the process.
func (h *Host) Incarnation() uint32 { return h.o.Incarnation }

// Exit ends the process with a status once the current call returns. What it
// sent before is still delivered, and the sessions it closed before are closed.
func (h *Host) Exit(status int) {
	if !h.exited {
		h.exited, h.status = true, status
	}
}

// Run runs p, once. See the function [Run].
func (h *Host) Run(ctx context.Context, p host.Process) (int, error) {
	h.p = p
	h.others.Add(1)
	go h.supervise(ctx)
	h.recordSelf(Started, "")
	h.step(func() { p.Start(h) })
	for !h.over() {
		h.loop()
	}
	h.endAll()
	return h.status, h.failure
}

// Kill ends the process between two of its events, as SIGKILL does: its
// connections are reset, and what it has not written yet is lost. Run returns
// [ErrKilled].
func (h *Host) Kill() { h.post(func() { h.fail(ErrKilled) }) }

// Deliver hands the process a signal that an operator sent it.
func (h *Host) Deliver(s host.Signal) { h.post(func() { h.p.Signalled(s) }) }

// supervise tells the process to terminate when ctx is done, and ends it if it
// does not end by itself.
func (h *Host) supervise(ctx context.Context) {
	defer h.others.Done()
	select {
	case <-h.done:
		return
	case <-ctx.Done():
		h.Deliver(host.Terminate)
	}
	grace := time.NewTimer(h.o.Grace)
	defer grace.Stop()
	select {
	case <-h.done:
	case <-grace.C:
		h.post(func() {
			h.fail(fmt.Errorf("process %s did not end within %v of being told to", h.o.Self, h.o.Grace))
		})
	}
}

func (h *Host) over() bool { return h.exited || h.failure != nil }

func (h *Host) fail(err error) {
	if h.failure == nil {
		h.failure, h.status = err, -1
	}
}

// loop carries out the events that wait, or waits for some.
func (h *Host) loop() {
	h.mu.Lock()
	batch := h.inbox
	h.inbox = h.spare[:0]
	h.mu.Unlock()
	if len(batch) == 0 {
		<-h.wake
	}
	for i, f := range batch {
		batch[i] = nil
		if !h.over() {
			h.step(f)
		}
	}
	h.spare = batch
}

// step carries out one event. A panic in it ends the process.
func (h *Host) step(f func()) {
	defer func() {
		if r := recover(); r != nil {
			h.fail(fmt.Errorf("%w: %s: %v\n%s", ErrPanicked, h.o.Self, r, debug.Stack()))
		}
		if err := h.writeNotes(); err != nil {
			h.fail(err)
		}
	}()
	f()
}

// post hands the loop an event. It never blocks. It reports false once the
// process has ended.
func (h *Host) post(f func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return false
	}
	h.inbox = append(h.inbox, f)
	select {
	case h.wake <- struct{}{}:
	default:
	}
	return true
}

// Call runs f between two events of the process and returns when it has
// returned. It is for whoever watches the process from outside: a status page,
// a test. The process itself must not call it.
func (h *Host) Call(f func()) error {
	ran := make(chan struct{})
	if !h.post(func() { f(); close(ran) }) {
		return ErrEnded
	}
	select {
	case <-ran:
		return nil
	case <-h.done:
		select {
		case <-ran:
			return nil
		default:
			return ErrEnded
		}
	}
}

// endAll ends everything that the process had, as the end of a process does:
// what was sent goes out, children die, sessions are dropped.
func (h *Host) endAll() {
	h.mu.Lock()
	h.ended = true
	h.inbox = nil
	h.mu.Unlock()
	what, detail := Exited, ""
	if errors.Is(h.failure, ErrPanicked) {
		what, detail = Panicked, h.failure.Error()
	}
	h.recordSelf(what, detail) // it acts no more; what it has sent may still arrive
	close(h.done)
	for _, l := range h.lists {
		l.close()
	}
	for _, t := range h.timers {
		t.clock.Stop()
	}
	for _, c := range h.children {
		c.signal(os.Kill)
	}
	for _, s := range h.sessions {
		s.drop()
	}
	h.endConns()
	if h.disk != nil {
		h.disk.close(errors.Is(h.failure, ErrKilled))
	}
	h.others.Wait()
}
