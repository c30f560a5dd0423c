package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/cmd/simctl/exit"
	"github.com/simctl/simctl/reports/seen"
)

// The exit statuses, by short names.
type status = exit.Status

const (
	held             = exit.Held
	violated         = exit.Violated
	unjudged         = exit.Unjudged
	inconclusive     = exit.Inconclusive
	nondeterministic = exit.Nondeterministic
	interrupted      = exit.Interrupted
)

// An expectation is what --expect asks for. The zero value asks for nothing.
type expectation struct {
	violation bool
	property  string // empty: any
}

// parseExpectation reads "violation" or "violation:PROPERTY". What a scenario says
// itself, scenario-is-seen, is no property of every run, and may be expected too.
func parseExpectation(text string, known []property) (expectation, error) {
	if text == "" {
		return expectation{}, nil
	}
	word, name, named := strings.Cut(text, ":")
	if word != "violation" || named && name == "" {
		return expectation{}, fmt.Errorf("--expect=%s: want violation or violation:PROPERTY", text)
	}
	if named && name != seen.Property && !slices.ContainsFunc(known, func(p property) bool { return p.Name == name }) {
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
