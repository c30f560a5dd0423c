package reports

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// Kinds of bundle.
const (
	SimBundle  = "sim"  // a simulated run: it can be replayed
	SoakBundle = "soak" // a live run: it can be judged again, not replayed
	// ExploreBundle is a path that an exploration found: it can be taken again.
	ExploreBundle = "explore"
)

// A Bundle is a run as data: what it was, what happened and what the judges
// said. On disk it is a directory, see [WriteBundle].
type Bundle struct {
	Run      RunFile
	Steps    []trace.Step // trace.ndjson; none for a live run
	Events   []trace.Event
	History  history.History
	Findings []checker.Finding
}

// A RunFile is run.json: everything that decides a run, so that a later change
// of a default alters no bundle, and what came of it.
type RunFile struct {
	Schema       string              `json:"schema"` // BundleSchema; WriteBundle fills it
	Kind         string              `json:"kind"`   // SimBundle or SoakBundle
	Name         string              `json:"name"`   // the scenario's
	Seed         uint64              `json:"seed"`
	Policy       string              `json:"policy"`             // as policy.Parse reads it
	Grain        string              `json:"grain"`              // of ZooKeeper: service, ensemble; "real" in a soak
	ZKClient     string              `json:"zkClient,omitempty"` // the library of those that use it: go-zookeeper, curator
	Strategy     string              `json:"strategy,omitempty"` // that made the scenario; none: random
	Encode       bool                `json:"encode,omitempty"`
	Scenario     Text                `json:"scenario"`  // its text, not yet drawn
	Schedule     Text                `json:"schedule"`  // the faults as they were carried out
	Overrides    []Override          `json:"overrides"` // single choices that were forced
	Timers       scenarios.Timers    `json:"timers"`    // all of them, by value
	Config       map[string]string   `json:"config"`    // what was set with --conf
	Versions     Versions            `json:"versions"`
	Fingerprint  string              `json:"fingerprint"` // see [Fingerprint]; "" for a live run
	Checkpoints  []string            `json:"checkpoints"` // fingerprints after every 1,024 steps
	Steps        uint64              `json:"steps"`
	SimulatedNs  int64               `json:"simulatedNs"` // a live run's length, too
	Verdict      checker.Verdict     `json:"verdict"`
	Partial      bool                `json:"partial,omitempty"` // the run was interrupted
	Failovers    []Failover          `json:"failovers"`
	Files        map[string]FileInfo `json:"files"`              // WriteBundle fills it
	ScheduleUsed bool                `json:"replayed,omitempty"` // the schedule was given, not drawn
	Certificate  *Certificate        `json:"certificate,omitempty"`
	Explored     *Explored           `json:"explored,omitempty"` // of an [ExploreBundle]
}

// Explored is what was explored and a path through it.
type Explored struct {
	System     string            `json:"system"`
	Bounds     map[string]string `json:"bounds"` // all of them
	NoSymmetry bool              `json:"noSymmetry,omitempty"`
	Start      int               `json:"start"` // number of the initial state
	Path       []string          `json:"path"`  // the actions' numbers, in hexadecimal
	Story      []string          `json:"story"` // what each of them does
	Property   string            `json:"property"`
	Properties []string          `json:"properties,omitempty"` // if not all were judged
}

// An Override forces one choice of a run.
type Override struct {
	Choice string `json:"choice"` // what is chosen, as the kernel names it
	Value  uint64 `json:"value"`
}

// A Certificate says that a run was made more than once, under settings on which
// nothing may depend, and did the same each time. Its bytes are the same wherever
// the run is made with the same Go on the same platform.
type Certificate struct {
	Go       string         `json:"go"`
	Platform string         `json:"platform"` // GOOS/GOARCH
	Race     bool           `json:"race"`     // a build with the race detector
	Steps    uint64         `json:"steps"`
	Runs     []CertifiedRun `json:"runs"`
	Same     bool           `json:"same"` // all of them did the same
}

// A CertifiedRun is one of the runs that a certificate compares.
type CertifiedRun struct {
	Settings    string `json:"settings"`
	Fingerprint string `json:"fingerprint"`
}

// Versions say what made a bundle.
type Versions struct {
	Simctl    string `json:"simctl"`
	Go        string `json:"go"`
	ZooKeeper string `json:"zookeeper,omitempty"` // of a soak
}

// A FileInfo lets a reader notice that a file was cut or changed.
type FileInfo struct {
	Lines  int    `json:"lines"`
	SHA256 string `json:"sha256"`
}

// A Text is a text of several lines that JSON holds as a list of lines, so
// that a person can read it there.
type Text string

// MarshalJSON writes the list of lines.
func (t Text) MarshalJSON() ([]byte, error) {
	lines := strings.Split(strings.TrimSuffix(string(t), "\n"), "\n")
	if t == "" {
		lines = []string{}
	}
	var b strings.Builder
	if err := writeJSON(&b, lines, ""); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

// UnmarshalJSON reads the list of lines; each gets its line feed back.
func (t *Text) UnmarshalJSON(data []byte) error {
	var lines []string
	if err := json.Unmarshal(data, &lines); err != nil {
		return err
	}
	*t = ""
	if len(lines) > 0 {
		*t = Text(strings.Join(lines, "\n") + "\n")
	}
	return nil
}

// ParseScenario reads the scenario of the bundle in dir.
func (r *RunFile) ParseScenario(dir string) (scenarios.Scenario, error) {
	s, err := scenarios.Parse("run.json, scenario", []byte(r.Scenario))
	if err != nil {
		return s, fmt.Errorf("read bundle %s: %w", dir, err)
	}
	return s, nil
}

// ParseSchedule reads the schedule of the bundle in dir.
func (r *RunFile) ParseSchedule(dir string) (scenarios.Schedule, error) {
	s, err := scenarios.ParseSchedule("run.json, schedule", []byte(r.Schedule))
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", dir, err)
	}
	return s, nil
}

// Line returns what run --json prints of the bundle.
func (b *Bundle) Line(dir string) RunLine {
	r := &b.Run
	return RunLine{
		Schema: RunSchema, Scenario: r.Name, Seed: r.Seed, Policy: r.Policy, Grain: r.Grain, ZKClient: r.ZKClient, Strategy: r.Strategy, Config: r.Config, Fingerprint: r.Fingerprint,
		Steps: r.Steps, SimulatedNs: r.SimulatedNs, Verdict: r.Verdict, Findings: b.Findings, Failovers: r.Failovers, Bundle: dir,
	}
}
