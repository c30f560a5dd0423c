package simctl

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/failover"
	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live/lab"
	"github.com/simctl/simctl/impl/live/lab/refusal"
	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
)

// SoakOptions say what a soak starts, and for how long faults go on.
type SoakOptions struct {
	// Binary is a simctl program: it is run as `Binary node ...`, once a
	// process.
	Binary string
	For    time.Duration
	// ZK is an ensemble that stands already, as HOST:PORT; without it three
	// servers of Debian's ZooKeeper are started, or, with Embedded, three of
	// Binary's own, and single ones of them are killed and stopped in between.
	ZK                        []string
	Embedded                  bool
	Masters, Workers, Clients int // 0 means 3, 3 and 2
	// Scenario, if not nil, is what is run, in place of losses drawn at random.
	// For 0 is its safety phase, and with more it is played again and again.
	Scenario *scenarios.Scenario
	Seed     uint64
	Policy   policy.Policy
	Timers   scenarios.TimersName // empty means fast
	Conf     conf.Conf            // goes before the timers
	// Causes are the ways in which the active master is lost; nil means stop,
	// kill, pause and partition.
	Causes []scenarios.Class
	// FailFast ends the run, as if it was interrupted, once a property is
	// violated.
	FailFast bool
	// Dir keeps what the processes write; empty means a temporary directory.
	Dir string
}

// A SoakResult is one live run and what the judges say of it.
type SoakResult struct {
	Result
	ZK   string // version of the ensemble
	Lost int    // acknowledged submissions that are gone
	Wall time.Duration
	live bool // it was a scenario's run
	// Short says why the run proves too little; empty if it does not.
	Short string
}

// The least that a soak must have done to be conclusive: one failover of each
// cause, and so many acknowledged operations in five minutes of faults, or in
// proportion.
const (
	leastAcked = 500
	leastIn    = 5 * time.Minute
)

