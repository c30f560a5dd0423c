package records

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
	"github.com/simctl/simctl/model/trace"
)

// TestRecordsOfProcessesMergeIntoOneTrace reads hand-written records, each as
// an event's line, and prints what they merge into, or what the judges say of
// that. The process "lab" stands for the lab's own events: behind it comes the
// process that it tells of.
func TestRecordsOfProcessesMergeIntoOneTrace(t *testing.T) {
	datadriven.RunTest(t, "testdata/merge.txt", func(t *testing.T, d *datadriven.TestData) string {
		records, world := parseRun(t, d.Input)
		var b strings.Builder
		events := Merge(0, records, world)
		if d.Cmd == "judge" {
			return violations(events)
		}
		for _, e := range events {
			e.Step = 0
			b.WriteString(e.String() + "\n")
		}
		return b.String()
	})
}

// violations are what the judges of simulated runs find in a live one.
func violations(events []trace.Event) string {
	var b strings.Builder
	for _, f := range suite.Judge(suite.Properties(), events) {
		if f.Verdict == checker.Violation {
			b.WriteString(f.Property + ": " + f.Detail + "\n")
		}
	}
	if b.Len() == 0 {
		return "no violation\n"
	}
	return b.String()
}

// parseRun reads records and events of the lab. Records of one incarnation are
// numbered in the order of their lines.
func parseRun(t *testing.T, text string) (records []live.Record, world []trace.Event) {
	t.Helper()
	seq := map[life]uint64{}
	for _, line := range strings.Split(text, "\n") {
		line, isWorld := strings.CutPrefix(line, "lab ")
		e, err := trace.ParseEvent(line)
		require.NoError(t, err)
		if isWorld {
			world = append(world, e)
			continue
		}
		l := life{e.Process, e.Inc}
		seq[l]++
		records = append(records, live.Record{
			Seq: seq[l], At: e.At, Until: e.Latest(), Process: host.ProcessID(e.Process), Inc: e.Inc, Event: string(e.Kind),
			Subject: e.Subject, Value: e.Value, Detail: e.Detail, Term: e.Term, N: e.N, M: e.M, P: e.P, Q: e.Q, Zxid: e.Zxid,
		})
	}
	return records, world
}

func TestTimesOfATraceBeginWithTheRun(t *testing.T) {
	events := Merge(1000, []live.Record{{Seq: 1, At: 1010, Until: 1020, Process: "m1", Inc: 1, Event: "state", Value: "Standby"}}, nil)
	require.Equal(t, []trace.Event{{Step: 1, At: 10, Until: 20, Process: "m1", Inc: 1, Kind: trace.State, Value: "Standby"}}, events)
}

func TestNothingFollowsTheEndOfTheRun(t *testing.T) {
	records, world := parseRun(t, "1s m1 state Alive term=1\n3s m1 state Standby\nlab 2s - ended")
	events := Merge(0, records, world)
	require.Len(t, events, 2)
	require.Equal(t, trace.Ended, events[1].Kind)
}

func TestATailReadsWholeLinesAsTheyCome(t *testing.T) {
	name := filepath.Join(t.TempDir(), "m1.ndjson")
	tl := &Tail{Name: name}
	defer tl.Close()
	none, err := tl.Read()
	require.NoError(t, err)
	require.Empty(t, none, "the file is not there yet")
	line, err := json.Marshal(live.Record{Seq: 1, Process: "m1", Inc: 1, Event: "state"})
	require.NoError(t, err)
	f, err := os.Create(name)
	require.NoError(t, err)
	defer f.Close()
	for _, part := range []struct {
		text string
		want int
	}{{string(line), 0}, {"\n" + string(line) + "\n" + string(line[:5]), 2}, {string(line[5:]) + "\n", 1}, {"", 0}} {
		_, err := f.WriteString(part.text)
		require.NoError(t, err)
		got, err := tl.Read()
		require.NoError(t, err)
		require.Len(t, got, part.want)
	}
	_, err = f.WriteString("nonsense\n")
	require.NoError(t, err)
	_, err = tl.Read()
	require.ErrorContains(t, err, "m1.ndjson:4: ")
}
