// Package moment is a run stopped at one step: who lives, who leads, whose
// session stands, what is broken, and what is still to come. It reads events
// and steps and nothing else.
package moment

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// pendingTold is how many pending steps are told, first things first.
const pendingTold = 24

// process is what is known of one process.
type process struct {
	name, kind string
	inc        uint32
	life       string // running, paused, or how it ended
	state      string // a master's recovery state, a server's role
	term       int64  // of that state, or the epoch
	follows    string // a worker's master
	calls      []string
	views      []string // its own view of its sessions, "latch connected"
}

// session is one that stands at the service.
type session struct {
	id    int64
	owner string
	since int64
}

// state is what the events so far add up to.
type state struct {
	at        int64
	step      uint64
	processes []*process
	sessions  []session
	faults    []string
	service   string
	jobs      []job
}

type job struct{ driver, state string }

// Tell writes the state of a run after its events: processes with their roles
// and terms, sessions, faults, drivers, and pending steps.
func Tell(w io.Writer, events []trace.Event, step uint64, at int64, pending []trace.Step) error {
	s := state{at: at, step: step}
	for i := range events {
		s.see(&events[i])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "after step %d, at %s\n", step, trace.Moment(at))
	for _, p := range s.processes {
		fmt.Fprintf(&b, "  %-22s %s\n", p.title(), p.text())
	}
	for _, x := range s.sessions {
		fmt.Fprintf(&b, "  %-22s of %s, since %s\n", fmt.Sprintf("session %#x", x.id), x.owner, trace.Moment(x.since))
	}
	if s.service != "" {
		fmt.Fprintf(&b, "  %-22s %s\n", "coordination service", s.service)
	}
	for _, j := range s.jobs {
		fmt.Fprintf(&b, "  %-22s %s\n", j.driver, j.state)
	}
	for _, f := range s.faults {
		fmt.Fprintf(&b, "  %-22s %s\n", "in force", f)
	}
	tellPending(&b, pending)
	_, err := io.WriteString(w, b.String())
	return err
}

func tellPending(b *strings.Builder, pending []trace.Step) {
	fmt.Fprintf(b, "  %d steps are pending", len(pending))
	if len(pending) > pendingTold {
		fmt.Fprintf(b, ", the first %d of them", pendingTold)
	}
	b.WriteByte('\n')
	for i := range min(len(pending), pendingTold) {
		p := &pending[i]
		fmt.Fprintf(b, "    at %-10s %s\n", trace.Moment(p.At), trace.Brief(p))
	}
}

// find returns what is known of a process, which is made known by it.
func (s *state) find(name string) *process {
	i := slices.IndexFunc(s.processes, func(p *process) bool { return p.name == name })
	if i < 0 {
		s.processes = append(s.processes, &process{name: name})
		i = len(s.processes) - 1
	}
	return s.processes[i]
}

func (p *process) title() string {
	name := p.name
	if p.inc > 1 {
		name += fmt.Sprintf("#%d", p.inc)
	}
	if p.kind != "" && !strings.Contains(p.name, "/") {
		name += " " + p.kind
	}
	return name
}

func (p *process) text() string {
	words := []string{p.life}
	if p.state != "" {
		text := p.state
		if p.term != 0 {
			unit := "term"
			if p.kind == "server" {
				unit = "epoch"
			}
			text += fmt.Sprintf(" in %s %d", unit, p.term)
		}
		words = append(words, text)
	}
	if p.follows != "" {
		words = append(words, "registered with "+p.follows)
	}
	words = append(words, p.views...)
	if len(p.calls) > 0 {
		words = append(words, "waits for "+strings.Join(p.calls, ", "))
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), "; ")
}

