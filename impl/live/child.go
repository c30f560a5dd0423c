package live

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"github.com/simctl/simctl/impl/host"
)

// A child is a process that this one started.
type child struct {
	mu      sync.Mutex
	proc    *os.Process // nil until it has started
	pending []os.Signal // sent before that
	over    bool
}

func (c *child) signal(s os.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
	case c.proc == nil:
		c.pending = append(c.pending, s)
	default:
		_ = c.proc.Signal(s) // gone already: then Exited is on its way
	}
}

// Spawn starts p as a process of its own, which dies with this one.
func (h *Host) Spawn(p host.Program) host.ProcessID {
	id := h.o.Self + "/" + host.ProcessID(p.Name)
	if h.exited {
		return id
	}
	c := &child{}
	h.children[id] = c
	h.others.Add(1)
	go func() {
		defer h.others.Done()
		status := c.run(h.o.ChildCommand, p)
		h.post(func() {
			if h.children[id] == c {
				delete(h.children, id)
			}
			h.p.Exited(id, status)
		})
	}()
	return id
}

// run starts the child and waits for its end. It returns the exit status, -1
// if a signal ended it or it did not start.
func (c *child) run(command func(host.Program) *exec.Cmd, p host.Program) int {
	if command == nil {
		return -1
	}
	cmd := command(p)
	// The kernel sends the death signal when the *thread* that started the
	// child ends, so this thread stays until the child has ended.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dieWithParent(cmd)
	if err := c.start(cmd); err != nil {
		return -1
	}
	_ = cmd.Wait() // the state below says how it ended
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	return cmd.ProcessState.ExitCode()
}

func (c *child) start(cmd *exec.Cmd) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := cmd.Start(); err != nil {
		c.over = true
		return err
	}
	c.proc = cmd.Process
	for _, s := range c.pending {
		_ = c.proc.Signal(s)
	}
	return nil
}

// Signal sends s to a child.
func (h *Host) Signal(id host.ProcessID, s host.Signal) {
	c := h.children[id]
	if c == nil {
		return
	}
	if s == host.Kill {
		c.signal(syscall.SIGKILL)
	} else {
		c.signal(syscall.SIGTERM)
	}
}
