// Package checker is the judges' common ground: what a property is, and what
// it says of a run. A judge reads a run's events and never the run itself, so
// the same one judges simulated, explored and live runs.
package checker

import "github.com/simctl/simctl/model/trace"

// A Verdict is what a property says of a run.
type Verdict string

// The verdicts. Inconclusive: a budget ran out, or there was nothing to judge.
const (
	Pass         Verdict = "pass"
	Violation    Verdict = "violation"
	Inconclusive Verdict = "inconclusive"
)

// A Finding is one property's verdict on one run.
type Finding struct {
	Property string  `json:"property"`
	Verdict  Verdict `json:"verdict"`
	// Step is the first step in which the property was false, 0 if none.
	Step uint64 `json:"step"`
	// Detail lets a person see why: the two events that contradict each
	// other, the bound that was missed and its terms, or what was counted.
	Detail string `json:"detail"`
}

// A Monitor watches one run for one property. It sees the events in the order
// of the run, one at a time, and may be asked for its finding at any moment;
// asked after the event trace.Ended it gives the final one.
type Monitor interface {
	Observe(e *trace.Event)
	Finding() Finding
}

// A Kind says what sort of claim a property makes.
type Kind string

// The kinds of property.
const (
	Safety   Kind = "safety"   // something bad never happens
	Liveness Kind = "liveness" // after healing, something good happens within a bound
)

// A Property is one claim about every run.
type Property struct {
	Name   string // kebab case, the same in code, CLI, JSON and report
	Kind   Kind
	Says   string // one sentence
	Source string // where the claim comes from
	// Optional: judged only in runs whose scenario requires it (trace.Require).
	// It measures in the others.
	Optional bool
	// Under: judged only in runs under the policy of this name; empty: under all.
	Under string
	New   func() Monitor
}
