package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/lab/ensemble"
	"github.com/simctl/simctl/impl/live/steer"
)

// A Process is one process of a cluster, as it was seen.
type Process struct {
	Name    string    `json:"name"` // "m1", "w2", "z3"
	Kind    string    `json:"kind"` // "master", "worker" or "server"
	Addr    host.Addr `json:"addr"`
	Page    string    `json:"page,omitempty"` // its status page
	PID     int       `json:"pid,omitempty"`  // absent if it does not run
	Running bool      `json:"running"`
	// State is what it says of itself: a master's state, the master that a
	// worker follows, a server's mode; empty if it does not say.
	State string `json:"state"`
}

// An action is what a command does to the processes that it names.
type action struct {
	member func(context.Context, *cluster, *member) error
	server func(*ensemble.Server) error
}

var actions = map[string]action{
	"stop": {
		func(_ context.Context, _ *cluster, m *member) error { m.proc.Finish(10 * time.Second); return nil },
		func(s *ensemble.Server) error { s.Stop(); return nil },
	},
	"kill": {
		func(_ context.Context, _ *cluster, m *member) error { _ = m.proc.Kill(); m.proc.Wait(); return nil },
		func(s *ensemble.Server) error { s.Kill(); return nil },
	},
	"start": {
		func(ctx context.Context, c *cluster, m *member) error { return c.start(ctx, m) },
		(*ensemble.Server).Start,
	},
}

// carryOut does what one command says. Its answer is the status then, as JSON.
func (c *cluster) carryOut(ctx context.Context, words []string) (string, error) {
	switch verb, named := words[0], words[1:]; verb {
	case "status":
	case "backup":
		if len(named) != 1 {
			return "", errors.New("backup: to which directory?")
		}
		if err := c.backup(named[0]); err != nil {
			return "", err
		}
	default:
		do, known := actions[verb]
		if !known {
			return "", fmt.Errorf("no command %q", verb)
		}
		if err := c.each(ctx, verb, named, do); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(c.status(ctx))
	return string(text), err
}

// each does something to the processes of these names, "active" among them;
// a start without a name to all that do not run. What runs already is not
// started, and what does not run is not stopped.
func (c *cluster) each(ctx context.Context, verb string, names []string, do action) error {
	if len(names) == 0 && verb != "start" {
		return fmt.Errorf("%s: which process? as %s m1", verb, verb)
	}
	status := c.status(ctx)
	for i, name := range names {
		if name == "active" {
			at := slices.IndexFunc(status, func(p Process) bool { return p.Kind == "master" && p.State == "ALIVE" })
			if at < 0 {
				return fmt.Errorf("%s: no master is ALIVE", verb)
			}
			names[i] = status[at].Name
		}
		if !slices.ContainsFunc(status, func(p Process) bool { return p.Name == names[i] }) {
			return fmt.Errorf("%s: no process %s", verb, name)
		}
	}
	for _, p := range status {
		named := slices.Contains(names, p.Name) || len(names) == 0
		if !named || p.Running == (verb == "start") {
			continue
		}
		if err := c.one(ctx, p.Name, do); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) one(ctx context.Context, name string, do action) error {
	for _, s := range c.servers.Servers() {
		if serverName(s) != name {
			continue
		}
		if err := do.server(s); err != nil {
			return err
		}
		if !s.Ended() { // it was started
			c.watch(ctx, name, s.Addr, s.PID(), s.Done())
		}
		return nil
	}
	for _, m := range c.members {
		if m.ID == name {
			return do.member(ctx, c, m)
		}
	}
	return nil
}

func serverName(s *ensemble.Server) string { return fmt.Sprintf("z%d", s.ID()) }

// status asks every process what it is.
func (c *cluster) status(ctx context.Context) (out []Process) {
	for _, s := range c.servers.Servers() {
		p := Process{Name: serverName(s), Kind: "server", Addr: s.Addr}
		if !s.Ended() {
			p.Running, p.PID, p.State = true, s.PID(), s.Mode(ctx)
		}
		out = append(out, p)
	}
	for _, m := range c.members {
		p := Process{Name: m.ID, Kind: m.Kind, Addr: m.Listen, Page: "http://" + m.HTTP + "/"}
		if !m.proc.Ended() {
			p.Running, p.PID, p.State = true, m.proc.PID(), c.says(ctx, m)
		}
		out = append(out, p)
	}
	return out
}

// says is what a master's or worker's page says of it.
func (c *cluster) says(ctx context.Context, m *member) string {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.HTTP+"/json/", nil)
	if err != nil {
		return ""
	}
	q.Close = true
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	var page struct{ Status, MasterURL string }
	if json.NewDecoder(r.Body).Decode(&page) != nil || m.Kind == "master" {
		return page.Status
	}
	for _, other := range c.members {
		if page.MasterURL == "spark://"+string(other.Listen) {
			return "follows " + other.ID
		}
	}
	return ""
}

// Tell tells the cluster that runs on a directory what to do: status, stop,
// kill, start, backup or down, and names. It returns what runs then, nothing
// after down.
func Tell(data, verb string, names ...string) ([]Process, error) {
	text, err := steer.Ask(data, slices.Concat([]string{verb}, names)...)
	switch {
	case errors.Is(err, steer.ErrNobody):
		return nil, fmt.Errorf("cluster: none runs on %q", data)
	case err != nil:
		return nil, fmt.Errorf("cluster: %w", err)
	case strings.TrimSpace(text) == "":
		return nil, nil
	}
	var out []Process
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	return out, nil
}
