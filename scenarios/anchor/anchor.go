// Package anchor is events of a run that something can wait for.
package anchor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/simctl/simctl/scenarios/hint"
)

// An Event is the N-th of its kind that a process tells. It prints as
// "z1:role/following#2". The zero Event is none.
type Event struct {
	Process string // who tells it, by its machine; or a set, any of which may: "masters"
	Kind    string // of the event, as traces name it
	Value   string // of the event, or its subject; "": any
	N       int    // counted from when the wait begins; 0 and 1 mean the first
}

// String returns "z1:role/following#2", and "" for the zero Event.
func (a Event) String() string {
	if a == (Event{}) {
		return ""
	}
	text := a.Process + ":" + a.Kind
	if a.Value != "" {
		text += "/" + a.Value
	}
	if a.N != 0 {
		text += fmt.Sprintf("#%d", a.N)
	}
	return text
}

// Is reports whether what a process tells is such an event.
func (a Event) Is(process, kind, subject, value string) bool {
	return a.Kind == kind && (a.Process == process || a.has(process)) && (a.Value == "" || a.Value == value || a.Value == subject)
}

// Sets lists the sets of processes that may stand for one of them.
func Sets() []string { return []string{"masters", "workers", "clients", "servers", "probes"} }

// Several reports whether a set's processes are waited for.
func (a Event) Several() bool { return slices.Contains(Sets(), a.Process) }

// has reports whether a process is of the set: its machine's name begins with
// the set's letter. A worker's children are not.
func (a Event) has(process string) bool {
	letter := a.Process[:min(1, len(a.Process))]
	if a.Process == "servers" {
		letter = "z"
	}
	return a.Several() && strings.HasPrefix(process, letter) && !strings.Contains(process, "/")
}

// most bounds N.
const most = 1_000_000

// Kinds lists the kinds of events that can be waited for.
func Kinds() []string {
	return []string{
		"started", "exited", "killed", "host-lost", "paused", "resumed",
		"state", "elected", "intent", "written", "recovered", "acked", "obeyed", "refused", "accepted", "usage", "registered",
		"job", "call", "return", "gave-up", "session", "failed",
		"role", "serving", "logged", "delivered", "restored", "answered", "vote",
		"zcall", "zreturn", "zwatch", "recipe", "app", "executor", "task", "effect", "ready",
	}
}

// Parse reads what String prints. Whether there is such a process it leaves to
// its caller, and whether the value is made of sound letters.
func Parse(text string) (Event, error) {
	var a Event
	what, count, counted := strings.Cut(text, "#")
	if counted {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 || n > most {
			return Event{}, fmt.Errorf("#%s counts nothing; want #1 to #%d", count, most)
		}
		a.N = n
	}
	who, event, ok := strings.Cut(what, ":")
	if !ok || who == "" {
		return Event{}, fmt.Errorf("want a machine and an event, as z1:role/following#2")
	}
	a.Process = who
	var valued bool
	a.Kind, a.Value, valued = strings.Cut(event, "/")
	if !slices.Contains(Kinds(), a.Kind) {
		return Event{}, fmt.Errorf("unknown event %q%s", a.Kind, hint.For(a.Kind, Kinds(), "one of "+strings.Join(Kinds(), ", ")))
	}
	if valued && a.Value == "" {
		return Event{}, fmt.Errorf("the value behind the / is empty")
	}
	return a, nil
}
