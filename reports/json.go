// Package reports is what we show: the JSON lines of the command line, run
// bundles, verdicts, failover latency as plots and tables, and timelines. It
// reads what a run left and never the run itself, and the same input always
// gives the same bytes.
//
// It judges nothing: verdicts come with the findings.
package reports

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/simctl/simctl/checker"
)

// Schemas of the JSON that simctl writes. A schema may grow fields; a change
// of meaning gets a new number.
const (
	RunSchema     = "simctl/run/v1"
	SweepSchema   = "simctl/sweep/v1"
	SoakSchema    = "simctl/soak/v1"
	FaultSchema   = "simctl/soak-fault/v1"
	LatencySchema = "simctl/latency/v1"
	BundleSchema  = "simctl/bundle/v1"
)

// A RunLine is what run, replay and each line of sweep print with --json.
type RunLine struct {
	Schema      string            `json:"schema"` // RunSchema
	Scenario    string            `json:"scenario"`
	Seed        uint64            `json:"seed"`
	Policy      string            `json:"policy"`
	Grain       string            `json:"grain"`
	ZKClient    string            `json:"zkClient,omitempty"` // the library of those that use ZooKeeper
	Strategy    string            `json:"strategy,omitempty"` // that made the run of the seed; none: random
	Config      map[string]string `json:"config,omitempty"`   // what was set with --conf
	Fingerprint string            `json:"fingerprint"`        // 16 hexadecimal digits
	Steps       uint64            `json:"steps"`
	SimulatedNs int64             `json:"simulatedNs"`
	Verdict     checker.Verdict   `json:"verdict"`
	Findings    []checker.Finding `json:"findings"`
	Failovers   []Failover        `json:"failovers"`
	Reached     []string          `json:"reached,omitempty"` // what of the scenario's must and sometimes was seen
	Bundle      string            `json:"bundle,omitempty"`  // where it was written
	WallNs      int64             `json:"wallNs,omitempty"`  // only with --with-wall
}

// A Failover is one loss of the active master and what followed, in
// nanoseconds. Start is a moment since the run began, the rest are durations;
// detect, elect and recover add up to total.
type Failover struct {
	Cause     string `json:"cause"`
	StartNs   int64  `json:"startNs"`
	DetectNs  int64  `json:"detectNs"`
	ElectNs   int64  `json:"electNs"`
	RecoverNs int64  `json:"recoverNs"`
	TotalNs   int64  `json:"totalNs"`
}

// A SweepLine is the last line of sweep --json.
type SweepLine struct {
	Schema         string         `json:"schema"` // SweepSchema
	Runs           int64          `json:"runs"`
	Violations     int64          `json:"violations"`
	Inconclusive   int64          `json:"inconclusive"`
	Nondeterminism int64          `json:"nondeterminism"`
	Verdict        string         `json:"verdict"`
	FirstViolation *FirstFailure  `json:"firstViolation,omitempty"`
	Unreached      []string       `json:"unreached,omitempty"` // "SCENARIO: NAME" of each sometimes that no run saw
	StepsTotal     uint64         `json:"stepsTotal"`
	Failovers      int64          `json:"failovers"`
	Ops            int64          `json:"ops"`
	Acked          int64          `json:"acked"`
	Faults         map[string]int `json:"faults"` // runs that had a fault of the class
	Scenarios      []SweepShare   `json:"scenarios,omitempty"`
	// Strategies is each strategy's share of the runs.
	Strategies     map[string]StrategyShare `json:"strategies,omitempty"`
	WallNs         int64                    `json:"wallNs"`
	RunsPerSecond  int64                    `json:"runsPerSecond"`
	StepsPerSecond int64                    `json:"stepsPerSecond"`
}

// A StrategyShare is one strategy's share of a sweep.
type StrategyShare struct {
	Runs       int `json:"runs"`
	Violations int `json:"violations"`
	// News is how many abstract states, and ways between two, its runs were the
	// first to see; only of sweeps in which some run is guided.
	News int `json:"news"`
}

