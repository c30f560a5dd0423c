package program

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/impl/probe"
)

// ProbeArgs say what a real probe does: its program, whose moments count from
// Begin, on CLOCK_MONOTONIC, so that all probes of a run keep step.
type ProbeArgs struct {
	Program probe.Program
	Timeout time.Duration // of its sessions
	Begin   int64
}

// JSON is what [Options.Args] holds for a probe.
func (a ProbeArgs) JSON() string {
	text, err := json.Marshal(a)
	if err != nil {
		panic("program: a probe's argument: " + err.Error()) // plain data
	}
	return string(text)
}

// newProbe makes a probe that keeps step with the others: what should have begun
// already begins at once.
func (o *Options) newProbe(args string) (*probe.Probe, error) {
	var a ProbeArgs
	if err := json.Unmarshal([]byte(args), &a); err != nil {
		return nil, fmt.Errorf("a probe's argument: %w", err)
	}
	if past := time.Duration(live.Monotonic() - a.Begin); a.Begin > 0 {
		for i := range a.Program.Steps {
			a.Program.Steps[i].At = max(0, a.Program.Steps[i].At-past)
		}
		for i := range a.Program.Recipes {
			a.Program.Recipes[i].At = max(0, a.Program.Recipes[i].At-past)
		}
	}
	return probe.New(probe.Config{Servers: o.ZK, Timeout: a.Timeout, Program: a.Program}), nil
}

// glance is how often a probe is asked whether it has done everything.
const glance = 100 * time.Millisecond

// tellDone lets a probe's records say that it has done what it was to do, once.
// The function that it returns ends that.
func (o *Options) tellDone(h *live.Host, p *probe.Probe, r *live.Recorder) (end func()) {
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for done := false; !done; {
			select {
			case <-stop:
				return
			case <-time.After(glance):
			}
			if h.Call(func() { done = p.Progress().Done }) != nil {
				return
			}
		}
		_ = r.Write(live.Record{At: live.Monotonic(), Process: h.Self(), Inc: h.Incarnation(), Event: live.Done}) // the file fails for its other records too
	}()
	return func() { close(stop); <-ended }
}
