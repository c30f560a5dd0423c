package reports

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/simctl/simctl/reports/story"
	"github.com/simctl/simctl/scenarios"
)

// LatencyOptions say what stands above the plots.
type LatencyOptions struct {
	Title string // "failover/kill, hardened, fast timers, 500 runs"; "" for none
}

// WriteLatency writes the distributions of the samples into dir, which it
// makes: latency-cdf.{png,svg}, latency-phases.{png,svg} and latency.md. It
// returns the paths written: all of them or none. Without samples it is an error.
func WriteLatency(dir string, samples []LatencySample, o LatencyOptions) ([]string, error) {
	if len(samples) == 0 {
		return nil, fmt.Errorf("write latency to %s: there is no failover to draw", dir)
	}
	cdf, err := LatencyCDF(samples, o)
	if err != nil {
		return nil, err
	}
	phases, err := LatencyPhases(samples, o)
	if err != nil {
		return nil, err
	}
	var table bytes.Buffer
	if o.Title != "" {
		fmt.Fprintf(&table, "# Failover latency: %s\n\n", o.Title)
	}
	if err := LatencyTable(&table, LatencyRows(samples)); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("write latency to %s: %w", dir, plain(err))
	}
	var paths []string
	for _, f := range []struct {
		name string
		data []byte
	}{
		{"latency-cdf.png", cdf.PNG}, {"latency-cdf.svg", cdf.SVG},
		{"latency-phases.png", phases.PNG}, {"latency-phases.svg", phases.SVG},
		{"latency.md", table.Bytes()},
	} {
		path := filepath.Join(dir, f.name)
		if err := WriteFile(path, f.data); err != nil {
			for _, p := range paths {
				err = errors.Join(err, os.Remove(p))
			}
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// look is how one group is drawn: a cause looks the same in every picture;
// simulated lines are plain or dotted, live ones dashed and thicker.
type look struct {
	color  color.Color
	dashes []vg.Length
	width  vg.Length
	glyph  draw.GlyphDrawer
}

func looks(groups []group) []look {
	glyphs := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}}
	known := scenarios.Classes()
	out := make([]look, len(groups))
	for i, g := range groups {
		n := slices.Index(known, scenarios.Class(g.cause))
		if n < 0 {
			known = append(known, scenarios.Class(g.cause))
			n = len(known) - 1
		}
		l := look{color: palette[n%len(palette)], width: vg.Points(1.6), glyph: glyphs[n%len(glyphs)]}
		if n >= len(palette) {
			l.dashes = dashes[2]
		}
		if g.live {
			l.dashes, l.width = dashes[1], vg.Points(2.4)
		}
		out[i] = l
	}
	return out
}

// LatencyCDF draws, for each cause of loss, which share of its failovers was
// over after how long. The percentiles stand in a table below.
func LatencyCDF(samples []LatencySample, o LatencyOptions) (Picture, error) {
	groups := groupSamples(samples)
	ls := looks(groups)
	p := newPlot(titled("Time to a new active master", o), "time since the loss (s)", "failovers that took at most so long (%)")
	p.Add(grid())
	longest := int64(0)
	for i := range groups {
		v := groups[i].values("total")
		longest = max(longest, v[len(v)-1])
		addSteps(p, v, ls[i])
	}
	p.X.Min, p.X.Max = 0, float64(longest)/1e9*1.05
	p.X.Tick.Marker = secondTicks{}
	p.Y.Min, p.Y.Max = 0, 100
	p.Y.Tick.Marker = plot.ConstantTicks{
		{Value: 0, Label: "0"}, {Value: 25, Label: "25"}, {Value: 50, Label: "50"}, {Value: 75, Label: "75"},
		{Value: 90, Label: "90"}, {Value: 100, Label: "100"},
	}
	const rowHeight = 17
	table := vg.Points(float64(len(groups)+1)*rowHeight + 16)
	d := drawing{vg.Points(680), vg.Points(340) + table, func(c draw.Canvas) {
		p.Draw(draw.Crop(c, vg.Points(8), -vg.Points(16), table, -vg.Points(8)))
		percentileTable(draw.Crop(c, vg.Points(40), -vg.Points(16), vg.Points(6), table-c.Max.Y), groups, ls, rowHeight)
	}}
	return d.picture()
}

func titled(what string, o LatencyOptions) string {
	if o.Title == "" {
		return what
	}
	return what + "\n" + o.Title
}

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Horizontal.Color, g.Vertical.Color = faint, faint
	return g
}

// addSteps adds the staircase of one distribution, and marks its percentiles.
func addSteps(p *plot.Plot, sorted []int64, l look) {
	n := float64(len(sorted))
	pts := plotter.XYs{{X: float64(sorted[0]) / 1e9, Y: 0}}
	for i, v := range sorted {
		x := float64(v) / 1e9
		pts = append(pts, plotter.XY{X: x, Y: float64(i) / n * 100}, plotter.XY{X: x, Y: float64(i+1) / n * 100})
	}
	p.Add(&plotter.Line{XYs: pts, LineStyle: draw.LineStyle{Color: l.color, Width: l.width, Dashes: l.dashes}})
	var marks plotter.XYs
	for _, q := range []int{50, 90, 99} {
		marks = append(marks, plotter.XY{X: float64(rank(sorted, q)) / 1e9, Y: float64(q)})
	}
	p.Add(&plotter.Scatter{XYs: marks, GlyphStyle: draw.GlyphStyle{Color: l.color, Radius: vg.Points(3.2), Shape: l.glyph}})
}

// percentileTable is the legend: one row a group.
func percentileTable(c draw.Canvas, groups []group, ls []look, rowHeight float64) {
	columns := []vg.Length{0, 46, 250, 340, 430, 520}
	heads := []string{"", "cause of the loss", "failovers", "p50", "p90", "p99"}
	y := c.Max.Y - vg.Points(rowHeight/2)
	row := func(cells []string, bold bool) {
		for i, text := range cells {
			st := style(11, bold)
			if i >= 2 {
				st.XAlign = draw.XRight
			}
			if text != "" {
				c.FillText(st, vg.Point{X: c.Min.X + columns[i] + vg.Points(boolTo(i >= 2, 50)), Y: y}, text)
			}
		}
	}
	row(heads, true)
	for i := range groups {
		y -= vg.Points(rowHeight)
		v := groups[i].values("total")
		line := draw.LineStyle{Color: ls[i].color, Width: ls[i].width, Dashes: ls[i].dashes}
		c.StrokeLine2(line, c.Min.X, y, c.Min.X+vg.Points(36), y)
		c.DrawGlyph(draw.GlyphStyle{Color: ls[i].color, Radius: vg.Points(3.2), Shape: ls[i].glyph}, vg.Point{X: c.Min.X + vg.Points(18), Y: y})
		row([]string{"", groups[i].label(), fmt.Sprint(len(v)), story.Seconds(rank(v, 50)), story.Seconds(rank(v, 90)), story.Seconds(rank(v, 99))}, false)
	}
}

func boolTo(b bool, n float64) float64 {
	if b {
		return n
	}
	return 0
}
