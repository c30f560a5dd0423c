package knee_test

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/knee"
)

// The intervals are those that Brown, Cai and DasGupta's formula gives, to four
// digits, worked out apart from this code.
func TestWilsonsInterval(t *testing.T) {
	for _, c := range []struct {
		k, n   int
		lo, hi float64
	}{{0, 0, 0, 1}, {0, 10, 0, 0.2775}, {5, 10, 0.2366, 0.7634}, {8, 10, 0.4902, 0.9433}, {40, 40, 0.9124, 1}} {
		lo, hi := knee.Wilson(c.k, c.n)
		require.InDelta(t, c.lo, lo, 5e-5, "%d of %d", c.k, c.n)
		require.InDelta(t, c.hi, hi, 5e-5, "%d of %d", c.k, c.n)
	}
}

// curve traces a known probability: how many of 40 redraws violate behind a step.
func curve(t *testing.T, violated func(step uint64) int) (*knee.Curve, int) {
	c := &knee.Curve{Title: "a run", Property: "p", Step: 1000, At: 10e9, Faults: "redraw", Marks: []knee.Mark{{Step: 300, Text: "kill m1"}, {Step: 777, Text: "a very long text of a fault that no plot has room for"}}}
	asked := 0
	require.NoError(t, c.Trace(1000, 11, 30, func(steps []uint64) (out []knee.Point, err error) {
		for _, n := range steps {
			asked++
			out = append(out, knee.PointOf(n, int64(n)*1e7, violated(n), 40))
		}
		return out, nil
	}))
	var steps []trace.Step
	for n := range uint64(1000) {
		steps = append(steps, trace.Step{N: n + 1, At: int64(n+1) * 1e7, Actor: "m1", Kind: "timer", What: "tick"})
	}
	c.Name(steps, []trace.Event{{Step: 777, Process: "m1", Kind: trace.State, Value: "Alive", Term: 3}})
	return c, asked
}

func TestTheKneeIsBisectedToItsStep(t *testing.T) {
	c, asked := curve(t, func(n uint64) int {
		if n >= 777 {
			return 39
		}
		return 4
	})
	require.EqualValues(t, 776, c.Knee.From.Step)
	require.EqualValues(t, 777, c.Knee.To.Step)
	require.Equal(t, "m1 timer tick: m1 became Alive in term 3", c.Knee.Text)
	require.Less(t, asked, 11+9, "a hundred steps are bisected in seven")
	var b strings.Builder
	require.NoError(t, c.Tell(&b))
	require.Contains(t, b.String(), "\nknee: step 777 at 7.77s takes the probability from 0.10 (0.04..0.23) to 0.97 (0.87..1.00)\n      m1 timer tick: m1 became Alive in term 3\n")
}

func TestOfTwoStepsTheSteeperIsTheKneeAndTheOtherIsToldToo(t *testing.T) {
	c, _ := curve(t, func(n uint64) int {
		switch {
		case n >= 905:
			return 40
		case n >= 333:
			return 14
		}
		return 0
	})
	require.EqualValues(t, 905, c.Knee.To.Step)
	require.Len(t, c.Rises, 2)
	require.EqualValues(t, 333, c.Rises[1].To.Step, "it is known to the step")
}

func TestAGradualRiseHasAStretchForItsKneeAndNoRiseHasNone(t *testing.T) {
	c, _ := curve(t, func(n uint64) int { return int(n) * 40 / 1000 })
	require.Greater(t, c.Knee.To.Step-c.Knee.From.Step, uint64(100))
	require.Greater(t, c.Knee.To.Lo, c.Knee.From.Hi)
	for level, says := range map[int]string{20: "no knee: from 0.50 to 0.50 is no more than chance with 40 redraws\n", 40: "no knee: it was likely before the run began\n"} {
		c, _ := curve(t, func(uint64) int { return level })
		require.Nil(t, c.Knee)
		require.Empty(t, c.Rises)
		var b strings.Builder
		require.NoError(t, c.Tell(&b))
		require.True(t, strings.HasSuffix(b.String(), says), b.String())
	}
}

func TestThePlotIsAPictureAndItsBytesDependOnTheCurveAlone(t *testing.T) {
	c, _ := curve(t, func(n uint64) int { return min(40, int(n)/10) })
	one, err := c.PNG()
	require.NoError(t, err)
	two, err := c.PNG()
	require.NoError(t, err)
	require.True(t, bytes.Equal(one, two))
	img, err := png.Decode(bytes.NewReader(one))
	require.NoError(t, err)
	require.Equal(t, 1296, img.Bounds().Dx())
}
