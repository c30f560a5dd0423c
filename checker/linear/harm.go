package linear

import (
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
)

// harms keeps when workers came to harm, so that a master may rightly have
// taken them for lost and their drivers for failed.
type harms struct {
	workers  map[string]int64          // each worker's first harm
	faults   []trace.Event             // faults of links
	cut      map[string]reach          // what they did to each worker
	carriers map[string]map[string]int // the workers that obeyed a launch, by driver
	roster   checker.Roster
	earliest int64 // the first harm of any worker; 0 before one
}

func (m *harms) observe(e *trace.Event) {
	p := m.roster.Observe(e)
	switch e.Kind {
	case trace.Obeyed:
		if e.Subject == "launch" {
			m.carry(e)
		}
	case trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused:
		if p != nil && p.Kind == "worker" {
			m.harm(p.Name, e.At)
		}
	case trace.Fault:
		if e.Value == "begin" && checker.IsLink(e.Subject) {
			m.faults = append(m.faults, *e)
			m.earliest = orFirst(m.earliest, e.At)
		}
	}
}

func (m *harms) carry(e *trace.Event) {
	if m.carriers == nil {
		m.carriers = map[string]map[string]int{}
	}
	if m.carriers[e.Value] == nil {
		m.carriers[e.Value] = map[string]int{}
	}
	m.carriers[e.Value][e.Process] = 1
}

func (m *harms) harm(worker string, at int64) {
	if m.workers == nil {
		m.workers = map[string]int64{}
	}
	if _, again := m.workers[worker]; !again {
		m.workers[worker] = at
	}
	m.earliest = orFirst(m.earliest, at)
}

// orFirst returns the earlier of two moments, of which 0 is none. A harm in the
// first nanosecond counts as one in the second.
func orFirst(a, b int64) int64 {
	b = max(b, 1)
	if a == 0 || b < a {
		return b
	}
	return a
}

// reach is when a fault of links first may have reached a worker, 0 if none
// did, of as many faults as were looked at.
type reach struct {
	at     int64
	looked int
}

// reached returns when a fault of links first may have reached a worker.
func (m *harms) reached(worker string) int64 {
	r := m.cut[worker]
	for ; r.looked < len(m.faults); r.looked++ {
		if f := &m.faults[r.looked]; checker.Concerns(f.Detail, worker, "worker") {
			r.at = orFirst(r.at, f.At)
		}
	}
	if m.cut == nil {
		m.cut = map[string]reach{}
	}
	m.cut[worker] = r
	return r.at
}

// first returns when a worker that may have had the job first came to harm, -1
// if none did. A job that nobody was seen to launch may have been any worker's.
func (m *harms) first(h history.History) int64 {
	first, launched := int64(0), false
	for i := range h {
		op := &h[i]
		if op.Kind != history.Submit && op.Kind != history.Finish {
			continue
		}
		for w := range m.carriers[op.Answer] { //det:allow the minimum of all
			launched = true
			if at, ok := m.workers[w]; ok {
				first = orFirst(first, at)
			}
			if at := m.reached(w); at != 0 {
				first = orFirst(first, at)
			}
		}
	}
	if !launched {
		first = m.earliest
	}
	if first == 0 {
		return -1
	}
	return first
}
