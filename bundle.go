package simctl

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
)

// Version is what `simctl version` prints and bundles carry.
const Version = "0.1.0"

// Bundle returns everything of a run that is written to disk. Make the run
// with Options.Steps if its trace is to be in it.
func (r *Result) Bundle() (*reports.Bundle, error) {
	h, err := history.Build(r.Events)
	if err != nil {
		return nil, fmt.Errorf("bundle of %s: %w", r.Name(), err)
	}
	timers, err := effectiveTimers(&r.Scenario, r.Options.Conf)
	if err != nil {
		return nil, fmt.Errorf("bundle of %s: %w", r.Name(), err)
	}
	run := reports.RunFile{
		Kind: reports.SimBundle, Name: r.Scenario.Name, Seed: r.Seed, Policy: r.Options.Policy.String(), Grain: r.Options.Grain,
		ZKClient: r.Options.ZKClient, Strategy: r.strategy(), Encode: r.Options.Encode, Scenario: reports.Text(r.Scenario.String()),
		Schedule: reports.Text(scenarios.Schedule(r.Applied).String()),
		Timers:   timers, Config: r.Options.Conf.Map(),
		Versions:    reports.Versions{Simctl: Version, Go: runtime.Version()},
		Fingerprint: reports.Fingerprint(r.Fingerprint), Steps: r.Steps, SimulatedNs: r.SimulatedNs,
		Verdict: r.Verdict, Partial: r.Options.UntilStep > 0 || r.Options.UntilNs > 0 || r.Interrupted, Failovers: r.failoverLines(),
		ScheduleUsed: r.Options.Schedule != nil, Overrides: overrideFile(r.Options.Overrides), Certificate: r.Certificate,
	}
	for _, c := range r.Checkpoints {
		run.Checkpoints = append(run.Checkpoints, reports.Fingerprint(c))
	}
	return &reports.Bundle{Run: run, Steps: r.Trace, Events: r.Events, History: h, Findings: r.Findings}, nil
}

func (r *Result) failoverLines() []reports.Failover {
	out := []reports.Failover{}
	for _, f := range r.Failovers {
		out = append(out, reports.Failover{
			Cause: f.Cause, StartNs: f.Start, DetectNs: f.Detect, ElectNs: f.Elect, RecoverNs: f.Recover, TotalNs: f.Total,
		})
	}
	return out
}

// Line returns what run --json prints of the result. Dir is where its bundle
// was written, if it was.
func (r *Result) Line(dir string) reports.RunLine {
	return reports.RunLine{
		Schema: reports.RunSchema, Scenario: r.Scenario.Name, Seed: r.Seed, Policy: r.Options.Policy.String(), Grain: r.Options.Grain, ZKClient: r.Options.ZKClient,
		Strategy: r.strategy(), Config: r.Options.Conf.Map(), Fingerprint: reports.Fingerprint(r.Fingerprint), Steps: r.Steps, SimulatedNs: r.SimulatedNs, Verdict: r.Verdict,
		Findings: r.Findings, Failovers: r.failoverLines(), Reached: r.Reached, Bundle: dir,
	}
}

// Save writes the bundle of a run to a directory that does not exist yet, or
// holds an older bundle.
func (r *Result) Save(dir string) error {
	b, err := r.Bundle()
	if err != nil {
		return err
	}
	return reports.WriteBundle(dir, b, nil)
}

// A Target is what replay and check are given: a seed, SCENARIO:SEED, or the
// directory of a bundle.
type Target struct {
	Scenario scenarios.Scenario
	Seed     uint64
	Dir      string           // of a bundle; empty for the other two
	Recorded *reports.RunFile // likewise
	Options  Options          // of a bundle: the policy and schedule it was made with
}

// MainScenario is the scenario that a bare seed means.
const MainScenario = "failover/3x3x3"

// ParseTarget reads a target. A bare seed means [MainScenario].
func ParseTarget(text string) (*Target, error) {
	if info, err := os.Stat(text); err == nil && info.IsDir() {
		return bundleTarget(text)
	}
	name, seedText := MainScenario, text
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		name, seedText = text[:i], text[i+1:]
	}
	seed, err := strconv.ParseUint(seedText, 0, 64)
	if err != nil {
		if strings.ContainsAny(text, "/.") && !strings.Contains(text, ":") {
			return nil, fmt.Errorf("%s: no such bundle", text)
		}
		return nil, fmt.Errorf("%s: want a seed, SCENARIO:SEED or the directory of a bundle", text)
	}
	list, err := scenarios.Lookup(name)
	if file, errFile := os.ReadFile(name); err != nil && strings.HasSuffix(name, ".txt") && errFile == nil {
		list = make([]scenarios.Scenario, 1)
		list[0], err = scenarios.Parse(name, file)
	}
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, fmt.Errorf("%s: %s names %d scenarios, want one", text, name, len(list))
	}
	return &Target{Scenario: list[0], Seed: seed, Options: Options{Policy: policy.Hardened}}, nil
}

