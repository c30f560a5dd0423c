package reports

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A CalibrationRow is one distribution of the simulated ZooKeeper beside the
// same one of real servers.
type CalibrationRow struct {
	What    string
	Servers int
	Tick    int64 // nanoseconds
	// Real is what was measured on real servers, in milliseconds: least, lower
	// quartile, median, upper quartile, nine tenths, most. 0 was not recorded.
	Real    [6]int64
	Source  string  // where that is written down
	Samples []int64 // nanoseconds, in order
}

// Sort orders the samples.
func (r *CalibrationRow) Sort() { slices.Sort(r.Samples) }

// Simulated is what was simulated, as Real.
func (r *CalibrationRow) Simulated() [6]int64 {
	var out [6]int64
	if n := len(r.Samples); n > 0 {
		for i, at := range []int{0, n / 4, n / 2, n * 3 / 4, n * 9 / 10, n - 1} {
			out[i] = r.Samples[at] / 1_000_000
		}
	}
	return out
}

// Off is by how many per cent the simulated median misses the real one.
func (r *CalibrationRow) Off() float64 {
	if len(r.Samples) == 0 {
		return math.Inf(1)
	}
	return 100 * (float64(r.Simulated()[2])/float64(r.Real[2]) - 1)
}

// Label is the row's first words in tables and pictures.
func (r *CalibrationRow) Label() string {
	s := "s"
	if r.Servers == 1 {
		s = ""
	}
	return fmt.Sprintf("%s (%d server%s, tick %d ms)", r.What, r.Servers, s, r.Tick/int64(time.Millisecond))
}

// CalibrationLatency is the rows as other latencies are told: simulated, and
// live for what was measured on real servers, whose runs are not counted and
// whose highest percentile is the most.
func CalibrationLatency(rows []CalibrationRow) []LatencyRow {
	var out []LatencyRow
	const ms = 1_000_000
	for i := range rows {
		r := &rows[i]
		out = append(out, LatencyRow{
			Cause: r.Label(), Phase: "total", Count: len(r.Samples),
			P50: rank(r.Samples, 50), P90: rank(r.Samples, 90), P99: rank(r.Samples, 99), Max: rank(r.Samples, 100),
		}, LatencyRow{Cause: r.Label(), Phase: "total", Live: true, P50: r.Real[2] * ms, P90: r.Real[4] * ms, P99: r.Real[5] * ms, Max: r.Real[5] * ms})
	}
	return out
}

