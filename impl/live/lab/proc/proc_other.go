//go:build !linux

package proc

import (
	"os/exec"
	"syscall"
)

// ownGroup has cmd lead a process group. Only Linux can also kill it when this
// process dies.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
