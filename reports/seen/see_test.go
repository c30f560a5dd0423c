package seen

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// cast is who there is in a scenario whose lines a command holds.
var cast = map[string]string{
	"asked": "topology masters=1 workers=1 clients=2 servers=1 cores=1 memory=1\n",
	"see":   "topology servers=3\nprobe p1\nprobe p2\n",
	"work": "topology masters=2 workers=2 clients=1 servers=1 cores=4 memory=1024\n" +
		"op at=1s c1 submit a job=ledger\nop at=1s c1 submit b\n",
}

// TestWhatIsSeen runs scripts: the events of a run, then lines about what must
// be seen of it, each with why it is not.
func TestWhatIsSeen(t *testing.T) {
	var events []trace.Event
	datadriven.RunTest(t, "testdata/see.txt", func(t *testing.T, d *datadriven.TestData) string {
		if d.Cmd == "events" {
			var err error
			events, err = trace.ParseEvents(d.Input)
			require.NoError(t, err)
			return ""
		}
		var out strings.Builder
		for line := range strings.Lines(d.Input) {
			s, err := scenarios.Parse("x", []byte("scenario a\ntimers fast\nsafety 60s\n"+cast[d.Cmd]+line))
			require.NoError(t, err)
			f, ok := Judge(&s, "hardened", events)
			switch detail := strings.SplitN(f.Detail, "\n", 2); {
			case !ok:
				out.WriteString("nothing to see\n")
			case len(detail) == 1:
				out.WriteString("seen\n")
			default:
				_, why, _ := strings.Cut(detail[1], ": ")
				out.WriteString(why + "\n")
			}
		}
		return out.String()
	})
}
