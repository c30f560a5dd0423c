package exploration

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
)

// Save writes a bundle for each finding of a line below dir, notes them in it, and
// returns its first error.
func Save(dir string, s Search, l *Line) error {
	if len(l.Findings) == 0 {
		return nil
	}
	m, err := open(&s)
	if err != nil {
		return err
	}
	for i := range l.Findings {
		f := &l.Findings[i]
		b, err := m.bundle(&s, f)
		if err != nil {
			return err
		}
		name := filepath.Join(dir, "explore-"+l.System+"-"+f.Property)
		if err := reports.WriteBundle(name, b, nil); err != nil {
			return err
		}
		l.Bundles = append(l.Bundles, name)
	}
	return nil
}

func (m *subject) bundle(s *Search, f *Finding) (*reports.Bundle, error) {
	path, err := actions(f.Path)
	if err != nil {
		return nil, err
	}
	b := &reports.Bundle{Findings: []checker.Finding{f.Finding}}
	if m.events != nil {
		b.Events = m.events(f.Start, path)
	}
	if b.History, err = history.Build(b.Events); err != nil {
		return nil, fmt.Errorf("bundle of %s: %w", s.System, err)
	}
	moments, first := map[uint64]int64{}, uint64(0)
	for i := range b.Events {
		moments[b.Events[i].Step] = b.Events[i].At
	}
	if len(b.Events) > 0 {
		first = b.Events[len(b.Events)-1].Step
		first -= min(first, uint64(len(path)))
	}
	now := int64(0)
	for i, text := range f.Story {
		n := first + uint64(i) + 1
		now = max(now, moments[n])
		who, _, _ := strings.Cut(text, " ")
		b.Steps = append(b.Steps, trace.Step{N: n, At: now, Actor: strings.Trim(who, ":,"), Kind: "action", What: text, Sum: path[i].ID})
	}
	b.Run = reports.RunFile{
		Kind: reports.ExploreBundle, Name: "explore/" + s.System, Policy: m.policy, Grain: m.grain(), Scenario: reports.Text(m.scenario()),
		Versions: reports.Versions{Simctl: simctl.Version, Go: runtime.Version()},
		Steps:    uint64(len(path)), SimulatedNs: now, Verdict: checker.Violation,
		Explored: &reports.Explored{
			System: s.System, Bounds: m.bounds, NoSymmetry: s.NoSymmetry, Start: f.Start, Path: f.Path, Story: f.Story, Property: f.Property, Properties: s.Properties,
		},
	}
	return b, nil
}

// grain is that of ZooKeeper in the world of a path.
func (m *subject) grain() string {
	if m.bounds["servers"] != "" {
		return "ensemble"
	}
	return "service"
}

// scenario is the world of a path as a scenario says it, for pages and judges
// that ask how many there are of each.
func (m *subject) scenario() string {
	return fmt.Sprintf("scenario explore/%s\ndoc a path that an exploration found\ntopology masters=%s workers=%s clients=%s servers=%s cores=1 memory=1024\ntimers fast\nsafety 30s\n",
		m.about.Name, orNumber(m.bounds["masters"], "1"), orNumber(m.bounds["workers"], "0"), orNumber(m.bounds["clients"], "0"), orNumber(m.bounds["servers"], "1"))
}

func orNumber(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// ErrNoExploration is a directory that holds no bundle of an exploration.
var ErrNoExploration = errors.New("no bundle of an exploration")

// An Again is a path of a bundle that was taken once more.
type Again struct {
	Line  *Line
	Place *Place // where it ends
	// Differs says how the path or the verdict is another than recorded; "" if it is
	// the same.
	Differs string
}

// Replay takes the path of the bundle in dir again, twice.
func Replay(dir string) (*Again, error) {
	run, err := reports.ReadRun(dir)
	if err != nil {
		return nil, err
	}
	if run.Kind != reports.ExploreBundle {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoExploration)
	}
	x := run.Explored
	s := Search{System: x.System, Bounds: x.Bounds, Policy: run.Policy, NoSymmetry: x.NoSymmetry, Properties: x.Properties}
	m, err := open(&s)
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: run.json: %w", dir, err)
	}
	path, err := actions(x.Path)
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: run.json: %w", dir, err)
	}
	p, err := m.walk(x.Start, path)
	if err != nil {
		return nil, fmt.Errorf("replay %s: %w; the code is no longer what it was", dir, err)
	}
	again, err := m.walk(x.Start, path)
	if err != nil {
		return nil, fmt.Errorf("replay %s: %w the second time", dir, err)
	}
	f := Finding{
		Finding: checker.Finding{Property: x.Property, Verdict: checker.Pass, Step: uint64(len(path))}, Start: x.Start, Path: x.Path, Story: p.Path,
	}
	a := &Again{Place: p, Line: &Line{
		Schema: Schema, System: x.System, Strategy: "replay", Bounds: m.bounds, Rules: m.about.Rules, Depth: len(path),
		Why: "a path, not a search", Verdict: checker.Pass, Findings: []Finding{}, Bundles: []string{dir},
	}}
	if m.about.Policy {
		a.Line.Policy = m.policy
	}
	if p.Property != "" {
		f.Property, f.Verdict, f.Detail = p.Property, checker.Violation, p.Detail
		a.Line.Verdict, a.Line.Findings = checker.Violation, []Finding{f}
	}
	switch {
	case p.Digest != again.Digest:
		a.Differs = fmt.Sprintf("the path leads to %016x and to %016x", p.Digest, again.Digest)
	case p.Property != x.Property:
		a.Differs = fmt.Sprintf("%s was recorded, now it is %s", x.Property, orNumber(p.Property, "nothing"))
	}
	return a, nil
}
