// Package explorer is the pages on which a person walks through the states of a
// system: the way so far, what may happen next, and the state with what changed
// in the last step. An address is a way, so what was seen can be sent to others.
package explorer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/simctl/simctl/reports/site"
)

// A System is something that can be walked through.
type System struct {
	Name, Doc string
	Bounds    []Bound // the values that Start takes
	// Start begins a walk. It fails if it does not know a value.
	Start func(values url.Values) (Walk, error)
}

// A Bound is one value of a system.
type Bound struct {
	Name, Default, Says string
}

// A Walk is a way through the states of a system. It begins in the initial
// state 0.
type Walk interface {
	// Starts is how many initial states there are.
	Starts() int
	// Start begins again in the i-th, from 0. It fails if there is none such.
	Start(i int) error
	// Actions describes what may happen next, in a fixed order.
	Actions() []string
	// Find is the place among Actions of an action by its number. It fails if
	// it may not happen.
	Find(id string) (int, error)
	// Peek is the digest of the state behind the i-th of Actions, and the
	// property that is violated there, or "".
	Peek(i int) (sum uint64, property string)
	// Step goes there. It fails if there is none such.
	Step(i int) error
	// Text is the state in lines; what belongs to a line is indented below it.
	Text() string
	// Sum is the state's digest.
	Sum() uint64
	// Violation is the property that is violated in the state, and how, or "".
	Violation() (property, detail string)
}

// root is where the pages are.
const root = "/explore/"

// Add adds the pages of systems to a site.
func Add(s *site.Site, systems []System) {
	s.AddPart(root, "explorer", func(r *http.Request) site.Part { return answer(r, systems) })
}

func answer(r *http.Request, systems []System) site.Part {
	name := strings.TrimPrefix(r.URL.Path, root)
	if name == "" {
		return part(&view{Title: "Explorer", Systems: listed(systems)})
	}
	for i := range systems {
		if systems[i].Name == name {
			return walked(r.Context(), &systems[i], r.URL.RawQuery)
		}
	}
	return part(&view{Title: http.StatusText(http.StatusNotFound), status: http.StatusNotFound, Message: fmt.Sprintf("there is no system %q", name), Systems: listed(systems)})
}

// walked is the page of a place.
func walked(ctx context.Context, sys *System, query string) site.Part {
	v := &view{Title: sys.Name, Doc: sys.Doc, System: sys.Name}
	p, err := placeOf(query)
	if err != nil {
		v.bounds(sys, &place{})
		return v.refused(err, &place{})
	}
	for _, b := range sys.Bounds {
		if p.values.Get(b.Name) == b.Default {
			p.values.Del(b.Name)
		}
	}
	v.bounds(sys, p)
	w, err := sys.Start(p.values)
	if err != nil {
		return v.refused(err, &place{})
	}
	if err := w.Start(p.start); err != nil {
		return v.refused(err, &place{values: p.values})
	}
	if len(p.path) == 0 && len(p.actions) > 0 {
		if p, err = found(ctx, w, p); err != nil {
			return v.refused(err, p)
		}
	}
	if query != p.query() {
		return site.Part{To: p.link(sys.Name)}
	}
	if n, err := v.walk(ctx, w, p); err != nil {
		return v.refused(err, p.up(n))
	}
	return part(v)
}

// errGone is that nobody waits for the page any more.
var errGone = errors.New("nobody waits for this page")

// found is a place by the numbers of its actions. If it fails, as far as they lead.
func found(ctx context.Context, w Walk, p *place) (*place, error) {
	at := p.at()
	for i, id := range p.actions {
		if ctx.Err() != nil {
			return at, errGone
		}
		n, err := w.Find(id)
		if err == nil {
			err = w.Step(n)
		}
		if err != nil {
			return at, fmt.Errorf("step %d: %w", i+1, err)
		}
		at = at.on(n)
	}
	return at, nil
}

// walk takes the way to p and tells it. If it fails, it reports how many steps
// could be taken.
func (v *view) walk(ctx context.Context, w Walk, p *place) (steps int, err error) {
	before, seen := "", map[uint64]int{w.Sum(): 0}
	for i, n := range p.path {
		if ctx.Err() != nil {
			return i, errGone
		}
		actions := w.Actions()
		if n >= len(actions) {
			return i, fmt.Errorf("step %d is choice %d, and there are %d there, counted from 0", i+1, n, len(actions))
		}
		if i == len(p.path)-1 {
			before = w.Text()
		}
		if err := w.Step(n); err != nil {
			return i, fmt.Errorf("step %d: %w", i+1, err)
		}
		x := step{N: i + 1, Text: actions[n], Link: p.up(i + 1).link(v.System), Last: i == len(p.path)-1}
		x.Property, _ = w.Violation()
		v.Steps = append(v.Steps, x)
		if first, again := seen[w.Sum()]; !again {
			seen[w.Sum()] = i + 1
		} else if x.Last && x.Property == "" {
			v.Again = &step{N: first, Link: p.up(first).link(v.System)}
		}
	}
	v.here(w, p, seen)
	v.State = stateOf(before, w.Text(), len(p.path) > 0)
	return len(p.path), nil
}

// here tells the place itself, and what may happen next.
func (v *view) here(w Walk, p *place, seen map[uint64]int) {
	v.Property, v.Detail = w.Violation()
	v.Sum, v.Path = fmt.Sprintf("%016x", w.Sum()), p.text()
	v.Begin = p.at().link(v.System)
	if len(p.path) > 0 {
		v.Back = p.up(len(p.path) - 1).link(v.System)
	}
	if w.Starts() > 1 {
		for i := range w.Starts() {
			v.Starts = append(v.Starts, step{N: i, Link: (&place{values: p.values, start: i}).link(v.System), Last: i == p.start})
		}
	}
	for i, text := range w.Actions() {
		c := choice{N: i, Text: text, Link: p.on(i).link(v.System)}
		sum, property := w.Peek(i)
		c.Property = property
		if n, known := seen[sum]; known && sum != 0 {
			c.Back = fmt.Sprintf("back to the state after step %d", n)
			switch {
			case sum == w.Sum():
				c.Back = "changes nothing"
			case n == 0:
				c.Back = "back to the first state"
			}
		}
		v.Choices = append(v.Choices, c)
	}
}
