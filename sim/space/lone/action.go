package lone

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space/inside"
)

// the kinds of action
const (
	completes = iota + 1 // the oldest call of the disk
	rings                // a timer
	starts
	crash // a fault, as all that follow
	fail  // the oldest call of the disk
	lose  // the power, with one of the outcomes
)

// id packs a kind and a number that is the same for the same thing in states that
// another action makes of one.
func id(kind, n uint64) explore.Action { return explore.Action{ID: kind<<56 | n} }

func unpack(a explore.Action) (kind, n uint64) { return a.ID >> 56, a.ID & (1<<56 - 1) }

// actions appends what can happen in w.
func (w *World) actions(dst []explore.Action) []explore.Action {
	if w.impl == nil {
		dst = append(dst, id(starts, 0))
		return w.losses(dst)
	}
	if len(w.calls) > 0 {
		dst = append(dst, id(completes, 0))
		if w.left[failures] > 0 {
			dst = append(dst, id(fail, 0))
		}
	}
	for _, t := range w.timers {
		dst = append(dst, id(rings, uint64(t.id)))
	}
	if w.left[crashes] > 0 {
		dst = append(dst, id(crash, 0))
	}
	return w.losses(dst)
}

func (w *World) losses(dst []explore.Action) []explore.Action {
	if w.left[losses] > 0 {
		for i := range w.disk.Outcomes() {
			dst = append(dst, id(lose, uint64(i)))
		}
	}
	return dst
}

// apply carries a out in w, which is being made.
func (w *World) apply(a explore.Action) {
	switch kind, n := unpack(a); kind {
	case completes, fail:
		c := w.calls[0]
		w.calls = w.calls[1:]
		result := c.carryOut(w, kind == fail)
		c.done.Run(w.impl, result)
	case rings:
		at := slices.IndexFunc(w.timers, func(t timer) bool { return t.id == host.TimerID(n) })
		t := w.timers[at]
		w.timers = slices.Delete(w.timers, at, at+1)
		t.call.Run(w.impl, nil)
	case starts:
		w.start()
	case crash:
		w.spend(crashes, "kill")
		w.die(trace.KilledOff, -1)
	case lose:
		w.spend(losses, "power-loss")
		if w.impl != nil {
			w.die(trace.HostLost, -1)
		}
		w.disk = w.disk.Outcomes()[n]
	}
}

func (w *World) spend(budget int, class string) {
	w.left[budget]--
	w.tell(trace.Event{Kind: trace.Fault, Subject: class, Value: "begin", Detail: class + " " + string(w.c.Name)})
}

// describe says what an action does.
func (w *World) describe(a explore.Action) string {
	who := string(w.c.Name)
	switch kind, n := unpack(a); kind {
	case completes:
		return fmt.Sprintf("%s: the disk has done %s", who, &w.calls[0])
	case fail:
		return fmt.Sprintf("%s: the disk fails to %s", who, &w.calls[0])
	case rings:
		for _, t := range w.timers {
			if t.id == host.TimerID(n) {
				return fmt.Sprintf("%s: %s", who, inside.Line(t.call, told{w}))
			}
		}
	case starts:
		return who + " starts"
	case crash:
		return who + " crashes"
	case lose:
		return fmt.Sprintf("the machine of %s loses its power and, of what was written, %s", who, w.disk.Differ(w.disk.Outcomes()[n]))
	}
	return "?"
}

// told says what people are told for numbers of the process.
type told struct{ w *World }

// Timer implements inside.Names.
func (n told) Timer(t host.TimerID) string {
	if names(n).Timer(t) > 1 {
		return "set"
	}
	return "rang"
}

// Conn implements inside.Names.
func (told) Conn(host.ConnID) string { return "none" }

// String shows the state to people: what is left of the budgets, the process with its
// timers, its calls of the disk and what it holds, and the files.
func (w *World) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "left\n  crashes %d\n  losses %d\n  failures %d\n", w.left[crashes], w.left[losses], w.left[failures])
	if w.impl == nil {
		fmt.Fprintf(&b, "%s is down\n", w.c.Name)
	} else {
		fmt.Fprintf(&b, "%s incarnation %d\n", w.c.Name, w.inc)
		for _, t := range w.timers {
			fmt.Fprintf(&b, "  timer %s\n", inside.Line(t.call, told{w}))
		}
		for i := range w.calls {
			fmt.Fprintf(&b, "  asks its disk to %s\n", &w.calls[i])
		}
		b.WriteString("  holds\n" + indented(inside.Text(w.impl, told{w}), "    "))
	}
	b.WriteString("disk\n" + indented(w.disk.String(), "  "))
	return b.String()
}

func indented(text, by string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(by + line)
	}
	return b.String()
}
