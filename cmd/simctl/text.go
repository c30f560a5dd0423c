package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios/strategy"
)

// A painter colours words, where colour is wanted. A colour never carries a
// meaning alone: the word is there without it.
type painter bool

// colours reports whether standard output is a terminal that wants colour.
func (e *env) colours() painter {
	return painter(e.IsTTY(e.Stdout) && e.Getenv("NO_COLOR") == "" && e.Getenv("TERM") != "dumb")
}

// verdicts returns one line a finding, the verdict's word coloured.
func (p painter) verdicts(findings []checker.Finding) string {
	var b strings.Builder
	_ = reports.Verdicts(&b, findings) // a Builder takes everything
	text := b.String()
	if !p {
		return text
	}
	for v, colour := range map[checker.Verdict]string{checker.Pass: "32", checker.Violation: "1;31", checker.Inconclusive: "33"} {
		word := strings.ToUpper(string(v))
		text = strings.ReplaceAll(text, "  "+word+" ", "  \x1b["+colour+"m"+word+"\x1b[0m ")
	}
	return text
}

// announce prints what is about to be run, its seed first of all.
func announce(w io.Writer, scenario string, seed uint64, o runOptions) {
	fmt.Fprintf(w, "%s  seed=%d  policy=%s", scenario, seed, o.Policy)
	if o.Grain != "" {
		fmt.Fprintf(w, "  zk-grain=%s", o.Grain)
	}
	if o.Strategy != "" && o.Strategy != strategy.Random {
		fmt.Fprintf(w, "  strategy=%s", o.Strategy)
	}
	if o.Timers != "" {
		fmt.Fprintf(w, "  timers=%s", o.Timers)
	}
	for _, c := range o.Conf.List() {
		fmt.Fprintf(w, "  %s", c)
	}
	fmt.Fprintln(w)
}

// printOutcome prints a run for people.
func (e *env) printOutcome(o *outcome, quiet, wall bool) {
	w, p := e.Stdout, e.colours()
	if o.Story != "" && !quiet {
		fmt.Fprintf(w, "\n%s\n", strings.TrimRight(o.Story, "\n"))
	}
	fmt.Fprintf(w, "\n  steps %s   simulated %s   fingerprint %s", reports.Thousands(o.Steps), reports.Span(o.SimulatedNs), o.Fingerprint)
	if wall {
		fmt.Fprintf(w, "   wall %s", reports.Span(o.WallNs))
	}
	fmt.Fprintln(w)
	fmt.Fprint(w, p.verdicts(o.Findings))
	if o.Nondeterminism != "" {
		fmt.Fprintf(w, "\n  NONDETERMINISM  two runs of this seed differ: %s\n", o.Nondeterminism)
		fmt.Fprintln(w, "  something in impl or sim depends on more than the seed: a map's order, a clock, an address")
	}
	if o.Twice && o.Nondeterminism == "" {
		fmt.Fprintln(w, "\n  run twice: the same, step by step")
	}
	if o.Interrupted {
		fmt.Fprintln(w, "\n  INTERRUPTED  what there is was written")
	}
	fmt.Fprintln(w)
	if o.Bundle != "" && len(violations(o)) > 0 {
		fmt.Fprintf(w, "  shrink     simctl shrink %s\n", o.Bundle)
	}
	if o.Bundle != "" {
		fmt.Fprintf(w, "  bundle     %s\n", o.Bundle)
	}
	fmt.Fprintf(w, "  reproduce  %s\n", o.reproduce())
	fmt.Fprintf(w, "  verdict    %s  seed=%d\n", o.Verdict, o.Seed)
}

// reproduce is the command that gives this run again: from its bundle, which
// outlives changes of the generators, or else from its seed.
func (o *outcome) reproduce() string {
	if o.Bundle != "" {
		return "simctl replay " + o.Bundle
	}
	cmd := fmt.Sprintf("simctl run %s --seed=%d", o.Scenario, o.Seed)
	if o.Policy != "hardened" {
		cmd += " --policy=" + o.Policy
	}
	if o.Grain == simctl.GrainService {
		cmd += " --zk-grain=" + o.Grain
	}
	if o.ZKClient == "curator" {
		cmd += " --zk-client=" + o.ZKClient
	}
	if o.Strategy != "" {
		cmd += " --strategy=" + o.Strategy
	}
	for _, key := range sortedKeys(o.Config) {
		cmd += " --conf " + key + "=" + o.Config[key]
	}
	return cmd
}

// printSweep prints a sweep for people. First is the first run with a
// violation, if there is one.
func (e *env) printSweep(l *reports.SweepLine, first *outcome) {
	w := e.Stdout
	fmt.Fprintf(w, "%s runs  %s violations  %s inconclusive\n", reports.Thousands(l.Runs), reports.Thousands(l.Violations), reports.Thousands(l.Inconclusive))
	if l.Nondeterminism > 0 {
		fmt.Fprintf(w, "  NONDETERMINISM in %s runs\n", reports.Thousands(l.Nondeterminism))
	}
	fmt.Fprintf(w, "  steps      %s  (%s a second)\n", reports.Thousands(l.StepsTotal), reports.Thousands(l.StepsPerSecond))
	fmt.Fprintf(w, "  wall       %s  (%s runs a second)\n", reports.Span(l.WallNs), reports.Thousands(l.RunsPerSecond))
	fmt.Fprintf(w, "  failovers  %s\n", reports.Thousands(l.Failovers))
	fmt.Fprintf(w, "  operations %s, %s of them acknowledged\n", reports.Thousands(l.Ops), reports.Thousands(l.Acked))
	for _, class := range sortedKeys(l.Faults) {
		fmt.Fprintf(w, "  fault      %-16s in %s runs\n", class, reports.Thousands(l.Faults[class]))
	}
	for _, name := range sortedKeys(l.Strategies) {
		share := l.Strategies[name]
		fmt.Fprintf(w, "  strategy   %-16s in %s runs, %s violations, %s new states and ways\n",
			name, reports.Thousands(share.Runs), reports.Thousands(share.Violations), reports.Thousands(share.News))
	}
	if len(l.Scenarios) > 0 {
		fmt.Fprintf(w, "\n  %-28s %8s %20s %28s\n", "scenario", "runs", "failovers, median", "acknowledged, median (min)")
	}
	for _, s := range l.Scenarios {
		fmt.Fprintf(w, "  %-28s %8s %20d %28s\n", s.Name, reports.Thousands(s.Runs), s.MedianFailovers, fmt.Sprintf("%d (%d)", s.MedianAcked, s.MinAcked))
	}
	for _, name := range l.Unreached {
		fmt.Fprintf(w, "  UNREACHED  %s: no run saw it\n", name)
	}
	if first == nil {
		return
	}
	fmt.Fprintf(w, "\nfirst violation: %s  seed=%d\n", first.Scenario, first.Seed)
	fmt.Fprint(w, e.colours().verdicts(violations(first)))
	if first.Bundle != "" {
		fmt.Fprintf(w, "  bundle     %s\n", first.Bundle)
	}
	fmt.Fprintf(w, "  reproduce  %s\n", first.reproduce())
}

// violations are the findings that are.
func violations(o *outcome) (found []checker.Finding) {
	for _, f := range o.Findings {
		if f.Verdict == checker.Violation {
			found = append(found, f)
		}
	}
	return found
}
