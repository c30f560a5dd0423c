package proc

import (
	"os/exec"
	"syscall"
)

// ownGroup has cmd lead a process group, and die with this process.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// Decommission asks the process to take no more work (SIGPWR).
func (p *Proc) Decommission() error { return p.signal(p.PID(), syscall.SIGPWR) }
