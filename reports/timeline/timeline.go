// Package timeline makes the page of a run: one HTML file that needs nothing
// else, with machines as lanes, what they were as bands, sessions, terms and
// operations as bars, faults as shade, and messages as lines. It may lay a
// second run over the first. The bytes depend on the input alone, and their
// number is bounded whatever the run.
package timeline

import (
	"encoding/json"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/why"
)

// MaxBytes is how long a page may be, whatever the run: 3 MiB.
const MaxBytes = 3 << 20

// Input is what a page is made of.
type Input struct {
	Name, Policy, Grain string
	Seed                uint64
	Fingerprint         string // "" for a live run
	Verdict             checker.Verdict
	Live                bool  // real time, and no steps
	Partial             bool  // the run was interrupted
	Length              int64 // nanoseconds; 0: up to the last event
	StepCount           uint64
	Scenario, Schedule  string

	Steps    []trace.Step // none: the page has no messages
	Events   []trace.Event
	History  history.History // none: built from the events
	Findings []checker.Finding
	// Other is a run that is laid over this one, for comparison; nil for none.
	Other *Input
}

// A bar is a stretch of a row: from and to in nanoseconds since the run began.
// Both are the same for what took no time.
type bar struct {
	From  int64    `json:"a"`
	To    int64    `json:"b"`
	Class string   `json:"c"`           // how it is drawn
	Label string   `json:"l,omitempty"` // written into it if there is room
	Title string   `json:"t,omitempty"` // all there is to say; "": the label
	Step  uint64   `json:"s,omitempty"` // with which it began
	Open  bool     `json:"o,omitempty"` // it had not ended when the run did
	Tail  int64    `json:"z,omitempty"` // of a term: when it last acted, if that was after To
	On    []string `json:"m,omitempty"` // of a fault: the lanes that it strikes
	Key   string   `json:"k,omitempty"` // of an operation: its job or znode
	Bad   bool     `json:"x,omitempty"` // of an operation: the first illegal one
	End   string   `json:"e,omitempty"` // of a session: expired, closed
}

// A row is a line of bars that do not overlap. Kind: "band" is tall and tells
// what something was, "bar" is lower, "thin" has no room for words, "tick" are
// moments.
type row struct {
	Kind string `json:"kind"`
	Bars []bar  `json:"bars"`
}

// A lane is a machine, or what is like one.
type lane struct {
	Group string `json:"group"`
	Name  string `json:"name"`
	Rows  []row  `json:"rows"`
}

// A mark is a moment in which a property was violated.
type mark struct {
	At       int64  `json:"at"`
	Step     uint64 `json:"step,omitempty"`
	Lane     string `json:"lane,omitempty"`
	Property string `json:"property"`
	Detail   string `json:"detail"`
}

// A span is a stretch of the run.
type span [2]int64

// A model is what the page draws of one run.
type model struct {
	Title  string   `json:"title"`
	Live   bool     `json:"live,omitempty"`
	End    int64    `json:"end"`
	View   span     `json:"view"` // what is seen at first
	Healed int64    `json:"healed,omitempty"`
	Lanes  []lane   `json:"lanes"`
	Faults []bar    `json:"faults"`
	Quorum []span   `json:"quorum"` // stretches without one
	Marks  []mark   `json:"marks"`
	Slice  []uint64 `json:"slice"` // the steps that the first violation comes of
	Edges  []edge   `json:"edges"` // what of these comes of what
	Events events   `json:"events"`
	Steps  steps    `json:"steps"`
	Left   []string `json:"left"` // what is not on the page, in words
}

// An edge of a slice: step A comes of step B.
type edge struct {
	A   uint64 `json:"a"`
	B   uint64 `json:"b"`
	How string `json:"h"`
}

// jsonSize is how long things are as JSON, in bytes.
func jsonSize(things ...any) (n int) {
	for _, x := range things {
		text, err := json.Marshal(x)
		if err != nil {
			panic(err) // they are numbers and texts
		}
		n += len(text)
	}
	return n
}

// modelOf builds the model of a run, of at most size bytes, and the slice of
// its first violation, nil if there is none.
func modelOf(in *Input, size int) (*model, *why.Slice) {
	b := newBuilder(in)
	m := b.build()
	m.Title = title(in)
	m.Live = in.Live
	m.marks(in)
	slice := m.comesOf(in)
	m.View = m.firstView()
	w := windowsOf(in, m)
	m.bound(w, size*9/20)
	m.Events = eventsOf(in, w, size/4)
	m.Steps = stepsOf(in, w, max(size/4, size-jsonSize(m.Lanes, m.Faults, m.Edges, m.Events))) // what is left is theirs
	m.say(in)
	return m, slice
}
