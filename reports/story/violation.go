package story

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// leadUp is how many events of each sort a violation shows: those about the
// same job, and those about masters, sessions and faults.
const leadUp = 8

// Violation prints what a violated property needs to be understood: the
// property, the step, why, and what led to it in words, the event that broke
// it last and marked. Clues are events whose master, job or term the finding
// or that event names.
func Violation(w io.Writer, events []trace.Event, f checker.Finding) error {
	var b strings.Builder
	fmt.Fprintf(&b, "VIOLATION  %s", f.Property)
	if f.Step > 0 {
		fmt.Fprintf(&b, "  step %d", f.Step)
	}
	b.WriteByte('\n')
	for line := range strings.Lines(f.Detail) {
		fmt.Fprintf(&b, "  %s\n", strings.TrimRight(line, "\n"))
	}
	if clues := clues(events, f); len(clues) > 0 {
		b.WriteString("\n  what led to it:\n")
		for _, e := range clues {
			mark := ""
			if f.Step > 0 && e.Step == f.Step {
				mark = "   <- here"
			}
			fmt.Fprintf(&b, "  %6d  %9s  %s%s\n", e.Step, Seconds(e.At), trace.Describe(e), mark)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Clues are the steps that a violation's detail names or, if it names none but
// that of the violation, of the last events about the job, worker or application
// that it names; and these names.
func Clues(events []trace.Event, f checker.Finding) (steps []uint64, names []string) {
	named := stepsOf(f.Detail)
	delete(named, f.Step)
	for n := range named { //det:allow sorted below
		steps = append(steps, n)
	}
	for _, e := range clues(events, f) {
		if len(named) == 0 && !always(e) {
			steps = append(steps, e.Step)
		}
	}
	for id, tag := range tagsOf(events) { //det:allow sorted below
		if mentions(f.Detail, id) || mentions(f.Detail, tag) {
			names = append(names, id, tag)
		}
	}
	slices.Sort(names)
	slices.Sort(steps)
	return slices.Compact(steps), slices.Compact(names)
}

// clues picks the last events before the violation that have to do with it.
func clues(events []trace.Event, f checker.Finding) []*trace.Event {
	if f.Step == 0 {
		return nil
	}
	end := 0
	for end < len(events) && events[end].Step <= f.Step {
		end++
	}
	names := map[string]bool{}
	tags := tagsOf(events)
	for id, tag := range tags {
		if mentions(f.Detail, id) || mentions(f.Detail, tag) {
			names[id], names[tag] = true, true
		}
	}
	for i := end - 1; i >= 0 && events[i].Step == f.Step && len(names) == 0; i-- {
		if e := &events[i]; telling(e) {
			names[e.Value] = names[e.Value] || tags[e.Value] != ""
			names[e.Subject] = names[e.Subject] || tags[e.Subject] != ""
		}
	}
	delete(names, "")
	return lastClues(events[:end], f.Step, stepsOf(f.Detail), names)
}

var stepNumber = regexp.MustCompile(`step (\d+)`)

// stepsOf are the steps that a finding's detail names.
func stepsOf(detail string) map[uint64]bool {
	steps := map[uint64]bool{}
	for _, m := range stepNumber.FindAllStringSubmatch(detail, -1) {
		if n, err := strconv.ParseUint(m[1], 10, 64); err == nil {
			steps[n] = true
		}
	}
	return steps
}

// lastClues takes the last events about the names, those of the steps that the
// detail names, and the last of what is part of every account, in the order of
// the run.
func lastClues(events []trace.Event, step uint64, steps map[uint64]bool, names map[string]bool) []*trace.Event {
	var out []*trace.Event
	fits := func(e trace.Event) bool { return e.Step == step && (always(&e) || telling(&e) && about(&e, names)) }
	if last := len(events) - 1; last >= 0 && !slices.ContainsFunc(events, fits) {
		out = append(out, &events[last]) // nothing of the step fits; its last event stands for it
	}
	named, plain := leadUp, leadUp
	for i := len(events) - 1; i >= 0; i-- {
		e := &events[i]
		switch {
		case always(e) && plain > 0:
			out, plain = append(out, e), plain-1
		case steps[e.Step] && telling(e) && about(e, names):
			out = append(out, e)
		case telling(e) && about(e, names) && named > 0:
			out, named = append(out, e), named-1
		}
	}
	slices.Reverse(out)
	return out
}

// always reports whether the event is part of every account.
func always(e *trace.Event) bool {
	switch e.Kind {
	case trace.Elected, trace.State, trace.Panicked, trace.HostLost, trace.KilledOff, trace.Paused, trace.Resumed:
		return !isDriver(e.Process)
	case trace.Fault:
		return e.Value == "begin"
	case trace.SessionExpired:
		return true
	default:
		return false
	}
}

// telling leaves out what a reader would not miss.
func telling(e *trace.Event) bool {
	switch e.Kind {
	case trace.Usage, trace.Bound, trace.Require, trace.Intent, trace.Session, trace.Started,
		trace.Logged, trace.Delivered, trace.Restored, trace.Answered, trace.Vote:
		return false
	default:
		return e.Kind != trace.Acked || e.Subject != "status"
	}
}

func about(e *trace.Event, names map[string]bool) bool {
	return names[e.Subject] || names[e.Value] || names[strings.TrimPrefix(e.Subject, "driver/")]
}

// mentions reports whether the word stands in the text by itself.
func mentions(text, word string) bool {
	for from := 0; word != ""; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(word)
		if (i == 0 || !inWord(text[i-1])) && (end == len(text) || !inWord(text[end])) {
			return true
		}
		from = i + 1
	}
	return false
}

func inWord(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
