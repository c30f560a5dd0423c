package why

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// A Trial is what became of the property in a run without one step of the
// slice, its delivery lost, or without the fault that began there.
type Trial struct {
	Step uint64
	Held bool // the property was not violated any more
}

// A Line is one step of a slice as it is told.
type Line struct {
	Step     uint64 `json:"step"`
	At       int64  `json:"at"`
	Actor    string `json:"actor"`
	Text     string `json:"text"`
	Because  []Back `json:"because"`
	Deciding bool   `json:"deciding"` // without it, or what carries it here, the property is not violated
	Tried    bool   `json:"tried"`    // there was a run without it
}

// A Back leads from a line to an earlier one, through steps that are not told.
type Back struct {
	Step    uint64 `json:"step"`
	How     How    `json:"how"`
	Through int    `json:"through"` // steps in between
}

// Candidates are the steps of the slice that a run can do without: first where
// faults begin, then deliveries, last things first.
func (s *Slice) Candidates() (faults, deliveries []uint64) {
	for i := len(s.Nodes) - 1; i >= 0; i-- {
		n := &s.Nodes[i]
		switch {
		case slices.ContainsFunc(n.Events, func(e trace.Event) bool { return e.Kind == trace.Fault && e.Value == "begin" }):
			faults = append(faults, n.Step.N)
		case n.Step.Kind == "message":
			deliveries = append(deliveries, n.Step.N)
		}
	}
	return faults, deliveries
}

// Lines are the steps of the slice that are worth a line, the last most of them
// if there are more: what a process told, what processes sent one another, and
// what decides. What carries it, as the packets of ZooKeeper, is counted.
func (s *Slice) Lines(trials []Trial, most int) []Line {
	tried := map[uint64]bool{}
	held := map[uint64]bool{}
	for _, t := range trials {
		tried[t.Step], held[t.Step] = true, t.Held
	}
	index := map[uint64]int{}
	shown := map[uint64]bool{}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		index[n.Step.N] = i
		shown[n.Step.N] = n.Step.N == s.Finding.Step || n.text() != "" || n.between()
	}
	var out []Line
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if !shown[n.Step.N] {
			continue
		}
		l := Line{Step: n.Step.N, At: n.Step.At, Actor: n.Step.Actor, Text: n.text(), Because: []Back{}, Tried: tried[n.Step.N], Deciding: held[n.Step.N]}
		if l.Text == "" {
			l.Text = n.plain()
		}
		been := map[uint64]bool{}
		s.back(&l, n, 0, index, shown, been)
		for x := range been { //det:allow or is of any order
			l.Tried, l.Deciding = l.Tried || tried[x] && !shown[x], l.Deciding || held[x] && !shown[x]
		}
		slices.SortStableFunc(l.Because, func(a, b Back) int { return int(int64(b.Step) - int64(a.Step)) })
		out = append(out, l)
	}
	return out[max(0, len(out)-most):]
}

// back adds the shown steps behind a node to a line.
func (s *Slice) back(l *Line, n *Node, through int, index map[uint64]int, shown, been map[uint64]bool) {
	for _, e := range n.Back {
		if been[e.Step] {
			continue
		}
		been[e.Step] = true
		if shown[e.Step] {
			l.Because = append(l.Because, Back{e.Step, e.How, through})
		} else {
			s.back(l, &s.Nodes[index[e.Step]], through+1, index, shown, been)
		}
	}
}

// text is what the step told, but for what a reader would not miss.
func (n *Node) text() string {
	var parts []string
	for i := range n.Events {
		e := &n.Events[i]
		switch e.Kind {
		case trace.Usage, trace.Bound, trace.Require, trace.Logged, trace.Delivered, trace.Restored, trace.Answered, trace.Vote, trace.Session:
			continue
		default:
		}
		parts = append(parts, trace.Describe(e))
	}
	return strings.Join(parts, "; ")
}

// between reports whether the step delivers what one of our processes sent to
// another, or is a timer of one.
func (n *Node) between() bool {
	a := n.Step.Actor
	return (n.Step.Kind == "message" || n.Step.Kind == "timer") && !strings.HasSuffix(a, "/zk") && !strings.HasPrefix(a, "z") && a != "network"
}

// plain is the step itself.
func (n *Node) plain() string {
	s := *n.Step
	s.Cause = 0
	return trace.Brief(&s)
}

// Tell writes the slice for people.
func (s *Slice) Tell(w io.Writer, trials []Trial, most int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is violated in step %d\n", s.Finding.Property, s.Finding.Step)
	for line := range strings.Lines(s.Finding.Detail) {
		fmt.Fprintf(&b, "  %s\n", strings.TrimRight(line, "\n"))
	}
	all := s.Lines(trials, maxSteps)
	lines := s.Lines(trials, most)
	fmt.Fprintf(&b, "\nit comes of %d steps; %d tell something", len(s.Nodes), len(all))
	if len(lines) < len(all) {
		fmt.Fprintf(&b, ", the last %d of them", len(lines))
	}
	fmt.Fprintf(&b, "; * decides: without it the property is not violated\n\n")
	for i := range lines {
		l := &lines[i]
		mark := " "
		if l.Deciding {
			mark = "*"
		}
		fmt.Fprintf(&b, "%s %6d %10s  %s\n", mark, l.Step, trace.Moment(l.At), l.Text)
		if len(l.Because) > 0 {
			fmt.Fprintf(&b, "%21s because of %s\n", "", because(l.Because))
		}
	}
	held := 0
	for _, t := range trials {
		if t.Held {
			held++
		}
	}
	fmt.Fprintf(&b, "\n%d runs without one fault or delivery of these; in %d of them the property is not violated\n", len(trials), held)
	_, err := io.WriteString(w, b.String())
	return err
}

func because(backs []Back) string {
	var parts []string
	for _, b := range backs {
		text := fmt.Sprintf("%d (%s", b.Step, b.How)
		if b.Through > 0 {
			text += fmt.Sprintf(", through %d steps", b.Through)
		}
		parts = append(parts, text+")")
	}
	return strings.Join(parts, ", ")
}
