package shrink_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/shrink"
)

const world = `
scenario a/b
topology masters=3 workers=3 clients=2 servers=3 cores=4 memory=4096
timers fast
safety 60s
restart 1s..3s
delay 200us..2ms tail=1000ppm:50ms
drift 100ppm
require failover-within-bound
op at=1.234s c1 submit a cores=2 memory=256 for=5.5s poll=1.7s supervise
op at=2s c2 submit b for=5s
op at=9.7s c2 kill b
op at=11s c2 status b
at=3s for=2s kill m1
at=7.531s for=4.25s partition m2 w3 | m1 m3 z1 z2 z3 w1 w2
at=12s for=1s host-loss w1 outputs=3
at=13.5s for=2s partition m3 | z1 z2
at=20s for=3s pause w2
at=30s clock-jump m1 by=1.5s
at=41s for=1s slow c1 | m1 by=300ms
`

// fails makes a judge of a predicate, which counts the runs that it judges.
func fails(count *int, is func(x scenarios.Scenario) bool) func([]shrink.Run) ([]shrink.Answer, error) {
	return func(runs []shrink.Run) ([]shrink.Answer, error) {
		var out []shrink.Answer
		for _, r := range runs {
			*count++
			out = append(out, shrink.Answer{Fails: is(r.Scenario), At: 25 * time.Second})
		}
		return out, nil
	}
}

func start(t *testing.T) []shrink.Run {
	s, err := scenarios.Parse("world", []byte(world))
	require.NoError(t, err)
	return []shrink.Run{{Scenario: s, Seed: 77}}
}

// has reports whether there is a fault of one of the classes whose text has all
// the words.
func has(x scenarios.Scenario, classes []scenarios.Class, words ...string) bool {
	return slices.ContainsFunc(x.Faults, func(f scenarios.Fault) bool {
		ok := slices.Contains(classes, f.Class)
		for _, w := range words {
			ok = ok && slices.Contains(strings.Fields(f.String()), w)
		}
		return ok
	})
}

func TestWhatIsLeft(t *testing.T) {
	partitions := []scenarios.Class{scenarios.Partition, scenarios.OneWay}
	tests := []struct {
		name string
		is   func(x scenarios.Scenario) bool
		want []string // lines that must be left
		gone []string // words that must be nowhere
		ops  int
	}{
		{"one fault of seven, one direction of it, one target a side", func(x scenarios.Scenario) bool {
			return has(x, []scenarios.Class{scenarios.Partition, scenarios.OneWay}, "m2") && x.Masters >= 2 || has(x, partitions, "m1") && x.Masters >= 2
		}, []string{"topology masters=2 workers=0 clients=0 servers=1 ", "at=0s for=1s one-way m"}, []string{"op ", "drift", "tail", "restart", "require", "safety 6"}, 0},
		{"two faults that need each other, and one job", func(x scenarios.Scenario) bool {
			return has(x, []scenarios.Class{scenarios.KillOff, scenarios.Stop, scenarios.HostLoss}) && has(x, []scenarios.Class{scenarios.Pause}) &&
				slices.ContainsFunc(x.Ops, func(o scenarios.Op) bool { return o.Kind == scenarios.Kill })
		}, []string{" stop ", " pause ", "c1 submit b", "c1 kill b"}, []string{"partition", "clock-jump", "cores=2", "c2", "status"}, 2},
		{"what only happens late enough", func(x scenarios.Scenario) bool {
			return slices.ContainsFunc(x.Faults, func(f scenarios.Fault) bool {
				return f.Class == scenarios.Pause && f.At.Lo >= 6500*time.Millisecond && f.For.Lo > 700*time.Millisecond
			})
		}, []string{"at=7s for=1s pause w"}, []string{"kill"}, 0},
		{"nothing is needed", func(scenarios.Scenario) bool { return true }, []string{"masters=1 workers=0 clients=0 servers=1"}, []string{"at="}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			count := 0
			got, err := shrink.Shrink(start(t), shrink.Options{Judge: fails(&count, tt.is)})
			require.NoError(t, err)
			require.True(t, got.Minimal, got.Why)
			require.Equal(t, uint64(1), got.Run.Seed, "any seed does")
			text := got.Run.Scenario.String()
			for _, w := range tt.want {
				require.Contains(t, text, w)
			}
			for _, w := range tt.gone {
				require.NotContains(t, strings.TrimPrefix(text, "scenario a/b\n"), w, text)
			}
			require.Len(t, got.Run.Scenario.Ops, tt.ops, text)
			require.NoError(t, got.Run.Scenario.Check())
			if got.Caused {
				for i := range got.Run.Scenario.Faults {
					require.False(t, tt.is(got.Run.Without(i).Scenario), "not minimal: %s", text)
				}
			}
			require.Equal(t, got.Tried, count, "no run is judged twice, and each that is judged counts")

			again, err := shrink.Shrink(start(t), shrink.Options{Judge: fails(&count, tt.is)})
			require.NoError(t, err)
			require.Equal(t, got, again)
			once, err := shrink.Shrink([]shrink.Run{got.Run}, shrink.Options{Judge: fails(&count, tt.is)})
			require.NoError(t, err)
			require.Equal(t, got.Run, once.Run, "what is minimal stays as it is")
		})
	}
}

