// Package why finds what a violation came from: the steps behind it, along who
// sent what is delivered, who set what rings, who wrote what is read, which role
// a process was in, and which fault was in force meanwhile. It reads steps and
// events and nothing else.
//
// The slice is what could have mattered, not what did: which of its deliveries
// and faults decide is for runs without them to say ([Slice.Candidates]).
package why

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/story"
)

// maxSteps is how many steps a slice has at most; what is furthest back is left
// out.
const maxSteps = 2000

// A How says how a step comes of an earlier one.
type How string

// The ways in which one step comes of another.
const (
	Sent     How = "sent"     // it delivers what the other sent
	Set      How = "set"      // it is a timer or an answer that the other asked for
	LetGo    How = "let go"   // what it delivers was held until then
	Role     How = "role"     // its process had become there what it still was
	Before   How = "before"   // its process did something there to the same job
	Stored   How = "stored"   // it reads or commits what was written there
	InForce  How = "in force" // the fault that began there hindered or delayed it
	Opened   How = "opened"   // the session that ends was opened there
	Involved How = "involved" // the finding tells of both
)

// An Edge leads back from a step.
type Edge struct {
	Step uint64
	How  How
}

// A Node is one step of a slice.
type Node struct {
	Step   *trace.Step
	Events []trace.Event // what the step told
	Back   []Edge        // what it comes of, first things first
}

// A Slice is the steps that a finding comes of, in their order.
type Slice struct {
	Finding checker.Finding
	Nodes   []Node
	Cut     bool // there is more behind it
}

// Steps are the numbers of the slice's steps.
func (s *Slice) Steps() []uint64 {
	var out []uint64
	for i := range s.Nodes {
		out = append(out, s.Nodes[i].Step.N)
	}
	return out
}

// slicer walks back.
type slicer struct {
	steps    []trace.Step
	events   []trace.Event
	at       map[uint64][]int // events of a step
	of       map[string][]int // events of a process
	faults   []span
	names    map[string]bool
	nodes    map[uint64]*Node
	expanded map[uint64]bool
	todo     []uint64 // sorted; the last is next
	cut      bool
}

// span is one fault, from its begin to its end.
type span struct {
	step     uint64
	from, to int64
	machines []string
}

// Of returns the slice of a finding. Steps must be a whole trace, from step 1.
func Of(steps []trace.Step, events []trace.Event, f checker.Finding) *Slice {
	s := &slicer{steps: steps, events: events, at: map[uint64][]int{}, of: map[string][]int{}, names: map[string]bool{}, nodes: map[uint64]*Node{}, expanded: map[uint64]bool{}}
	for i := range events {
		e := &events[i]
		s.at[e.Step] = append(s.at[e.Step], i)
		s.of[e.Process] = append(s.of[e.Process], i)
		if e.Kind == trace.Fault {
			s.fault(e)
		}
	}
	s.push(f.Step, true)
	clues, names := story.Clues(events, f)
	for _, n := range names {
		s.names[n] = true
	}
	for _, n := range clues {
		s.edge(f.Step, n, Involved)
	}
	for len(s.todo) > 0 {
		n := s.todo[len(s.todo)-1]
		s.todo = s.todo[:len(s.todo)-1]
		s.expand(n)
	}
	out := &Slice{Finding: f, Cut: s.cut}
	for i := range steps {
		if n := s.nodes[steps[i].N]; n != nil {
			slices.SortFunc(n.Back, func(a, b Edge) int { return int(int64(a.Step) - int64(b.Step)) })
			out.Nodes = append(out.Nodes, *n)
		}
	}
	return out
}

// fault notes when a fault began and ended, and whom its text names.
func (s *slicer) fault(e *trace.Event) {
	switch e.Value {
	case "begin":
		s.faults = append(s.faults, span{e.Step, e.At, 1<<63 - 1, strings.Fields(e.Detail)})
	case "end":
		for i := range s.faults {
			if f := &s.faults[i]; f.to == 1<<63-1 && slices.Equal(f.machines, strings.Fields(e.Detail)) {
				f.to = e.At
				return
			}
		}
	}
}

// push takes a step into the slice, and goes on from there if it is to.
func (s *slicer) push(n uint64, on bool) {
	if n == 0 || n > uint64(len(s.steps)) {
		return
	}
	if s.nodes[n] == nil && !s.add(n) || !on || s.expanded[n] {
		return
	}
	s.expanded[n] = true
	i, _ := slices.BinarySearch(s.todo, n)
	s.todo = slices.Insert(s.todo, i, n)
}

func (s *slicer) add(n uint64) bool {
	if len(s.nodes) >= maxSteps {
		s.cut = true
		return false
	}
	node := &Node{Step: &s.steps[n-1]}
	for _, i := range s.at[n] {
		node.Events = append(node.Events, s.events[i])
	}
	s.nodes[n] = node
	return true
}

