package explorer

import (
	"bytes"
	_ "embed" // the page's parts
	"html/template"
	"net/http"

	"github.com/simctl/simctl/reports/site"
)

var (
	//go:embed explorer.html
	bodyHTML string
	//go:embed explorer.css
	styleCSS string
	//go:embed keys.js
	keysJS string

	body = template.Must(template.New("explorer").Parse(bodyHTML))
)

// view is what the template is given.
type view struct {
	status                int
	Title, Doc            string
	Systems               []view // of the list
	System                string // its name, empty on the list
	Bounds                []value
	Message               string // why there is no such place
	AsFar                 string // the address of what there is of it
	Property, Detail, Sum string
	Path, Begin, Back     string // the path as text; addresses
	Command               string // that explores the system within these bounds
	Again                 *step  // the first step that led to the same state
	Starts, Steps         []step
	Choices               []choice
	State                 []line
}

// A value is a bound with what it is here.
type value struct {
	Bound
	Value string // empty: the default
}

// A step is one of the way.
type step struct {
	N                    int
	Text, Link, Property string
	Last                 bool
}

// A choice is what may happen next.
type choice struct {
	N                    int
	Text, Link, Property string
	Back                 string // the state that it leads back to, in words
}

func part(v *view) site.Part {
	var b bytes.Buffer
	if err := body.Execute(&b, v); err != nil {
		return site.Part{Status: http.StatusInternalServerError, Title: "Explorer", Body: template.HTML(template.HTMLEscapeString(err.Error()))}
	}
	return site.Part{Status: v.status, Title: v.Title, Style: template.CSS(styleCSS), Script: template.JS(keysJS), Body: template.HTML(b.String())}
}

// refused is the page of a place that there is not, with a link to what there is.
func (v *view) refused(err error, asFar *place) site.Part {
	v.status, v.Message, v.AsFar = http.StatusBadRequest, err.Error(), asFar.link(v.System)
	v.Steps, v.Choices = nil, nil
	return part(v)
}

func listed(systems []System) (all []view) {
	for i := range systems {
		v := view{System: systems[i].Name, Doc: systems[i].Doc}
		v.bounds(&systems[i], &place{})
		all = append(all, v)
	}
	return all
}

func (v *view) bounds(sys *System, p *place) {
	v.Command = "simctl explore " + sys.Name
	for _, b := range sys.Bounds {
		x := value{b, p.values.Get(b.Name)}
		if v.Bounds = append(v.Bounds, x); x.Value != "" {
			v.Command += " --" + x.Name + "=" + x.Value
		}
	}
}

// How much of a state is shown unasked.
const (
	shortState = 70 // lines
	shortPart  = 8  // lines below one
)

// stateOf is a state with what became another in the last step. In a long one
// the parts that did not are folded.
func stateOf(before, now string, stepped bool) []line {
	trees := treesOf(now)
	if stepped {
		lines := compare(treesOf(before), trees)
		fold(lines, count(lines) <= shortState)
		return lines
	}
	var lines []line
	for i := range trees {
		lines = append(lines, whole(&trees[i], same))
	}
	fold(lines, count(lines) <= shortState)
	return lines
}

func fold(lines []line, short bool) {
	for i := range lines {
		x := &lines[i]
		x.Open = short || x.moved || count(x.Kids) <= shortPart
		fold(x.Kids, short)
	}
}

func count(lines []line) int {
	n := len(lines)
	for i := range lines {
		n += count(lines[i].Kids)
	}
	return n
}
