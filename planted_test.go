package simctl_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/suite"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/model/trace"
)

// stalled returns the verdict on property of a real run in which what it waits
// for comes late: everything from the healing on that matters to it happens by
// after the bound that the run itself told, and not before.
func stalled(t *testing.T, run []trace.Event, property string, by int64, matters func(e *trace.Event) bool) checker.Finding {
	var healed, bound int64
	for i := range run {
		switch e := &run[i]; {
		case e.Kind == trace.Healed:
			healed = e.At
		case e.Kind == trace.Bound && e.Subject == property:
			bound = e.N
		}
	}
	require.NotZero(t, bound, "the run told no bound of %s", property)
	var now, late []trace.Event
	for _, e := range run {
		switch {
		case e.Kind == trace.Ended:
		case matters(&e):
			e.At = healed + bound + by
			late = append(late, e)
		default:
			now = append(now, e)
		}
	}
	require.NotEmpty(t, late)
	all := append(now, late...)
	slices.SortStableFunc(all, func(a, b trace.Event) int { return int(min(1, max(-1, a.At-b.At))) })
	all = append(all, trace.Event{Kind: trace.Ended, At: max(all[len(all)-1].At, healed+2*bound)})
	for _, p := range suite.Properties() {
		if p.Name == property {
			return suite.Judge([]checker.Property{p}, all)[0]
		}
	}
	t.Fatalf("no property %s", property)
	return checker.Finding{}
}

// A bound that no stall can miss judges nothing. In each of these runs the last
// thing for which a property waits is put off: until the bound it is in time,
// just beyond it is a violation.
func TestAStallJustBeyondItsBoundFails(t *testing.T) {
	r := run(t, "failover/kill", 1, simctl.Options{Policy: policy.Hardened})
	var last int64 // the last reign's term
	for i := range r.Events {
		if e := &r.Events[i]; e.Kind == trace.Elected {
			last = max(last, e.Term)
		}
	}
	isWorker := func(e *trace.Event) bool {
		return strings.HasPrefix(e.Process, "w") && !strings.Contains(e.Process, "/")
	}
	job, lingering := lastJob(r.Events), firstJob(r.Events)
	for property, matters := range map[string]func(e *trace.Event) bool{
		"one-alive-after-heal": func(e *trace.Event) bool {
			return e.Kind == trace.State && e.Term == last && e.Value == "Alive"
		},
		"recovery-ends": func(e *trace.Event) bool {
			return e.Kind == trace.State && e.Term == last && e.Value == "Alive"
		},
		"worker-rejoins": func(e *trace.Event) bool {
			return isWorker(e) && e.Term == last && (e.Kind == trace.Registered || e.Kind == trace.Obeyed && e.Subject == "master")
		},
		"runnable-runs": func(e *trace.Event) bool {
			return e.Kind == trace.Obeyed && e.Value == job || e.Kind == trace.Job && e.Subject == job ||
				e.Kind == trace.Accepted && e.Subject == job || e.Kind == trace.Recovered && e.Subject == "driver/"+job ||
				e.Kind == trace.Intent && strings.HasSuffix(e.Subject, job) ||
				(e.Kind == trace.Return || e.Kind == trace.Acked) && e.Value == "status"
		},
		"no-orphans": func(e *trace.Event) bool { // its end was accepted, and its process goes on
			return e.Kind == trace.Job && e.Subject == lingering && e.Value != "started" ||
				e.Kind == trace.Exited && strings.Contains(e.Process, "/"+lingering+"#")
		},
	} {
		t.Run(property, func(t *testing.T) {
			require.Equal(t, checker.Pass, stalled(t, r.Events, property, 0, matters).Verdict)
			f := stalled(t, r.Events, property, 1, matters)
			require.Equal(t, checker.Violation, f.Verdict, fmt.Sprint(f))
		})
	}
}

// lastJob is the last driver that was launched and ran to its end.
func lastJob(run []trace.Event) string {
	last := ""
	for i := range run {
		if e := &run[i]; e.Kind == trace.Accepted && e.Value == "FINISHED" {
			last = e.Subject
		}
	}
	return last
}

// firstJob is the driver whose end a master accepted first.
func firstJob(run []trace.Event) string {
	i := slices.IndexFunc(run, func(e trace.Event) bool { return e.Kind == trace.Accepted && e.Value == "FINISHED" })
	return run[i].Subject
}

// Every failover takes the time that its cause allows, and not a nanosecond more.
func TestAFailoverJustBeyondItsBoundFails(t *testing.T) {
	r := run(t, "failover/kill", 1, simctl.Options{Policy: policy.Hardened})
	require.NotEmpty(t, r.Failovers)
	first := r.Failovers[0]
	for _, over := range []int64{0, 1} {
		events := slices.Clone(r.Events)
		for i := range events {
			if e := &events[i]; e.Kind == trace.Bound && e.Subject == "failover-within-bound" && e.Value == first.Cause {
				e.N = first.Total - over
			}
			if e := &events[i]; e.Kind == trace.Healed {
				events = events[:i]
				break
			}
		}
		events = slices.DeleteFunc(events, func(e trace.Event) bool { return e.At > first.Start+first.Total })
		for _, f := range suite.Judge(suite.Properties(), events) {
			if f.Property == "failover-within-bound" {
				want := checker.Pass
				if over > 0 {
					want = checker.Violation
				}
				require.Equal(t, want, f.Verdict, f.Detail)
			}
		}
	}
}
