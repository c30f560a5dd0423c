// Package simctl is a testbed for ZooKeeper-backed high availability in the
// style of Spark Standalone: the real master, worker and client code runs
// simulated from a seed or live over a real ensemble, and the same judges say
// whether a single master acted and whether anything acknowledged was lost.
//
// [Run] runs one scenario from one seed, [Sweep] many, [Replay] the same again
// exactly, and [Check] judges a saved run once more. A [Result] is data: what
// was run, what happened, and what every property says of it.
package simctl

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/failover"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/reports/seen"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/cluster"
	"github.com/simctl/simctl/sim/kernel"
	"github.com/simctl/simctl/sim/twin"
	"github.com/simctl/simctl/sim/zk"
)

// Options say how a scenario is run. The zero value but for Policy is the
// default; a zero Policy is not a preset: use [policy.Hardened].
type Options struct {
	Policy policy.Policy
	// Strategy is how the seed becomes a run. It is empty in results, whose
	// scenario is what the strategy made.
	Strategy Strategy
	// Schedule, if not nil, replaces the faults that the seed draws.
	Schedule []scenarios.Fault
	// Encode encodes and decodes every message on its way. It changes no
	// fingerprint.
	Encode bool
	// Conf goes before what the scenario sets by names of Spark's configuration.
	Conf conf.Conf
	// Timers overrides the scenario's timers; empty leaves them.
	Timers scenarios.TimersName
	// Grain is that of the simulated ZooKeeper: GrainService or GrainEnsemble;
	// empty means DefaultGrain. A scenario about servers has them whatever it is.
	Grain string
	// ZKClient is the client library of processes that use ZooKeeper:
	// "go-zookeeper" or "curator"; empty means the first.
	ZKClient string
	// Steps keeps every kernel step in the result, for a trace. Such a run ends
	// early, and is still judged, when its context is cancelled.
	Steps bool
	// OnStep sees every kernel step before it is carried out.
	OnStep func(s *trace.Step)
	// Overrides force single choices of the run; see [kernel.Override]. A run with
	// one that cannot be is an error.
	Overrides []kernel.Override
	// UntilStep ends the run after that step; 0 runs to the end.
	UntilStep uint64
	// UntilNs ends the run at that virtual time; 0 runs to the end.
	UntilNs int64

	only  string // the one property to judge; empty: all
	early bool   // the run ends where a property is violated
}

// The grains of the simulated ZooKeeper.
const (
	// GrainService is one linearizable service with sessions behind the
	// servers' endpoints.
	GrainService = "service"
	// GrainEnsemble is servers that are processes: each has its own copy and its
	// own disk, they elect a leader and agree, and clients speak to them in
	// ZooKeeper's own protocol.
	GrainEnsemble = "ensemble"
	// DefaultGrain is what the empty Options.Grain means.
	DefaultGrain = GrainEnsemble
)

// A Result is one run and what the judges say of it.
type Result struct {
	Scenario scenarios.Scenario // as written, or as the strategy made it, ranges and all
	Drawn    scenarios.Scenario // as the seed drew it
	Seed     uint64
	Strategy Strategy // that made the scenario; mix never
	Options  Options

	Fingerprint uint64
	Checkpoints []uint64
	Steps       uint64
	SimulatedNs int64
	Applied     []scenarios.Fault // the schedule, roles resolved
	Struck      []scenarios.Fault // the faults of it that began
	Events      []trace.Event
	Trace       []trace.Step // with Options.Steps
	Pending     []trace.Step // what was still to come, with Options.UntilStep

	Verdict   checker.Verdict
	Findings  []checker.Finding
	Failovers []failover.Failover
	Reached   []string // reachability names that this run saw, sorted
	Calls     int      // operations that clients began
	Acked     int      // operations that were answered
	Asked     string   // in a sweep: the scenario that was asked for
	SweepNs   int64    // in a sweep: nanoseconds of wall time until it was added
	News      []uint64 // in a sweep that is guided: what of model/coverage no run before had seen
	// Wall is the wall time of the run and its judges. Nothing depends on it.
	Wall time.Duration
	// Interrupted: the run was ended early because its context was cancelled.
	Interrupted bool
	// Nondeterminism tells the first difference between two runs of this
	// seed; empty if they were equal or there was only one.
	Nondeterminism string
	// Certificate says that the run was made a second time, elsewhere, and what
	// came of it; nil if it was not.
	Certificate *reports.Certificate
}

