package seen

import (
	"fmt"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// Bounded returns a finding about a run that was stopped because it took more steps
// than it may: what its judges say then is of a part of it. Of others it returns none.
func Bounded(events []trace.Event) (checker.Finding, bool) {
	if len(events) == 0 {
		return checker.Finding{}, false
	}
	last := &events[len(events)-1]
	if last.Kind != trace.Ended || last.Value != trace.Overrun {
		return checker.Finding{}, false
	}
	return checker.Finding{
		Property: "run-is-bounded", Verdict: checker.Inconclusive, Step: last.Step,
		Detail: fmt.Sprintf("%d steps in %s are more than a run may take: it was stopped, and not judged to its end", last.Step, trace.Moment(last.At)),
	}, true
}
