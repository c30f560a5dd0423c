package simctl

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/reports/story"
)

// told is how many violations are told in words; the others have their line.
const told = 3

// Story is the run in words, for somebody who has never seen the system, and
// what led to its violations.
func (r *Result) Story() (string, error) {
	var b strings.Builder
	if err := story.Tell(&b, r.Events); err != nil {
		return "", err
	}
	if r.Scenario.ShowVotes {
		b.WriteString("\nthe elections, vote by vote\n")
		if err := story.Votes(&b, r.Events); err != nil {
			return "", err
		}
	}
	err := r.tellViolations(&b)
	return b.String(), err
}

// Story is why the soak proves too little, if it does, and what led to its
// violations. All that happened is too long: it is on the bundle's page.
func (r *SoakResult) Story() (string, error) {
	var b strings.Builder
	if r.Short != "" {
		fmt.Fprintf(&b, "too little to judge: %s\n", r.Short)
	}
	err := r.tellViolations(&b)
	return b.String(), err
}

func (r *Result) tellViolations(b *strings.Builder) error {
	for i, f := range r.Violations() {
		if i == told {
			break
		}
		b.WriteByte('\n')
		if err := story.Violation(b, r.Events, f); err != nil {
			return err
		}
	}
	return nil
}
