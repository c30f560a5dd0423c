package exploration

import (
	"context"
	"fmt"
	"strconv"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/model/trace"
)

// A subject is a system that can be searched and walked through, whatever its
// states are.
type subject struct {
	about     System
	bounds    map[string]string // all of them
	policy    string
	symmetric bool

	search func(ctx context.Context, o explore.Options) (explore.Result, error)
	story  func(f explore.Finding) []string
	walk   func(start int, path []explore.Action) (*Place, error)
	// events is what a path tells the judges, and a line for each action; nil
	// where nothing is told.
	events func(start int, path []explore.Action) []trace.Event
}

// bind makes a subject of a system.
func bind[S any](sys explore.System[S], show func(S) string) *subject {
	m := &subject{
		search: func(ctx context.Context, o explore.Options) (explore.Result, error) {
			return explore.Search(ctx, sys, o)
		},
		story: func(f explore.Finding) []string { return explore.Story(sys, f) },
	}
	if s, is := sys.(explore.Symmetric); is {
		m.symmetric = s.Symmetric()
	}
	m.walk = func(start int, path []explore.Action) (*Place, error) {
		initial := sys.Initial()
		if start < 0 || start >= len(initial) {
			return nil, fmt.Errorf("%w: there are %d initial states, counted from 0, and this is number %d", errPath, len(initial), start)
		}
		p := &Place{Starts: len(initial)}
		s := initial[start]
		for i, a := range path {
			if !offers(sys.Actions(s, nil), a) {
				return nil, fmt.Errorf("%w: action %d, %x, is not possible there", errPath, i+1, a.ID)
			}
			p.Path = append(p.Path, sys.Describe(s, a))
			s = sys.Apply(s, a)
		}
		for _, a := range sys.Actions(s, nil) {
			p.Choices = append(p.Choices, Choice{a, sys.Describe(s, a)})
		}
		p.State, p.Digest = show(s), sys.Digest(s)
		p.Property, p.Detail = sys.Check(s)
		return p, nil
	}
	return m
}

func offers(actions []explore.Action, a explore.Action) bool {
	for i := range actions {
		if actions[i] == a {
			return true
		}
	}
	return false
}

// A Place is a state and the way to it.
type Place struct {
	Starts           int      // initial states of the system
	Path             []string // what each action did
	Choices          []Choice // what may be next, in the system's order
	State            string   // for people, in lines
	Digest           uint64
	Property, Detail string // what is violated; "" if nothing
}

// A Choice is an action that is possible.
type Choice struct {
	Action explore.Action
	Text   string
}

// At goes through a path of choices, each a number in the list of choices at its
// place, from an initial state on.
func At(s Search, start int, choices []int) (*Place, []explore.Action, error) {
	m, err := open(&s)
	if err != nil {
		return nil, nil, err
	}
	var path []explore.Action
	p, err := m.walk(start, nil)
	for i, n := range choices {
		if err != nil {
			return nil, nil, err
		}
		if n < 0 || n >= len(p.Choices) {
			return nil, nil, fmt.Errorf("%w: step %d takes choice %d of %d", errPath, i+1, n, len(p.Choices))
		}
		path = append(path, p.Choices[n].Action)
		p, err = m.walk(start, path)
	}
	return p, path, err
}

// numbers writes a path as text.
func numbers(path []explore.Action) []string {
	text := make([]string, len(path))
	for i, a := range path {
		text[i] = strconv.FormatUint(a.ID, 16)
	}
	return text
}

// actions reads what numbers wrote.
func actions(text []string) ([]explore.Action, error) {
	path := make([]explore.Action, len(text))
	for i, t := range text {
		id, err := strconv.ParseUint(t, 16, 64)
		if err != nil {
			return nil, fmt.Errorf("action %d: %q is no hexadecimal number", i+1, t)
		}
		path[i] = explore.Action{ID: id}
	}
	return path, nil
}
