package checker

import (
	"fmt"

	"github.com/simctl/simctl/model/trace"
)

// A Breach is the part that a monitor of something that must never happen has:
// the first violation of its property. The zero Breach has none.
type Breach struct {
	Property string
	step     uint64
	detail   string // empty if there is none
}

// Violated notes that the property does not hold since e, if it did before.
func (b *Breach) Violated(e *trace.Event, format string, args ...any) {
	if b.detail == "" {
		b.step, b.detail = e.Step, fmt.Sprintf(format, args...)
	}
}

// Broken tells how the property was violated first, "" if it was not.
func (b *Breach) Broken() string { return b.detail }

// Judged is the violation, or a pass that says what was seen.
func (b *Breach) Judged(seen string, args ...any) Finding {
	if b.detail != "" {
		return Finding{Property: b.Property, Verdict: Violation, Step: b.step, Detail: b.detail}
	}
	return Finding{Property: b.Property, Verdict: Pass, Detail: fmt.Sprintf(seen, args...)}
}

// At tells an event and its moment.
func At(e *trace.Event) string {
	return fmt.Sprintf("%s (%s, step %d)", trace.Describe(e), trace.Moment(e.At), e.Step)
}
