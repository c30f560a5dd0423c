// Package invariant judges what must hold at every moment of a run: one file a
// property.
package invariant

import (
	"fmt"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// Properties lists the properties of this package.
func Properties() []checker.Property {
	return []checker.Property{
		actingMaster, aliveMaster, ackedIsRecovered, oneIncarnation, oneRunning, accountingMatches, readyServes, noPanics,
		terminalIsFinal, killSticks, idsUnique,
		zabAgreement, zabPrefix, oneLeaderPerEpoch, committedIsDurable, committedIsAnswered,
		sessionOrder,
	}
}

// A verdict is the part that every monitor has: the first violation.
type verdict struct {
	property string
	step     uint64
	detail   string // of the first violation; empty if there is none
}

func (v *verdict) violated(e *trace.Event, format string, args ...any) {
	if v.detail == "" {
		v.step, v.detail = e.Step, fmt.Sprintf(format, args...)
	}
}

// finding is the violation, or a pass that says what was seen.
func (v *verdict) finding(seen string, args ...any) checker.Finding {
	if v.detail != "" {
		return checker.Finding{Property: v.property, Verdict: checker.Violation, Step: v.step, Detail: v.detail}
	}
	return checker.Finding{Property: v.property, Verdict: checker.Pass, Detail: fmt.Sprintf(seen, args...)}
}

// at tells an event and its moment.
func at(e *trace.Event) string {
	return fmt.Sprintf("%s (%s, step %d)", trace.Describe(e), trace.Moment(e.At), e.Step)
}
