// Package exploration is every order of what may happen, up to bounds: the
// systems that can be explored by their names, a search of one, what came of it,
// and the bundle of a counterexample, which is carried out again action by action.
package exploration

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/explore"
)

// Schema is that of [Line].
const Schema = "simctl/explore/v1"

// A Search is what to explore and how. The zero values of all but System are
// its defaults.
type Search struct {
	System   string            // a name of [Systems]
	Bounds   map[string]string // those that are not at their defaults, by name
	Policy   string            // of systems of real code; "": hardened
	Strategy string            // bfs (default), dfs, or sleep: dfs with sleep sets
	// NoSymmetry tells interchangeable processes apart.
	NoSymmetry bool
	MaxStates  uint64
	Memory     uint64 // bytes
	Jobs       int    // cores; 0: all of them
	// Properties are those that are judged, of systems of real code; none: all
	// that can be.
	Properties []string
	// KeepGoing looks for the first violation of every property.
	KeepGoing bool
	// Goals holds that a state in which the system does what it is for stays
	// reachable, where the system knows such states; it needs NoSymmetry.
	Goals bool
	// Resume is a directory in which the search is kept, and goes on from. bfs only.
	Resume   string
	Progress func(explore.Progress)
	// Seen, if not nil, takes the abstract states and ways that are found, of
	// systems of real code. It does not go with Resume.
	Seen *Seen
}

// A Finding is one violated property and the shortest way to it that was found.
type Finding struct {
	checker.Finding          // Step: the number of actions on the path
	Start           int      `json:"start"` // number of the initial state
	Path            []string `json:"path"`  // the actions' numbers, in hexadecimal
	Story           []string `json:"story"` // what each of them does
}

// A Line is what came of a search, as `explore --json` prints it.
type Line struct {
	Schema          string            `json:"schema"`
	System          string            `json:"system"`
	Policy          string            `json:"policy,omitempty"`
	Strategy        string            `json:"strategy"`
	Symmetry        bool              `json:"symmetry"`
	Bounds          map[string]string `json:"bounds"`
	Properties      []string          `json:"properties,omitempty"` // if not all are judged
	Rules           []string          `json:"rules"`                // the other bounds, which every search of the system has
	States          uint64            `json:"states"`
	Distinct        uint64            `json:"distinctStates"`
	Transitions     uint64            `json:"transitions"`
	Depth           int               `json:"depth"`
	Levels          []uint64          `json:"levels,omitempty"` // distinct states by their distance
	Complete        bool              `json:"complete"`         // within the bounds and rules
	Why             string            `json:"why,omitempty"`    // what ended an incomplete search
	Verdict         checker.Verdict   `json:"verdict"`
	Findings        []Finding         `json:"findings"`
	Goals           bool              `json:"goals,omitempty"` // a goal stays reachable from everywhere
	SelfChecks      uint64            `json:"selfChecks"`
	BytesPerState   uint64            `json:"bytesPerState"`
	WallNs          int64             `json:"wallNs"`
	StatesPerSecond int64             `json:"statesPerSecond"` // distinct ones
	Bundles         []string          `json:"bundles,omitempty"`
}

// strategies are the names of the engine's methods.
var strategies = map[string]explore.Method{"": explore.Breadth, "bfs": explore.Breadth, "dfs": explore.Depth, "sleep": explore.Sleep}

// Strategies lists the names that [Search.Strategy] takes.
func Strategies() []string { return []string{"bfs", "dfs", "sleep"} }

// Run explores. It fails if that makes no sense; a search that was interrupted or
// ran into a bound has an outcome that says so, as has one of a system that never
// comes to its initial state.
func Run(ctx context.Context, s Search) (*Line, error) {
	sys, err := open(&s)
	if errors.Is(err, errUnsettled) {
		return sys.line(&s, &explore.Result{Why: err.Error()}, 0)
	}
	if err != nil {
		return nil, err
	}
	if s.Seen != nil && !sys.about.Policy {
		return nil, fmt.Errorf("%s tells no events of masters: there are no abstract states of it", s.System)
	}
	method, known := strategies[s.Strategy]
	if !known {
		return nil, fmt.Errorf("no strategy %q; there are %s", s.Strategy, strings.Join(Strategies(), ", "))
	}
	o := explore.Options{
		Method: method, Cores: s.Jobs, MaxStates: s.MaxStates, Memory: s.Memory, KeepGoing: s.KeepGoing, Progress: s.Progress,
	}
	if o.Cores == 0 {
		o.Cores = runtime.GOMAXPROCS(0)
	}
	if method != explore.Breadth {
		o.Cores = 1
	}
	o.Goals = s.Goals
	if err := keep(&o, &s, sys); err != nil {
		return nil, err
	}
	began := time.Now()
	var ballast []byte
	if sys.about.Real && s.Memory >= 4*ballastBytes {
		ballast = make([]byte, ballastBytes)
	}
	r, err := sys.search(ctx, o)
	runtime.KeepAlive(ballast)
	if err != nil {
		return nil, errors.Unwrap(err) // who asked says that it is an exploration
	}
	return sys.line(&s, &r, time.Since(began))
}

// ballastBytes are never touched, and so take no memory. The collector of garbage
// counts them: while a search is small, it leaves as much garbage lying about.
const ballastBytes = 256 << 20

func (m *subject) line(s *Search, r *explore.Result, took time.Duration) (*Line, error) {
	l := &Line{
		Schema: Schema, System: s.System, Strategy: strategyName(s.Strategy), Symmetry: !s.NoSymmetry && m.symmetric, Bounds: m.bounds, Rules: m.about.Rules,
		States: r.States, Distinct: r.Distinct, Transitions: r.Transitions, Depth: r.Depth, Levels: r.Levels, Complete: r.Complete, Why: r.Why,
		Goals: r.Goals, SelfChecks: r.SelfChecks, BytesPerState: r.BytesPerState(), WallNs: int64(took), Findings: []Finding{},
	}
	if l.Properties = s.Properties; m.about.Policy {
		l.Policy = m.policy
	}
	if took > 0 {
		l.StatesPerSecond = int64(r.Distinct) * int64(time.Second) / int64(took)
	}
	l.Verdict = checker.Inconclusive
	if r.Complete {
		l.Verdict = checker.Pass
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		l.Verdict = checker.Violation
		x := Finding{
			Finding: checker.Finding{Property: f.Property, Verdict: checker.Violation, Step: uint64(len(f.Path)), Detail: f.Detail},
			Start:   f.Start, Path: numbers(f.Path), Story: m.story(*f),
		}
		l.Findings = append(l.Findings, x)
	}
	return l, nil
}

func strategyName(s string) string {
	if s == "" {
		return "bfs"
	}
	return s
}

// errPath is a path that the system does not have.
var errPath = errors.New("the path is not one of this system")
