package scenarios

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestTextSaysWhatIsWrong runs scripts of scenarios, with their canonical text
// or the error as output.
func TestTextSaysWhatIsWrong(t *testing.T) {
	datadriven.RunTest(t, "testdata/text.txt", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "parse":
			s, err := Parse("x.txt", []byte(d.Input))
			if err != nil {
				return err.Error() + "\n"
			}
			return s.String()
		case "faults": // each line by itself, in a scenario that is right otherwise
			var out strings.Builder
			for line := range strings.Lines(d.Input) {
				f, err := ParseFault(strings.TrimSpace(line))
				if err != nil {
					fmt.Fprintln(&out, "error:", err)
					continue
				}
				fmt.Fprintf(&out, "%s  concrete=%v\n", f, f.Concrete())
			}
			return out.String()
		case "line", "probe": // each line added to a scenario that is right otherwise
			var out strings.Builder
			for line := range strings.Lines(d.Input) {
				before := map[string]string{"line": minimal, "probe": minimal + "probe p1\n"}[d.Cmd]
				_, err := Parse("x.txt", []byte(before+line))
				fmt.Fprintln(&out, err)
			}
			return out.String()
		}
		t.Fatalf("unknown command %s", d.Cmd)
		return ""
	})
}

const minimal = `scenario a/b
topology masters=2 workers=2 clients=1 servers=1 cores=4 memory=1024
timers fast
safety 30s
`

func TestCatalogueIsCanonicalAndSound(t *testing.T) {
	for _, s := range All() {
		t.Run(s.Name, func(t *testing.T) {
			again, err := Parse(s.Name, []byte(s.String()))
			require.NoError(t, err)
			require.Equal(t, s, again)
			require.NoError(t, s.Check())
			require.NotEmpty(t, s.Doc)
			require.NoError(t, TimersFor(s.Timers).Check())
		})
	}
}

func TestCatalogueHoldsWhatIsPromised(t *testing.T) {
	for _, name := range []string{
		"failover/two-masters", "failover/3x3x3", "failover/graceful", "failover/kill", "failover/host-loss",
		"failover/pause", "failover/partition", "worker/lost", "master/added-and-removed",
		"filesystem/restart", "filesystem/client-knows-one-master", "filesystem/two-masters",
		"config/different-zk-dir", "config/different-zk-servers", "recovery/thousands",
	} {
		got, err := Lookup(name)
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, name, got[0].Name)
	}
}

// share is the part of seeds whose run of s draws class, in per cent.
func share(s Scenario, class Class) int {
	const seeds = 400
	hits := 0
	for seed := range seeds {
		for _, f := range Draw(s, keyed(seed)).Faults {
			if f.Class == class {
				hits++
				break
			}
		}
	}
	return hits * 100 / seeds
}

// keyed is a random function of a seed and a purpose, for tests.
func keyed(seed int) func(string, uint64) uint64 {
	return func(purpose string, n uint64) uint64 {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d/%s", seed, purpose)
		x := h.Sum64()
		x ^= x >> 31
		x *= 0x9e3779b97f4a7c15
		return (x ^ x>>29) % n
	}
}

func TestEveryClassOfFaultIsDrawnOften(t *testing.T) {
	main, err := Lookup("failover/3x3x3")
	require.NoError(t, err)
	for _, class := range Classes() {
		if sh, err := class.shape(); err != nil || sh.operator || sh.what != "" { // nothing that happens by itself, or at random
			continue
		}
		best := 0
		for _, s := range All() {
			best = max(best, share(s, class))
		}
		require.GreaterOrEqual(t, best, 30, "%s, in the scenario that draws it most often", class)
		switch class {
		case Lossy, Drain, DiskFull, SlowDisk: // younger than the seeds of failover/3x3x3 that are on record
		default:
			require.GreaterOrEqual(t, share(main[0], class), 20, "%s in failover/3x3x3", class)
		}
	}
}

func TestLookupSelectsSubtreesAndSuggests(t *testing.T) {
	tree, err := Lookup("failover/...")
	require.NoError(t, err)
	require.Len(t, tree, 10)
	all, err := Lookup("...")
	require.NoError(t, err)
	require.Equal(t, Default(), all)
	for pattern, want := range map[string]string{
		"failover/kil": "did you mean failover/kill?",
		"kill":         "did you mean failover/kill?",
		"failvoer/...": "did you mean failover/...?",
		"":             "simctl list scenarios",
		"zzzzzzzzz":    "simctl list scenarios",
		"fail...":      "no scenario",
	} {
		_, err := Lookup(pattern)
		require.ErrorContains(t, err, want, pattern)
	}
}

func TestTimersAreSoundAndUnknownOnesAreZero(t *testing.T) {
	for _, name := range []TimersName{Fast, Spark} {
		require.NoError(t, TimersFor(name).Check())
		require.Equal(t, name, TimersFor(name).Name)
	}
	require.Equal(t, 40*time.Second, TimersFor(Spark).Granted(), "20 ticks of 2 s, though 60 s are asked for")
	require.Equal(t, 4*time.Second, TimersFor(Fast).Granted())
	require.Zero(t, TimersFor("quick"))

	long := TimersFor(Fast)
	long.Lease = long.Session
	require.ErrorContains(t, long.Check(), "lease of 4s does not end before the granted session of 4s")
	none := TimersFor(Fast)
	none.Ask = 0
	require.ErrorContains(t, none.Check(), "ask is 0s")
	deaf := TimersFor(Fast)
	deaf.Heartbeat = deaf.WorkerTimeout
	require.ErrorContains(t, deaf.Check(), "heartbeat")
}

