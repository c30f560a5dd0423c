package exploration

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/coverage"
	"github.com/simctl/simctl/scenarios"
)

// A Cover is random runs to be held against what exploration found.
type Cover struct {
	Found     []Abstract           // by an exploration
	Scenarios []scenarios.Scenario // of as many machines as were explored; see [World]
	Seeds     iter.Seq[uint64]
	Policy    string // "": hardened
	Strategy  simctl.Strategy
	Jobs      int // 0: all cores
	For       time.Duration
	Each      func() // called after every run; may be nil
}

// A Covered is which of the states and ways that exploration found random runs
// went through.
type Covered struct {
	Schema  string     `json:"schema"`
	Runs    int        `json:"runs"`
	States  Share      `json:"states"`
	Ways    Share      `json:"ways"`
	Beyond  int        `json:"beyond"`  // states and ways of the runs that exploration has not: its bounds are narrower
	Missing []Abstract `json:"missing"` // found by exploration and no run
}

// A Share is how many of how many.
type Share struct {
	Reached int `json:"reached"`
	Of      int `json:"of"`
}

// PerMille is the share in thousandths; 1000 of nothing.
func (s Share) PerMille() int {
	if s.Of == 0 {
		return 1000
	}
	return s.Reached * 1000 / s.Of
}

// World is a scenario of as many machines as were explored, with faults of all the
// kinds that budgets are for, and more time.
func World(bounds map[string]string) (scenarios.Scenario, error) {
	n := map[string]string{"masters": "1", "workers": "0", "clients": "0"}
	for name := range n {
		n[name] = orNumber(bounds[name], n[name])
	}
	text := fmt.Sprintf(worldText, n["masters"], n["workers"], n["clients"])
	if n["clients"] != "0" {
		text += workText
	}
	if n["workers"] != "0" {
		text += workerText
	}
	return scenarios.Parse("what was explored", []byte(text))
}

const (
	worldText = `scenario explored/world
doc random faults in a world as big as the one that was explored
topology masters=%s workers=%s clients=%s servers=3 cores=1 memory=1024
timers fast
safety 60s
restart 1s..6s
delay 200us..20ms tail=5000ppm:800ms
at=1s..50s for=1s..9s kill any-master p=60%% outputs=any
at=1s..50s for=1s..9s kill active p=50%% outputs=any
at=1s..50s expire active p=50%%
at=1s..50s expire standby p=40%%
at=1s..50s for=1s..9s partition any-master | servers p=50%%
at=1s..50s reset any-master | servers p=50%%
`
	workText   = "work jobs=4 cores=1 memory=512 run=1s..8s kill=15% supervised=30% fail=10% status=500ms..2s\n"
	workerText = `at=1s..50s for=1s..9s kill any-worker p=50% outputs=any
at=1s..50s for=1s..9s partition any-worker | masters p=40%
at=1s..50s reset any-worker | masters p=50%
`
)

// Run makes the runs and holds them against what was found. Interrupted, it counts
// those that were made.
func (c *Cover) Run(ctx context.Context) (*Covered, error) {
	o := simctl.SweepOptions{Jobs: c.Jobs, For: c.For, Again: 1 << 30}
	o.Policy, o.Grain, o.Strategy, o.Targets = policy.Hardened, "service", c.Strategy, targets(c.Found)
	if c.Policy != "" {
		p, err := policy.Parse(c.Policy)
		if err != nil {
			return nil, err
		}
		o.Policy = p
	}
	reached, out := map[string]bool{}, &Covered{Schema: "simctl/covered/v1", Missing: []Abstract{}}
	o.Stop = func(r *simctl.Result) bool {
		var m coverage.Map
		for i := range r.Events {
			m.Observe(&r.Events[i])
		}
		for _, id := range m.Seen() {
			reached[hex(id)] = true
		}
		out.Runs++
		if c.Each != nil {
			c.Each()
		}
		return false
	}
	if _, err := simctl.Sweep(ctx, c.Scenarios, c.Seeds, o, func(*simctl.Result) {}); err != nil {
		return nil, err
	}
	beyond := maps.Clone(reached)
	for _, a := range c.Found {
		share := &out.States
		if a.From != "" {
			share = &out.Ways
		}
		share.Of++
		delete(beyond, a.ID)
		if reached[a.ID] {
			share.Reached++
		} else {
			out.Missing = append(out.Missing, a)
		}
	}
	out.Beyond = len(beyond)
	slices.SortStableFunc(out.Missing, func(a, b Abstract) int { return len(a.From) - len(b.From) })
	return out, nil
}
