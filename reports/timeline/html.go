package timeline

import (
	"bytes"
	_ "embed" // the page's parts
	"encoding/json"
	"fmt"
	"html/template"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/story"
	"github.com/simctl/simctl/reports/why"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed core.js
	coreJS string
	//go:embed draw.js
	drawJS string
	//go:embed over.js
	overJS string
	//go:embed read.js
	readJS string
	//go:embed act.js
	actJS string

	pageTemplate = template.Must(template.New("page").Parse(pageHTML))
)

// Page makes the page of a run, of at most [MaxBytes].
func Page(in *Input) ([]byte, error) {
	for size := MaxBytes * 5 / 6; ; size /= 2 {
		html, err := render(in, size)
		if err != nil || len(html) <= MaxBytes {
			return html, err
		}
		if size < 1<<10 {
			return nil, fmt.Errorf("timeline of %s: %d bytes, and nothing left to leave out", in.Name, len(html))
		}
	}
}

// An entry is a line of one of the page's tables.
type entry struct {
	Step          uint64
	At, Who, Text string
}

// A sentence is a violation above the picture.
type sentence struct{ Property, When, Detail string }

// view is what the template is given.
type view struct {
	Title, Name, About, Against string
	Expected                    bool
	Seed                        uint64
	Verdict                     checker.Verdict
	CSS                         template.CSS
	JS, Data                    template.JS
	Marks                       []sentence
	Left                        []string
	Causes, Story               []entry
	Clients, Violations         []string
	Findings                    []checker.Finding
	Scenario, Schedule          string
}

// render makes the page with data of about size bytes.
func render(in *Input, size int) ([]byte, error) {
	data := struct {
		A    *model   `json:"a"`
		B    *model   `json:"b,omitempty"`
		Part *parting `json:"part,omitempty"`
	}{}
	v := view{Title: title(in), Name: orElse(in.Name, "a run"), Seed: in.Seed, Verdict: in.Verdict, About: about(in), CSS: template.CSS(pageCSS),
		Scenario: clip(in.Scenario, longText), Schedule: clip(in.Schedule, longText)}
	if in.Other != nil {
		size /= 2
		data.B, _ = modelOf(in.Other, size)
		data.Part = partingOf(in)
		v.Against = fmt.Sprintf("%s, seed %d, %s", in.Other.Name, in.Other.Seed, about(in.Other))
		if data.Part != nil {
			v.Against += "; " + data.Part.Text
		} else {
			v.Against += "; the two are the same, step by step"
		}
	}
	var slice *why.Slice
	data.A, slice = modelOf(in, size)
	v.violated(data.A, "")
	if data.B != nil {
		v.violated(data.B, "in B: ")
	}
	text, err := json.Marshal(&data)
	if err != nil {
		return nil, fmt.Errorf("timeline of %s: %w", in.Name, err)
	}
	v.Data = template.JS(text)
	v.JS = template.JS("(() => {\n'use strict';\n" + strings.Join([]string{coreJS, drawJS, overJS, readJS, actJS}, "\n") + "})();\n")
	v.Left = data.A.Left
	v.Expected = in.Verdict == checker.Pass && len(data.A.Marks) > 0
	if err := v.tell(in, data.A, slice); err != nil {
		return nil, err
	}
	var w bytes.Buffer
	if err := pageTemplate.Execute(&w, &v); err != nil {
		return nil, fmt.Errorf("timeline of %s: %w", in.Name, err)
	}
	return w.Bytes(), nil
}

func title(in *Input) string { return fmt.Sprintf("%s, seed %d, %s", in.Name, in.Seed, in.Policy) }

// about is a run on one line.
func about(in *Input) string {
	kind := "virtual"
	if in.Live {
		kind = "real"
	}
	text := fmt.Sprintf("policy %s, ZooKeeper %s, %d steps, %s of %s time", in.Policy, in.Grain, in.StepCount, story.Seconds(in.Length), kind)
	if in.Fingerprint != "" {
		text += ", fingerprint " + in.Fingerprint
	}
	if in.Partial {
		text += ", interrupted"
	}
	return text
}

// How much text a page holds, in bytes, lines or entries.
const (
	longText   = 60_000
	longLine   = 600
	mostLines  = 700
	mostCauses = 120
	mostShown  = 5
)

// violated puts a run's violations above the picture.
func (v *view) violated(m *model, where string) {
	for _, k := range m.Marks[:min(mostShown, len(m.Marks))] {
		when := where + story.Seconds(k.At)
		if k.Step > 0 {
			when = fmt.Sprintf("%sstep %d at %s", where, k.Step, story.Seconds(k.At))
		}
		v.Marks = append(v.Marks, sentence{k.Property, when, clip(k.Detail, longLine)})
	}
}

// tell fills in what stands below the picture.
func (v *view) tell(in *Input, m *model, slice *why.Slice) error {
	if slice != nil {
		for _, l := range slice.Lines(nil, mostCauses) {
			var of []string
			for _, b := range l.Because {
				of = append(of, fmt.Sprintf("%d (%s)", b.Step, b.How))
			}
			v.Causes = append(v.Causes, entry{l.Step, story.Seconds(l.At), strings.Join(of, ", "), clip(l.Text, longLine)})
		}
	}
	for i, x := range story.Moments(in.Events) {
		if i == mostLines {
			v.Left = append(v.Left, fmt.Sprintf("what happened after %s, in words", story.Seconds(x.At)))
			break
		}
		v.Story = append(v.Story, entry{Step: x.Step, At: story.Seconds(x.At), Text: clip(x.Text, longLine)})
	}
	for _, line := range append(story.Clients(in.Events), story.Probes(in.Events)...) {
		if len(v.Clients) < mostLines {
			v.Clients = append(v.Clients, clip(line, longLine))
		}
	}
	for _, f := range in.Findings {
		f.Detail = clip(f.Detail, 2*longLine)
		v.Findings = append(v.Findings, f)
		if f.Verdict == checker.Violation && len(v.Violations) < mostShown {
			var w strings.Builder
			if err := story.Violation(&w, in.Events, f); err != nil {
				return err
			}
			v.Violations = append(v.Violations, clip(w.String(), longText/mostShown))
		}
	}
	return nil
}

// A parting is where two runs cease to be the same.
type parting struct {
	At   int64  `json:"at"`
	Step uint64 `json:"step"`
	Text string `json:"text"`
}

func partingOf(in *Input) *parting {
	d := trace.Diff(in.Steps, in.Other.Steps)
	if d == nil {
		return nil
	}
	p := &parting{Step: d.N}
	for _, s := range []*trace.Step{d.A, d.B} {
		if s != nil && (p.At == 0 || s.At < p.At) {
			p.At = s.At
		}
	}
	p.Text = fmt.Sprintf("they part in step %d at %s", d.N, story.Seconds(p.At))
	return p
}