// edge says that a step of the slice comes of another one. Where a role or a
// session came from is told, but not followed: all of them lead to the start.
func (s *slicer) edge(from, to uint64, how How) {
	s.push(to, how != Role && how != Opened)
	node := s.nodes[from]
	if node == nil || to == 0 || to >= from || s.nodes[to] == nil {
		return
	}
	if !slices.ContainsFunc(node.Back, func(e Edge) bool { return e.Step == to }) {
		node.Back = append(node.Back, Edge{to, how})
	}
}

// expand adds what a step comes of.
func (s *slicer) expand(n uint64) {
	step := &s.steps[n-1]
	cause, how := s.origin(step), Set
	if step.Kind == "message" {
		how = Sent
	}
	s.edge(n, cause, how)
	s.edge(n, step.Via, LetGo)
	s.hindered(step, cause)
	s.roles(step)
	for _, i := range s.at[n] {
		s.told(n, i)
	}
}

// origin is the step that caused another one. Of a timer that sets itself again
// and again it is the one that set it first.
func (s *slicer) origin(step *trace.Step) uint64 {
	for step.Kind == "timer" && step.Cause != 0 {
		by := &s.steps[step.Cause-1]
		if by.Actor != step.Actor || by.What != step.What || by.Kind != "timer" {
			break
		}
		step = by
	}
	return step.Cause
}

// hindered adds the faults that were in force on the machine of a timer, an end
// of a connection or a late delivery between its cause and it.
func (s *slicer) hindered(step *trace.Step, cause uint64) {
	late := step.Kind == "message" && step.Via != 0
	if step.Kind != "timer" && step.Kind != "hangup" && !late || cause == 0 || step.Actor == "world" {
		return
	}
	since := s.steps[step.Cause-1].At
	who := []string{machineOf(step.Actor), machineOf(s.steps[step.Cause-1].Actor)}
	for _, i := range s.at[step.N] {
		if e := &s.events[i]; e.Kind == trace.SessionExpired {
			who = append(who, machineOf(e.Process))
		}
	}
	for _, f := range s.faults {
		if f.step < step.N && f.to >= since && slices.ContainsFunc(f.machines, func(m string) bool { return slices.Contains(who, m) }) {
			s.edge(step.N, f.step, InForce)
		}
	}
}

// roles adds what the process of a step had become before it.
func (s *slicer) roles(step *trace.Step) {
	p := strings.TrimSuffix(step.Actor, "/zk")
	seen := map[trace.Kind]bool{}
	back := s.of[p]
	for i := s.before(back, step.N) - 1; i >= 0; i-- {
		e := &s.events[back[i]]
		switch e.Kind {
		case trace.State, trace.Registered, trace.Paused:
			if !seen[e.Kind] {
				s.edge(step.N, e.Step, Role)
			}
			seen[e.Kind] = true
		case trace.Started:
			return
		default:
		}
	}
}

// before is how many of some events are of steps before n.
func (s *slicer) before(list []int, n uint64) int {
	i, _ := slices.BinarySearchFunc(list, n, func(i int, n uint64) int { return int(int64(s.events[i].Step) - int64(n)) })
	return i
}

// told adds what an event of a step comes of by what it says.
func (s *slicer) told(n uint64, i int) {
	e := &s.events[i]
	switch e.Kind {
	case trace.Commit:
		s.last(n, i, Stored, func(o *trace.Event) bool {
			return o.Kind == trace.Intent && o.Process == e.Process && e.M != 0 && o.N == e.M && o.Term == e.Term
		})
	case trace.Recovered:
		_, id, _ := strings.Cut(e.Subject, "/")
		s.last(n, i, Stored, func(o *trace.Event) bool {
			return o.Kind == trace.Commit && id != "" && strings.Contains(o.Subject, id)
		})
	case trace.SessionExpired:
		s.last(n, i, Opened, func(o *trace.Event) bool { return o.Kind == trace.SessionUp && o.N == e.N })
		s.silent(n, e)
	default:
		if (s.names[e.Subject] || s.names[e.Value]) && e.Value != "status" && e.Subject != "status" {
			s.last(n, i, Before, func(o *trace.Event) bool {
				return o.Process == e.Process && o.Kind != trace.Usage && o.Value != "status" && o.Subject != "status" && (s.names[o.Subject] || s.names[o.Value])
			})
		}
	}
}

// silent adds the faults in force on the machine whose session ended.
func (s *slicer) silent(n uint64, e *trace.Event) {
	m := machineOf(e.Process)
	for _, f := range s.faults {
		if f.step < n && f.to >= e.At-1e10 && slices.Contains(f.machines, m) {
			s.edge(n, f.step, InForce)
		}
	}
}

// last adds the step of the last event before the i-th for which something holds.
func (s *slicer) last(n uint64, i int, how How, holds func(e *trace.Event) bool) {
	for i--; i >= 0; i-- {
		if o := &s.events[i]; o.Step < n && holds(o) {
			s.edge(n, o.Step, how)
			return
		}
	}
}

// machineOf is the machine of an actor or a process: "m1" of "m1/zk".
func machineOf(name string) string {
	m, _, _ := strings.Cut(name, "/")
	return m
}
