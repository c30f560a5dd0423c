// Package exit is the exit statuses of simctl, which scripts depend on.
package exit

import (
	"context"
	"fmt"
	"slices"

	"github.com/simctl/simctl/checker"
)

// A Status is an exit status. As an error it says that everything there is to
// say was printed already.
type Status int

// The exit statuses.
const (
	Held             Status = 0 // every requested property held
	Violated         Status = 1 // a property was violated, or two runs differ
	Unjudged         Status = 2 // nothing was judged: usage, unreadable input, internal error
	Inconclusive     Status = 3 // a budget ran out, or there was nothing to judge
	Nondeterministic Status = 4 // same seed, different trace
	Interrupted      Status = 130
)

// severity orders the statuses for when several apply: the first wins.
var severity = []Status{Interrupted, Nondeterministic, Violated, Unjudged, Inconclusive, Held}

// Error returns the status in words.
func (s Status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Verdict is the status in one word of JSON.
func (s Status) Verdict() string {
	switch s {
	case Held:
		return string(checker.Pass)
	case Violated:
		return string(checker.Violation)
	case Nondeterministic:
		return "nondeterminism"
	case Interrupted:
		return "interrupted"
	}
	return string(checker.Inconclusive)
}

// Worse returns the status that wins.
func Worse(a, b Status) Status {
	if slices.Index(severity, a) < slices.Index(severity, b) {
		return a
	}
	return b
}

// AsError is nil for status 0.
func (s Status) AsError() error {
	if s == Held {
		return nil
	}
	return s
}

// Interruption is the status of a command whose context may have been
// cancelled.
func Interruption(ctx context.Context) Status {
	if ctx.Err() != nil {
		return Interrupted
	}
	return Held
}
