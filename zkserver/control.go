package zkserver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	lab "github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/steer"
)

// Verbs are what a running ensemble can be told, with what each does.
var Verbs = []struct{ Name, Doc string }{
	{"status", "Print the servers, their processes and what they are"},
	{"kill", "Kill servers (SIGKILL)"},
	{"stop", "Ask servers to end (SIGTERM) and wait for it"},
	{"start", "Start servers that do not run, and wait until they serve"},
	{"pause", "Let servers stand still (SIGSTOP)"},
	{"resume", "Let paused servers go on (SIGCONT)"},
}

// carryOut does what one command says. Its answer is the status then.
func (e *ensemble) carryOut(ctx context.Context, words []string) (string, error) {
	if len(words) == 0 {
		return "", errors.New("no command")
	}
	do := map[string]func(context.Context, *lab.Server) error{
		"status": func(context.Context, *lab.Server) error { return nil },
		"start":  e.startIfDown,
		"kill":   func(_ context.Context, s *lab.Server) error { s.Kill(); return nil },
		"stop":   func(_ context.Context, s *lab.Server) error { s.Stop(); return nil },
		"pause":  func(_ context.Context, s *lab.Server) error { return e.pause(s, true) },
		"resume": func(_ context.Context, s *lab.Server) error { return e.pause(s, false) },
	}[words[0]]
	if do == nil {
		return "", fmt.Errorf("no command %q", words[0])
	}
	var ids []int
	for _, w := range words[1:] {
		id, err := strconv.Atoi(strings.TrimPrefix(w, "z"))
		if err != nil || id < 1 || id > e.o.Servers {
			return "", fmt.Errorf("no server %s: there are z1 to z%d", w, e.o.Servers)
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 && words[0] != "status" && words[0] != "start" {
		return "", fmt.Errorf("%s: which server? as %s 2", words[0], words[0])
	}
	if err := e.each(ctx, ids, do); err != nil {
		return "", err
	}
	if words[0] == "start" {
		e.settle(ctx)
	}
	return e.status(ctx), nil
}

// settle waits a while for the servers that run to serve, if a majority can.
func (e *ensemble) settle(ctx context.Context) {
	running := 0
	for _, s := range e.servers.Servers() {
		if !s.Ended() && !e.paused[s.ID()] {
			running++
		}
	}
	if running > e.o.Servers/2 {
		_ = e.servers.WaitFor(ctx, 10*time.Second, running) // the status tells who does not
	}
}

func (e *ensemble) pause(s *lab.Server, on bool) error {
	if s.Ended() {
		return fmt.Errorf("z%d does not run", s.ID())
	}
	e.paused[s.ID()] = on
	if on {
		return s.Pause()
	}
	return s.Resume()
}

// Control tells the ensemble that runs on the directory data what to do: a
// verb of [Verbs] and servers, by number. It returns the status then.
func Control(data, verb string, servers []string) (string, error) {
	text, err := steer.Ask(data, append([]string{verb}, servers...)...)
	switch {
	case errors.Is(err, steer.ErrNobody):
		return "", fmt.Errorf("zk: no simctl zk runs on %q", data)
	case err != nil:
		return "", fmt.Errorf("zk: %w", err)
	}
	return text, nil
}
