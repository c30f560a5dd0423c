package failover_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/simctl/simctl/checker/failover"
	"github.com/simctl/simctl/model/trace"
)

func TestFailoversAreFoundAndTakenApart(t *testing.T) {
	datadriven.RunTest(t, "testdata/failovers.txt", func(t *testing.T, d *datadriven.TestData) string {
		events, err := trace.ParseEvents(d.Input)
		if err != nil {
			return err.Error()
		}
		var b strings.Builder
		for _, f := range failover.Failovers(events) {
			fmt.Fprintf(&b, "%s by %s at %s, %s Alive in term %d: detect %s, elect %s, recover %s, total %s\n",
				f.Process, f.Cause, trace.Moment(f.Start), f.Successor, f.Term,
				trace.Moment(f.Detect), trace.Moment(f.Elect), trace.Moment(f.Recover), trace.Moment(f.Total))
			if f.Detect+f.Elect+f.Recover != f.Total {
				d.Fatalf(t, "the phases do not add up")
			}
		}
		if b.Len() == 0 {
			return "none"
		}
		return b.String()
	})
}
