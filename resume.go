package simctl

import (
	"slices"
	"strconv"
	"time"

	"github.com/simctl/simctl/checker/failover"
	"github.com/simctl/simctl/reports/journal"
	"github.com/simctl/simctl/scenarios"
)

// JournalLine is what a sweep's journal keeps of a run, whose bundle is in dir, if
// anywhere.
func (r *Result) JournalLine(dir string) journal.Line {
	l := journal.Line{
		Run: r.Line(dir), Calls: r.Calls, Acked: r.Acked, Differs: r.Nondeterminism, WallNs: r.SweepNs,
		Struck: classes(r.Struck), MayDraw: classes(r.Scenario.Faults), Sometimes: r.Scenario.Sometimes,
	}
	l.Run.WallNs = r.Wall.Nanoseconds()
	for _, x := range r.News {
		l.News = append(l.News, strconv.FormatUint(x, 16))
	}
	if len(r.News) > 0 {
		l.Asked, l.Drawn = r.Asked, r.Drawn.String()
	}
	return l
}

func classes(fs []scenarios.Fault) (out []string) {
	for _, f := range fs {
		if !slices.Contains(out, string(f.Class)) {
			out = append(out, string(f.Class))
		}
	}
	return out
}

// recall is as much of a run as its journal line keeps: what sums need.
func recall(l *journal.Line) *Result {
	r := &Result{
		Seed: l.Run.Seed, Strategy: Strategy(l.Run.Strategy), Steps: l.Run.Steps, SimulatedNs: l.Run.SimulatedNs, Verdict: l.Run.Verdict,
		Findings: l.Run.Findings, Failovers: make([]failover.Failover, len(l.Run.Failovers)), Reached: l.Run.Reached,
		Calls: l.Calls, Acked: l.Acked, Nondeterminism: l.Differs, Asked: l.Asked,
	}
	if r.Strategy == "" {
		r.Strategy = "random"
	}
	r.Scenario = scenarios.Scenario{Name: l.Run.Scenario, Sometimes: l.Sometimes}
	for _, c := range l.MayDraw {
		r.Scenario.Faults = append(r.Scenario.Faults, scenarios.Fault{Class: scenarios.Class(c)})
	}
	for _, c := range l.Struck {
		r.Struck = append(r.Struck, scenarios.Fault{Class: scenarios.Class(c)})
	}
	return r
}

// resume counts the runs that an earlier sweep has finished, learns from them, and
// returns how long it took.
func (s *Summary) resume(search *search, past []journal.Line) (time.Duration, error) {
	var wall time.Duration
	for i := range past {
		l := &past[i]
		d := sweepDone{n: i, name: l.Asked, r: recall(l)}
		for _, text := range l.News {
			x, err := strconv.ParseUint(text, 16, 64)
			if err != nil {
				return 0, err
			}
			d.saw = append(d.saw, x)
		}
		if l.Drawn != "" {
			var err error
			if d.r.Drawn, err = scenarios.Parse("journal", []byte(l.Drawn)); err != nil {
				return 0, err
			}
		}
		search.add(&d)
		s.add(d.r)
		wall = time.Duration(l.WallNs)
	}
	return wall, nil
}
