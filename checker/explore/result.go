package explore

// A Method is an order in which states are visited.
type Method int

// The methods.
const (
	// Breadth visits states in the order of their distance from an initial
	// one: what it finds is as short as it gets. On all cores.
	Breadth Method = iota
	// Depth goes on from the state it reached last. On one core.
	Depth
	// Sleep is Depth that takes of actions that commute one order only, by
	// sleep sets kept with each state. It visits the same states by fewer
	// transitions, and needs a System that is [Independent].
	Sleep
)

// String returns the method's name in lower case.
func (m Method) String() string {
	switch m {
	case Breadth:
		return "breadth"
	case Depth:
		return "depth"
	case Sleep:
		return "sleep"
	}
	return "?"
}

// Options bound a search. The zero Options search breadth-first on one core
// until nothing is left or a property is violated.
type Options struct {
	Method Method
	// Cores is how many goroutines work. 0 is 1. The result is the same for
	// every number.
	Cores int
	// MaxStates ends the search when at least so many distinct states were
	// found. 0 is no bound.
	MaxStates uint64
	// MaxDepth is the greatest number of actions on a path. 0 is no bound.
	MaxDepth int
	// Memory bounds the bytes of the table and of the states that wait, as the
	// search counts them. 0 is no bound. Towards it states wait as their
	// fingerprints, and are made again by the path to them; when that is too
	// much too the search ends.
	Memory uint64
	// SelfCheck is one in how many states is compared with every other that
	// has its digest: both must do the same. 0 is one in 256 of the first
	// 65,536 or so and one in 4,096 of the rest; below 0 none.
	SelfCheck int
	// KeepGoing goes on after a violation and reports the first of each
	// property. Without it the first violation ends the search.
	KeepGoing bool
	// Goals checks that a state with [Goal] stays reachable; not with Sleep. Every
	// transition is kept for that: 8 bytes each while searching, 8 more at the end.
	Goals bool
	// Checkpoint is the file that the search is kept in, every Interval new
	// states and when it ends incomplete. A search whose file is there goes
	// on from it. "" keeps none. Breadth only.
	Checkpoint string
	// Interval is 0 for 10,000,000.
	Interval uint64
	// Label says what is searched: a file of another label is refused.
	Label string
	// Progress is called now and then, always from one goroutine. May be nil.
	Progress func(Progress)
}

// Progress is how far a search has come.
type Progress struct {
	Distinct    uint64 // states found
	Transitions uint64 // actions applied
	Frontier    uint64 // states found and not yet expanded
	Depth       int    // of the states that are being expanded
	Bytes       uint64 // of the table and the frontier
}

// A Finding is one violation and how to get there.
type Finding struct {
	Property string   `json:"property"` // a property of the system, or one of this package's names
	Detail   string   `json:"detail"`
	Start    int      `json:"start"` // index of the initial state
	Path     []Action `json:"path"`  // from there to the violation
	// Twin is of [Unsound] alone: another path from the same initial states to
	// a state with the same digest as Path's.
	Twin      []Action `json:"twin,omitempty"`
	TwinStart int      `json:"twin_start,omitempty"` // index of the initial state of Twin
}

// A Result is what a search saw.
type Result struct {
	States      uint64    `json:"states"`             // reached, counted each time: initial states and transitions
	Distinct    uint64    `json:"distinct"`           // different digests
	Transitions uint64    `json:"transitions"`        // actions applied, those of self-checks aside
	Depth       int       `json:"depth"`              // actions to the deepest state
	Complete    bool      `json:"complete"`           // every reachable state was visited
	Why         string    `json:"why,omitempty"`      // what ended an incomplete search
	Findings    []Finding `json:"findings,omitempty"` // in the order they were found
	Levels      []uint64  `json:"levels"`             // distinct states by distance from an initial one; nil if not breadth-first
	Goals       bool      `json:"goals,omitempty"`    // a goal stays reachable from every state that was expanded, or a finding says from which not
	SelfChecks  uint64    `json:"self_checks"`        // pairs of states with one digest that were compared
	Bytes       uint64    `json:"bytes"`              // most that the table and the frontier held
}

// BytesPerState is the memory that a distinct state cost, rounded up. 0 if there were none.
func (r Result) BytesPerState() uint64 {
	if r.Distinct == 0 {
		return 0
	}
	return (r.Bytes + r.Distinct - 1) / r.Distinct
}
