package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
)

// A status is an exit status. As an error it says that everything there is to
// say was printed already.
type status int

// The exit statuses.
const (
	held             status = 0 // every requested property held
	violated         status = 1 // a property was violated, or two runs differ
	unjudged         status = 2 // nothing was judged: usage, unreadable input, internal error
	inconclusive     status = 3 // a budget ran out, or there was nothing to judge
	nondeterministic status = 4 // same seed, different trace
	interrupted      status = 130
)

// severity orders the statuses for when several apply: the first wins.
var severity = []status{interrupted, nondeterministic, violated, unjudged, inconclusive, held}

// Error returns the status in words.
func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// verdict is the status in one word of JSON.
func (s status) verdict() string {
	switch s {
	case held:
		return string(checker.Pass)
	case violated:
		return string(checker.Violation)
	case nondeterministic:
		return "nondeterminism"
	case interrupted:
		return "interrupted"
	}
	return string(checker.Inconclusive)
}

// worse returns the status that wins.
func worse(a, b status) status {
	if slices.Index(severity, a) < slices.Index(severity, b) {
		return a
	}
	return b
}

// asError is nil for status 0.
func (s status) asError() error {
	if s == held {
		return nil
	}
	return s
}

func interruption(ctx context.Context) status {
	if ctx.Err() != nil {
		return interrupted
	}
	return held
}

// An expectation is what --expect asks for. The zero value asks for nothing.
type expectation struct {
	violation bool
	property  string // empty: any
}

// parseExpectation reads "violation" or "violation:PROPERTY".
func parseExpectation(text string, known []property) (expectation, error) {
	if text == "" {
		return expectation{}, nil
	}
	word, name, named := strings.Cut(text, ":")
	if word != "violation" || named && name == "" {
		return expectation{}, fmt.Errorf("--expect=%s: want violation or violation:PROPERTY", text)
	}
	if named && !slices.ContainsFunc(known, func(p property) bool { return p.Name == name }) {
		var names []string
		for _, p := range known {
			names = append(names, p.Name)
		}
		return expectation{}, fmt.Errorf("--expect=%s: no property %q%s", text, name, didYouMean(name, names))
	}
	return expectation{violation: true, property: name}, nil
}

// met reports whether a run has the violation that is expected.
func (x expectation) met(o *outcome) bool {
	return x.violation && slices.ContainsFunc(o.Findings, func(f checker.Finding) bool {
		return f.Verdict == checker.Violation && (x.property == "" || x.property == f.Property)
	})
}

// status is the exit status of one run: an expectation turns 1 into 0 and 0
// into 1, and leaves the others.
func (x expectation) status(o *outcome) status {
	switch {
	case o.Interrupted:
		return interrupted
	case o.Nondeterminism != "":
		return nondeterministic
	case x.met(o):
		return held
	case o.Verdict == checker.Violation:
		return violated
	case o.Verdict == checker.Inconclusive:
		return inconclusive
	case x.violation:
		return violated
	}
	return held
}
