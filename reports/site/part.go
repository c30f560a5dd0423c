package site

import (
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/simctl/simctl/reports"
)

// A Part is the answer of a page that others make: the site puts its head over
// it and sends it.
type Part struct {
	Status int    // 0 is 200
	Title  string // the heading, as text
	To     string // not empty: the address of the page where it is to be found
	Style  template.CSS
	Script template.JS
	Body   template.HTML
}

// AddPart adds a page that every page links to. A path that ends in a slash is
// all below it, too.
func (s *Site) AddPart(path, title string, part func(*http.Request) Part) {
	s.Add(path, title, func(w http.ResponseWriter, r *http.Request) {
		p := part(r)
		if p.To != "" {
			http.Redirect(w, r, p.To, http.StatusSeeOther)
			return
		}
		if p.Status == 0 {
			p.Status = http.StatusOK
		}
		s.show(w, p.Status, &page{Title: p.Title, Here: path, Part: &p})
	})
}

// usual is the policy that need not be said.
const usual = "hardened"

// walk is where the explorer's page is that shows the end of a path of an
// exploration; empty for other runs.
func walk(file *reports.RunFile) string {
	x := file.Explored
	if file.Kind != reports.ExploreBundle || x == nil {
		return ""
	}
	q := url.Values{"start": {strconv.Itoa(x.Start)}, "actions": {strings.Join(x.Path, ".")}}
	for _, name := range slices.Sorted(maps.Keys(x.Bounds)) {
		q.Set(name, x.Bounds[name])
	}
	if file.Policy != usual {
		q.Set("policy", file.Policy)
	}
	u := url.URL{Path: "/explore/" + x.System, RawQuery: q.Encode()}
	return u.String()
}
