package reports

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/story"
)

// pageEvents bounds the table of events on a page.
const pageEvents = 5000

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{.Run.Name}} seed {{.Run.Seed}}: {{.Run.Verdict}}</title>
<style>
body { font: 15px/1.45 sans-serif; max-width: 76em; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; } td, th { padding: .15em .8em .15em 0; text-align: left; vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.violation { background: #fbe3d6; } pre { background: #f5f5f5; padding: .8em; overflow-x: auto; } svg { max-width: 100%; height: auto; }
</style>
</head>
<body>
<h1>{{.Run.Name}}, seed {{.Run.Seed}}: {{.Run.Verdict}}</h1>
<p>policy {{.Run.Policy}}, ZooKeeper {{.Run.Grain}}, {{.Run.Steps}} steps, {{.Length}} of {{if eq .Run.Kind "sim"}}virtual{{else}}real{{end}} time{{if .Run.Fingerprint}}, fingerprint {{.Run.Fingerprint}}{{end}}{{if .Run.Partial}}; <strong>interrupted</strong>{{end}}</p>
{{.Picture}}
<h2>What happened</h2>
<table>
{{range .Story}}<tr><td class="n">{{.At}}</td><td>{{.Text}}</td></tr>
{{end}}</table>
{{range .Clients}}<p>{{.}}</p>
{{end}}<h2>What the judges say</h2>
<table>
<tr><th>verdict</th><th>property</th><th>step</th><th>detail</th></tr>
{{range .Findings}}<tr class="{{.Verdict}}"><td>{{.Verdict}}</td><td>{{.Property}}</td><td class="n">{{if .Step}}{{.Step}}{{end}}</td><td>{{.Detail}}</td></tr>
{{end}}</table>
{{range .Violations}}<pre>{{.}}</pre>
{{end}}<h2>Scenario</h2>
<pre>{{.Run.Scenario}}</pre>
<h2>Faults, as they were carried out</h2>
<pre>{{.Run.Schedule}}</pre>
<h2>Events</h2>
{{if .Left}}<p>The first {{len .Events}} of {{.All}}; the rest is in events.ndjson.</p>
{{end}}<table>
<tr><th>step</th><th>time</th><th>event</th></tr>
{{range .Events}}<tr><td class="n">{{.Step}}</td><td class="n">{{.At}}</td><td>{{.Text}}</td></tr>
{{end}}</table>
</body>
</html>
`))

// A row is a moment or an event, as text.
type row struct {
	Step     uint64
	At, Text string
}

// page makes timeline.html: one file, without scripts, that needs nothing else.
func page(b *Bundle) ([]byte, error) {
	data := struct {
		*Bundle
		Length     string
		Picture    template.HTML
		Story      []row
		Clients    []string
		Violations []string
		Events     []row
		Left, All  int
	}{Bundle: b, Length: story.Seconds(b.Run.SimulatedNs), Clients: append(story.Clients(b.Events), story.Probes(b.Events)...), All: len(b.Events)}
	for _, m := range story.Moments(b.Events) {
		data.Story = append(data.Story, row{m.Step, story.Seconds(m.At), m.Text})
	}
	for i := range b.Events {
		if i == pageEvents {
			data.Left = len(b.Events) - i
			break
		}
		e := &b.Events[i]
		data.Events = append(data.Events, row{e.Step, story.Seconds(e.At), trace.Describe(e)})
	}
	for _, f := range violations(b.Findings) {
		var w strings.Builder
		if err := story.Violation(&w, b.Events, f); err != nil {
			return nil, err
		}
		data.Violations = append(data.Violations, w.String())
	}
	// A run without masters has no picture, and that is no reason to have no page.
	if d, err := drawTimeline(b.Events, TimelineOptions{}); err == nil {
		svg, err := d.svg()
		if err != nil {
			return nil, err
		}
		data.Picture = inline(svg)
	}
	var w bytes.Buffer
	if err := pageTemplate.Execute(&w, &data); err != nil {
		return nil, fmt.Errorf("timeline.html: %w", err)
	}
	return w.Bytes(), nil
}

// inline cuts the XML head off a drawing of ours, whose texts are escaped.
func inline(svg []byte) template.HTML {
	return template.HTML(svg[max(0, bytes.Index(svg, []byte("<svg"))):])
}
