package liveness

import (
	"fmt"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/failover"
	"github.com/simctl/simctl/model/trace"
)

// another as the value of a bound says by how much each further loss of a
// master, while a failover is under way, may prolong it: the candidate that was
// next, or already elected, is lost too.
const another = "another"

// within holds every failover of the safety phase against the bound of its
// cause, wherever in the run that was told.
type within struct {
	masters  map[string]bool
	losses   []trace.Event // of masters, in order
	tracker  failover.Tracker
	bounds   map[string]trace.Event // by cause
	healedAt int64                  // 0 before the healing
	required bool
}

func (w *within) Observe(e *trace.Event) {
	w.tracker.Observe(e)
	switch {
	case e.Kind == trace.Started:
		w.masters[e.Process] = e.Value == "master"
	case e.Kind == trace.KilledOff || e.Kind == trace.HostLost || e.Kind == trace.Paused || e.Kind == trace.Exited:
		if w.masters[e.Process] {
			w.losses = append(w.losses, *e)
		}
	case e.Kind == trace.Bound && e.Subject == "failover-within-bound":
		w.bounds[e.Value] = *e
	case e.Kind == trace.Require && e.Subject == "failover-within-bound":
		w.required = true
	case e.Kind == trace.Healed:
		w.healedAt = e.At
	}
}

// further counts the losses of masters between o's and the end of o.
func (w *within) further(o *failover.Failover) (n int64) {
	for i := range w.losses {
		if l := &w.losses[i]; l.At > o.Start && l.At < o.Start+o.Total && l.Process != o.Process {
			n++
		}
	}
	return n
}

func (w *within) Finding() checker.Finding {
	f := checker.Finding{Property: "failover-within-bound", Verdict: checker.Pass}
	judged, others := 0, 0
	for _, o := range w.tracker.Completed() {
		if w.healedAt != 0 && o.Start >= w.healedAt {
			continue
		}
		bound, told := w.bounds[o.Cause]
		if !told {
			others++
			continue
		}
		judged++
		further := w.further(&o)
		limit := bound.N + further*w.bounds[another].N
		if o.Total > limit {
			f.Verdict, f.Step = checker.Violation, o.Step
			f.Detail = fmt.Sprintf("from the loss of %s by %s at %s to %s Alive in term %d took %s "+
				"(detect %s, elect %s, recover %s); bound %s with %d further losses: %s",
				o.Process, o.Cause, trace.Moment(o.Start), o.Successor, o.Term, trace.Moment(o.Total),
				trace.Moment(o.Detect), trace.Moment(o.Elect), trace.Moment(o.Recover), trace.Moment(limit), further, bound.Detail)
			return f
		}
	}
	f.Detail = fmt.Sprintf("%d failovers within their bounds, %d without one", judged, others)
	if w.required && len(w.bounds) == 0 && w.healedAt != 0 {
		f.Verdict, f.Detail = checker.Inconclusive, "not judged: required, but the run told no bound"
	}
	return f
}
