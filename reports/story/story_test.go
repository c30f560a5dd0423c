package story

import (
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
	"github.com/stretchr/testify/require"
)

// TestRunsAreToldInWords runs scripts: the events of a run, and the story, the
// account of a violation or the verdicts as output.
func TestRunsAreToldInWords(t *testing.T) {
	var events []trace.Event
	datadriven.RunTest(t, "testdata/story.txt", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		switch d.Cmd {
		case "main-job":
			text, err := os.ReadFile("testdata/events.txt")
			require.NoError(t, err)
			events, err = trace.ParseEvents(string(text))
			require.NoError(t, err)
			require.NoError(t, Tell(&out, events))
		case "story":
			var err error
			events, err = trace.ParseEvents(d.Input)
			require.NoError(t, err)
			require.NoError(t, Tell(&out, events))
		case "violation":
			f := checker.Finding{Property: "acked-is-recovered", Verdict: checker.Violation, Detail: d.Input}
			d.ScanArgs(t, "step", &f.Step)
			require.NoError(t, Violation(&out, events, f))
		}
		return out.String()
	})
}
