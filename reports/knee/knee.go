// Package knee is how sure a violation was at each moment of a run: the share of
// redraws in which it comes nevertheless, the moment at which it became likely,
// and a plot of both.
package knee

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// A Point is what came of redrawing everything behind one step.
type Point struct {
	Step     uint64  `json:"step"`
	At       int64   `json:"at"` // nanoseconds since the run began
	Redraws  int     `json:"redraws"`
	Violated int     `json:"violated"` // how many of them violate the property
	P        float64 `json:"p"`        // their share
	Lo       float64 `json:"lo"`       // Wilson's interval of 95 %
	Hi       float64 `json:"hi"`
}

// PointOf returns the point of a step.
func PointOf(step uint64, at int64, violated, redraws int) Point {
	p := Point{Step: step, At: at, Redraws: redraws, Violated: violated}
	p.P = float64(violated) / float64(max(1, redraws))
	p.Lo, p.Hi = Wilson(violated, redraws)
	return p
}

// Wilson is the score interval of 95 % for a share of k in n (Wilson, JASA
// 1927); all of [0,1] for none.
func Wilson(k, n int) (lo, hi float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	nn, p := float64(n), float64(k)/float64(n)
	mid := (p + z*z/(2*nn)) / (1 + z*z/nn)
	half := z / (1 + z*z/nn) * math.Sqrt(p*(1-p)/nn+z*z/(4*nn*nn))
	return max(0, mid-half), min(1, mid+half)
}

// A Rise is where the probability went up between two neighbouring points by
// more than chance explains: their intervals have nothing in common.
type Rise struct {
	From Point  `json:"from"`
	To   Point  `json:"to"`
	Text string `json:"text"` // what happened in between, in words
}

// A Curve is the probability of a violation over the steps of a run.
type Curve struct {
	Title    string  `json:"title"`
	Property string  `json:"property"`
	Step     uint64  `json:"step"` // of the violation
	At       int64   `json:"at"`
	Faults   string  `json:"faults"` // what became of faults that had not begun: redraw, keep, none
	Points   []Point `json:"points"`
	Knee     *Rise   `json:"knee,omitempty"`  // where it goes up by a third of its way; nil if it does not
	Rises    []Rise  `json:"rises,omitempty"` // the greatest first
	Marks    []Mark  `json:"marks"`           // faults of the run
}

// A Mark is a moment worth a line in the plot.
type Mark struct {
	Step uint64 `json:"step"`
	Text string `json:"text"`
}

// Rises reports whether the probability goes up from a to b by more than chance
// explains.
func Rises(a, b Point) bool { return b.Lo > a.Hi }

// An Estimate returns the points of steps.
type Estimate func(steps []uint64) ([]Point, error)

// Trace estimates the curve of a run at so many steps from 0 to last, and then
// where it matters: at the knee, until that is a single step or chance hides it,
// and then at the greatest rises.
func (c *Curve) Trace(last uint64, grid, more int, estimate Estimate) error {
	var steps []uint64
	for i := range grid {
		steps = append(steps, last*uint64(i)/uint64(max(1, grid-1)))
	}
	points, err := estimate(slices.Compact(steps))
	if err != nil {
		return err
	}
	c.Points = points
	for ; more > 0; more-- {
		i := c.gap()
		if i < 0 {
			break
		}
		mid := c.Points[i].Step + (c.Points[i+1].Step-c.Points[i].Step)/2
		p, err := estimate([]uint64{mid})
		if err != nil {
			return err
		}
		c.Points = slices.Insert(c.Points, i+1, p...)
	}
	return nil
}

// gap is the index of the point behind which another is worth most: in the
// steepest gap of the knee or, if that is known to the step, of the greatest rise;
// -1 if there is none.
func (c *Curve) gap() int {
	if from, to, ok := c.window(); ok {
		steepest := -1
		for i := from; i < to; i++ {
			if c.width(i) > 1 && (steepest < 0 || c.up(i) > c.up(steepest) || c.up(i) == c.up(steepest) && c.width(i) > c.width(steepest)) {
				steepest = i
			}
		}
		if steepest >= 0 {
			return steepest
		}
	}
	best, most := -1, 0.0
	for i := range c.Points[:len(c.Points)-1] {
		a, b := c.Points[i], c.Points[i+1]
		if c.width(i) > 1 && Rises(a, b) && b.P-a.P > most {
			best, most = i, b.P-a.P
		}
	}
	return best
}

// width is the number of steps from a point to the next.
func (c *Curve) width(i int) uint64 { return c.Points[i+1].Step - c.Points[i].Step }

// up is how much the probability goes up from a point to the next.
func (c *Curve) up(i int) float64 { return c.Points[i+1].P - c.Points[i].P }