// Soak runs real processes on a real ZooKeeper, takes their active master away
// again and again, and judges what they recorded by the same properties as a
// simulated run. Each is told every fault with the failover that it led to.
func Soak(ctx context.Context, o SoakOptions, each func(reports.SoakFault)) (*SoakResult, error) {
	lo := lab.Options{
		Binary: o.Binary, Dir: o.Dir, Masters: o.Masters, Workers: o.Workers, Clients: o.Clients, Policy: o.Policy,
		Timers: o.Timers, Conf: o.Conf, For: o.For, Seed: o.Seed, Causes: o.Causes, Embedded: o.Embedded, Scenario: o.Scenario,
	}
	for _, addr := range o.ZK {
		lo.ZK = append(lo.ZK, host.Addr(addr))
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lo.OnFault = func(f scenarios.Fault, soFar func() []trace.Event) {
		events := soFar()
		if each != nil {
			each(soakFault(f, events))
		}
		if o.FailFast && violated(events) {
			stop()
		}
	}
	rec, err := lab.Soak(ctx, lo)
	if err != nil {
		return nil, err
	}
	r := &SoakResult{ZK: rec.ZKVersion, Wall: time.Duration(rec.WallNs), live: o.Scenario != nil}
	r.Scenario, r.Drawn, r.Seed, r.Options.Policy, r.Options.Conf = rec.Scenario, rec.Drawn, o.Seed, o.Policy, o.Conf
	r.Applied, r.Struck, r.Events, r.SimulatedNs = rec.Applied, rec.Applied, rec.Events, rec.WallNs
	r.Steps, r.Interrupted = uint64(len(rec.Events)), rec.Interrupted
	r.rejudge()
	r.Lost = lost(r.Events)
	if r.Short = r.tooLittle(o); r.Short != "" && r.Verdict == checker.Pass {
		r.Verdict = checker.Inconclusive
	}
	return r, nil
}

// RunsLive says why [Soak] cannot run a scenario; nil if it can.
func RunsLive(s *scenarios.Scenario) error { return refusal.Of(s) }

// violated reports whether any property is violated by these events.
func violated(events []trace.Event) bool {
	r := Result{Events: events}
	r.rejudge()
	return len(r.Violations()) > 0
}

// rejudge judges the events anew.
func (r *Result) rejudge() {
	ms := newMonitors("", &r.Options.Policy)
	for i := range r.Events {
		ms.observe(&r.Events[i])
	}
	r.judge(ms)
}

// soakFault tells a fault with the first failover that began with it.
func soakFault(f scenarios.Fault, events []trace.Event) reports.SoakFault {
	out := reports.SoakFault{AtNs: int64(f.At.Lo), Fault: f.String()}
	for _, fo := range failover.Failovers(events) {
		// The fault's text has its moment to the millisecond.
		if fo.Cause == string(f.Class) && fo.Start >= int64(f.At.Lo-2*time.Millisecond) && strings.Contains(" "+f.String()+" ", " "+fo.Process+" ") {
			line := failoverLine(&fo)
			out.Failover = &line
			break
		}
	}
	return out
}

func failoverLine(f *failover.Failover) reports.Failover {
	return reports.Failover{
		Cause: f.Cause, StartNs: f.Start, DetectNs: f.Detect, ElectNs: f.Elect, RecoverNs: f.Recover, TotalNs: f.Total,
	}
}

// ByCause counts the completed failovers of each cause.
func (r *SoakResult) ByCause() map[string]int {
	out := map[string]int{}
	for _, f := range r.Failovers {
		out[f.Cause]++
	}
	return out
}

// ServerLosses counts how often a server of the service was taken away.
func (r *SoakResult) ServerLosses() (n int) {
	for _, f := range r.Applied {
		if f.Class == scenarios.Leader || !f.Class.Links() && strings.HasPrefix(f.Groups[0][0], "z") {
			n++
		}
	}
	return n
}

// tooLittle says why a soak proves too little, empty if it does not.
func (r *SoakResult) tooLittle(o SoakOptions) string {
	causes, least := o.Causes, int(min(1, float64(o.For)/float64(leastIn))*leastAcked)
	if o.Scenario != nil { // what it must reach it says itself
		causes, least = []scenarios.Class{}, min(1, o.Scenario.Clients)
	}
	if causes == nil {
		causes = []scenarios.Class{scenarios.Stop, scenarios.KillOff, scenarios.Pause, scenarios.Partition}
	}
	done := r.ByCause()
	var missing []string
	for _, c := range causes {
		if done[string(c)] == 0 {
			missing = append(missing, "no failover by "+string(c))
		}
	}
	if r.Acked < least {
		missing = append(missing, fmt.Sprintf("%d operations acknowledged, want %d", r.Acked, least))
	}
	if r.Interrupted {
		missing = append(missing, "the run was interrupted")
	}
	return strings.Join(missing, "; ")
}

// lost counts the submissions that a client was told are accepted, and that
// nobody knows any more: a later answer says so, or the run was healed and came
// to its end without a sign of the job.
func lost(events []trace.Event) int {
	tags := map[string]string{} // of accepted submissions, by driver
	seen := map[string]bool{}   // drivers that began, ended or were killed
	known := map[string]bool{}  // tags whose last answer says more than that they wait
	gone := map[string]bool{}   // tags
	healed := false
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case trace.Return:
			switch {
			case e.Value == "submit" && !strings.HasPrefix(e.Detail, "error"):
				tags[e.Detail] = e.Subject
			case e.Value == "status" && e.Detail == "not found":
				gone[e.Subject] = true
			case e.Value == "status" && !strings.HasPrefix(e.Detail, "error"):
				known[e.Subject] = e.Detail != "SUBMITTED"
			}
		case trace.Job, trace.Accepted:
			seen[e.Subject] = true
		case trace.Obeyed, trace.Acked:
			if e.Subject == "launch" || e.Subject == "kill" {
				seen[e.Value] = true
			}
		case trace.Healed:
			healed = true
		default:
		}
	}
	for id, tag := range tags {
		if healed && !seen[id] && !known[tag] {
			gone[tag] = true
		}
	}
	return len(gone)
}

