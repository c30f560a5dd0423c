package knee

import (
	"bytes"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/simctl/simctl/model/trace"
)

var (
	blue  = color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 255}
	band  = color.RGBA{R: 0xcc, G: 0xe3, B: 0xf0, A: 255}
	red   = color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 255}
	grey  = color.RGBA{R: 0x77, G: 0x77, B: 0x77, A: 255}
	faint = color.RGBA{R: 0xe4, G: 0xe4, B: 0xe4, A: 255}
)

// labelMax is how many characters of a mark's text the plot shows.
const labelMax = 44

// PNG draws the curve: the probability over the steps, its interval as a band,
// the knee, and where faults began. The bytes depend on the curve alone.
func (c *Curve) PNG() ([]byte, error) {
	p := c.frame()
	var line, edge plotter.XYs
	for _, q := range c.Points {
		line = append(line, plotter.XY{X: float64(q.Step), Y: q.P})
		edge = append(edge, plotter.XY{X: float64(q.Step), Y: q.Hi})
	}
	for i := len(c.Points) - 1; i >= 0; i-- {
		edge = append(edge, plotter.XY{X: float64(c.Points[i].Step), Y: c.Points[i].Lo})
	}
	area, err := plotter.NewPolygon(edge)
	if err != nil {
		return nil, fmt.Errorf("draw the interval: %w", err)
	}
	area.Color, area.LineStyle.Width = band, 0
	curve, points, err := plotter.NewLinePoints(line)
	if err != nil {
		return nil, fmt.Errorf("draw the probability: %w", err)
	}
	curve.Color, curve.Width = blue, vg.Points(1.8)
	points.Color, points.Shape, points.Radius = blue, draw.CircleGlyph{}, vg.Points(2.2)
	p.Add(area)
	for _, y := range []float64{0, 0.25, 0.5, 0.75, 1} {
		p.Add(rule(0, y, p.X.Max, y, faint, nil, 0.5))
	}
	for i, m := range c.Marks {
		p.Add(rule(float64(m.Step), 0, float64(m.Step), 1.04+0.06*float64(i%4), grey, []vg.Length{vg.Points(2), vg.Points(2)}, 0.8))
		if err := c.label(p, m, 1.06+0.06*float64(i%4), grey); err != nil {
			return nil, err
		}
	}
	p.Add(curve, points)
	if k := c.Knee; k != nil {
		name := fmt.Sprintf("knee: step %d, %s", k.To.Step, trace.Moment(k.To.At))
		if k.To.Step > k.From.Step+1 {
			name = fmt.Sprintf("knee: steps %d to %d, until %s", k.From.Step+1, k.To.Step, trace.Moment(k.To.At))
			x := float64(k.From.Step)
			p.Add(rule(x, 0, x, 1, red, []vg.Length{vg.Points(1), vg.Points(3)}, 1.2))
		}
		x := float64(k.To.Step)
		p.Add(rule(x, 0, x, 1, red, []vg.Length{vg.Points(6), vg.Points(3)}, 1.6))
		if err := c.label(p, Mark{k.To.Step, name}, -0.05, red); err != nil {
			return nil, err
		}
	}
	img := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(9*vg.Inch, 4.6*vg.Inch), vgimg.UseDPI(144), vgimg.UseBackgroundColor(color.White))}
	p.Draw(draw.Crop(draw.New(img), vg.Points(6), -vg.Points(14), vg.Points(4), -vg.Points(6)))
	var b bytes.Buffer
	if _, err := img.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("draw png: %w", err)
	}
	return b.Bytes(), nil
}

// frame is the plot without its contents.
func (c *Curve) frame() *plot.Plot {
	p := plot.New()
	p.Title.Text = c.Title + "\n" + c.Property + ": probability once everything behind a step is redrawn; faults to come: " + c.Faults
	p.Title.TextStyle.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 11}
	p.Title.Padding = vg.Points(6)
	p.X.Label.Text, p.Y.Label.Text = "step, and its moment", "probability of the violation"
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 10}
		a.Tick.Label.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 9}
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, math.Max(1, float64(c.Step)), -0.08, 1.1
	if n := min(len(c.Marks), 4); n > 0 {
		p.Y.Max = 1.06 + 0.06*float64(n)
	}
	p.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 0.25}, {Value: 0.5, Label: "0.5"}, {Value: 0.75}, {Value: 1, Label: "1"}}
	p.X.Tick.Marker = c.ticks()
	return p
}

// ticks label about eight points with step and moment.
func (c *Curve) ticks() plot.ConstantTicks {
	var out plot.ConstantTicks
	last := -1.0
	for _, q := range c.Points {
		if x := float64(q.Step); last < 0 || x-last >= float64(c.Step)/8 {
			out = append(out, plot.Tick{Value: x, Label: fmt.Sprintf("%d\n%s", q.Step, trace.Moment(q.At))})
			last = x
		}
	}
	return out
}

// label writes a mark's text beside its line, on the side that has room.
func (c *Curve) label(p *plot.Plot, m Mark, y float64, colour color.Color) error {
	text := []rune(m.Text)
	if len(text) > labelMax {
		text = append(text[:labelMax-1], '…')
	}
	l, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: float64(m.Step), Y: y}}, Labels: []string{string(text)}})
	if err != nil {
		return fmt.Errorf("draw a label: %w", err)
	}
	s := &l.TextStyle[0]
	s.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 9}
	s.Color, s.XAlign, s.YAlign = colour, draw.XLeft, draw.YCenter
	l.Offset = vg.Point{X: vg.Points(4)}
	if float64(m.Step) > p.X.Max/2 {
		s.XAlign, l.Offset.X = draw.XRight, -vg.Points(4)
	}
	p.Add(l)
	return nil
}

// rule is a straight line.
func rule(x0, y0, x1, y1 float64, colour color.Color, dashes []vg.Length, width float64) *plotter.Line {
	l, err := plotter.NewLine(plotter.XYs{{X: x0, Y: y0}, {X: x1, Y: y1}})
	if err != nil {
		panic(err) // two finite points are a line
	}
	l.Color, l.Dashes, l.Width = colour, dashes, vg.Points(width)
	return l
}