// window is the knee: the fewest steps within which the probability goes up by
// at least a third of its whole way, and by more than chance explains; of several the steepest.
func (c *Curve) window() (from, to int, ok bool) {
	last := c.Points[len(c.Points)-1]
	lowest := slices.MinFunc(c.Points, func(a, b Point) int { return cmp.Compare(a.P, b.P) })
	if !Rises(lowest, last) {
		return 0, 0, false
	}
	for i, a := range c.Points {
		for j := i + 1; j < len(c.Points); j++ {
			b := c.Points[j]
			if !Rises(a, b) || b.P-a.P < (last.P-lowest.P)/3 {
				continue
			}
			was := c.Points[to].Step - c.Points[from].Step
			if w := b.Step - a.Step; !ok || w < was || w == was && b.P-a.P > c.Points[to].P-c.Points[from].P {
				from, to, ok = i, j, true
			}
			break
		}
	}
	return from, to, ok
}

// Name finds the knee and the rises, and names what happened there.
func (c *Curve) Name(steps []trace.Step, events []trace.Event) {
	for i := range c.Points[:len(c.Points)-1] {
		if a, b := c.Points[i], c.Points[i+1]; Rises(a, b) {
			c.Rises = append(c.Rises, Rise{a, b, between(a.Step, b.Step, steps, events)})
		}
	}
	slices.SortStableFunc(c.Rises, func(a, b Rise) int { return cmp.Compare(b.To.P-b.From.P, a.To.P-a.From.P) })
	if from, to, ok := c.window(); ok {
		a, b := c.Points[from], c.Points[to]
		c.Knee = &Rise{a, b, between(a.Step, b.Step, steps, events)}
	}
}

// between tells the steps behind a up to b: what they told, or the last of them.
func between(a, b uint64, steps []trace.Step, events []trace.Event) string {
	var told []string
	for i := range events {
		e := &events[i]
		switch {
		case e.Step <= a || e.Step > b:
		case e.Kind == trace.Usage || e.Kind == trace.Bound || e.Kind == trace.Require || e.Kind == trace.Logged || e.Kind == trace.Delivered || e.Kind == trace.Answered || e.Kind == trace.Vote:
		default:
			told = append(told, trace.Describe(e))
		}
	}
	text := ""
	if b == a+1 && b <= uint64(len(steps)) {
		text = trace.Brief(&steps[b-1])
		if len(told) > 0 {
			text += ": "
		}
	}
	const most = 4
	if len(told) > most {
		told = append(told[:most], fmt.Sprintf("and %d more", len(told)-most))
	}
	return text + strings.Join(told, "; ")
}

// Tell writes the curve as a table and what its knee is, for people.
func (c *Curve) Tell(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s is violated in step %d, at %s\n", c.Title, c.Property, c.Step, trace.Moment(c.At))
	fmt.Fprintf(&b, "faults that had not begun: %s\n\n%8s %11s  %-9s %s\n", faultWords[c.Faults], "step", "at", "violated", "probability (95 %)")
	for _, p := range c.Points {
		fmt.Fprintf(&b, "%8d %11s  %3d of %-3d %5.2f (%.2f..%.2f) %s\n", p.Step, trace.Moment(p.At), p.Violated, p.Redraws, p.P, p.Lo, p.Hi, strings.Repeat("#", int(p.P*30+0.5)))
	}
	b.WriteByte('\n')
	switch first, last := c.Points[0], c.Points[len(c.Points)-1]; {
	case c.Knee != nil:
		fmt.Fprintf(&b, "knee: %s\n", c.Knee.Sentence())
	case first.P > 0.5:
		fmt.Fprintf(&b, "no knee: it was likely before the run began\n")
	default:
		fmt.Fprintf(&b, "no knee: from %.2f to %.2f is no more than chance with %d redraws\n", first.P, last.P, first.Redraws)
	}
	told := 0
	for i := range c.Rises {
		if r := &c.Rises[i]; (c.Knee == nil || r.To.Step != c.Knee.To.Step) && told < 3 {
			fmt.Fprintf(&b, "also: %s\n", r.Sentence())
			told++
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var faultWords = map[string]string{
	"redraw": "drawn anew, to begin at another moment", "keep": "kept as they were", "none": "do not happen",
}

// Sentence tells the rise.
func (r *Rise) Sentence() string {
	where := fmt.Sprintf("step %d at %s", r.To.Step, trace.Moment(r.To.At))
	if r.To.Step > r.From.Step+1 {
		where = fmt.Sprintf("between step %d and step %d, at %s", r.From.Step, r.To.Step, trace.Moment(r.To.At))
	}
	return fmt.Sprintf("%s takes the probability from %.2f (%.2f..%.2f) to %.2f (%.2f..%.2f)\n      %s",
		where, r.From.P, r.From.Lo, r.From.Hi, r.To.P, r.To.Lo, r.To.Hi, r.Text)
}