func TestDrawLeavesNothingToDraw(t *testing.T) {
	for _, s := range All() {
		for seed := range 50 {
			d := Draw(s, keyed(seed))
			for _, f := range d.Faults {
				require.True(t, f.drawn(), f.String())
			}
			require.Equal(t, d, Draw(d, func(string, uint64) uint64 { panic("a drawn scenario draws again") }))
			require.NoError(t, d.Check())
		}
	}
}

func TestDrawIsKeyedByRule(t *testing.T) {
	s, err := Parse("x", []byte(minimal+"at=1s..9s for=1s..9s kill active p=90% outputs=any\nat=2s..8s pause m1\n"))
	require.NoError(t, err)
	one := Draw(s, keyed(7))
	more := s.Clone()
	extra, err := ParseFault("at=3s..9s stop w1 p=50%")
	require.NoError(t, err)
	more.Faults = append(more.Faults, extra)
	two := Draw(more, keyed(7))
	require.Equal(t, one.Faults, two.Faults[:len(one.Faults)], "a rule added at the end changes no other draw")

	more = s.Clone()
	more.Faults[0].At = Range{Lo: 5 * time.Second, Hi: 5 * time.Second}
	three := Draw(more, keyed(7))
	require.Equal(t, one.Faults[0].For, three.Faults[0].For)
	require.Equal(t, one.Faults[1], three.Faults[1])
}

func TestDrawnTimesStayInTheirRangeAndReadWell(t *testing.T) {
	for _, r := range []Range{{Lo: time.Second, Hi: 3 * time.Second}, {Lo: 0, Hi: 2 * time.Millisecond}, {Lo: 5, Hi: 9}, {Lo: 7, Hi: 7}} {
		for seed := range 200 {
			got := draw(r, "x", keyed(seed))
			require.Equal(t, got.Lo, got.Hi)
			require.GreaterOrEqual(t, got.Lo, r.Lo)
			require.LessOrEqual(t, got.Lo, r.Hi)
			require.LessOrEqual(t, len(got.String()), len("1.999ms"))
		}
		low := draw(r, "x", func(string, uint64) uint64 { return 0 })
		high := draw(r, "x", func(_ string, n uint64) uint64 { return n - 1 })
		require.Equal(t, r, Range{Lo: low.Lo, Hi: high.Lo}, "both ends can be drawn")
	}
}

func TestDrawDoesNotTouchItsInput(t *testing.T) {
	found, err := Lookup("failover/kill")
	require.NoError(t, err)
	s := found[0]
	before := s.String()
	d := Draw(s, keyed(1))
	d.Faults[0].Groups[0][0] = "m1"
	require.Equal(t, before, s.String())
}

func TestScheduleRoundTripsAndNamesTheLine(t *testing.T) {
	s, err := ParseSchedule("s", []byte("# two\nat=1s kill m1\n\nat=12.4s for=8s partition m1 | w1 w2 z1\n"))
	require.NoError(t, err)
	require.Len(t, s, 2)
	again, err := ParseSchedule("s", []byte(s.String()))
	require.NoError(t, err)
	require.Equal(t, s, again)
	_, err = ParseSchedule("run.json", []byte("at=1s kill m1\nat=1s kil m1\n"))
	require.ErrorContains(t, err, `run.json:2: unknown fault class "kil"; did you mean kill?`)
}

func FuzzParse(f *testing.F) {
	for _, s := range All() {
		f.Add([]byte(s.String()))
	}
	script, err := os.ReadFile("testdata/text.txt")
	require.NoError(f, err)
	for part := range bytes.SplitSeq(script, []byte("\n\n")) {
		f.Add(part)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("fuzz", text)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		again, err := Parse("fuzz", []byte(s.String()))
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

func TestParseReadsWhatStringPrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		got, err := Parse("rapid", []byte(s.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, s)
		}
		require.Equal(t, s, got)
	})
}

func TestCheckRefusesWhatNoTextCouldSay(t *testing.T) {
	s := All()[0]
	for name, spoil := range map[string]func(*Scenario){
		"a line break in the doc":   func(s *Scenario) { s.Doc += "\nat=1s kill m1" },
		"a line break in a tag":     func(s *Scenario) { s.Ops = []Op{{Client: "c1", Kind: Submit, Tag: "a\nat=1s kill m1"}} },
		"an unknown class":          func(s *Scenario) { s.Faults = []Fault{{Class: "flood"}} },
		"a range that goes back":    func(s *Scenario) { s.Restart = Range{Lo: 2, Hi: 1} },
		"a target that is no word":  func(s *Scenario) { s.Faults = []Fault{{Class: Stop, Groups: [][]string{{"m1 m2"}}}} },
		"a master beyond the count": func(s *Scenario) { s.Faults = []Fault{{Class: Stop, Groups: [][]string{{"m9"}}}} },
		"no safety phase":           func(s *Scenario) { s.Safety = 0 },
	} {
		c := s.Clone()
		spoil(&c)
		require.Error(t, c.Check(), name)
	}
}

// What is demanded must be violated, of alternatives one; what is allowed may be.
func TestWhatAnExpectationDemandsAndAllows(t *testing.T) {
	for _, c := range []struct {
		expect   string
		demanded [][]string
		named    []string
	}{
		{"", nil, nil},
		{"a", [][]string{{"a"}}, []string{"a"}},
		{"a or b", [][]string{{"a", "b"}}, []string{"a", "b"}},
		{"a and b or c", [][]string{{"a"}, {"b", "c"}}, []string{"a", "b", "c"}},
		{"a and b allowing c or d", [][]string{{"a"}, {"b"}}, []string{"a", "b", "c", "d"}},
	} {
		require.Equal(t, c.demanded, Demanded(c.expect), c.expect)
		require.Equal(t, c.named, Expected(c.expect), c.expect)
	}
}
