package web_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/live/web"
)

// A desk stands for a master: it is in a state, knows one driver, and keeps
// what it was asked.
type desk struct {
	state string
	asked string
}

func (d *desk) refuses(only string) error {
	switch d.state {
	case "ALIVE":
		return nil
	case "GONE":
		return errors.New("the process has ended")
	}
	return web.NotAlive(d.state, only)
}

func (d *desk) Submit(_ context.Context, s web.Submission) (string, error) {
	d.asked = fmt.Sprintf("%+v", s)
	if err := d.refuses(web.AcceptSubmissions); err != nil {
		return "", err
	}
	return "driver-1", nil
}

func (d *desk) Kill(_ context.Context, id string) error {
	if err := d.refuses(web.KillDrivers); err != nil {
		return err
	}
	if id != "driver-1" {
		return web.Refusal("Driver " + id + " has already finished or does not exist")
	}
	return nil
}

func (d *desk) KillAll(context.Context) error { return d.refuses(web.KillDrivers) }

func (d *desk) Status(_ context.Context, id string) (web.DriverState, error) {
	err := d.refuses(web.RequestStatus)
	if err != nil || id != "driver-1" {
		return web.DriverState{}, err
	}
	return web.DriverState{Found: true, State: "RUNNING", WorkerID: "worker-1", WorkerHostPort: "127.0.0.1:7078"}, nil
}

func (d *desk) Clear(context.Context) error {
	if d.state == "GONE" {
		return d.refuses("")
	}
	return nil
}

func (d *desk) Ready(context.Context) (bool, error) {
	if d.state == "GONE" {
		return false, d.refuses("")
	}
	return d.state != "STANDBY", nil
}

// TestSubmissionScripts runs testdata/rest: "state ALIVE" sets the master's
// state; "POST PATH" and "GET PATH" send a request, with a body and, before an
// empty line, headers as "Name: value". Where the answers are Spark's to the
// letter but for Java's stacks, the script says so.
func TestSubmissionScripts(t *testing.T) {
	d := &desk{state: "ALIVE"}
	s, err := web.ServeSubmissions(":0", d)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	datadriven.RunTest(t, "testdata/rest", func(t *testing.T, c *datadriven.TestData) string {
		path := c.CmdArgs[0].String()
		if c.Cmd == "state" {
			d.state = path
			return "ok\n"
		}
		d.asked = ""
		var header []string
		body := c.Input
		if head, rest, ok := strings.Cut(c.Input, "\n--\n"); ok {
			name, value, _ := strings.Cut(head, ": ")
			header, body = []string{name, value}, rest
		}
		r, text := ask(t, c.Cmd, "http://"+s.Addr+path, body, header...)
		out := fmt.Sprintf("%d %s\n%s\n", r.StatusCode, r.Header.Get("Content-Type"), strings.TrimSpace(text))
		if d.asked != "" {
			out += "asked " + d.asked + "\n"
		}
		return out
	})
}

func TestARequestThatIsTooLongIsRefused(t *testing.T) {
	s, err := web.ServeSubmissions(":0", &desk{state: "ALIVE"})
	require.NoError(t, err)
	defer s.Close()
	r, text := ask(t, "POST", "http://"+s.Addr+"/v1/submissions/create", strings.Repeat(" ", 2<<20))
	require.Equal(t, 413, r.StatusCode)
	require.Contains(t, text, "Malformed request: more than 1048576 bytes")
}
