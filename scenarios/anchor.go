package scenarios

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/scenarios/hint"
)

// An Anchor is an event that a fault waits for: the N-th of its kind that a
// process tells. It prints as "z1:role/following#2"; where the value stands for
// nothing, any will do. The zero Anchor is none.
type Anchor struct {
	Process string // a machine, whose process tells it
	Kind    string // of the event, as traces name it
	Value   string // of the event; "": any
	N       int    // counted from the fault's At; 0 and 1 mean the first
}

// String returns "z1:role/following#2", and "" for the zero Anchor.
func (a Anchor) String() string {
	if a == (Anchor{}) {
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

// Anchors lists the kinds of events that a fault can wait for.
func Anchors() []string {
	return []string{
		"started", "exited", "killed", "host-lost", "paused", "resumed",
		"state", "elected", "intent", "written", "recovered", "acked", "obeyed", "refused", "accepted", "usage", "registered",
		"job", "call", "return", "gave-up", "session", "failed",
		"role", "serving", "logged", "delivered", "restored", "answered", "vote",
		"zcall", "zreturn", "zwatch", "recipe",
	}
}

func parseAnchor(text string) (Anchor, error) {
	var a Anchor
	what, count, counted := strings.Cut(text, "#")
	if counted {
		n, err := parseInt(count, 1, 1_000_000)
		if err != nil {
			return Anchor{}, err
		}
		a.N = int(n)
	}
	who, event, ok := strings.Cut(what, ":")
	if _, _, known := machine(who); !ok || !known {
		return Anchor{}, fmt.Errorf("want a machine and an event, as z1:role/following#2")
	}
	a.Process = who
	var valued bool
	a.Kind, a.Value, valued = strings.Cut(event, "/")
	if !contains(Anchors(), a.Kind) {
		return Anchor{}, fmt.Errorf("unknown event %q%s", a.Kind, hint.For(a.Kind, Anchors(), "one of "+strings.Join(Anchors(), ", ")))
	}
	if valued && a.Value == "" {
		return Anchor{}, fmt.Errorf("the value behind the / is empty")
	}
	return a, checkTag(a.Value)
}
