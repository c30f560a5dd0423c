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
	Says: "At no moment do two processes of one driver run; one that is paused does not. How long they did is told in any case.",
	Source: "invariant I3; defects D-10, D-35: a worker that is cut off goes on while the driver is started elsewhere; " +
		"a worker that stands still while its driver goes on; needs bounded drift of clocks",
	New: func() checker.Monitor {
		return &running{Breach: checker.Breach{Property: "at-most-one-running-incarnation"}, runs: map[string]trace.Event{},
			stands: map[string]trace.Event{}, tags: map[string]string{}}
	},
}

// running keeps the processes of drivers that run, and since when. A driver that
// is run again may get another ID, as under Spark: two IDs are of one driver if
// the same job was submitted as the one and is on record as the other.
type running struct {
	checker.Breach
	runs     map[string]trace.Event // the start of each process that runs
	stands   map[string]trace.Event // of each that is paused
	tags     map[string]string      // the job's tag of each ID, where it was told
	started  int
	overlap  int64 // nanoseconds in all
	overlaps int
	required bool
}

func (m *running) Observe(e *trace.Event) {
	switch e.Kind {
	case trace.Require:
		m.required = m.required || e.Subject == m.Property
	case trace.Job:
		if e.Value == "started" {
			m.start(e)
		} else {
			m.end(e)
		}
	case trace.Exited, trace.KilledOff, trace.HostLost:
		m.end(e)
		delete(m.stands, e.Process)
	case trace.Paused:
		if run, runs := m.runs[e.Process]; runs {
			m.end(e)
			m.stands[e.Process] = run
		}
	case trace.Resumed:
		if run, stands := m.stands[e.Process]; stands {
			run.At, run.Until, run.Step = e.At, e.Until, e.Step
			m.runs[e.Process] = run
			delete(m.stands, e.Process)
		}
	case trace.Return:
		if e.Value == "submit" && e.Detail != "" {
			m.tags[e.Detail] = e.Subject
		}
	case trace.Recovered:
		if id, ok := checker.RecordID(e.Subject, "driver"); ok && e.Detail != "" {
			m.tags[id] = e.Detail
		}
	case trace.Ended:
		for _, p := range slices.Sorted(maps.Keys(m.runs)) {
			last := *e
			last.Process = p
			m.end(&last)
		}
	}
}

func (m *running) start(e *trace.Event) {
	m.started++
	m.runs[e.Process] = *e
}

// same reports whether two IDs are of one driver, as far as was told.
func (m *running) same(a, b string) bool {
	tag := m.tags[a]
	return a == b || tag != "" && tag == m.tags[b]
}

// end is the end of a process. Of each other one of its driver that runs, the
// time since both did is counted; live, what is certain of it.
func (m *running) end(e *trace.Event) {
	mine, runs := m.runs[e.Process]
	if !runs {
		return
	}
	delete(m.runs, e.Process)
	var same []string
	for p := range m.runs { //det:allow sorted below
		if m.same(mine.Subject, m.runs[p].Subject) {
			same = append(same, p)
		}
	}
	slices.Sort(same)
	for _, p := range same {
		other := m.runs[p]
		if both := e.At - max(mine.Latest(), other.Latest()); both > 0 {
			m.overlap += both
			m.overlaps++
			m.Violated(e, "%s (%s) and %s (%s) both ran for %s, until %s",
				mine.Process, checker.At(&mine), other.Process, checker.At(&other), trace.Moment(both), trace.Moment(e.At))
		}
	}
}

// Hears implements checker.Listener.
func (m *running) Hears(e *trace.Event) bool {
	switch e.Kind {
	case trace.Require, trace.Job, trace.Exited, trace.KilledOff, trace.HostLost, trace.Return, trace.Recovered, trace.Ended:
		return true
	}
	return false
}

// Clone implements checker.Explorable.
func (m *running) Clone() checker.Explorable {
	c := *m
	c.runs, c.stands, c.tags = maps.Clone(m.runs), maps.Clone(m.stands), maps.Clone(m.tags)
	return &c
}

// Digest implements checker.Explorable.
func (m *running) Digest(d checker.Sink) {
	digestOptional(d, m.required, &m.Breach)
	checker.DigestSorted(d, m.runs, checker.Itself, func(process string, e trace.Event) {
		d.Str(process)
		d.Str(e.Subject)
		d.Ago(e.At, 1)
	})
	checker.DigestSorted(d, m.stands, checker.Itself, func(process string, e trace.Event) {
		d.Str(process)
		d.Str(e.Subject)
	})
	checker.DigestNames(d, m.tags)
}

// Broken implements checker.Explorable: only where the property is required.
func (m *running) Broken() string { return brokenIf(m.required, &m.Breach) }

func (m *running) Finding() checker.Finding {
	f := m.Judged("%d processes of drivers, none beside another of its own", m.started)
	if m.overlaps > 0 {
		f.Detail += fmt.Sprintf("; %d overlaps, %s in all", m.overlaps, trace.Moment(m.overlap))
	}
	return optional(f, m.required)
}
