// Package proc is the processes and ports of this machine that a live run takes,
// and gives back when it ends.
package proc

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// A Proc is a process of this machine that a live run started, with everything
// that it started itself: it leads a process group of its own, and dies with
// this process on Linux. [KillAll] ends all that are left.
type Proc struct {
	cmd   *exec.Cmd
	ended chan struct{}
	state *os.ProcessState // set when ended is closed
}

// Killed is the exit status of a process that a signal ended.
const Killed = -1

// running is every Proc that has not ended.
var running = struct {
	sync.Mutex
	procs map[*Proc]bool
}{procs: map[*Proc]bool{}}

// Start starts cmd. Its output should go to files: a pipe that what it
// started still holds is given up a second after its end.
func Start(cmd *exec.Cmd) (*Proc, error) {
	p := &Proc{cmd: cmd, ended: make(chan struct{})}
	ownGroup(cmd)
	cmd.WaitDelay = time.Second
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run starts the process and waits for it, on one thread: the kernel sends the
// death signal when the thread that started a child ends.
func (p *Proc) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	running.Lock()
	err := p.cmd.Start()
	if err == nil {
		running.procs[p] = true
	}
	running.Unlock()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // the state below says how it ended
	p.state = p.cmd.ProcessState
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL) // what it started and left behind
	running.Lock()
	delete(running.procs, p)
	running.Unlock()
	close(p.ended)
}

// PID is the process's number, and that of its group.
func (p *Proc) PID() int { return p.cmd.Process.Pid }

// Stop asks the process to end (SIGTERM).
func (p *Proc) Stop() error { return p.signal(p.PID(), syscall.SIGTERM) }

// Kill ends the process and all it started (SIGKILL).
func (p *Proc) Kill() error { return p.signal(-p.PID(), syscall.SIGKILL) }

// Pause lets the process stand still (SIGSTOP). What it started goes on, as it does
// beside any process that hangs.
func (p *Proc) Pause() error { return p.signal(p.PID(), syscall.SIGSTOP) }

// Resume lets it go on (SIGCONT).
func (p *Proc) Resume() error { return p.signal(p.PID(), syscall.SIGCONT) }

// Leads reports whether a process runs in this one's group, so that this one
// started it.
func (p *Proc) Leads(pid int) bool {
	group, err := syscall.Getpgid(pid)
	return pid > 0 && err == nil && group == p.PID() && !p.Ended()
}

// StopChild asks a process that this one started to end (SIGTERM). One that has
// ended is left alone.
func (p *Proc) StopChild(pid int) error { return p.signalChild(pid, syscall.SIGTERM) }

// KillChild ends a process that this one started (SIGKILL). One that has ended
// is left alone.
func (p *Proc) KillChild(pid int) error { return p.signalChild(pid, syscall.SIGKILL) }

// PauseChild lets a process that this one started stand still (SIGSTOP).
func (p *Proc) PauseChild(pid int) error { return p.signalChild(pid, syscall.SIGSTOP) }

// ResumeChild lets it go on (SIGCONT).
func (p *Proc) ResumeChild(pid int) error { return p.signalChild(pid, syscall.SIGCONT) }

func (p *Proc) signalChild(pid int, s syscall.Signal) error {
	if !p.Leads(pid) {
		return nil
	}
	return syscall.Kill(pid, s)
}

func (p *Proc) signal(pid int, s syscall.Signal) error {
	if p.Ended() {
		return fmt.Errorf("signal %s: %s has ended", s, p.cmd.Path)
	}
	return syscall.Kill(pid, s)
}

// Ended reports whether the process has ended. One that was never started, nil,
// has.
func (p *Proc) Ended() bool {
	if p == nil {
		return true
	}
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Done is closed when the process has ended.
func (p *Proc) Done() <-chan struct{} { return p.ended }

// Wait waits for the end and returns the exit status, -1 if a signal ended it.
func (p *Proc) Wait() int {
	<-p.ended
	return p.state.ExitCode()
}

// Finish stops the process, kills it if it has not ended after grace, and
// returns its exit status.
func (p *Proc) Finish(grace time.Duration) int {
	_ = p.Stop() // it may be gone already
	_ = p.Resume()
	select {
	case <-p.ended:
	case <-time.After(grace):
		_ = p.Kill()
	}
	return p.Wait()
}

// KillAll kills every process that was started and has not ended, and waits
// for them. It is for the end of a run, also after an interrupt.
func KillAll() {
	running.Lock()
	var left []*Proc
	for p := range running.procs {
		left = append(left, p)
	}
	running.Unlock()
	for _, p := range left {
		_ = p.Kill()
	}
	for _, p := range left {
		<-p.ended
	}
}
