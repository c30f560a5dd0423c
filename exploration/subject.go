package exploration

import (
	"context"
	"fmt"
	"strconv"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/explorer"
	"github.com/simctl/simctl/reports/explorer/walk"
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
	pages  func() explorer.Walk // for people to walk through
	// events is what a path tells the judges, and a line for each action; nil
	// where nothing is told.
	events func(start int, path []explore.Action) []trace.Event
}

// bind makes a subject of a system. Show writes a state for people; see [walk.New].
func bind[S any](sys explore.System[S], show func(S) string) *subject {
	m := &subject{
		search: func(ctx context.Context, o explore.Options) (explore.Result, error) {
			return explore.Search(ctx, sys, o)
		},
		story: func(f explore.Finding) []string { return explore.Story(sys, f) },
		pages: func() explorer.Walk { return walk.New(sys, show) },
	}
	if s, is := sys.(explore.Symmetric); is {
		m.symmetric = s.Symmetric()
	}
	m.walk = func(start int, path []explore.Action) (*Place, error) {
		initial := sys.Initial()
		if start < 0 || start >= len(initial) {
			return nil, fmt.Errorf("%w: there are %d initial states, counted from 0, and this is number %d", errPath, len(initial), start)
		}
		p := &Place{}
		s := initial[start]
		for i, a := range path {
			if !offers(sys.Actions(s, nil), a) {
				return nil, fmt.Errorf("%w: action %d, %x, is not possible there", errPath, i+1, a.ID)
			}
			p.Path = append(p.Path, sys.Describe(s, a))
			next, broken := attempt(sys, s, a)
			if broken != "" {
				return p.brokenBy(broken, i == len(path)-1)
			}
			s = next
		}
		p.Digest = sys.Digest(s)
		p.Property, p.Detail = sys.Check(s)
		return p, nil
	}
	return m
}

// attempt is Apply, or what a panic of it says.
func attempt[S any](sys explore.System[S], s S, a explore.Action) (next S, broken string) {
	defer func() {
		if r := recover(); r != nil {
			broken = fmt.Sprint(r)
		}
	}()
	next = sys.Apply(s, a)
	sys.Digest(next)
	sys.Check(next)
	return next, ""
}

// brokenBy is where a path ends whose last action panics, as one of a search may.
func (p *Place) brokenBy(what string, last bool) (*Place, error) {
	if !last {
		return nil, fmt.Errorf("%w: action %d panics: %s", errPath, len(p.Path), what)
	}
	p.Property, p.Detail = explore.Panicked, what
	return p, nil
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
	Path             []string // what each action did
	Digest           uint64
	Property, Detail string // what is violated; "" if nothing
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
