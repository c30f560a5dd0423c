// Package walk goes through a system that can be explored, one action after the
// other, as a person wants to.
package walk

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/simctl/simctl/checker/explore"
)

// A Walk is a way through the states of a system. It is used by one goroutine.
type Walk[S any] struct {
	sys     explore.System[S]
	show    func(S) string
	initial []S
	now     S
	enabled []explore.Action // in now
	broken  string           // the panic that ended the walk
}

// New begins in the first initial state. Show writes a state for people: what
// belongs to a line stands below it and is indented deeper. Without it people see
// the digest.
func New[S any](sys explore.System[S], show func(S) string) *Walk[S] {
	w := &Walk[S]{sys: sys, show: show, initial: sys.Initial()}
	w.to(w.initial[0])
	return w
}

func (w *Walk[S]) to(s S) {
	w.now = s
	w.broken = guard(func() { w.enabled = w.sys.Actions(s, nil) })
	if w.broken != "" {
		w.enabled = nil
	}
}

// prefix is before what a panic says.
const prefix = "panic: "

// guard is what f panicked with behind prefix, empty if it did not.
func guard(f func()) (broken string) {
	defer func() {
		if v := recover(); v != nil {
			broken = fmt.Sprint(prefix, v)
		}
	}()
	f()
	return ""
}

// Starts is how many initial states there are.
func (w *Walk[S]) Starts() int { return len(w.initial) }

// Start begins again in an initial state, counted from 0.
func (w *Walk[S]) Start(i int) error {
	if i < 0 || i >= len(w.initial) {
		return fmt.Errorf("there is no initial state %d: there are %d, counted from 0", i, len(w.initial))
	}
	w.to(w.initial[i])
	return nil
}

// Actions describes the enabled actions, in the system's order.
func (w *Walk[S]) Actions() []string {
	out := make([]string, len(w.enabled))
	for i, a := range w.enabled {
		if broken := guard(func() { out[i] = w.sys.Describe(w.now, a) }); broken != "" {
			out[i] = broken
		}
	}
	return out
}

// Find is the place of an enabled action among the others, by its ID in
// hexadecimal. It fails if the action is not enabled.
func (w *Walk[S]) Find(id string) (int, error) {
	n, err := strconv.ParseUint(id, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no action: want a hexadecimal number", id)
	}
	for i, a := range w.enabled {
		if a.ID == n {
			return i, nil
		}
	}
	return 0, fmt.Errorf("action %s is not possible here", id)
}

// Step takes an enabled action, by its place. If it panics, the walk ends where
// it is, and that is the violation.
func (w *Walk[S]) Step(i int) error {
	if i < 0 || i >= len(w.enabled) {
		return fmt.Errorf("there is no choice %d here: there are %d, counted from 0", i, len(w.enabled))
	}
	var next S
	if broken := guard(func() { next = w.sys.Apply(w.now, w.enabled[i]) }); broken != "" {
		w.broken, w.enabled = broken, nil
		return nil
	}
	w.to(next)
	return nil
}

// Peek is the digest of the state behind an enabled action, and the property
// that is violated there.
func (w *Walk[S]) Peek(i int) (sum uint64, property string) {
	var s S
	if guard(func() {
		s = w.sys.Apply(w.now, w.enabled[i])
		sum = w.sys.Digest(s)
		property, _ = w.sys.Check(s)
	}) != "" {
		return 0, explore.Panicked
	}
	return sum, property
}

// Sum is the state's digest.
func (w *Walk[S]) Sum() (sum uint64) {
	_ = guard(func() { sum = w.sys.Digest(w.now) }) // Violation tells it
	return sum
}

// Text is the state for people.
func (w *Walk[S]) Text() (text string) {
	if w.show == nil {
		return fmt.Sprintf("digest %016x", w.Sum())
	}
	if broken := guard(func() { text = w.show(w.now) }); broken != "" {
		return broken
	}
	return text
}

// Violation is the property that is violated in the state, and how; empty if
// there is none.
func (w *Walk[S]) Violation() (property, detail string) {
	if w.broken != "" {
		return explore.Panicked, strings.TrimPrefix(w.broken, prefix)
	}
	if broken := guard(func() { w.sys.Digest(w.now); property, detail = w.sys.Check(w.now) }); broken != "" {
		return explore.Panicked, strings.TrimPrefix(broken, prefix)
	}
	return property, detail
}
