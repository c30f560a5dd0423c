package invariant

import (
	"fmt"
	"maps"
	"slices"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var oneRunning = checker.Property{
	Name: "at-most-one-running-incarnation", Kind: checker.Safety, Optional: true,
	Says: "At no moment do two processes of one driver run. How long they did is told in any case.",
	Source: "invariant I3; defects D-10, D-35: a worker that is cut off goes on while the driver is started elsewhere; " +
		"needs bounded drift of clocks and workers that are not paused",
	New: func() checker.Monitor {
		return &running{verdict: verdict{property: "at-most-one-running-incarnation"}, of: map[string]string{},
			runs: map[string]map[string]trace.Event{}}
	},
}

// running keeps, for each driver, the processes of it that run, and since when.
type running struct {
	verdict
	of       map[string]string                 // the driver of each process that runs
	runs     map[string]map[string]trace.Event // the start of each process, by driver
	started  int
	overlap  int64 // nanoseconds in all
	overlaps int
	required bool
}

func (m *running) Observe(e *trace.Event) {
	switch e.Kind {
	case trace.Require:
		m.required = m.required || e.Subject == m.property
	case trace.Job:
		if e.Value == "started" {
			m.start(e)
		} else {
			m.end(e)
		}
	case trace.Exited, trace.KilledOff, trace.HostLost:
		m.end(e)
	case trace.Ended:
		for _, p := range slices.Sorted(maps.Keys(m.of)) {
			last := *e
			last.Process = p
			m.end(&last)
		}
	}
}

func (m *running) start(e *trace.Event) {
	m.started++
	if m.runs[e.Subject] == nil {
		m.runs[e.Subject] = map[string]trace.Event{}
	}
	m.of[e.Process], m.runs[e.Subject][e.Process] = e.Subject, *e
}

// end is the end of a process. Of each other one of its driver that runs, the
// time since both did is counted; live, what is certain of it.
func (m *running) end(e *trace.Event) {
	driver, known := m.of[e.Process]
	if !known {
		return
	}
	mine := m.runs[driver][e.Process]
	delete(m.of, e.Process)
	delete(m.runs[driver], e.Process)
	for _, p := range slices.Sorted(maps.Keys(m.runs[driver])) {
		other := m.runs[driver][p]
		if both := e.At - max(mine.Latest(), other.Latest()); both > 0 {
			m.overlap += both
			m.overlaps++
			m.violated(e, "%s (%s) and %s (%s) both ran for %s, until %s",
				mine.Process, at(&mine), other.Process, at(&other), trace.Moment(both), trace.Moment(e.At))
		}
	}
}

func (m *running) Finding() checker.Finding {
	f := m.finding("%d processes of drivers, none beside another of its own", m.started)
	if m.overlaps > 0 {
		f.Detail += fmt.Sprintf("; %d overlaps, %s in all", m.overlaps, trace.Moment(m.overlap))
	}
	return optional(f, m.required)
}
