package ensemble_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	judges "github.com/simctl/simctl/checker/ensemble"
	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/sim/space/ensemble"
	"github.com/simctl/simctl/sim/space/judge"
	"github.com/simctl/simctl/sim/zk/quorum"
)

// config reads a configuration from a command's arguments.
func config(t *testing.T, d *datadriven.TestData) ensemble.Config {
	c := ensemble.Config{Servers: 3, Stall: 3 * time.Second, Settled: d.HasArg("settled"), InOrder: d.HasArg("in-order"), Monitors: judge.Of(judges.Properties())}
	defect := 0
	for name, n := range map[string]*int{
		"servers": &c.Servers, "txns": &c.Txns, "crashes": &c.Crashes, "cuts": &c.Cuts, "late": &c.Late, "snap": &c.SnapCount, "defect": &defect,
	} {
		d.MaybeScanArgs(t, name, n)
	}
	var err error
	c.Defects, err = quorum.WithDefect(defect)
	require.NoError(t, err)
	return c
}

// TestTheNumberOfStatesIsKnown explores ensembles whole, and TestZooKeepersDefects
// finds some of ZooKeeper's by the shortest way. Each command is a configuration;
// the output is what there is to see.
func TestTheNumberOfStatesIsKnown(t *testing.T) { exploreScript(t, "testdata/counts.txt") }

func TestZooKeepersDefects(t *testing.T) { exploreScript(t, "testdata/defects.txt") }

func exploreScript(t *testing.T, path string) {
	datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
		sys, err := ensemble.New(config(t, d))
		if err != nil {
			return err.Error() + "\n"
		}
		o := explore.Options{Cores: 2, Goals: d.HasArg("goals")}
		if d.HasArg("checked") {
			o.SelfCheck = 1
		}
		r, err := explore.Search(context.Background(), explore.System[*ensemble.World](sys), o)
		require.NoError(t, err)
		var b strings.Builder
		fmt.Fprintf(&b, "states=%d transitions=%d depth=%d complete=%v goals=%v\n", r.Distinct, r.Transitions, r.Depth, r.Complete, r.Goals)
		for _, f := range r.Findings {
			events, lines := sys.Run(f.Path)
			for _, told := range suite.Judge(judges.Properties(), events) {
				if told.Property == f.Property {
					fmt.Fprintf(&b, "%s: %s\n", f.Property, told.Detail)
				}
			}
			b.WriteString(strings.Join(lines, "\n") + "\n")
		}
		return b.String()
	})
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	_, err := ensemble.New(ensemble.Config{})
	require.ErrorContains(t, err, "0 servers")
	_, err = ensemble.New(ensemble.Config{Servers: 3, Late: -1})
	require.ErrorContains(t, err, "is negative")
}

// walk takes the n-th of the enabled actions, as a number says.
func walk(sys *ensemble.System, number uint64, most int, each func(*ensemble.World, []explore.Action)) {
	w := sys.Initial()[0]
	for range most {
		actions := sys.Actions(w, nil)
		if each(w, actions); len(actions) == 0 {
			return
		}
		number = number*6364136223846793005 + 1442695040888963407
		w = sys.Apply(w, actions[number>>33%uint64(len(actions))])
	}
}

// Every state can be told, and every action in it, whatever is under way.
func TestEveryStateIsShown(t *testing.T) {
	sys, err := ensemble.New(ensemble.Config{Servers: 3, Txns: 2, Crashes: 2, Cuts: 2, Late: 2, SnapCount: 2})
	require.NoError(t, err)
	seen := map[string]bool{}
	for seed := range uint64(20) {
		walk(sys, seed, 200, func(w *ensemble.World, actions []explore.Action) {
			text := w.String()
			for _, word := range []string{"z1 is down", "serves as leader", "(held up)", "asked to append", "closed: reset", "snapshot, "} {
				seen[word] = seen[word] || strings.Contains(text, word)
			}
			for _, a := range actions {
				require.NotEmpty(t, sys.Describe(w, a))
			}
		})
	}
	for word, was := range seen {
		require.True(t, was, "never %q", word)
	}
}