func TestAFaultThatIsNotTheCauseDoesNotExcuseABrokenWorld(t *testing.T) {
	count := 0
	job := func(x scenarios.Scenario) bool {
		return x.Workers == 0 || has(x, []scenarios.Class{scenarios.HostLoss, scenarios.KillOff, scenarios.Stop}, "w1")
	}
	got, err := shrink.Shrink(start(t), shrink.Options{Judge: fails(&count, job)})
	require.NoError(t, err)
	require.True(t, got.Caused)
	require.Equal(t, 1, got.Run.Scenario.Workers, "without a worker it fails whatever the faults are")
	require.Len(t, got.Run.Scenario.Faults, 1)
}

func TestAPlainerWorldThatFailsByItselfIsNotTaken(t *testing.T) {
	count := 0
	job := func(x scenarios.Scenario) bool {
		return x.Drift == 0 || x.Safety < 40*time.Second || has(x, []scenarios.Class{scenarios.Pause})
	}
	got, err := shrink.Shrink(start(t), shrink.Options{Judge: fails(&count, job)})
	require.NoError(t, err)
	require.True(t, got.Caused)
	require.NotZero(t, got.Run.Scenario.Drift, "without drift it fails whatever the faults are")
	require.Equal(t, 40*time.Second, got.Run.Scenario.Safety, "and so it does if it is short")
	require.Len(t, got.Run.Scenario.Faults, 1)
}

func TestJustTheFaultsThatAreNeededAreLeft(t *testing.T) {
	for n := 1; n <= 5; n++ {
		for needed := 1; needed < 1<<n; needed++ {
			r := start(t)[0]
			all := slices.Clone(r.Scenario.Faults[:n])
			r.Scenario.Faults = all
			var want []scenarios.Fault
			for i, f := range all {
				if needed&(1<<i) != 0 {
					want = append(want, f)
				}
			}
			count := 0
			is := func(x scenarios.Scenario) bool {
				return !slices.ContainsFunc(want, func(f scenarios.Fault) bool {
					return !slices.ContainsFunc(x.Faults, func(g scenarios.Fault) bool { return g.String() == f.String() })
				})
			}
			got, err := shrink.Shrink([]shrink.Run{r}, shrink.Options{Judge: fails(&count, is), FaultsOnly: true})
			require.NoError(t, err)
			require.True(t, got.Minimal)
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(got.Run.Scenario.Faults), "of %d faults", n)
		}
	}
}

func TestASearchThatEndsEarlySaysSo(t *testing.T) {
	count := 0
	is := func(x scenarios.Scenario) bool { return has(x, []scenarios.Class{scenarios.Pause}) }
	got, err := shrink.Shrink(start(t), shrink.Options{Judge: fails(&count, is), Runs: 6})
	require.NoError(t, err)
	require.False(t, got.Minimal)
	require.Equal(t, "the budget of 6 runs is used up", got.Why)
	require.True(t, is(got.Run.Scenario), "what is left fails all the same")

	got, err = shrink.Shrink(start(t), shrink.Options{Judge: fails(&count, is), Stop: func() bool { return count > 30 }})
	require.NoError(t, err)
	require.Equal(t, "the time is used up", got.Why)

	got, err = shrink.Shrink(start(t), shrink.Options{Judge: fails(&count, func(scenarios.Scenario) bool { return false })})
	require.NoError(t, err)
	require.Nil(t, got, "it does not fail at all")

	_, err = shrink.Shrink(start(t), shrink.Options{Judge: func([]shrink.Run) ([]shrink.Answer, error) { return nil, fmt.Errorf("the judge is ill") }})
	require.EqualError(t, err, "the judge is ill")
}

