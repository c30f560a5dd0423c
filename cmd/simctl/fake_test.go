package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os/exec"
	"strconv"
	"time"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
)

// fake is an engine whose runs end as the seed says: 1, 3 and 4 with that exit
// status, 13 with a violation of another property, 130 as if interrupted, 99
// not at all, all others with a pass.
type fake struct{}

func exitStatus(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return strconv.Itoa(exit.ExitCode())
	}
	return err.Error()
}

func (*fake) Properties() []property {
	return []property{
		{Name: "acked-is-recovered", Kind: "safety", Says: "what was acknowledged is recovered", Source: "here"},
		{Name: "jobs-linearizable", Kind: "safety", Says: "jobs are linearizable", Source: "there", Optional: true},
	}
}

func (*fake) Run(_ context.Context, s scenarios.Scenario, seed uint64, o runOptions) (*outcome, error) {
	out := &outcome{Story: "10s  m1 was killed\n"}
	out.RunLine = reports.RunLine{
		Scenario: s.Name, Seed: seed, Policy: o.Policy.String(), Grain: "service", Fingerprint: reports.Fingerprint(0x9c4177e0 + seed),
		Steps: 18204, SimulatedNs: 252e9, Verdict: checker.Pass, WallNs: 31e7,
		Findings:  []checker.Finding{{Property: "jobs-linearizable", Verdict: checker.Pass, Detail: "412 ops"}},
		Failovers: []reports.Failover{{Cause: "kill", StartNs: 10e9, DetectNs: 4e9, ElectNs: 1e6, RecoverNs: 2e9, TotalNs: 6001e6}},
		Bundle:    fmt.Sprintf("%s/fake-%d", o.Out, seed),
	}
	switch seed {
	case 1:
		out.breaks("acked-is-recovered")
	case 13:
		out.breaks("jobs-linearizable")
	case 3:
		out.Verdict = checker.Inconclusive
		out.Findings[0] = checker.Finding{Property: "jobs-linearizable", Verdict: checker.Inconclusive, Detail: "no operation was acknowledged"}
	case 4:
		out.Nondeterminism = "step 7: timer or message"
	case 130:
		out.Interrupted = true
	case 99:
		return nil, errors.New("disk full")
	}
	return out, nil
}

func (o *outcome) breaks(property string) {
	o.Verdict = checker.Violation
	o.Findings = append(o.Findings, checker.Finding{Property: property, Verdict: checker.Violation, Step: 1187, Detail: "driver-7 is gone"})
}

func (f *fake) Sweep(ctx context.Context, ss []scenarios.Scenario, seeds iter.Seq[uint64], o sweepOptions, each func(*outcome) bool) (*tally, error) {
	t := &tally{Ops: 10, Acked: 9, Faults: map[string]int{"kill": 2, "partition": 1}, Wall: 2 * time.Second}
	for seed := range seeds {
		for _, s := range ss {
			out, err := f.Run(ctx, s, seed, o.runOptions)
			if err != nil {
				return nil, err
			}
			if !each(out) {
				return t, nil
			}
		}
	}
	return t, nil
}

func (f *fake) Replay(ctx context.Context, t target, o runOptions) (*outcome, error) {
	if t.Bundle != "" {
		return nil, fmt.Errorf("read bundle %s: run.json: line 1: a newer format", t.Bundle)
	}
	return f.Run(ctx, t.Scenario, t.Seed, o)
}

func (f *fake) Check(ctx context.Context, dir, _ string) (*outcome, error) {
	return f.Run(ctx, scenarios.Scenario{Name: "failover/kill"}, 1, runOptions{Out: dir})
}

func (*fake) Diff(_ context.Context, a, b string) (*difference, error) {
	if a == b {
		return &difference{}, nil
	}
	return &difference{Step: 12, A: "m1 timer Master.workerTimedOut(w1)"}, nil
}

func (f *fake) Latency(ctx context.Context, ss []scenarios.Scenario, seeds iter.Seq[uint64], o latencyOptions, each func(*outcome)) (*reports.LatencyLine, error) {
	for seed := range seeds {
		if seed == 0 {
			return &reports.LatencyLine{}, nil
		}
		out, err := f.Run(ctx, ss[0], seed, o.runOptions)
		if err != nil {
			return nil, err
		}
		each(out)
	}
	row := reports.LatencyRow{Cause: "kill", Phase: "total", Count: 3, P50: 6e9, P90: 6500e6, P99: 7e9, Max: 7001e6}
	return &reports.LatencyLine{Rows: []reports.LatencyRow{row}, Files: []string{o.Out + "/cdf.png"}}, nil
}

func (f *fake) Soak(_ context.Context, o soakOptions, each func(reports.SoakFault)) (*soakOutcome, error) {
	each(reports.SoakFault{AtNs: 12e9, Fault: "kill m1", Failover: &reports.Failover{Cause: "kill", TotalNs: 6e9}})
	t := &soakOutcome{SoakLine: reports.SoakLine{ZK: "3.8.0", Seed: o.Seed, Policy: o.Policy.String(), Failovers: 1, ByCause: map[string]int{"kill": 1}, Acked: 1204, Verdict: checker.Pass, Bundle: o.Out}}
	if o.Seed == 3 {
		t.Verdict = checker.Inconclusive
	}
	return t, nil
}

func (*fake) Node(_ context.Context, o nodeOptions) (int, error) {
	fmt.Printf("%s %s %v %v\n", o.Kind, o.Listen, o.ZK, o.Masters)
	return 0, nil
}

func (*fake) Bench(_ context.Context, _ benchOptions, each func(benchRow)) error {
	each(benchRow{Name: "kernel/trivial-actor", Value: 4123456, Unit: "steps/s", Ratio: 0.25})
	return nil
}
