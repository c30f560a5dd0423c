package site

import (
	"bytes"
	_ "embed" // the pages' form
	"encoding/json"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/reports/story"
)

//go:embed site.html
var siteHTML string

var pages = template.Must(template.New("site").Parse(siteHTML))

// A page is what the template is given.
type page struct {
	Title, Dir string
	Links      []link
	Here       string
	Message    string

	// The list.
	Runs                   []run
	All, Violated, Damaged int
	Query                  string
	Only                   bool // violations
	Left                   int  // runs that are not listed

	// A history.
	Run *run
	Ops []op

	Plots []string

	Part *Part // a page of others
}

// A run is one line of the list.
type run struct {
	Link                                 string // its name as part of an address
	Name, Scenario, Policy, Kind, Length string
	Seed, Steps                          uint64
	Verdict                              checker.Verdict
	Violated                             []string // properties
	Failovers                            int
	Walk                                 string // address of the explorer where the path of an exploration ends
	Error                                string // why it cannot be read
}

// An op is one line of a history.
type op struct {
	Lane, Kind, Key, Call, Return, Answer string
	Bad                                   bool
}

func (s *Site) show(w http.ResponseWriter, status int, p *page) {
	p.Dir, p.Links = s.dir, s.links
	var b bytes.Buffer
	if err := pages.Execute(&b, p); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", types[".html"])
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // who has gone needs no answer
}

func (s *Site) fail(w http.ResponseWriter, status int, message string) {
	s.show(w, status, &page{Title: http.StatusText(status), Message: message})
}

// How much a page shows.
const (
	mostRuns  = 1000
	mostOps   = 5000
	mostPlots = 200
	mostDeep  = 5
)

// find walks the directory, hidden parts of it aside, and returns the names of
// its bundles, and of its pictures, each in order.
func (s *Site) find() (bundles, pictures []string) {
	_ = fs.WalkDir(s.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir() && strings.Count(name, "/") >= mostDeep:
			return fs.SkipDir
		case d.Name() == "run.json":
			bundles = append(bundles, path.Dir(name))
		case d.Type().IsRegular() && (path.Ext(name) == ".png" || path.Ext(name) == ".svg"):
			pictures = append(pictures, name)
		}
		return nil // what cannot be read is not shown
	})
	slices.Sort(bundles)
	slices.Sort(pictures)
	return bundles, pictures
}

// list is the first page.
func (s *Site) list(w http.ResponseWriter, r *http.Request) {
	p := &page{Title: "Runs", Here: "/", Query: r.FormValue("q"), Only: r.FormValue("only") == "violations"}
	names, _ := s.find()
	for _, name := range names {
		x := s.about(name)
		p.All++
		switch {
		case x.Error != "":
			p.Damaged++
		case len(x.Violated) > 0:
			p.Violated++
		}
		if !x.fits(p.Query) || p.Only && len(x.Violated) == 0 {
			continue
		}
		if len(p.Runs) == mostRuns {
			p.Left++
			continue
		}
		p.Runs = append(p.Runs, *x)
	}
	s.show(w, http.StatusOK, p)
}

// fits reports whether every word of a query stands somewhere in the line.
func (x *run) fits(query string) bool {
	text := strings.ToLower(strings.Join(append([]string{x.Name, x.Scenario, x.Policy, x.Kind, string(x.Verdict), x.Error}, x.Violated...), " "))
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// about reads what the list says of a bundle.
func (s *Site) about(name string) *run {
	x := &run{Name: name, Link: (&url.URL{Path: name}).EscapedPath()}
	dir, err := s.path(name)
	if err != nil {
		x.Error = "a file of it is missing"
		return x
	}
	file, err := reports.ReadRun(dir)
	if err != nil {
		x.Error = err.Error()
		return x
	}
	x.Scenario, x.Policy, x.Kind, x.Length = file.Name, file.Policy, file.Kind, story.Seconds(file.SimulatedNs)
	x.Seed, x.Steps, x.Verdict, x.Failovers = file.Seed, file.Steps, file.Verdict, len(file.Failovers)
	x.Walk = walk(file)
	var findings []checker.Finding
	if text, err := s.read(path.Join(name, "findings.json")); err == nil && json.Unmarshal(text, &findings) == nil {
		for _, f := range findings {
			if f.Verdict == checker.Violation {
				x.Violated = append(x.Violated, f.Property)
			}
		}
	}
	return x
}

// history is what the clients of a run asked and were told.
func (s *Site) history(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(r.PathValue("name"), "/")
	b, err := s.bundle(name)
	if err != nil {
		s.fail(w, http.StatusNotFound, err.Error())
		return
	}
	p := &page{Title: "History of " + name, Run: s.about(name), Query: r.FormValue("q")}
	h, err := history.Build(b.Events)
	if err != nil || len(h) == 0 {
		h = b.History
	}
	for i := range h {
		x := opOf(&h[i])
		for _, f := range b.Findings {
			x.Bad = x.Bad || f.Property == "jobs-linearizable" && f.Verdict == checker.Violation && f.Step > 0 && f.Step == h[i].ReturnStep && strings.Contains(f.Detail, h[i].Key)
		}
		if p.Query != "" && !strings.Contains(strings.Join([]string{x.Lane, x.Kind, x.Key, x.Answer}, " "), p.Query) {
			continue
		}
		if len(p.Ops) == mostOps {
			p.Left++
			continue
		}
		p.Ops = append(p.Ops, x)
	}
	s.show(w, http.StatusOK, p)
}

func opOf(o *history.Op) op {
	x := op{Lane: o.Lane, Kind: string(o.Kind), Key: o.Key, Call: story.Seconds(o.Call), Return: story.Seconds(o.Return), Answer: o.Answer}
	if o.Kind == history.Finish {
		x.Answer = o.Arg
	}
	if o.Return == history.Open {
		x.Return, x.Answer = "never", "no answer"
	}
	return x
}

// plots shows the pictures that lie in the directory.
func (s *Site) plots(w http.ResponseWriter, _ *http.Request) {
	p := &page{Title: "Plots", Here: "/plots"}
	_, pictures := s.find()
	for _, name := range pictures {
		other := strings.TrimSuffix(name, ".svg") + ".png"
		if path.Ext(name) == ".svg" && slices.Contains(pictures, other) {
			continue // the same picture
		}
		if len(p.Plots) == mostPlots {
			p.Left++
			continue
		}
		p.Plots = append(p.Plots, name)
	}
	s.show(w, http.StatusOK, p)
}