// see takes one event into account.
func (s *state) see(e *trace.Event) {
	switch e.Kind {
	case trace.Started, trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused, trace.Resumed:
		s.life(e)
	case trace.State, trace.Role, trace.Serving:
		p := s.find(e.Process)
		p.state, p.term = e.Value, e.Term
		if e.Kind == trace.Serving {
			p.state = e.Value + ", serving"
		}
	case trace.Registered:
		p := s.find(e.Process)
		p.follows = fmt.Sprintf("%s in term %d", e.Value, e.Term)
	case trace.SessionUp:
		s.sessions = append(s.sessions, session{e.N, e.Process, e.At})
	case trace.SessionExpired:
		s.sessions = slices.DeleteFunc(s.sessions, func(x session) bool { return x.id == e.N })
	case trace.Session:
		s.find(e.Process).view(e)
	case trace.Fault:
		s.fault(e)
	case trace.ServiceUp:
		s.service = "has a quorum"
	case trace.ServiceDown:
		s.service = "has no quorum"
	case trace.Call, trace.Return, trace.GaveUp:
		s.find(e.Process).call(e)
	case trace.Job:
		s.job(e)
	default:
	}
}

func (s *state) life(e *trace.Event) {
	p := s.find(e.Process)
	switch e.Kind {
	case trace.Started:
		*p = process{name: p.name, kind: e.Value, inc: uint32(e.N), life: "runs"}
	case trace.Resumed:
		p.life = "runs"
	case trace.Paused:
		p.life = "stands still"
	default:
		ended := map[trace.Kind]string{trace.Exited: "ended by itself", trace.KilledOff: "killed", trace.HostLost: "vanished with its machine"}
		*p = process{name: p.name, kind: p.kind, inc: p.inc, life: ended[e.Kind]}
	}
	if p.life != "runs" && p.life != "stands still" && strings.Contains(p.name, "/") {
		s.processes = slices.DeleteFunc(s.processes, func(q *process) bool { return q == p })
	}
}

func (p *process) view(e *trace.Event) {
	p.views = slices.DeleteFunc(p.views, func(v string) bool { return strings.HasPrefix(v, e.Subject+" ") })
	p.views = append(p.views, e.Subject+" session "+e.Value)
}

func (p *process) call(e *trace.Event) {
	text := strings.TrimSpace(e.Value + " of " + e.Subject)
	if i := slices.Index(p.calls, text); i >= 0 {
		p.calls = slices.Delete(p.calls, i, i+1)
	}
	if e.Kind == trace.Call {
		p.calls = append(p.calls, text)
	}
}

func (s *state) fault(e *trace.Event) {
	text := e.Detail
	switch i := slices.Index(s.faults, text); {
	case e.Value == "begin" && i < 0:
		s.faults = append(s.faults, text)
	case e.Value == "end" && i >= 0:
		s.faults = slices.Delete(s.faults, i, i+1)
	}
}

func (s *state) job(e *trace.Event) {
	i := slices.IndexFunc(s.jobs, func(j job) bool { return j.driver == e.Subject })
	if i < 0 {
		s.jobs = append(s.jobs, job{driver: e.Subject})
		i = len(s.jobs) - 1
	}
	s.jobs[i].state = fmt.Sprintf("%s on %s (attempt %d)", e.Value, strings.SplitN(e.Process, "/", 2)[0], e.N)
}

// Watch writes every step and event of some machines, processes or actors: "m1"
// is also its session's client m1/zk and its children.
func Watch(w io.Writer, steps []trace.Step, events []trace.Event, names []string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "what %s did and saw\n", strings.Join(names, ", "))
	for i := range steps {
		n := steps[i].N
		var told []*trace.Event
		for len(events) > 0 && events[0].Step <= n {
			if watched(names, events[0].Process) {
				told = append(told, &events[0])
			}
			events = events[1:]
		}
		if watched(names, steps[i].Actor) {
			fmt.Fprintf(&b, "  %6d %10s  %s\n", n, trace.Moment(steps[i].At), trace.Brief(&steps[i]))
		}
		for _, e := range told {
			fmt.Fprintf(&b, "  %6d %10s    %s\n", e.Step, trace.Moment(e.At), trace.Describe(e))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func watched(names []string, who string) bool {
	return who != "" && slices.ContainsFunc(names, func(n string) bool { return who == n || strings.HasPrefix(who, n+"/") })
}

// Strangers are the names that no step's actor and no event's process has.
func Strangers(steps []trace.Step, events []trace.Event, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return slices.ContainsFunc(steps, func(s trace.Step) bool { return watched([]string{n}, s.Actor) }) ||
			slices.ContainsFunc(events, func(e trace.Event) bool { return watched([]string{n}, e.Process) })
	})
}
