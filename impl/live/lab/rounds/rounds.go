// Package rounds is a scenario that is played again and again: its faults and
// its explicit operations are drawn anew each time.
package rounds

import (
	"fmt"
	"slices"
	"time"

	"github.com/simctl/simctl/impl/live/program"
	"github.com/simctl/simctl/scenarios"
)

// Of draws a scenario from a seed, once for each round of its safety phase
// that begins within length. The result has length as its safety phase and
// single values for ranges. From the second round on jobs have names of their
// own, as "bank-r2". What begins behind length is left out.
func Of(written scenarios.Scenario, length time.Duration, seed uint64) scenarios.Scenario {
	out := written.Clone()
	out.Safety, out.Faults, out.Ops = length, nil, nil
	n := 0
	for begin := time.Duration(0); begin < length; begin += written.Safety {
		drawn := scenarios.Draw(written, func(purpose string, limit uint64) uint64 {
			return program.Draws(seed, fmt.Sprintf("%s, round %d", purpose, n)).Uint64N(limit)
		})
		n++
		for _, f := range drawn.Faults {
			f.At = shift(f.At, begin)
			if f.At.Lo < length {
				out.Faults = append(out.Faults, f)
			}
		}
		out.Ops = append(out.Ops, ops(drawn.Ops, n, begin, length)...)
	}
	out.Work.Jobs *= n
	return out
}

func shift(r scenarios.Range, by time.Duration) scenarios.Range {
	return scenarios.Range{Lo: r.Lo + by, Hi: r.Hi + by}
}

// ops are the operations of the n-th round, as far as they begin in time. What
// is asked of a job that is not submitted is not asked.
func ops(drawn []scenarios.Op, n int, begin, length time.Duration) (out []scenarios.Op) {
	type job struct{ client, tag string }
	var submitted []job
	for _, o := range drawn {
		o.At = shift(o.At, begin)
		if n > 1 {
			o.Tag = fmt.Sprintf("%s-r%d", o.Tag, n)
		}
		if o.At.Lo >= length && n > 1 {
			continue
		}
		if o.Kind == scenarios.Submit {
			submitted = append(submitted, job{o.Client, o.Tag})
		}
		out = append(out, o)
	}
	return slices.DeleteFunc(out, func(o scenarios.Op) bool { return !slices.Contains(submitted, job{o.Client, o.Tag}) })
}
