//go:build !linux

package live

import "os/exec"

// dieWithParent does nothing: only Linux can kill a process with its parent.
func dieWithParent(*exec.Cmd) {}
