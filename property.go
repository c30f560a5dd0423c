package simctl

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/scenarios"
)

// A TB is what [Hold] needs of a test: *testing.T, *rapid.T and others have it.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Worlds generates small scenarios for property runs under rapid: topology,
// operations and faults are drawn so that rapid shrinks a failure to few of
// each. A world lasts at most 25 virtual seconds of faults and runs in
// milliseconds.
func Worlds() *rapid.Generator[scenarios.Scenario] {
	return rapid.Custom(func(t *rapid.T) scenarios.Scenario {
		s := scenarios.Scenario{
			Name: "property/drawn", Doc: "drawn by rapid",
			Masters: rapid.IntRange(1, 3).Draw(t, "masters"), Workers: rapid.IntRange(1, 2).Draw(t, "workers"),
			Clients: 1, Servers: rapid.SampledFrom([]int{1, 3}).Draw(t, "servers"),
			WorkerCores: 2, WorkerMemory: 2048, Timers: scenarios.Fast, Safety: 25 * time.Second,
			Restart: scenarios.Range{Lo: time.Second, Hi: 3 * time.Second},
			Delay:   scenarios.Delay{Min: 200 * time.Microsecond, Max: 2 * time.Millisecond},
		}
		tags := rapid.IntRange(1, 4).Draw(t, "jobs")
		for i := range tags {
			s.Ops = append(s.Ops, drawJob(t, string(rune('a'+i)))...)
		}
		for range rapid.IntRange(0, 4).Draw(t, "faults") {
			s.Faults = append(s.Faults, drawFault(t))
		}
		return s
	})
}

func instant(t *rapid.T, label string, lo, hi int) scenarios.Range {
	d := time.Duration(rapid.IntRange(lo, hi).Draw(t, label)) * time.Millisecond
	return scenarios.Range{Lo: d, Hi: d}
}

// drawJob draws one job's submission and perhaps a kill of it.
func drawJob(t *rapid.T, tag string) []scenarios.Op {
	ops := []scenarios.Op{{
		At: instant(t, "submit "+tag, 0, 20_000), Client: "c1", Kind: scenarios.Submit, Tag: tag,
		Cores: int64(rapid.IntRange(1, 2).Draw(t, "cores")), RunFor: instant(t, "run", 100, 8_000),
		Supervise: rapid.Bool().Draw(t, "supervise"),
	}}
	if rapid.IntRange(0, 3).Draw(t, "kill?") == 0 {
		ops = append(ops, scenarios.Op{At: instant(t, "kill "+tag, 500, 24_000), Client: "c1", Kind: scenarios.Kill, Tag: tag})
	}
	return ops
}

// drawFault draws one fault of the classes that strike processes and links.
func drawFault(t *rapid.T) scenarios.Fault {
	f := scenarios.Fault{
		At:  instant(t, "at", 1_000, 24_000),
		For: instant(t, "for", 200, 9_000),
		Class: rapid.SampledFrom([]scenarios.Class{
			scenarios.KillOff, scenarios.Stop, scenarios.Pause, scenarios.HostLoss, scenarios.Partition,
			scenarios.OneWay, scenarios.ResetConn, scenarios.Expire, scenarios.Stall,
		}).Draw(t, "class"),
	}
	process := rapid.SampledFrom([]string{"active", "any-worker", "standby"})
	switch f.Class {
	case scenarios.Partition, scenarios.OneWay, scenarios.ResetConn, scenarios.Stall:
		f.Groups = [][]string{
			{rapid.SampledFrom([]string{"active", "any-worker", "c1"}).Draw(t, "one side")},
			{rapid.SampledFrom([]string{"servers", "rest"}).Draw(t, "other side")},
		}
	case scenarios.Expire:
		f.Groups = [][]string{{"active"}}
	default:
		f.Groups = [][]string{{process.Draw(t, "target")}}
	}
	switch f.Class {
	case scenarios.ResetConn, scenarios.Expire:
		f.For = scenarios.Range{}
	case scenarios.KillOff, scenarios.Pause:
		f.Outputs = rapid.IntRange(0, 4).Draw(t, "outputs")
	default:
	}
	return f
}

// Hold runs a scenario from a seed and fails t unless every property holds.
// The failure shows what was violated, the scenario as a text, and the command
// that runs it again.
func Hold(t TB, s scenarios.Scenario, seed uint64, o Options) *Result {
	t.Helper()
	r, err := Run(context.Background(), s, seed, o)
	if err != nil {
		t.Fatalf("run: %v", err)
		return nil
	}
	if bad := r.Violations(); len(bad) > 0 {
		t.Fatalf("%s\nthe scenario:\n\n%s\nsaved as world.txt, reproduce: simctl run world.txt --seed=%d --policy=%s",
			describe(bad), s, seed, o.Policy)
	}
	return r
}

func describe(fs []checker.Finding) string {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, "%s is violated at step %d: %s\n", f.Property, f.Step, f.Detail)
	}
	return b.String()
}
