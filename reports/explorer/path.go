package explorer

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// mostSteps is the longest path that is walked.
const mostSteps = 2000

// A place is what an address says: a system's values, an initial state and the
// choices from there.
type place struct {
	values  url.Values // without those below, one value each, none empty
	start   int
	path    []int
	actions []string // the path by the actions' numbers, where it is not given by choices
}

// placeOf reads an address's query.
func placeOf(query string) (*place, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("the address cannot be read: %w", err)
	}
	p := &place{values: url.Values{}}
	if text := strings.TrimSpace(q.Get("start")); text != "" {
		if p.start, err = strconv.Atoi(text); err != nil || p.start < 0 {
			return nil, fmt.Errorf("start=%s: want the number of an initial state, from 0", text)
		}
	}
	if p.path, err = choices(q.Get("path")); err != nil {
		return nil, err
	}
	if p.actions = fields(q.Get("actions")); len(p.actions) > mostSteps {
		return nil, fmt.Errorf("a path has up to %d steps, and this one %d", mostSteps, len(p.actions))
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if own := name == "start" || name == "path" || name == "actions"; !own && q.Get(name) != "" {
			p.values.Set(name, q.Get(name))
		}
	}
	return p, nil
}

// choices reads a path: numbers with anything between them that is none.
func choices(text string) ([]int, error) {
	words := fields(text)
	if len(words) > mostSteps {
		return nil, fmt.Errorf("a path has up to %d steps, and this one %d", mostSteps, len(words))
	}
	path := make([]int, len(words))
	for i, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("path: step %d is %q; want the numbers of choices, as 3.0.2", i+1, w)
		}
		path[i] = n
	}
	return path, nil
}

// fields are the words between full stops, commas and spaces.
func fields(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("., \t\r\n", r) })
}

// query writes the place as the query of an address: always the same for the
// same place, the path behind all else.
func (p *place) query() string {
	var parts []string
	if len(p.values) > 0 {
		parts = append(parts, p.values.Encode())
	}
	if p.start > 0 {
		parts = append(parts, "start="+strconv.Itoa(p.start))
	}
	if len(p.path) > 0 {
		parts = append(parts, "path="+p.text())
	}
	return strings.Join(parts, "&")
}

// text is the path as people copy it.
func (p *place) text() string {
	words := make([]string, len(p.path))
	for i, n := range p.path {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ".")
}

// at is the place with another path.
func (p *place) at(path ...int) *place { return &place{values: p.values, start: p.start, path: path} }

// up is the first n steps.
func (p *place) up(n int) *place { return p.at(p.path[:n]...) }

// on is one step more.
func (p *place) on(choice int) *place { return p.at(append(slices.Clip(p.path), choice)...) }

// link is the place's address.
func (p *place) link(system string) string {
	u := url.URL{Path: root + system, RawQuery: p.query()}
	return u.String()
}
