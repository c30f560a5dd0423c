// Package minimal shows what is left of a failing run that was made minimal:
// its schedule, what happened and why it is wrong, what each fault is needed
// for, who sent what to whom, and a test in Go that fails for as long as it
// does. The same report makes the same bytes.
package minimal

import (
	"time"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// Schema names the format of shrink.json.
const Schema = "simctl/shrink/v1"

// A Report is a minimal run and how it was found.
type Report struct {
	Schema    string `json:"schema"` // Schema; [Report.Files] fills it
	Origin    string `json:"origin"` // the scenario that was made smaller
	Seed      uint64 `json:"seed"`   // of the origin
	Scenario  string `json:"scenario"`
	LeftSeed  uint64 `json:"leftSeed"` // of what is left
	Policy    string `json:"policy"`
	Property  string `json:"property"`
	Signature string `json:"signature"` // what all that failed have in common
	Before    Size   `json:"before"`
	After     Size   `json:"after"`
	Runs      int    `json:"runs"`   // that were tried
	Rounds    int    `json:"rounds"` // the last one found nothing more
	Minimal   bool   `json:"minimal"`
	Why       string `json:"why,omitempty"` // why it is not known to be minimal
	// FaultsOnly: the world was left as it is, because what fails is something
	// that was to be seen of it.
	FaultsOnly bool `json:"faultsOnly,omitempty"`
	Caused     bool `json:"caused"` // without its faults it does not fail
	// Control: under hardened it does not fail, and neither did any run that was
	// kept.
	Control bool   `json:"control"`
	Passes  []Pass `json:"passes"`
	Faults  []Need `json:"faults"`
	Also    string `json:"also,omitempty"` // other properties that the run violates
	// Seeds is with how many seeds the minimal world was run besides, from 1 on,
	// and Failing how many of these fail in the same way.
	Seeds   int    `json:"seeds"`
	Failing int    `json:"failing"`
	Bundle  string `json:"bundle,omitempty"`

	Says    string             `json:"-"` // the property in a sentence
	Finding checker.Finding    `json:"-"`
	World   scenarios.Scenario `json:"-"` // what is left
	Test    Test               `json:"-"`
	Events  []trace.Event      `json:"-"`
	Steps   []trace.Step       `json:"-"`
}

// A Size is how big a run is.
type Size struct {
	Faults   int    `json:"faults"`
	Ops      int    `json:"ops"` // of clients and probes
	Machines int    `json:"machines"`
	SafetyNs int64  `json:"safetyNs"`
	Steps    uint64 `json:"steps"`
}

// SizeOf is the size of a scenario whose run took that many steps.
func SizeOf(s scenarios.Scenario, steps uint64) Size {
	return Size{
		Faults: len(s.Faults), Ops: len(s.Ops) + len(s.ZOps) + len(s.Recipes) + len(s.Loads), Steps: steps,
		Machines: s.Masters + s.Workers + s.Clients + s.Servers + len(s.Probes), SafetyNs: int64(s.Safety / time.Nanosecond),
	}
}

// A Pass is one way of making a run smaller.
type Pass struct {
	Name  string `json:"name"`
	Tried int    `json:"tried"` // runs
	Kept  int    `json:"kept"`  // those that failed in the same way
}

// A Need is what a fault is needed for: the run without it, and with a weaker
// one in its place.
type Need struct {
	Fault   string   `json:"fault"`
	Without string   `json:"without"` // verdict, in words
	Weaker  []Weaker `json:"weaker,omitempty"`
}

// A Weaker is a fault that was put in the place of another.
type Weaker struct {
	Fault   string `json:"fault"`
	Verdict string `json:"verdict"`
}
