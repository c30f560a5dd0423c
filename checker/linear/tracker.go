package linear

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/spec"
	"github.com/simctl/simctl/model/trace"
)

// A Tracker judges jobs-linearizable as the run goes on: it keeps of each job all
// that it may be, as far as anybody was told, in place of its history. It is what
// explorations carry in their states. Of what the [Judge] looks at it leaves out
// the log of transactions, which narrows what nobody was answered, and what masters
// know of workers and applications; and any harm of any worker explains an ERROR.
type Tracker struct {
	checker.Breach
	jobs       map[string]*possible // by tag
	tags       map[string]string    // of drivers
	runs       map[string]attempt   // what each process runs
	told       map[string]bool      // drivers that a worker was told to end
	ends       map[end]bool         // that were told; true once a master accepted it
	supervised map[string]bool      // tags
	roster     checker.Roster       // for who is a worker
	harmed     bool                 // a worker came to harm
	over       bool                 // more was under way than is followed
	answers    int
}

// attempt is one run of a driver.
type attempt struct {
	driver string
	n      int64
}

// end is one way in which an attempt ended, as the process told.
type end struct {
	attempt
	process, state string
}

// NewTracker returns a tracker that has seen nothing.
func NewTracker() *Tracker {
	return &Tracker{
		Breach: checker.Breach{Property: jobsLinearizable.Name}, jobs: map[string]*possible{}, tags: map[string]string{},
		runs: map[string]attempt{}, told: map[string]bool{}, ends: map[end]bool{}, supervised: map[string]bool{},
	}
}

// Observe takes the next event of the run.
func (m *Tracker) Observe(e *trace.Event) {
	p := m.roster.Observe(e)
	switch e.Kind {
	case trace.Call:
		m.supervised[e.Subject] = m.supervised[e.Subject] || e.Q > 0
		m.begin(e.Subject, history.Op{Lane: lane(e), N: e.N, Kind: history.Kind(e.Value)})
	case trace.Return:
		m.returned(e)
	case trace.GaveUp:
		p := m.of(e.Subject)
		if i := p.find(lane(e), e.N, history.Kind(e.Value), ""); i >= 0 {
			p.giveUp(i)
		}
	case trace.Recovered:
		if id, ok := checker.RecordID(e.Subject, "driver"); ok && e.Detail != "" {
			m.tag(id, e.Detail)
		}
	case trace.Acked:
		if e.Subject == "submit" && e.Detail != "" {
			m.tag(e.Value, e.Detail)
		}
	case trace.Obeyed:
		if e.Subject == "kill" {
			m.told[e.Value] = true
		}
	case trace.Job:
		m.job(e)
	case trace.Accepted:
		m.accepted(e)
	case trace.Fault:
		m.harmed = m.harmed || e.Value == "begin" && checker.IsLink(e.Subject)
	case trace.Exited, trace.KilledOff, trace.HostLost, trace.Paused:
		m.harmed = m.harmed || p != nil && p.Kind == "worker"
		if a, ran := m.runs[e.Process]; ran && e.Kind == trace.KilledOff {
			m.ended(a, e.Process, "FAILED")
		}
	}
}

func lane(e *trace.Event) string { return e.Process + "#" + strconv.FormatUint(uint64(e.Inc), 10) }

// of is what a job may be.
func (m *Tracker) of(tag string) *possible {
	if m.jobs[tag] == nil {
		m.jobs[tag] = newPossible()
	}
	return m.jobs[tag]
}

func (m *Tracker) begin(tag string, op history.Op) {
	if !m.of(tag).call(op) {
		m.over = true
	}
}

func (m *Tracker) returned(e *trace.Event) {
	p, kind := m.of(e.Subject), history.Kind(e.Value)
	if i := p.find(lane(e), e.N, kind, ""); i >= 0 {
		m.answer(e, p, i, e.Detail)
	}
	op := history.Op{Kind: kind, Return: e.At, Answer: e.Detail}
	if spec.Told(&op) == "ERROR" && (m.supervised[e.Subject] || !m.harmed) && !m.ends[end{state: e.Subject + " ERROR"}] {
		m.Violated(e, "%s, but no worker that could have had it had come to harm", checker.At(e))
	}
	if kind == history.Submit && !spec.IsError(e.Detail) {
		m.tag(e.Detail, e.Subject)
	}
}

func (m *Tracker) answer(e *trace.Event, p *possible, i int, text string) {
	m.answers++
	if !p.answer(i, text) && !m.over {
		m.Violated(e, "%s: no order of what was asked and told of this job explains it", checker.At(e))
	}
}

