package reports

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/story"
)

// TimelineOptions say what a timeline shows.
type TimelineOptions struct {
	Title    string
	From, To int64 // nanoseconds since the run began; To 0: to the end
}

// stateColors are how the states of a master are filled.
var stateColors = map[string]color.Color{
	"Standby": rgb(0xe4e4e4), "Recovering": rgb(0xf5cd6e), "CompletingRecovery": rgb(0xe69f00),
	"Alive": rgb(0x4ba3d8), "Suspended": rgb(0xdfa6c5),
	"looking": rgb(0xe4e4e4), "elected": rgb(0xf5cd6e), "follower": rgb(0xbfe3d4), "leader": rgb(0x56b88f), "running": rgb(0xeeeeee),
}

// noQuorum is the ground of stretches in which the service has no quorum.
var noQuorum = rgb(0xfdf0b8)

// Timeline draws a run: a lane for each master with its recovery states, for
// each ZooKeeper server with what it was to its ensemble, and for each probe;
// below them the life of their sessions; the faults; and a tick for every answer
// that a client got, so that gaps in service can be seen.
func Timeline(events []trace.Event, o TimelineOptions) (Picture, error) {
	d, err := drawTimeline(events, o)
	if err != nil {
		return Picture{}, err
	}
	return d.picture()
}

func drawTimeline(events []trace.Event, o TimelineOptions) (*drawing, error) {
	l := sortLanes(events)
	if len(l.lanes) == 0 {
		return nil, fmt.Errorf("draw timeline: no master, server or probe ever started")
	}
	to := o.To
	if to == 0 {
		to = l.end
	}
	if to <= o.From {
		return nil, fmt.Errorf("draw timeline: it ends at %s, not after %s", story.Seconds(to), story.Seconds(o.From))
	}
	l.within(o.From, to)
	rows := len(l.lanes) + len(l.faults) + 1
	p := newPlot(o.Title, "time since the run began (s)", "")
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Width = faint, 0
	t := &timeline{l: l, rows: rows}
	p.Add(g, t)
	p.NominalY(t.names()...)
	p.Y.Tick.Label.YAlign = draw.YCenter
	p.X.Min, p.X.Max = float64(o.From)/1e9, float64(to)/1e9
	p.Y.Min, p.Y.Max = -0.5, float64(rows)-0.5
	p.X.Tick.Marker = secondTicks{}
	const legend = 26
	height := vg.Points(float64(len(l.lanes))*laneHeight+float64(len(l.faults)+1)*laneHeight) + vg.Points(86)
	return &drawing{vg.Points(860), height, func(c draw.Canvas) {
		p.Draw(draw.Crop(c, vg.Points(8), -vg.Points(14), legend, -vg.Points(6)))
		timelineLegend(draw.Crop(c, vg.Points(60), 0, 0, legend-c.Max.Y), l)
	}}, nil
}

const laneHeight = 30 // points

// FailoverWindow returns a stretch of the run around its first completed
// failover, long enough to see what led to it; ok is false if there is none.
func FailoverWindow(events []trace.Event) (from, to int64, ok bool) {
	first := true
	var lost int64
	for i := range events {
		e := &events[i]
		if e.Kind == trace.Fault && e.Value == "begin" {
			lost = e.At
		}
		if e.Kind != trace.State || e.Value != "Alive" {
			continue
		}
		if !first {
			margin := max((e.At-lost)/3, 1_000_000_000)
			return max(0, lost-margin), e.At + margin, true
		}
		first = false
	}
	return 0, 0, false
}

// timeline is the plotter of the lanes. Row 0 is at the bottom: clients, then
// the masters from last to first, then the faults.
type timeline struct {
	l    *lanes
	rows int
}

func (t *timeline) names() []string {
	names := []string{"answers\nto clients"}
	for i := len(t.l.lanes) - 1; i >= 0; i-- {
		names = append(names, t.l.lanes[i].name)
	}
	for i := len(t.l.faults) - 1; i >= 0; i-- {
		name := ""
		if i == 0 {
			name = "faults"
		}
		names = append(names, name)
	}
	return names
}

// Plot implements plot.Plotter.
func (t *timeline) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	x := func(ns int64) vg.Length { return trX(float64(ns) / 1e9) }
	for _, s := range t.l.quorum {
		fillRect(c, noQuorum, x(s.from), c.Min.Y, x(s.to), c.Max.Y)
	}
	for i, m := range t.l.lanes {
		m.draw(c, x, trY(float64(len(t.l.lanes)-i)))
	}
	for i, row := range t.l.faults {
		y := trY(float64(t.rows - 1 - i))
		for n, s := range row {
			room := c.Max.X
			if n+1 < len(row) {
				room = x(row[n+1].from)
			}
			drawFault(c, s, x(s.from), x(s.to), room, y)
		}
	}
	y := trY(0)
	tick := draw.LineStyle{Color: rgb(0x009e73), Width: vg.Points(0.8)}
	for _, at := range t.l.answered {
		c.StrokeLine2(tick, x(at), y-vg.Points(7), x(at), y+vg.Points(7))
	}
	for _, at := range t.l.gaveUp {
		c.DrawGlyph(draw.GlyphStyle{Color: rgb(0xd55e00), Radius: vg.Points(3), Shape: draw.CrossGlyph{}}, vg.Point{X: x(at), Y: y})
	}
}

