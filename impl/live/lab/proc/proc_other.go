//go:build !linux

package proc

import (
	"errors"
	"os/exec"
	"syscall"
)

// ownGroup has cmd lead a process group. Only Linux can also kill it when this
// process dies.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// Decommission fails: only Linux has SIGPWR.
func (p *Proc) Decommission() error { return errors.New("only Linux has SIGPWR") }
