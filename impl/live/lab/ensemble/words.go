package ensemble

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// lastWords is why the server ended: the last cause it gave, or else the last
// line it wrote.
func (s *Server) lastWords() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	last := "it wrote nothing"
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line != "" && (strings.HasPrefix(line, "Caused by: ") || !strings.HasPrefix(last, "Caused by: ")) {
			last = line
		}
	}
	return last
}

// HowEnded says how a server ended that does not run: "killed", "ended", or
// its exit status and last words.
func (s *Server) HowEnded() string {
	switch {
	case s.proc == nil:
		return "never ran"
	case s.WasKilled():
		return "killed"
	case slices.Contains([]int{0, 128 + int(syscall.SIGINT), 128 + int(syscall.SIGTERM)}, s.proc.Wait()):
		return "ended"
	}
	return fmt.Sprintf("failed with status %d: %s", s.proc.Wait(), s.lastWords())
}
