package reports

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/simctl/simctl/reports/story"
)

// phaseColors are in the order of Phases.
var phaseColors = []color.Color{rgb(0x56b4e9), rgb(0xe69f00), rgb(0x009e73)}

// LatencyPhases draws one bar a cause of loss: how long detection, election
// and recovery take on average (averages add up to the average of the whole),
// with the percentiles of the whole as marks.
func LatencyPhases(samples []LatencySample, o LatencyOptions) (Picture, error) {
	groups := groupSamples(samples)
	slices.Reverse(groups) // the first cause on top
	bars := phaseBars{groups: groups}
	p := newPlot(titled("Where the time goes", o), "time since the loss (s)", "")
	g := grid()
	g.Horizontal.Width = 0
	p.Add(g, &bars)
	names := make([]string, len(groups))
	longest := int64(0)
	for i := range groups {
		v := groups[i].values("total")
		longest = max(longest, rank(v, 99))
		names[i] = fmt.Sprintf("%s\nn=%d", groups[i].label(), len(v))
	}
	p.NominalY(names...)
	p.Y.Tick.Label.YAlign = draw.YCenter
	p.Y.Min, p.Y.Max = -0.6, float64(len(groups))-0.4
	p.X.Min, p.X.Max = 0, float64(longest)/1e9*1.18
	p.X.Tick.Marker = secondTicks{}
	height := vg.Points(float64(len(groups))*52 + 110)
	const legend = 30
	d := drawing{vg.Points(680), height, func(c draw.Canvas) {
		p.Draw(draw.Crop(c, vg.Points(8), -vg.Points(16), legend, -vg.Points(8)))
		bars.legend(draw.Crop(c, vg.Points(60), 0, 0, legend-c.Max.Y))
	}}
	return d.picture()
}

// phaseBars is the plotter of the stacked bars.
type phaseBars struct{ groups []group }

const barHalf = 13 // points

// Plot implements plot.Plotter.
func (b *phaseBars) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	for i := range b.groups {
		g := &b.groups[i]
		y, from := trY(float64(i)), 0.0
		for n, phase := range Phases[:3] {
			to := from + float64(g.mean(phase))/1e9
			fillRect(c, phaseColors[n], trX(from), y-vg.Points(barHalf), trX(to), y+vg.Points(barHalf))
			from = to
		}
		v := g.values("total")
		b.marks(c, trX, y, v)
	}
}

// marks draws the percentiles of one bar as lines across it, with labels
// above. Labels that would run into each other are joined.
func (b *phaseBars) marks(c draw.Canvas, trX func(float64) vg.Length, y vg.Length, sorted []int64) {
	st := style(8.5, false)
	st.XAlign, st.YAlign = draw.XCenter, draw.YBottom
	var labels []label
	for _, q := range []int{50, 90, 99} {
		v := rank(sorted, q)
		x := trX(float64(v) / 1e9)
		c.StrokeLine2(draw.LineStyle{Color: ink, Width: vg.Points(1.4)}, x, y-vg.Points(barHalf+3), x, y+vg.Points(barHalf+3))
		labels = append(labels, label{fmt.Sprintf("p%d %s", q, story.Short(v)), x})
	}
	for _, l := range apart(labels, st, c.Min.X, c.Max.X) {
		c.FillText(st, vg.Point{X: l.x, Y: y + vg.Points(barHalf+3)}, l.text)
	}
}

// A label is a text centred at x.
type label struct {
	text string
	x    vg.Length
}

// apart joins neighbours that would overlap and keeps all inside [lo, hi].
func apart(labels []label, st text.Style, lo, hi vg.Length) []label {
	for {
		for i := range labels {
			half := st.Width(labels[i].text) / 2
			labels[i].x = max(lo+half, min(labels[i].x, hi-half))
		}
		i := -1
		for n := 0; n+1 < len(labels) && i < 0; n++ {
			a, b := labels[n], labels[n+1]
			if b.x-a.x < (st.Width(a.text)+st.Width(b.text))/2+vg.Points(6) {
				i = n
			}
		}
		if i < 0 {
			return labels
		}
		joined := label{labels[i].text + "  " + labels[i+1].text, (labels[i].x + labels[i+1].x) / 2}
		labels = slices.Replace(labels, i, i+2, joined)
	}
}

func (b *phaseBars) legend(c draw.Canvas) {
	x, y := c.Min.X, c.Min.Y+vg.Points(14)
	for n, words := range []string{
		"detect: until the session is gone", "elect: until a new term begins", "recover: until it is Alive",
	} {
		fillRect(c, phaseColors[n], x, y-vg.Points(5), x+vg.Points(12), y+vg.Points(5))
		st := style(10, false)
		c.FillText(st, vg.Point{X: x + vg.Points(17), Y: y}, words)
		x += vg.Points(17) + st.Width(words) + vg.Points(18)
	}
	c.FillText(style(10, false), vg.Point{X: x, Y: y}, "(bars: means)")
}

func fillRect(c draw.Canvas, col color.Color, x0, y0, x1, y1 vg.Length) {
	c.FillPolygon(col, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}
