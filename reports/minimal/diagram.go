package minimal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/story"
)

// mostLines bounds a diagram, so that it is drawn and read.
const mostLines = 60

// A mark is one line of a diagram, or what is left out there.
type mark struct {
	at, step int64
	text     string
	weight   int // the lightest go first when there are too many
	who      []string
}

// Diagram is the run up to its violation as a Mermaid sequence diagram: who
// sent what to whom, what became of masters, sessions and jobs, and the faults.
// It has at most 60 lines of that; what repeats and what is farthest from the
// violation goes first, and a line says how much that was.
func (r *Report) Diagram() string {
	marks := append(r.messages(), r.moments()...)
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Compare(a.step, b.step) })
	all := len(marks)
	marks = heaviest(marks, mostLines)
	var b strings.Builder
	b.WriteString("sequenceDiagram\n")
	for _, who := range cast(marks) {
		fmt.Fprintf(&b, "  participant %s\n", who)
	}
	for _, m := range marks {
		fmt.Fprintf(&b, "  %s\n", m.text)
	}
	if n := all - len(marks); n > 0 {
		fmt.Fprintf(&b, "  %%%% %d further messages and events are left out\n", n)
	}
	return b.String()
}

// heaviest are the n marks of most weight, later ones before earlier ones of
// the same, in the order of the run.
func heaviest(marks []mark, n int) []mark {
	if len(marks) <= n {
		return marks
	}
	index := make([]int, len(marks))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(a, b int) int {
		return cmp.Or(cmp.Compare(marks[b].weight, marks[a].weight), cmp.Compare(b, a))
	})
	index = index[:n]
	slices.Sort(index)
	var out []mark
	for _, i := range index {
		out = append(out, marks[i])
	}
	return out
}

// cast are the machines that the diagram needs: clients, masters, workers,
// ZooKeeper.
func cast(marks []mark) []string {
	var out []string
	for _, m := range marks {
		for _, who := range m.who {
			if !slices.Contains(out, who) {
				out = append(out, who)
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.IndexByte("pcmwlzZ", a[0]), strings.IndexByte("pcmwlzZ", b[0])), cmp.Compare(a, b))
	})
	return out
}

// end is the step of the violation, or the last one.
func (r *Report) end() uint64 {
	if r.Finding.Step > 0 || len(r.Steps) == 0 {
		return r.Finding.Step
	}
	return r.Steps[len(r.Steps)-1].N
}

// messages are those of the cluster's processes to each other. A message whose
// like was sent between the same two before weighs less.
func (r *Report) messages() (out []mark) {
	seen := map[string]int{}
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.N > r.end() || s.Kind != "message" || s.Cause == 0 || s.Cause > uint64(len(r.Steps)) || strings.Contains(s.What, ".") {
			continue
		}
		from, to := machine(r.Steps[s.Cause-1].Actor), machine(s.Actor)
		if !named(from) || !named(to) || from == to || strings.HasPrefix(from, "z") && strings.HasPrefix(to, "z") {
			continue
		}
		like := from + to + s.What
		seen[like]++
		weight := 2
		if seen[like] > 1 || strings.HasPrefix(s.What, "Heartbeat") {
			weight = 0
		}
		out = append(out, mark{
			at: s.At, step: int64(s.N), weight: weight, who: []string{from, to},
			text: fmt.Sprintf("%s->>%s: %s (%s)", from, to, s.What, story.Seconds(s.At)),
		})
	}
	return out
}

// moments are the events that every account has, and the violation.
func (r *Report) moments() (out []mark) {
	told := false
	for i := range r.Events {
		e := &r.Events[i]
		if e.Step > r.end() {
			break
		}
		violation := e.Step == r.Finding.Step && !told && e.Step > 0
		who, weight := machine(e.Process), 0
		switch e.Kind {
		case trace.Elected, trace.State, trace.KilledOff, trace.HostLost, trace.Paused, trace.Resumed, trace.SessionExpired, trace.Exited, trace.Panicked:
			weight = 3
		case trace.Acked, trace.Obeyed, trace.Refused, trace.Job, trace.Call, trace.Return, trace.Recovered, trace.Executor, trace.App:
			weight = 1
		case trace.Fault:
			if groups := story.Targets(e.Detail); len(groups) > 0 {
				who = machine(groups[0][0])
			}
			weight = 4
		default:
			if !violation {
				continue
			}
		}
		if !named(who) {
			continue
		}
		note := fmt.Sprintf("Note over %s: %s (%s)", who, clean(trace.Describe(e)), story.Seconds(e.At))
		if violation {
			note, weight, told = note+"<br/>"+r.Property+" IS VIOLATED", 9, true
		}
		out = append(out, mark{at: e.At, step: int64(e.Step), weight: weight, who: []string{who}, text: note})
	}
	return out
}

// machine is the machine of a process: "w1" of "w1/driver-1#1".
func machine(process string) string {
	name, _, _ := strings.Cut(process, "/")
	return name
}

// named reports whether it is a machine of the scenario: "m1".
func named(who string) bool {
	return len(who) > 1 && strings.IndexByte("mwczpl", who[0]) >= 0 && who[1] >= '0' && who[1] <= '9'
}

// clean takes out what Mermaid reads as its own, and what is too long.
func clean(text string) string {
	text = strings.NewReplacer(";", ",", "#", "", "\n", " ", ":", ",").Replace(text)
	if len(text) > 110 {
		text = text[:107] + "..."
	}
	return text
}