// bundleTarget reads all of the bundle, so that a damaged one is refused and
// not half believed.
func bundleTarget(dir string) (*Target, error) {
	b, err := reports.ReadBundle(dir)
	if err != nil {
		return nil, err
	}
	run := &b.Run
	if run.Kind != reports.SimBundle {
		return nil, fmt.Errorf("%s: a %s bundle cannot be replayed, only checked: simctl check %s", dir, run.Kind, dir)
	}
	t := &Target{Dir: dir, Recorded: run, Seed: run.Seed}
	if t.Scenario, err = run.ParseScenario(dir); err != nil {
		return nil, err
	}
	schedule, err := run.ParseSchedule(dir)
	if err != nil {
		return nil, err
	}
	t.Options.Schedule = append([]scenarios.Fault{}, schedule...)
	if t.Options.Conf, err = conf.Of(run.Config); err != nil {
		return nil, fmt.Errorf("read bundle %s: run.json: %w", dir, suggest(err))
	}
	if t.Options.Overrides, err = parseOverrides(run.Overrides); err != nil {
		return nil, fmt.Errorf("read bundle %s: run.json: %w", dir, err)
	}
	t.Options.Encode, t.Options.Grain, t.Options.ZKClient = run.Encode, run.Grain, run.ZKClient
	if t.Options.Policy, err = policy.Parse(run.Policy); err != nil {
		return nil, fmt.Errorf("read bundle %s: run.json: %w", dir, err)
	}
	return t, nil
}

// Replay runs a target again, twice, and compares the two; a bundle's recorded
// fingerprint is compared too if the build that wrote it was this one.
func Replay(ctx context.Context, t *Target) (*Result, error) {
	r, err := Twice(ctx, t.Scenario, t.Seed, t.Options)
	if err != nil || t.Recorded == nil || r.Nondeterminism != "" {
		return r, err
	}
	if was := t.Recorded.Fingerprint; was != reports.Fingerprint(r.Fingerprint) && t.Options.UntilStep == 0 && t.Options.UntilNs == 0 &&
		len(t.Options.Overrides) == len(t.Recorded.Overrides) && t.Recorded.Versions.Simctl == Version && !t.Recorded.Partial {
		r.Nondeterminism = recordedDivergence(ctx, t, was, r)
	}
	return r, nil
}

// recordedDivergence compares a run with the trace that its bundle holds.
func recordedDivergence(ctx context.Context, t *Target, was string, r *Result) string {
	text := fmt.Sprintf("recorded fingerprint %s, now %s", was, reports.Fingerprint(r.Fingerprint))
	b, err := reports.ReadBundle(t.Dir)
	if err != nil {
		return text
	}
	o := t.Options
	o.Steps = true
	again, err := Run(ctx, t.Scenario, t.Seed, o)
	if err != nil {
		return text
	}
	if d := trace.Diff(b.Steps, again.Trace); d != nil {
		return text + "\n" + d.String()
	}
	return text
}

// Check judges a saved run again, simulated or live, from its events alone.
func Check(dir string) (*reports.Bundle, *Result, error) {
	b, err := reports.ReadBundle(dir)
	if err != nil {
		return nil, nil, err
	}
	r := &Result{Seed: b.Run.Seed, Events: b.Events, Steps: b.Run.Steps, SimulatedNs: b.Run.SimulatedNs}
	if r.Scenario, err = b.Run.ParseScenario(dir); err != nil {
		return nil, nil, err
	}
	if r.Options.Policy, err = policy.Parse(b.Run.Policy); err != nil {
		return nil, nil, fmt.Errorf("read bundle %s: run.json: %w", dir, err)
	}
	if b.Run.Fingerprint != "" {
		if r.Fingerprint, err = strconv.ParseUint(b.Run.Fingerprint, 16, 64); err != nil {
			return nil, nil, fmt.Errorf("read bundle %s: run.json: fingerprint: %w", dir, err)
		}
	}
	ms := newMonitors("", &r.Options.Policy)
	for i := range r.Events {
		ms.observe(&r.Events[i])
	}
	r.judge(ms)
	return b, r, nil
}

// Only drops all findings but one property's and sums up again. It reports
// whether there was one.
func (r *Result) Only(property string) bool {
	i := slices.IndexFunc(r.Findings, func(f checker.Finding) bool { return f.Property == property })
	if i < 0 {
		return false
	}
	r.Findings = r.Findings[i : i+1]
	r.Verdict = verdict(r.Findings, "")
	return true
}
