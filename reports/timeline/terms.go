package timeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/story"
)

// closeReigns ends each term where its master stopped being it, and tells
// when it acted last, if that was later.
func (b *builder) closeReigns() {
	for i := range b.reigns {
		r := &b.reigns[i]
		if m := b.byName[machineOf(r.End)]; m != nil {
			r.To = reignEnd(m, r.From)
		}
		r.End = ""
		for _, a := range b.acts {
			if fmt.Sprint(a.term) == r.Key {
				r.Tail = max(r.Tail, a.at)
			}
		}
		if r.To == open || r.Tail <= r.To {
			r.Tail = 0
		}
	}
}

// reignEnd is when a master that was elected stopped reigning: it stood by
// again, or went down, or was suspended for good.
func reignEnd(m *machine, from int64) int64 {
	suspended := open
	for _, s := range m.states {
		switch {
		case s.From <= from:
		case s.Class == "down" || s.Class == "standby":
			if suspended != open {
				return suspended
			}
			return s.From
		case s.Class == "suspended":
			suspended = s.From
		default:
			suspended = open
		}
	}
	return suspended
}

// termLanes has a row for each set of terms that do not overlap, and what was
// done in their names.
func (b *builder) termLanes() []lane {
	if len(b.reigns) == 0 {
		return nil
	}
	byTerm := map[string]int{}
	packed := pack(b.reigns)
	l := lane{Group: terms, Name: "terms"}
	for i, bars := range packed {
		for _, r := range bars {
			byTerm[r.Key] = i
		}
	}
	ticks := make([][]bar, len(packed))
	for _, a := range b.acts {
		if i, ok := byTerm[fmt.Sprint(a.term)]; ok {
			ticks[i] = append(ticks[i], bar{From: a.at, To: a.at, Class: "act", Step: a.step, Key: fmt.Sprint(a.term)})
		}
	}
	for i, bars := range packed {
		l.Rows = append(l.Rows, row{"band", bars}, row{"tick", orEmpty(ticks[i])})
	}
	return []lane{l}
}

// fault opens or closes the bar of a fault.
func (b *builder) fault(e *trace.Event) {
	switch e.Value {
	case "begin":
		targets := story.Targets(e.Detail)
		var sides, on []string
		for _, g := range targets {
			sides = append(sides, shorten(g))
			on = append(on, g...)
		}
		f := bar{From: e.At, To: open, Class: e.Subject, Title: e.Detail, Step: e.Step, On: on,
			Label: strings.TrimSpace(e.Subject + " " + strings.Join(sides, " | "))}
		if happensOnce(e) {
			f.To = e.At
		}
		b.faults = append(b.faults, f)
	case "end":
		for i := range b.faults {
			if f := &b.faults[i]; f.Title == e.Detail && f.To == open {
				f.To = e.At
				break
			}
		}
	}
}

// shorten names a few machines, and counts many.
func shorten(group []string) string {
	const few = 4
	if len(group) > few {
		return fmt.Sprintf("%d others", len(group))
	}
	return strings.Join(group, " ")
}

// happensOnce reports whether a fault is over as soon as it began.
func happensOnce(e *trace.Event) bool {
	switch e.Subject {
	case "reset", "expire", "renumber", "myid", "backup", "restore", "tear", "decommission":
		return true
	case "zk-leader-loss", "clock-jump", "lost-reply", "session-cut", "drop", "duplicate":
		return !strings.Contains(e.Detail, "for=")
	}
	return false
}

// naturally orders names as people do: z2 before z10.
func naturally(a, b string) int {
	x, y := digitsCut(a), digitsCut(b)
	if x == y && len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func digitsCut(s string) string { return strings.TrimRight(s, "0123456789") }

// kinds of rows that hold nothing are left out.
func (l *lane) trim() {
	l.Rows = slices.DeleteFunc(l.Rows, func(r row) bool { return len(r.Bars) == 0 && r.Kind != "band" })
}
