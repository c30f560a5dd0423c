package trace

import (
	"fmt"
	"strings"
)

// A Difference is the first step in which two runs differ. A side is nil if
// that run had already ended.
type Difference struct {
	N    uint64 // the step's number
	A, B *Step
}

// Diff compares two runs step by step and returns the first difference, or
// nil if they are the same. Detail is for people and not compared: Sum covers
// what it tells.
func Diff(a, b []Step) *Difference {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			return &Difference{N: b[i].N, B: &b[i]}
		case i >= len(b):
			return &Difference{N: a[i].N, A: &a[i]}
		case !same(&a[i], &b[i]):
			return &Difference{N: a[i].N, A: &a[i], B: &b[i]}
		}
	}
	return nil
}

func same(a, b *Step) bool {
	x, y := *a, *b
	x.Detail, y.Detail = "", ""
	return x == y
}

// String shows both sides, one a line, each with what made it pending.
func (d *Difference) String() string {
	return fmt.Sprintf("first difference in step %d\n  a: %s\n  b: %s", d.N, side(d.A), side(d.B))
}

func side(s *Step) string {
	if s == nil {
		return "the run has ended"
	}
	return s.String()
}

// String shows a step on one line: number, moment, who, what, and its cause.
func (s *Step) String() string {
	text := fmt.Sprintf("step %d at %s: %s", s.N, Moment(s.At), s.Actor)
	if s.Inc > 1 {
		text += fmt.Sprintf("#%d", s.Inc)
	}
	text += " " + s.Kind + " " + s.What
	if s.Detail != "" {
		text += " " + s.Detail
	}
	if s.Forced != "" {
		text += ", forced: " + s.Forced
	}
	if s.Cause != 0 {
		text += fmt.Sprintf(" (because of step %d)", s.Cause)
	}
	return fmt.Sprintf("%s [%016x]", text, s.Sum)
}

// briefMax is how many characters of a step's argument [Brief] shows.
const briefMax = 120

// Brief is who does what in a step, and because of which one, without number
// and moment. Bytes, and what is long, are left out.
func Brief(s *Step) string {
	text := s.Detail
	if !strings.HasPrefix(text, s.What) {
		text = strings.TrimSpace(s.What + " " + text)
	}
	if strings.Contains(text, "Data:[") {
		text = s.What
	}
	if r := []rune(text); len(r) > briefMax {
		text = string(r[:briefMax-1]) + "…"
	}
	text = s.Actor + " " + s.Kind + " " + text
	if s.Forced != "" {
		text += ", forced: " + s.Forced
	}
	if s.Cause != 0 {
		text += fmt.Sprintf(" (because of step %d)", s.Cause)
	}
	return text
}
