package kernel

import "strings"

// Frames are the innermost functions of the stack that are a process's or a
// server's, six at most, a line each, without addresses.
func (p Panic) Frames() string {
	var out []string
	for _, line := range strings.Split(p.Stack, "\n") {
		if i := strings.LastIndexByte(line, '('); i > 0 && !strings.HasPrefix(line, "\t") && (strings.Contains(line, "/impl/") || strings.Contains(line, "/sim/zk/")) {
			out = append(out, line[:i])
		}
		if len(out) == 6 {
			break
		}
	}
	return strings.Join(out, "\n")
}
