package explore

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/exploration"
	"github.com/simctl/simctl/reports"
)

// mostSteps is how many of the last steps of a path are told in words.
const mostSteps = 40

// Tell prints what came of a search, for people.
func Tell(w io.Writer, l *exploration.Line) error {
	var b strings.Builder
	fmt.Fprintf(&b, "explore %s", l.System)
	if l.Policy != "" {
		fmt.Fprintf(&b, "  policy=%s", l.Policy)
	}
	fmt.Fprintf(&b, "  strategy=%s  symmetry=%v\n  bounds     ", l.Strategy, l.Symmetry)
	for i, name := range slices.Sorted(maps.Keys(l.Bounds)) {
		if i > 0 {
			b.WriteString(" ")
		}
		fmt.Fprintf(&b, "%s=%s", name, orNone(l.Bounds[name]))
	}
	if len(l.Properties) > 0 {
		fmt.Fprintf(&b, "\n  judged     %s", strings.Join(l.Properties, ", "))
	}
	fmt.Fprintf(&b, "\n  and        %s\n", strings.Join(l.Rules, "\n             "))
	if l.Distinct > 0 {
		fmt.Fprintf(&b, "  states     %s distinct, %s transitions, depth %d; %s a second, %d bytes each, %s self-checks\n", reports.Thousands(l.Distinct),
			reports.Thousands(l.Transitions), l.Depth, reports.Thousands(l.StatesPerSecond), l.BytesPerState, reports.Thousands(l.SelfChecks))
	}
	if l.Goals {
		b.WriteString("  goals      from every state that was visited one can be reached in which the system does what it is for\n")
	}
	switch {
	case l.Complete:
		b.WriteString("  complete   every state within these bounds was visited\n")
	case l.Why != "":
		fmt.Fprintf(&b, "  incomplete %s\n", l.Why)
	}
	fmt.Fprintf(&b, "  verdict    %s\n", l.Verdict)
	for i := range l.Findings {
		tellFinding(&b, &l.Findings[i])
	}
	for _, dir := range l.Bundles {
		fmt.Fprintf(&b, "  bundle     %s\n  reproduce  simctl replay %s\n", dir, dir)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func tellFinding(b *strings.Builder, f *exploration.Finding) {
	if f.Verdict != checker.Violation {
		return
	}
	fmt.Fprintf(b, "\n%s is violated after %d actions: %s\n", f.Property, len(f.Path), f.Detail)
	from := max(0, len(f.Story)-mostSteps)
	if from > 0 {
		fmt.Fprintf(b, "  ... %d before\n", from)
	}
	for i, text := range f.Story[from:] {
		fmt.Fprintf(b, "  %3d  %s\n", from+i+1, text)
	}
	b.WriteString("\n")
}