func (m *lane) draw(c draw.Canvas, x func(int64) vg.Length, y vg.Length) {
	low, high := y-vg.Points(5), y+vg.Points(12)
	for _, s := range m.states {
		a, b := x(s.from), x(s.to)
		if fill := stateColors[s.what]; fill != nil {
			fillRect(c, fill, a, low, b, high)
		} else {
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: vg.Points(1), Dashes: dashes[2]}, a, (low+high)/2, b, (low+high)/2)
		}
		inside(c, s.label, a, b, (low+high)/2, s.what == "down")
	}
	for _, s := range m.paused {
		hatch(c, x(s.from), x(s.to), low, high)
	}
	line := draw.LineStyle{Color: ink, Width: vg.Points(2)}
	under := y - vg.Points(9)
	for _, s := range m.sessions {
		c.StrokeLine2(line, x(s.from), under, x(s.to), under)
		if s.label == "expired" && !s.goesOn {
			c.DrawGlyph(draw.GlyphStyle{Color: rgb(0xd55e00), Radius: vg.Points(3.5), Shape: draw.CrossGlyph{}}, vg.Point{X: x(s.to), Y: under})
		}
	}
}

// inside writes a label into a span that has room for it: all of it, or what
// stands before the comma.
func inside(c draw.Canvas, label string, a, b, y vg.Length, onPaper bool) {
	st := style(9, false)
	st.XAlign = draw.XCenter
	for _, words := range []string{label, beforeComma(label)} {
		w := st.Width(words)
		if words == "" || w+vg.Points(4) > b-a {
			continue
		}
		mid := (a + b) / 2
		if onPaper {
			fillRect(c, paper, mid-w/2-vg.Points(3), y-vg.Points(6), mid+w/2+vg.Points(3), y+vg.Points(6))
		}
		c.FillText(st, vg.Point{X: mid, Y: y}, words)
		return
	}
}

func beforeComma(s string) string {
	for i := range len(s) {
		if s[i] == ',' {
			return s[:i]
		}
	}
	return s
}

// hatch says "stood still" without colour.
func hatch(c draw.Canvas, a, b, low, high vg.Length) {
	line := draw.LineStyle{Color: ink, Width: vg.Points(0.7)}
	for x := a; x < b; x += vg.Points(5) {
		end := min(x+(high-low)/2, b)
		c.StrokeLine2(line, x, low, end, low+(end-x)*2)
	}
	c.StrokeLines(line, []vg.Point{{X: a, Y: low}, {X: a, Y: high}, {X: b, Y: high}, {X: b, Y: low}, {X: a, Y: low}})
}

func drawFault(c draw.Canvas, s span, a, b, room, y vg.Length) {
	low, high := y-vg.Points(6), y+vg.Points(6)
	fillRect(c, rgb(0xd55e00), a, low, max(b, a+vg.Points(2)), high)
	st := style(9, false)
	words := s.label
	if at := max(b, a+vg.Points(2)) + vg.Points(4); st.Width(words) < room-at {
		c.FillText(st, vg.Point{X: at, Y: y}, words)
		return
	}
	// No room behind the bar: on it, from its beginning or from the end of
	// the picture backwards.
	at := min(a+vg.Points(4), c.Max.X-st.Width(words)-vg.Points(2))
	w := st.Width(words)
	fillRect(c, rgb(0xf7d3c2), at-vg.Points(2), low+vg.Points(1), at+w+vg.Points(2), high-vg.Points(1))
	c.FillText(st, vg.Point{X: at, Y: y}, words)
}

func timelineLegend(c draw.Canvas, l *lanes) {
	x, y := c.Min.X, c.Min.Y+vg.Points(12)
	st := style(9, false)
	add := func(words string, mark func(x vg.Length)) {
		mark(x)
		c.FillText(st, vg.Point{X: x + vg.Points(20), Y: y}, words)
		x += vg.Points(20) + st.Width(words) + vg.Points(14)
	}
	states := []string{"Standby", "Recovering", "CompletingRecovery", "Alive", "Suspended"}
	switch {
	case l.lanes[0].kind != "master":
		states = []string{"looking", "elected", "follower", "leader"}
	case l.servers: // servers say in words what they are
		states = append(states[:2:2], "Alive", "Suspended", "follower", "leader")
	}
	for _, s := range states {
		add(s, func(x vg.Length) { fillRect(c, stateColors[s], x, y-vg.Points(5), x+vg.Points(16), y+vg.Points(5)) })
	}
	add("no quorum", func(x vg.Length) { fillRect(c, noQuorum, x, y-vg.Points(5), x+vg.Points(16), y+vg.Points(5)) })
	add("stood still", func(x vg.Length) { hatch(c, x, x+vg.Points(16), y-vg.Points(5), y+vg.Points(5)) })
	line := draw.LineStyle{Color: ink, Width: vg.Points(2)}
	add("session", func(x vg.Length) { c.StrokeLine2(line, x, y, x+vg.Points(16), y) })
	cross := draw.GlyphStyle{Color: rgb(0xd55e00), Radius: vg.Points(3.5), Shape: draw.CrossGlyph{}}
	add("session expired, client gave up", func(x vg.Length) { c.DrawGlyph(cross, vg.Point{X: x + vg.Points(8), Y: y}) })
}