// A SweepShare is one scenario's share of a sweep: whether its runs had power.
type SweepShare struct {
	Name            string         `json:"name"`
	Runs            int            `json:"runs"`
	MedianFailovers int            `json:"medianFailovers"` // completed, a run
	MedianAcked     int            `json:"medianAcked"`     // operations that were answered, a run
	MinAcked        int            `json:"minAcked"`        // of the run with the fewest
	Faults          map[string]int `json:"faults"`          // runs that a class struck
	MayDraw         map[string]int `json:"mayDraw"`         // runs that may have drawn it
}

// A FirstFailure names the first violation of a sweep, in the order of
// scenarios and seeds.
type FirstFailure struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	Property string `json:"property"`
	Step     uint64 `json:"step"`
	Bundle   string `json:"bundle,omitempty"`
}

// A SoakFault is one line of soak --json: a fault and what it led to.
type SoakFault struct {
	Schema   string    `json:"schema"` // FaultSchema
	AtNs     int64     `json:"atNs"`
	Fault    string    `json:"fault"` // as a scenario's text, roles resolved
	Failover *Failover `json:"failover,omitempty"`
}

// A SoakLine is the last line of soak --json.
type SoakLine struct {
	Schema    string         `json:"schema"`             // SoakSchema
	Scenario  string         `json:"scenario,omitempty"` // that was run; empty: losses at random
	ZK        string         `json:"zk"`                 // version of the ensemble
	Policy    string         `json:"policy"`
	Seed      uint64         `json:"seed"`
	Failovers int64          `json:"failovers"`
	ByCause   map[string]int `json:"byCause"` // completed failovers
	// ServerLosses is how often a server of the service was taken away.
	ServerLosses int64 `json:"serverLosses"`
	Ops          int64 `json:"ops"`
	Acked        int64 `json:"acked"`
	Lost         int64 `json:"lost"` // acknowledged work that is gone
	// Applications are what a scenario's clients submitted by name, by mode.
	Applications []SoakApplications `json:"applications,omitempty"`
	Verdict      checker.Verdict    `json:"verdict"`
	Findings     []checker.Finding  `json:"findings"`
	WallNs       int64              `json:"wallNs"`
	Bundle       string             `json:"bundle,omitempty"`
}

// SoakApplications count the applications of one mode that a soak submitted.
type SoakApplications struct {
	Mode      string `json:"mode"` // "client", "cluster" or "supervised"
	Submitted int64  `json:"submitted"`
	Finished  int64  `json:"finished"` // with their result, by whichever attempt
}

// A LatencyLine is what latency --json prints.
type LatencyLine struct {
	Schema   string       `json:"schema"` // LatencySchema
	Scenario string       `json:"scenario,omitempty"`
	Policy   string       `json:"policy,omitempty"`
	Runs     int64        `json:"runs"`
	Rows     []LatencyRow `json:"rows"`
	Files    []string     `json:"files"`
	Table    string       `json:"-"` // what is printed for people, if not the rows
}

// WriteLine writes v as one line of JSON. Lists and maps that are nil print as
// empty ones.
func WriteLine(w io.Writer, v any) error {
	switch v := v.(type) {
	case RunLine:
		v.Findings, v.Failovers = orEmpty(v.Findings), orEmpty(v.Failovers)
		return writeJSON(w, v, "")
	case SweepLine:
		if v.Faults == nil {
			v.Faults = map[string]int{}
		}
		return writeJSON(w, v, "")
	case SoakLine:
		v.Findings = orEmpty(v.Findings)
		if v.ByCause == nil {
			v.ByCause = map[string]int{}
		}
		return writeJSON(w, v, "")
	case LatencyLine:
		v.Rows, v.Files = orEmpty(v.Rows), orEmpty(v.Files)
		return writeJSON(w, v, "")
	}
	return writeJSON(w, v, "")
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func writeJSON(w io.Writer, v any, indent string) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	return e.Encode(v)
}

// Fingerprint prints a fingerprint as RunLine and bundles hold it.
func Fingerprint(sum uint64) string { return fmt.Sprintf("%016x", sum) }