// Run runs one scenario from one seed and judges it. The error says that
// nothing was judged; a violated property is in the result.
func Run(ctx context.Context, s scenarios.Scenario, seed uint64, o Options) (*Result, error) {
	return runIn(ctx, nil, s, seed, o)
}

// runIn is Run in an arena, if there is one: the result's events are valid
// until the next run in it.
func runIn(ctx context.Context, a *cluster.Arena, s scenarios.Scenario, seed uint64, o Options) (*Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Timers != "" {
		s.Timers = o.Timers
	}
	client, err := o.normal()
	if err != nil {
		return nil, err
	}
	s, used := searched(s, seed, &o)
	if s.NeedsService() {
		o.Grain = GrainService
	}
	if s.NeedsServers() {
		o.Grain = GrainEnsemble
	}
	watch := NewStopwatch()
	r := &Result{Scenario: s, Seed: seed, Strategy: used, Options: o}
	monitors := newMonitors(o.only, &o.Policy)
	opts := cluster.Options{
		Seed: seed, Policy: o.Policy, Conf: o.Conf, Ensemble: o.Grain == GrainEnsemble, Client: client, Arena: a, Schedule: o.Schedule, Encode: o.Encode, UntilStep: o.UntilStep, UntilNs: o.UntilNs,
		Overrides: o.Overrides, OnStep: o.OnStep, Observers: []func(*trace.Event){monitors.observe},
	}
	if o.early {
		opts.Stop = monitors.violated
	}
	if o.Steps {
		opts.OnStep = func(s *trace.Step) {
			r.Trace = append(r.Trace, *s)
			if o.OnStep != nil {
				o.OnStep(s)
			}
		}
		opts.Stop = func() bool {
			r.Interrupted = ctx.Err() != nil
			return r.Interrupted
		}
	}
	rec, err := cluster.Run(s, opts)
	if err != nil {
		return nil, suggest(err)
	}
	r.Drawn, r.Applied, r.Struck, r.Events = rec.Scenario, rec.Applied, rec.Struck, rec.Events
	r.Fingerprint, r.Checkpoints, r.Steps, r.SimulatedNs = rec.Fingerprint, rec.Checkpoints, rec.Steps, rec.SimulatedNs
	r.Pending = rec.Pending
	r.judge(monitors)
	r.Wall = watch.Elapsed()
	return r, nil
}

// normal fills in the defaults.
func (o *Options) normal() (client zk.Profile, err error) {
	o.Grain = cmp.Or(o.Grain, DefaultGrain)
	if o.Grain != GrainService && o.Grain != GrainEnsemble {
		return 0, fmt.Errorf("no grain %q: want %s or %s", o.Grain, GrainService, GrainEnsemble)
	}
	client, err = zk.ParseProfile(o.ZKClient)
	o.ZKClient = client.String()
	return client, err
}

// Properties lists what every run is judged by, safety first.
func Properties() []checker.Property { return suite.Properties() }

// monitors are every property's judge of one run.
type monitors []checker.Monitor

// newMonitors returns the judges of every property under a policy, or of one alone.
func newMonitors(only string, under *policy.Policy) monitors {
	var ms monitors
	for _, p := range Properties() {
		if (only == "" || only == p.Name) && (p.Under == "" || p.Under == under.String()) {
			ms = append(ms, p.New())
		}
	}
	return ms
}

// violated reports whether a property is violated already.
func (ms monitors) violated() bool {
	return slices.ContainsFunc(ms, func(m checker.Monitor) bool { return m.Finding().Verdict == checker.Violation })
}

func (ms monitors) observe(e *trace.Event) {
	for _, m := range ms {
		m.Observe(e)
	}
}

// judge fills in everything that follows from the events.
func (r *Result) judge(ms monitors) {
	r.Findings = r.Findings[:0]
	for _, m := range ms {
		r.Findings = append(r.Findings, m.Finding())
	}
	r.Failovers = failover.Failovers(r.Events)
	r.Reached = seen.Reached(r.Events)
	r.Calls, r.Acked = seen.Count(r.Events)
	for _, name := range r.Scenario.Must {
		if !slices.Contains(r.Reached, name) {
			r.Findings = append(r.Findings, checker.Finding{
				Property: "must " + name, Verdict: checker.Inconclusive, Detail: "the run never reached it",
			})
		}
	}
	if f, ok := seen.Bounded(r.Events); ok {
		r.Findings = append(r.Findings, f)
	}
	if f, ok := seen.Judge(&r.Scenario, r.Options.Policy.String(), r.Events); ok {
		r.Findings = append(r.Findings, f)
	}
	r.Verdict = verdict(r.Findings, r.Scenario.Expectation(r.Options.Policy.String()))
}