// CalibrationTable writes the rows as a Markdown table, in milliseconds.
func CalibrationTable(w io.Writer, rows []CalibrationRow) error {
	var b strings.Builder
	b.WriteString("Milliseconds: least/lower quartile/**median**/upper quartile/nine tenths/most; - was not recorded.\n\n")
	b.WriteString("| what | servers | tick | ZooKeeper 3.8.0 | simulated | runs | median is off by | section |\n|---|---:|---:|---|---|---:|---:|---|\n")
	for i := range rows {
		r := &rows[i]
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s | %d | %+.1f %% | %s |\n", r.What, r.Servers, r.Tick/int64(time.Millisecond),
			spread(r.Real), spread(r.Simulated()), len(r.Samples), r.Off(), r.Source)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func spread(q [6]int64) string {
	words := make([]string, len(q))
	for i, v := range q {
		switch {
		case v == 0:
			words[i] = "-"
		case i == 2:
			words[i] = fmt.Sprintf("**%d**", v)
		default:
			words[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(words, "/")
}

// Calibration draws the rows: for each the real distribution above and the
// simulated one below, from the least to the most, with a box from quartile to
// quartile and a line at the median.
func Calibration(rows []CalibrationRow) (Picture, error) {
	if len(rows) == 0 {
		return Picture{}, fmt.Errorf("draw calibration: there is nothing to draw")
	}
	p := newPlot("ZooKeeper 3.8.0 and the simulated servers", "time since the loss (ms, logarithmic)", "")
	b := &boxes{rows}
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Width = faint, 0
	p.Add(g, b)
	names := make([]string, len(rows))
	for i := range rows {
		names[len(rows)-1-i] = rows[i].Label()
	}
	p.NominalY(names...)
	p.Y.Tick.Label.YAlign = draw.YCenter
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, milliTicks{}
	p.X.Min, p.X.Max = 300, 14_000
	p.Y.Min, p.Y.Max = -0.6, float64(len(rows))-0.4
	const legend = 26
	d := &drawing{vg.Points(980), vg.Points(float64(len(rows))*24 + 96), func(c draw.Canvas) {
		p.Draw(draw.Crop(c, vg.Points(8), -vg.Points(14), legend, -vg.Points(6)))
		calibrationLegend(draw.Crop(c, vg.Points(60), 0, 0, legend-c.Max.Y))
	}}
	return d.picture()
}

var realColor, simulatedColor = rgb(0x999999), rgb(0x4ba3d8)

func calibrationLegend(c draw.Canvas) {
	x, y := c.Min.X, c.Min.Y+vg.Points(12)
	st := style(9, false)
	words := []string{"real ZooKeeper 3.8.0", "simulated; box: middle half, line: median, whiskers: least and most"}
	for i, fill := range []*[6]int64{nil, {}} {
		colour := realColor
		if fill != nil {
			colour = simulatedColor
		}
		fillRect(c, colour, x, y-vg.Points(4), x+vg.Points(16), y+vg.Points(4))
		c.FillText(st, vg.Point{X: x + vg.Points(20), Y: y}, words[i])
		x += vg.Points(40) + st.Width(words[i])
	}
}

// milliTicks are readable ones of a logarithmic axis.
type milliTicks struct{}

// Ticks implements plot.Ticker.
func (milliTicks) Ticks(lo, hi float64) []plot.Tick {
	var out []plot.Tick
	for _, v := range []float64{300, 400, 500, 700, 1000, 1500, 2000, 3000, 4000, 5000, 7000, 10000, 14000} {
		if v >= lo && v <= hi {
			out = append(out, plot.Tick{Value: v, Label: fmt.Sprintf("%.0f", v)})
		}
	}
	return out
}

// boxes is the plotter of the rows.
type boxes struct{ rows []CalibrationRow }

// Plot implements plot.Plotter.
func (b *boxes) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	for i := range b.rows {
		y := trY(float64(len(b.rows) - 1 - i))
		x := func(ms int64) vg.Length { return trX(math.Max(float64(ms), p.X.Min)) }
		box(c, realColor, b.rows[i].Real, x, y+vg.Points(5))
		box(c, simulatedColor, b.rows[i].Simulated(), x, y-vg.Points(4))
	}
}

func box(c draw.Canvas, fill interface {
	RGBA() (r, g, b, a uint32)
}, q [6]int64, x func(int64) vg.Length, y vg.Length) {
	if q[2] == 0 {
		return
	}
	line := draw.LineStyle{Color: ink, Width: vg.Points(0.7)}
	c.StrokeLine2(line, x(q[0]), y, x(q[5]), y)
	for _, end := range []int64{q[0], q[5]} {
		c.StrokeLine2(line, x(end), y-vg.Points(2), x(end), y+vg.Points(2))
	}
	if q[1] > 0 {
		fillRect(c, fill, x(q[1]), y-vg.Points(3.4), x(q[3]), y+vg.Points(3.4))
	} else {
		fillRect(c, fill, x(q[2])-vg.Points(2), y-vg.Points(3.4), x(q[2])+vg.Points(2), y+vg.Points(3.4))
	}
	c.StrokeLine2(draw.LineStyle{Color: ink, Width: vg.Points(1.6)}, x(q[2]), y-vg.Points(4), x(q[2]), y+vg.Points(4))
}

// WriteCalibration writes calibration.{png,svg,md} into dir, which it makes,
// and returns the paths.
func WriteCalibration(dir string, rows []CalibrationRow) ([]string, error) {
	pic, err := Calibration(rows)
	if err != nil {
		return nil, err
	}
	var table bytes.Buffer
	if err := CalibrationTable(&table, rows); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("write calibration to %s: %w", dir, plain(err))
	}
	var paths []string
	for _, f := range []struct {
		name string
		data []byte
	}{{"calibration.png", pic.PNG}, {"calibration.svg", pic.SVG}, {"calibration.md", table.Bytes()}} {
		path := filepath.Join(dir, f.name)
		if err := WriteFile(path, f.data); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}
