package inquiry

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/knee"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/sim/kernel"
)

// What becomes of the faults of a schedule that had not begun.
const (
	// RedrawFaults lets each begin at another moment: drawn from its range in
	// the scenario or, if it had but one moment, from all that is left of the
	// safety phase. It is the default: a schedule that is kept is half of the
	// reason for the violation, so every moment before it looks inevitable.
	RedrawFaults = "redraw"
	// KeepFaults leaves them as they were: what is redrawn is the luck of
	// messages, timers and ties alone.
	KeepFaults = "keep"
	// NoFaults lets them not happen: whether what had happened by then is enough.
	NoFaults = "none"
)

// Odds say how the probability of a violation is estimated.
type Odds struct {
	Property string // the violated property that is meant; empty: the first
	Faults   string // RedrawFaults, KeepFaults or NoFaults; empty: the first
	Redraws  int    // runs a point
	Grid     int    // points to begin with
	More     int    // points at most where it matters
	Jobs     int    // runs at once; 0: one a core
	Done     func(points int)
}

// Inevitable estimates, over the steps of a target's run, how probable its
// violation was once a step had been done: everything behind it is drawn anew,
// delays of messages, ties, the choices of processes, and which machines are
// healed. What the scenario's seed drew before the run began, as the jobs of
// clients, stays. The same redraws are made behind each step.
func Inevitable(ctx context.Context, t *simctl.Target, o Odds) (*knee.Curve, error) {
	if o.Faults == "" {
		o.Faults = RedrawFaults
	}
	if o.Faults != RedrawFaults && o.Faults != KeepFaults && o.Faults != NoFaults {
		return nil, fmt.Errorf("faults %q: want %s, %s or %s", o.Faults, RedrawFaults, KeepFaults, NoFaults)
	}
	ro := t.Options
	ro.Steps = true
	r, err := simctl.Run(ctx, t.Scenario, t.Seed, ro)
	if err != nil {
		return nil, err
	}
	f, err := violationOf(r, o.Property)
	if err != nil {
		return nil, err
	}
	last := f.Step
	if last == 0 {
		last = r.Steps
	}
	c := &knee.Curve{Property: f.Property, Step: last, At: r.Trace[last-1].At, Faults: o.Faults, Marks: []knee.Mark{}}
	c.Title = fmt.Sprintf("%s, seed %d, %s", t.Scenario.Name, t.Seed, t.Options.Policy)
	for i := range r.Events {
		if e := &r.Events[i]; e.Kind == trace.Fault && e.Value == "begin" && e.Step <= last {
			c.Marks = append(c.Marks, knee.Mark{Step: e.Step, Text: e.Detail})
		}
	}
	x := redrawer{t: t, r: r, property: f.Property, o: o}
	err = c.Trace(last, o.Grid, o.More, func(steps []uint64) ([]knee.Point, error) { return x.points(ctx, steps) })
	if err != nil {
		return nil, err
	}
	c.Name(r.Trace, r.Events)
	return c, nil
}

// redrawer redraws a run from its steps on.
type redrawer struct {
	t        *simctl.Target
	r        *simctl.Result
	property string
	o        Odds
	done     int
}

// points makes all redraws behind some steps.
func (x *redrawer) points(ctx context.Context, steps []uint64) ([]knee.Point, error) {
	violated := make([]bool, len(steps)*x.o.Redraws)
	err := parallel(ctx, len(violated), x.o.Jobs, func(i int) error {
		o := x.options(steps[i/x.o.Redraws], i%x.o.Redraws)
		r, err := simctl.Run(ctx, x.t.Scenario, x.t.Seed, o)
		violated[i] = err == nil && violates(r, x.property)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []knee.Point
	for i, n := range steps {
		k := 0
		for _, v := range violated[i*x.o.Redraws : (i+1)*x.o.Redraws] {
			if v {
				k++
			}
		}
		out = append(out, knee.PointOf(n, x.at(n), k, x.o.Redraws))
	}
	if x.done += len(steps); x.o.Done != nil {
		x.o.Done(x.done)
	}
	return out, nil
}

func (x *redrawer) at(step uint64) int64 {
	if step == 0 {
		return 0
	}
	return x.r.Trace[step-1].At
}

// options are those of the i-th redraw behind a step: its seed depends on i
// alone.
func (x *redrawer) options(step uint64, i int) simctl.Options {
	seed := kernel.New(x.t.Seed, nil).Draw(kernel.KeyOf("inevitable"), uint64(i))
	o := x.t.Options
	o.Steps, o.OnStep, o.UntilStep, o.UntilNs = false, nil, 0, 0
	o.Overrides = slices.DeleteFunc(slices.Clone(o.Overrides), func(v kernel.Override) bool { return v.Step > step })
	o.Overrides = append(o.Overrides, kernel.Override{Step: step, Do: kernel.Redraw, Value: seed})
	o.Schedule = x.schedule(x.at(step), seed)
	return o
}

// schedule is the run's with the faults after a moment as the options want them.
func (x *redrawer) schedule(now int64, seed uint64) []scenarios.Fault {
	out := []scenarios.Fault{}
	k := kernel.New(seed, nil)
	ranges := x.ranges()
	for i, f := range x.r.Applied {
		switch {
		case int64(f.At.Lo) <= now || x.o.Faults == KeepFaults:
		case x.o.Faults == NoFaults:
			continue
		default:
			from, to := max(int64(ranges[i].Lo), now+1), int64(ranges[i].Hi)
			if to <= from { // it had but one moment
				from, to = now+1, max(now+1, int64(x.r.Drawn.Safety)-1)
			}
			at := time.Duration(k.Between(kernel.KeyOf("fault", uint64(i)), 0, from, to))
			if whole := at.Truncate(time.Millisecond); int64(whole) > now {
				at = whole
			}
			f.At = scenarios.Range{Lo: at, Hi: at}
		}
		out = append(out, f)
	}
	return out
}

// ranges are those from which the begins of the run's faults were drawn: as the
// scenario has them, if the schedule is of its faults, and else the moments
// themselves.
func (x *redrawer) ranges() []scenarios.Range {
	var out []scenarios.Range
	written := x.t.Scenario.Faults
	for _, f := range x.r.Applied {
		i := slices.IndexFunc(written, func(w scenarios.Fault) bool {
			return w.Class == f.Class && w.At.Lo <= f.At.Lo && f.At.Lo <= w.At.Hi
		})
		if i < 0 {
			out = append(out, f.At)
			continue
		}
		out, written = append(out, written[i].At), written[i+1:]
	}
	return out
}