// tag learns whose job a driver is; ends that were told before are of it.
func (m *Tracker) tag(driver, tag string) {
	if m.tags[driver] != "" {
		return
	}
	m.tags[driver] = tag
	checker.InOrder(m.ends, end.name, func(k end, accepted bool) {
		if k.driver == driver && !accepted {
			m.begin(tag, k.op())
		}
	})
}

func (k end) op() history.Op {
	return history.Op{Lane: k.process, N: k.n, Kind: history.Finish, Arg: k.state, Answer: k.driver}
}

func (k end) name() string {
	return k.driver + " " + strconv.FormatInt(k.n, 10) + " " + k.process + " " + k.state
}

var states = map[string]string{"finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}

// job takes what a driver says of itself. One that a signal ended is KILLED if its
// worker was told to end it, and else may be FAILED.
func (m *Tracker) job(e *trace.Event) {
	a := attempt{e.Subject, e.N}
	state, over := states[e.Value]
	if !over {
		m.runs[e.Process] = a
		return
	}
	delete(m.runs, e.Process)
	m.ended(a, e.Process, state)
	if state == "KILLED" && !m.told[e.Subject] {
		m.ended(a, e.Process, "FAILED")
	}
}

// ended begins the end of an attempt, the first time that it ends so.
func (m *Tracker) ended(a attempt, process, state string) {
	for k := range m.ends { //det:allow is there any
		if k.attempt == a && k.state == state {
			return
		}
	}
	k := end{a, process, state}
	m.ends[k] = false
	if tag := m.tags[a.driver]; tag != "" {
		m.begin(tag, k.op())
	}
}

// accepted is the end of an end: a master knows it. One that no driver told
// begins and ends here.
func (m *Tracker) accepted(e *trace.Event) {
	if !spec.IsFinal(e.Value) {
		return
	}
	a := attempt{e.Subject, e.N}
	m.ended(a, e.Process, e.Value)
	tag := m.tags[e.Subject]
	if e.Value == "ERROR" {
		m.ends[end{state: tag + " ERROR"}] = true
	}
	checker.InOrder(m.ends, end.name, func(k end, accepted bool) {
		if accepted || k.attempt != a || k.state != e.Value {
			return
		}
		m.ends[k] = true
		if p := m.of(tag); tag != "" {
			if i := p.find(k.process, k.n, history.Finish, k.state); i >= 0 {
				m.answer(e, p, i, k.driver)
			}
		}
	})
}

// Hears implements checker.Listener.
func (m *Tracker) Hears(e *trace.Event) bool {
	if m.roster.Hears(e) {
		return true
	}
	switch e.Kind {
	case trace.Call, trace.Return, trace.GaveUp, trace.Recovered, trace.Acked, trace.Job, trace.Accepted, trace.Fault:
		return true
	}
	return false
}

// Clone implements checker.Explorable.
func (m *Tracker) Clone() checker.Explorable {
	c := *m
	c.jobs = make(map[string]*possible, len(m.jobs))
	for tag, p := range m.jobs {
		c.jobs[tag] = p.clone()
	}
	c.tags, c.runs, c.told = maps.Clone(m.tags), maps.Clone(m.runs), maps.Clone(m.told)
	c.ends, c.supervised, c.roster = maps.Clone(m.ends), maps.Clone(m.supervised), m.roster.Clone()
	return &c
}

// Digest implements checker.Explorable.
func (m *Tracker) Digest(d checker.Sink) {
	checker.DigestSorted(d, m.jobs, checker.Itself, func(tag string, p *possible) { d.Str(tag); p.digest(d) })
	checker.DigestNames(d, m.tags)
	checker.DigestSorted(d, m.runs, checker.Itself, func(process string, a attempt) { d.Str(process); d.Str(a.driver); d.Int(a.n) })
	checker.DigestSet(d, m.told)
	checker.DigestSorted(d, m.ends, end.name, func(k end, accepted bool) {
		d.Str(k.driver)
		d.Int(k.n)
		d.Str(k.process)
		d.Str(k.state)
		d.Bool(accepted)
	})
	checker.DigestSet(d, m.supervised)
	m.roster.DigestKinds(d)
	d.Bool(m.harmed)
	d.Bool(m.over)
}

// Finding implements checker.Monitor.
func (m *Tracker) Finding() checker.Finding {
	f := m.Judged("%d jobs, %d answers", len(m.jobs), m.answers)
	if m.over && f.Verdict == checker.Pass {
		f.Verdict, f.Detail = checker.Inconclusive, fmt.Sprintf("more than %d operations on one job were under way", mostOpen)
	}
	return f
}