// verdict sums findings up: violation before inconclusive before pass. With an
// expectation, what that demands must be violated, and nothing that it does not
// name; what it names need not be judged otherwise.
func verdict(fs []checker.Finding, expect string) checker.Verdict {
	v, expected := checker.Pass, scenarios.Expected(expect)
	var violated []string
	for _, f := range fs {
		switch named := slices.Contains(expected, f.Property); {
		case f.Verdict == checker.Violation && named:
			violated = append(violated, f.Property)
		case named:
		case f.Verdict == checker.Violation:
			return checker.Violation
		case f.Verdict == checker.Inconclusive:
			v = checker.Inconclusive
		}
	}
	for _, group := range scenarios.Demanded(expect) {
		if !slices.ContainsFunc(group, func(name string) bool { return slices.Contains(violated, name) }) {
			return checker.Inconclusive
		}
	}
	return v
}

// Violations lists the findings that are violations.
func (r *Result) Violations() []checker.Finding {
	var out []checker.Finding
	for _, f := range r.Findings {
		if f.Verdict == checker.Violation {
			out = append(out, f)
		}
	}
	return out
}

// Name is the run's name: its scenario and its seed, as "failover-kill-42".
func (r *Result) Name() string {
	name := []byte(r.Scenario.Name)
	for i, c := range name {
		if c == '/' {
			name[i] = '-'
		}
	}
	return fmt.Sprintf("%s-%d", name, r.Seed)
}

// Twice runs like [Run], a second time under another GOMAXPROCS and GOGC, and
// compares the two. The result's Certificate says so.
func Twice(ctx context.Context, s scenarios.Scenario, seed uint64, o Options) (*Result, error) {
	first, err := Run(ctx, s, seed, o)
	if err != nil || first.Interrupted {
		return first, err
	}
	return first, first.certify(ctx)
}

// certify runs once more what was run, elsewhere, and compares.
func (r *Result) certify(ctx context.Context) (err error) {
	ctx = context.WithoutCancel(ctx)
	var second *twin.Run
	twin.Elsewhere(func() { second, err = r.again(ctx, twin.Window{}) })
	if err != nil {
		return err
	}
	r.compare(ctx, second)
	r.Certificate = &reports.Certificate{
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Race: twin.Race, Steps: r.Steps, Same: r.Nondeterminism == "",
		Runs: []reports.CertifiedRun{
			{Settings: "as started", Fingerprint: reports.Fingerprint(r.Fingerprint)},
			{Settings: fmt.Sprintf("GOMAXPROCS=%d GOGC=%d", twin.Procs, twin.GC), Fingerprint: reports.Fingerprint(second.Fingerprint)},
		},
	}
	return nil
}

// compare names the first difference of a run from another one, if there is one.
func (r *Result) compare(ctx context.Context, second *twin.Run) {
	if first := r.twin(); !twin.Same(first, second) {
		r.Nondeterminism = twin.Differ(first, second, kernel.CheckpointEvery, func(w twin.Window) (*twin.Run, error) { return r.again(ctx, w) })
	}
}

// twin is what is compared of a run.
func (r *Result) twin() *twin.Run {
	return &twin.Run{Fingerprint: r.Fingerprint, Checkpoints: r.Checkpoints, Steps: r.Steps, Events: r.Events}
}

// again makes the run again, and keeps the steps of a window.
func (r *Result) again(ctx context.Context, w twin.Window) (*twin.Run, error) {
	var kept []trace.Step
	o := r.Options
	o.Steps, o.OnStep = false, nil
	if w.Last > 0 {
		o.OnStep = func(s *trace.Step) {
			if w.First <= s.N && s.N <= w.Last {
				kept = append(kept, *s)
			}
		}
	}
	x, err := Run(ctx, r.Scenario, r.Seed, o)
	if err != nil {
		return nil, err
	}
	out := x.twin()
	out.Trace = kept
	return out, nil
}

// Stopwatch measures wall time for closing lines. It is the only clock here,
// and nothing that is judged depends on it.
type Stopwatch struct{ start time.Time }

// NewStopwatch starts one.
func NewStopwatch() Stopwatch { return Stopwatch{time.Now()} }

// Elapsed is the wall time since it was started.
func (s Stopwatch) Elapsed() time.Duration { return time.Since(s.start) }