// applications counts what was submitted by name with a job, and what of that
// came to its result, by mode.
func (r *SoakResult) applications() (out []reports.SoakApplications) {
	begun, finished := map[string]bool{}, map[string]bool{} // by tag
	for i := range r.Events {
		e := &r.Events[i]
		switch {
		case e.Kind == trace.Call && e.Value == "submit" || e.Kind == trace.App && e.Value == "begun":
			begun[e.Subject] = true
		case e.Kind == trace.App && e.Value == "finished":
			finished[e.Subject] = true
		}
	}
	for _, mode := range []string{"client", "cluster", "supervised"} {
		sum := reports.SoakApplications{Mode: mode}
		for _, o := range r.Drawn.Ops {
			if o.Kind == scenarios.Submit && o.App.Has() && modeOf(o) == mode && begun[o.Tag] {
				sum.Submitted++
				if finished[o.Tag] {
					sum.Finished++
				}
			}
		}
		if sum.Submitted > 0 {
			out = append(out, sum)
		}
	}
	return out
}

// modeOf is how an application's driver is run.
func modeOf(o scenarios.Op) string {
	switch {
	case o.App.Mode == scenarios.InClient:
		return "client"
	case o.Supervise:
		return "supervised"
	}
	return "cluster"
}

// Bundle returns everything of the soak that is written to disk.
func (r *SoakResult) Bundle() (*reports.Bundle, error) {
	h, err := history.Build(r.Events)
	if err != nil {
		return nil, fmt.Errorf("bundle of %s: %w", r.Name(), err)
	}
	timers, err := effectiveTimers(&r.Drawn, conf.Conf{})
	if err != nil {
		return nil, fmt.Errorf("bundle of %s: %w", r.Name(), err)
	}
	run := reports.RunFile{
		Kind: reports.SoakBundle, Name: r.Scenario.Name, Seed: r.Seed, Policy: r.Options.Policy.String(), Grain: "real",
		Scenario: reports.Text(r.Scenario.String()), Schedule: reports.Text(scenarios.Schedule(r.Applied).String()),
		Timers: timers, Config: r.Options.Conf.Map(),
		Versions: reports.Versions{Simctl: Version, Go: runtime.Version(), ZooKeeper: r.ZK},
		Steps:    r.Steps, SimulatedNs: r.SimulatedNs, Verdict: r.Verdict, Partial: r.Interrupted, Failovers: r.failoverLines(),
	}
	return &reports.Bundle{Run: run, Events: r.Events, History: h, Findings: r.Findings}, nil
}

// Save writes the bundle of the soak.
func (r *SoakResult) Save(dir string) error {
	b, err := r.Bundle()
	if err != nil {
		return err
	}
	return reports.WriteBundle(dir, b, nil)
}

// Line returns what soak --json prints at the end. Dir is where its bundle was
// written.
func (r *SoakResult) Line(dir string) reports.SoakLine {
	name := ""
	if r.live {
		name = r.Scenario.Name
	}
	return reports.SoakLine{
		Schema: reports.SoakSchema, Scenario: name, ZK: r.ZK, Policy: r.Options.Policy.String(), Seed: r.Seed,
		Failovers: int64(len(r.Failovers)), ByCause: r.ByCause(), ServerLosses: int64(r.ServerLosses()), Ops: int64(r.Calls), Acked: int64(r.Acked), Lost: int64(r.Lost), Applications: r.applications(),
		Verdict: r.Verdict, Findings: r.Findings, WallNs: r.Wall.Nanoseconds(), Bundle: dir,
	}
}

// NodeOptions say what one real process is.
type NodeOptions = program.Options

// Node is the whole life of one real process: it returns its exit status once
// it has ended. When ctx is done the process is told to end.
func Node(ctx context.Context, o NodeOptions) (status int, err error) { return program.Run(ctx, o) }
