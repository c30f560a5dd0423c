package work

import (
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/spec"
	"github.com/simctl/simctl/model/trace"
)

var resultRight = checker.Property{
	Name: "result-is-right", Kind: checker.Safety,
	Says: "A finished application has done every task of every stage, no stage before the one in front of it was complete, " +
		"and what it computed is right, whatever was lost on the way.",
	Source: "the documentation of Spark: an executor's partitions go to another; D-01, D-14",
	New: func() checker.Monitor {
		return &results{
			Breach: checker.Breach{Property: "result-is-right"}, jobs: map[string]job{}, done: map[string]map[task]bool{},
		}
	},
}

// results follows the tasks of each driver process.
type results struct {
	checker.Breach
	jobs     map[string]job           // by tag
	done     map[string]map[task]bool // what was done, by the driver's process
	finished int
}

type task struct{ stage, n int64 }

func (m *results) Observe(e *trace.Event) {
	if j, ok := jobOf(e); ok {
		m.jobs[e.Subject] = j
	}
	switch e.Kind {
	case trace.Started:
		delete(m.done, e.Process)
	case trace.Task:
		if e.Value == "done" {
			m.taskDone(e)
		}
	case trace.App:
		if e.Value == "finished" {
			m.end(e)
		}
	}
}

func (m *results) taskDone(e *trace.Event) {
	done := m.done[e.Process]
	if done == nil {
		done = map[task]bool{}
		m.done[e.Process] = done
	}
	done[task{e.N, e.M}] = true
	j, known := m.jobs[e.Subject]
	if !known || e.N == 0 {
		return
	}
	for n := range j.tasks {
		if !done[task{e.N - 1, n}] {
			m.Violated(e, "%s, before task %d of the stage in front of it", checker.At(e), n)
		}
	}
}

func (m *results) end(e *trace.Event) {
	j, known := m.jobs[e.Subject]
	if !known {
		return
	}
	m.finished++
	for s := range j.stages {
		for n := range j.tasks {
			if !m.done[e.Process][task{s, n}] {
				m.Violated(e, "%s without task %d of stage %d", checker.At(e), n, s)
			}
		}
	}
	want := j.stages * j.tasks
	if j.kind == "pi" {
		want = spec.Pi(want)
	}
	if e.N != want {
		m.Violated(e, "%s with the result %d, not %d", checker.At(e), e.N, want)
	}
}

func (m *results) Finding() checker.Finding { return m.Judged("%d applications finished", m.finished) }
