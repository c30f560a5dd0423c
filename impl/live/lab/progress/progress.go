// Package progress is how far clients are with their plans, as their records
// tell.
package progress

import (
	"strings"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/model/trace"
)

// A Client is how far one is.
type Client struct {
	ID   string
	Open int // operations without an answer, and drivers beside it
	jobs map[string]*job
}

// A job is one of a client's.
type job struct {
	over bool // the client knows that it has ended, or that it never will
}

// New is a client that has done nothing yet.
func New(id string) *Client { return &Client{ID: id, jobs: map[string]*job{}} }

// Observe counts an operation. A client that forgets masters stops asking of a
// job once it has given up.
func (c *Client) Observe(r *live.Record, patient bool) {
	j := c.jobs[r.Subject]
	if j == nil && r.Event == string(trace.Call) {
		j = &job{}
		c.jobs[r.Subject] = j
	}
	submit := r.Value == "submit"
	switch r.Event {
	case string(trace.Call):
		c.Open++
	case string(trace.Return):
		c.Open--
		refused := strings.HasPrefix(r.Detail, "error")
		j.over = j.over || submit && refused || r.Value == "status" && (refused || isFinal(r.Detail))
	case string(trace.App):
		switch own := string(r.Process) == c.ID; {
		case own && r.Value == "begun":
			c.Open++
		case own && r.Value == "exited":
			c.Open--
		}
	case string(trace.GaveUp):
		c.Open--
		j.over = j.over || submit || !patient
	}
}

// isFinal reports whether a client asks no more after this answer.
func isFinal(state string) bool {
	switch state {
	case "FINISHED", "FAILED", "KILLED", "ERROR", "not found":
		return true
	}
	return false
}

// Pending is how many of a plan's jobs have not ended, as far as the client
// knows.
func (c *Client) Pending(plan int) int {
	over := 0
	for _, j := range c.jobs {
		if j.over {
			over++
		}
	}
	return plan - over
}