func TestWhatIsBetweenTwoMomentsGoes(t *testing.T) {
	count := 0
	apart := func(x scenarios.Scenario) bool {
		var kill, pause time.Duration
		for _, f := range x.Faults {
			if f.Class == scenarios.KillOff || f.Class == scenarios.Stop {
				kill = f.At.Lo
			}
			if f.Class == scenarios.Pause {
				pause = f.At.Lo
			}
		}
		return kill >= 3*time.Second && pause-kill >= 1500*time.Millisecond
	}
	got, err := shrink.Shrink(start(t), shrink.Options{Judge: fails(&count, apart)})
	require.NoError(t, err)
	text := got.Run.Scenario.String()
	require.Contains(t, text, "at=3s for=1s stop ")
	require.Contains(t, text, "at=5s for=1s pause ")
}

func TestFaultsOnlyLeavesTheRestAsItIs(t *testing.T) {
	count := 0
	is := func(x scenarios.Scenario) bool {
		return has(x, []scenarios.Class{scenarios.Partition, scenarios.OneWay}, "m3")
	}
	got, err := shrink.Shrink(start(t), shrink.Options{Judge: fails(&count, is), FaultsOnly: true})
	require.NoError(t, err)
	want := start(t)[0].Scenario
	want.Faults = got.Run.Scenario.Faults
	require.Equal(t, want.String(), got.Run.Scenario.String())
	require.Len(t, want.Faults, 1)
	require.Regexp(t, `^at=(7.531s for=4.25s|13.5s for=2s) one-way .*m3`, want.Faults[0].String())
}

func TestTheFirstFormThatFailsIsTaken(t *testing.T) {
	count := 0
	a, b := start(t)[0], start(t)[0]
	b.Scenario.Drift = 0
	got, err := shrink.Shrink([]shrink.Run{a, b}, shrink.Options{Judge: fails(&count, func(x scenarios.Scenario) bool { return x.Drift == 0 && len(x.Faults) == 7 }), Runs: 3})
	require.NoError(t, err)
	require.Zero(t, got.Run.Scenario.Drift)
}

func TestWeakerFaults(t *testing.T) {
	for text, want := range map[string]string{
		"at=1s host-loss m1":                          "stop m1, kill m1",
		"at=1s kill m1 outputs=2":                     "stop m1 outputs=2, kill m1",
		"at=1s partition m1 | z1 z2":                  "one-way m1 | z1 z2, one-way z1 z2 | m1, partition m1 | z2, partition m1 | z1",
		"at=1s partition m1 | m2 | m3":                "partition m2 | m3, partition m1 | m3, partition m1 | m2",
		"at=1s session-cut all m1":                    "session-cut latch m1, session-cut store m1",
		"at=1s lost-reply write m1 n=3":               "lost-reply create m1 n=3, lost-reply delete m1 n=3, lost-reply set m1 n=3, lost-reply multi m1 n=3, lost-reply write m1 n=1, lost-reply write m1 n=2",
		"at=1s on=m1:state/Alive pause m1":            "pause m1",
		"at=1s clock-jump m1 by=1s":                   "",
		"at=1s drop LaunchDriver m1 | w1 w2":          "drop LaunchDriver m1 | w2, drop LaunchDriver m1 | w1",
		"at=1s for=2s decommission w1 w2 w3":          "decommission w2 w3, decommission w1 w3, decommission w1 w2",
		"at=1s for=2s stop w1":                        "",
		"at=1s duplicate LaunchDriver m1 | w1 by=20s": "",
	} {
		f, err := scenarios.ParseFault(strings.Replace(text, "for=2s decommission", "decommission", 1))
		require.NoError(t, err)
		var got []string
		for _, w := range shrink.Weaker(f) {
			got = append(got, strings.TrimPrefix(w.String(), "at=1s "))
		}
		require.Equal(t, want, strings.Join(got, ", "), text)
	}
}
