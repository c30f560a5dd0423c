package main

import (
	"context"
	"iter"
	"time"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/cmd/simctl/inquire"
	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/strategy"
)

// An engine is the library as the commands need it. Errors say that nothing
// was judged; a violated property is in the outcome.
type engine interface {
	// Properties lists what is judged.
	Properties() []property
	// Run runs one scenario from one seed and writes its bundle.
	Run(ctx context.Context, s scenarios.Scenario, seed uint64, o runOptions) (*outcome, error)
	// Sweep runs every scenario on every seed. Each is called once a run, by
	// one goroutine at a time, and stops the sweep by returning false.
	Sweep(ctx context.Context, ss []scenarios.Scenario, seeds iter.Seq[uint64], o sweepOptions, each func(*outcome) bool) (*tally, error)
	// Replay runs again what was run, twice, and compares.
	Replay(ctx context.Context, t target, o runOptions) (*outcome, error)
	// Check judges a saved run again, by one property or, if empty, by all.
	Check(ctx context.Context, dir, property string) (*outcome, error)
	// Diff finds the first step in which two saved runs differ.
	Diff(ctx context.Context, a, b string) (*difference, error)
	// Latency measures failovers over many seeds and draws them.
	Latency(ctx context.Context, ss []scenarios.Scenario, seeds iter.Seq[uint64], o latencyOptions, each func(*outcome)) (*reports.LatencyLine, error)
	// Soak runs real processes under real faults.
	Soak(ctx context.Context, o soakOptions, each func(reports.SoakFault)) (*soakOutcome, error)
	// Node is one real process; it returns its exit status when that has ended.
	Node(ctx context.Context, o nodeOptions) (int, error)
	// Bench measures kernel, world and judges.
	Bench(ctx context.Context, o benchOptions, each func(benchRow)) error
}

// A property is one line of `list properties`.
type property struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Says     string `json:"says"`
	Source   string `json:"source"`
	Optional bool   `json:"optional"`
}

// runOptions are what run, sweep, replay and latency have in common.
type runOptions struct {
	Policy   policy.Policy
	Grain    string               // "service" or "ensemble"; empty: the default
	Client   string               // of ZooKeeper: "go-zookeeper" or "curator"; empty: the first
	Timers   scenarios.TimersName // empty: the scenario's own
	Conf     conf.Conf            // goes before the scenario's own
	Encode   bool                 // every simulated message goes through its encoding
	Strategy strategy.Strategy    // how the seed becomes a run
	Travel   *inquire.Travel      // of replay: where to stop, what to force and to watch; else nil
	Out      string               // directory that bundles are written below
	Given    bool                 // policy, grain or timers were asked for on the command line
}

// sweepOptions say how a sweep is carried out.
type sweepOptions struct {
	runOptions
	Jobs int           // runs at once; 0: one a core
	For  time.Duration // wall time after which no run begins; 0: until the seeds end

	Pinned bool // scenarios that name a seed are run from that one alone
	// Journal is what was asked for, if finished runs are to be kept in Out, so that
	// the sweep can go on later; else nil.
	Journal []string
	Targets string // file of what guided runs are to look for; "": none
}

// A target is what is to be replayed: a bundle, or a scenario and a seed.
type target struct {
	Bundle   string
	Scenario scenarios.Scenario
	Seed     uint64
}

// An outcome is one run and what the judges say of it.
type outcome struct {
	// RunLine is what is printed with --json. WallNs is always filled in; the
	// command leaves it out unless asked.
	reports.RunLine
	Story string // the run in words, whole lines
	// Nondeterminism is the first step in which two runs of the seed
	// differed, in words; empty if none did.
	Nondeterminism string
	Interrupted    bool
	Twice          bool // it was run twice, and compared
}

// A tally is what the engine alone knows of a sweep; the command counts the
// rest from the outcomes.
type tally struct {
	Ops        int64          // operations that clients began
	Acked      int64          // operations that were answered
	Faults     map[string]int // runs that had each class
	Unreached  []string       // "SCENARIO: NAME" of what some run should have seen and none did
	Scenarios  []reports.SweepShare
	Strategies map[string]reports.StrategyShare
	Wall       time.Duration
}

// A difference is the first step in which two runs differ.
type difference struct {
	Step uint64 // 0: the runs are the same
	A, B string // the step in each, in words; empty where a run has ended
}

// latencyOptions say what is measured and where it is drawn.
type latencyOptions struct {
	sweepOptions
	Overlay string // bundle of a live run to draw over the simulated ones
}

// soakOptions say what is started and for how long.
type soakOptions struct {
	simctl.SoakOptions
	Service string // "debian", "embedded" or HOST:PORT,...
	Out     string
}

// A soakOutcome is how a soak ended: what is printed with --json, and the story.
type soakOutcome struct {
	reports.SoakLine
	Story string
}

// nodeOptions say what one real process is.
type nodeOptions = simctl.NodeOptions

// benchOptions say what is measured and for how long.
type benchOptions struct {
	For time.Duration // of each benchmark
}

// A benchRow is one number of a benchmark.
type benchRow struct {
	Schema string  `json:"schema"`
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Ratio  float64 `json:"ratio"`          // to the bare loop of the same run; 0 if it makes no sense
	Note   string  `json:"note,omitempty"` // what was run, and what stood beside the number
	WallNs int64   `json:"wallNs"`
}
