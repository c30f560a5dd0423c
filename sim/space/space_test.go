package space_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/space"
	"github.com/simctl/simctl/sim/space/judge"
)

// config reads a configuration from a command's arguments.
func config(t testing.TB, d *datadriven.TestData) space.Config {
	c := space.Config{Policy: policy.Hardened, Settled: d.HasArg("settled"), InOrder: d.HasArg("in-order"), Supervise: d.HasArg("supervise")}
	numbers := map[string]*int{
		"candidates": &c.Candidates, "masters": &c.Masters, "workers": &c.Workers, "clients": &c.Clients, "jobs": &c.Jobs,
		"keepers": &c.Keepers, "records": &c.Records, "puts": &c.Puts, "removals": &c.Removals,
		"crashes": &c.Crashes, "cuts": &c.Cuts, "expiries": &c.Expiries, "drops": &c.Drops, "late": &c.Late,
	}
	for _, a := range d.CmdArgs {
		if n := numbers[a.Key]; n != nil {
			d.ScanArgs(t.(*testing.T), a.Key, n)
		}
	}
	if d.HasArg("policy") {
		var text string
		d.ScanArgs(t.(*testing.T), "policy", &text)
		p, err := policy.Parse(text)
		require.NoError(t, err)
		c.Policy = p
	}
	for key, to := range map[string]*time.Duration{"horizon": &c.Horizon, "run": &c.RunFor} {
		if d.HasArg(key) {
			var text string
			d.ScanArgs(t.(*testing.T), key, &text)
			var err error
			*to, err = time.ParseDuration(text)
			require.NoError(t, err)
		}
	}
	if d.HasArg("grain") {
		var text string
		d.ScanArgs(t.(*testing.T), "grain", &text)
		c.Grain = map[string]space.Grain{"fine": space.Fine, "requests": space.Requests, "reads": space.Reads}[text]
	}
	switch {
	case d.HasArg("only"):
		var name string
		d.ScanArgs(t.(*testing.T), "only", &name)
		c.Monitors = judge.Of(slices.DeleteFunc(suite.Properties(), func(p checker.Property) bool { return p.Name != name }))
	case d.HasArg("judged"):
		c.Monitors = judge.Of(suite.Properties())
	}
	return c
}

// TestTheNumberOfStatesIsKnown explores small systems whole, and TestSparksDefects
// finds some of Spark's by the shortest way. Each command is a configuration; the
// output is what there is to see.
func TestTheNumberOfStatesIsKnown(t *testing.T) { exploreScript(t, "testdata/counts.txt") }

func TestSparksDefects(t *testing.T) { exploreScript(t, "testdata/defects.txt") }

func exploreScript(t *testing.T, path string) {
	datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
		sys, err := space.New(config(t, d))
		if err != nil {
			return err.Error() + "\n"
		}
		r, err := explore.Search(context.Background(), explore.System[*space.World](sys), explore.Options{Cores: 2})
		require.NoError(t, err)
		var b strings.Builder
		fmt.Fprintf(&b, "states=%d transitions=%d depth=%d complete=%v\n", r.Distinct, r.Transitions, r.Depth, r.Complete)
		for _, f := range r.Findings {
			events, lines := sys.Run(f.Path)
			for _, told := range suite.Judge(suite.Properties(), events) {
				if told.Property == f.Property {
					fmt.Fprintf(&b, "%s: %s\n", f.Property, told.Detail)
				}
			}
			b.WriteString(strings.Join(lines, "\n") + "\n")
		}
		return b.String()
	})
}

// walk takes the n-th of the enabled actions, as a number says, until nothing is
// left or the path is long enough.
func walk(sys *space.System, number uint64, most int) (path []explore.Action, last *space.World) {
	w := sys.Initial()[0]
	var actions []explore.Action
	for range most {
		if actions = sys.Actions(w, actions[:0]); len(actions) == 0 {
			break
		}
		number = number*6364136223846793005 + 1442695040888963407
		a := actions[number>>33%uint64(len(actions))]
		path, w = append(path, a), sys.Apply(w, a)
	}
	return path, w
}

func failover(t *testing.T) *space.System {
	sys, err := space.New(space.Config{
		Masters: 2, Workers: 1, Clients: 1, Jobs: 1, RunFor: 3 * time.Second, Crashes: 1, Cuts: 1, Expiries: 1, Late: 1,
		Horizon: 30 * time.Second, Settled: true, Policy: policy.Hardened, Monitors: judge.Of(suite.Properties()),
	})
	require.NoError(t, err)
	return sys
}

// A state is not changed by what follows from it, and a path leads to the same
// state whenever it is taken.
func TestStatesStayAsTheyAre(t *testing.T) {
	sys := failover(t)
	for n := range uint64(6) {
		path, last := walk(sys, n, 200)
		states := explore.Replay(sys, 0, path)
		var before []uint64
		for _, w := range states {
			before = append(before, sys.Digest(w))
		}
		require.Equal(t, sys.Digest(last), sys.Digest(states[len(states)-1]))
		for i, w := range states {
			for _, a := range sys.Actions(w, nil) {
				sys.Apply(w, a)
			}
			require.Equal(t, before[i], sys.Digest(w))
		}
	}
}

// The events of a path are those of a run: judges that see them afterwards say
// what the state's own monitors say.
func TestAPathIsARun(t *testing.T) {
	sys := failover(t)
	for n := range uint64(6) {
		path, last := walk(sys, n+100, 200)
		events, lines := sys.Run(path)
		require.Len(t, lines, len(path))
		for _, l := range lines {
			require.NotContains(t, l, "?")
		}
		for i := 1; i < len(events); i++ {
			require.LessOrEqual(t, events[i-1].Step, events[i].Step)
			require.LessOrEqual(t, events[i-1].At, events[i].At)
		}
		property, _ := sys.Check(last)
		broken := ""
		for _, f := range suite.Judge(suite.Properties(), events) {
			if f.Verdict == "violation" && broken == "" {
				broken = f.Property
			}
		}
		require.Equal(t, property, broken)
		require.Equal(t, trace.Started, events[0].Kind)
	}
}
