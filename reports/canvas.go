package reports

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strconv"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The palette of Okabe and Ito, which colour-blind readers can tell apart.
var palette = []color.Color{
	rgb(0x0072b2), rgb(0xd55e00), rgb(0x009e73), rgb(0xcc79a7), rgb(0xe69f00), rgb(0x56b4e9), rgb(0x000000), rgb(0x8c6d31),
}

// dashes tell lines apart without colour.
var dashes = [][]vg.Length{nil, {vg.Points(7), vg.Points(3)}, {vg.Points(2), vg.Points(2)}}

var (
	ink   = rgb(0x222222)
	faint = rgb(0xcfcfcf)
	paper = rgb(0xffffff)
)

func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

// secondTicks puts 5 to 12 labels on an axis of seconds, at round values.
type secondTicks struct{}

// Ticks implements plot.Ticker.
func (secondTicks) Ticks(lo, hi float64) []plot.Tick {
	steps := []int64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000}
	from, to := int64(lo*1000), int64(hi*1000) // milliseconds
	step := steps[len(steps)-1]
	for _, s := range steps {
		if (to-from)/s < 12 {
			step = s
			break
		}
	}
	var out []plot.Tick
	for ms := (from + step - 1) / step * step; ms <= to; ms += step {
		digits := 0
		for unit := int64(1000); unit > 1 && step%unit != 0; unit /= 10 {
			digits++
		}
		out = append(out, plot.Tick{Value: float64(ms) / 1000, Label: strconv.FormatFloat(float64(ms)/1000, 'f', digits, 64)})
	}
	return out
}

// A Picture is one drawing in two forms.
type Picture struct {
	PNG, SVG []byte
}

// A drawing is what a picture shows, before it is pixels or vectors.
type drawing struct {
	width, height vg.Length
	paint         func(c draw.Canvas)
}

// picture draws on pixels and as vectors.
func (d *drawing) picture() (Picture, error) {
	svg, err := d.svg()
	if err != nil {
		return Picture{}, err
	}
	img := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(d.width, d.height), vgimg.UseDPI(144), vgimg.UseBackgroundColor(paper))}
	d.paint(draw.New(img))
	var b bytes.Buffer
	if _, err := img.WriteTo(&b); err != nil {
		return Picture{}, fmt.Errorf("draw png: %w", err)
	}
	return Picture{PNG: b.Bytes(), SVG: svg}, nil
}

// svg draws as vectors, on white paper.
func (d *drawing) svg() ([]byte, error) {
	svg := vgsvg.New(d.width, d.height)
	c := draw.New(svg)
	fillRect(c, paper, 0, 0, d.width, d.height)
	d.paint(c)
	var b bytes.Buffer
	if _, err := svg.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("draw svg: %w", err)
	}
	return b.Bytes(), nil
}

// style is the text style of everything but the tick labels.
func style(size vg.Length, bold bool) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = stdfont.WeightBold
	}
	return text.Style{Color: ink, Font: f, Handler: plot.DefaultTextHandler, XAlign: draw.XLeft, YAlign: draw.YCenter}
}

// newPlot returns an empty plot in our style.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle = style(14, true)
	p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign = draw.XCenter, draw.YTop
	p.Title.Padding = vg.Points(8)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 11}
		a.Tick.Label.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 10}
		a.Label.Padding = vg.Points(4)
	}
	return p
}

// WriteFile writes data to path through a temporary file beside it, so that
// path is never half-written.
func WriteFile(path string, data []byte) error {
	fail := func(err error) error { return fmt.Errorf("write %s: %w", path, plain(err)) }
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".new-")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fail(err)
	}
	return nil
}
