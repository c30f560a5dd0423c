// Package refine holds a run against model/abstract: every step that a run
// tells must be one that the abstract protocol allows.
//
// A run tells less than the protocol has: which write was sent, and not what it
// says; what was answered, and not what was committed and never answered. So of
// each job the judge keeps every way in which the protocol may have come to what
// was told so far: what a search of its silent steps, depth first and each state
// once, would come to. What is told next rules ways out, and when none is left
// the run has done something that the protocol does not do.
//
// Jobs do not depend on each other in the protocol, so each is followed alone.
// What the protocol reads off time, that a lease is over, is not judged here:
// at-most-one-alive-master and at-most-one-running-incarnation do.
package refine

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/abstract"
	"github.com/simctl/simctl/model/trace"
)

// Properties lists the property of this package.
func Properties() []checker.Property { return []checker.Property{Refines} }

// Refines is the property that this package judges.
var Refines = checker.Property{
	Name: "refines-abstract", Kind: checker.Safety, Under: "hardened",
	Says: "Every election, write, command and answer of a run is a step that the abstract protocol of model/abstract allows where it " +
		"stands; what is not told may have been any of its silent steps.",
	Source: "model/abstract, explored completely; Lamport, Specifying Systems (2002): refinement",
	New:    func() checker.Monitor { return newMonitor() },
}

func newMonitor() *Monitor {
	return &Monitor{Breach: checker.Breach{Property: "refines-abstract"}, byID: map[string]int{}, tags: map[string]tag{},
		masters: map[life]master{}, follows: map[life]int64{}, latest: map[string]int64{}, reigns: map[int64]*reign{}}
}

// life is one incarnation of a process.
type life struct {
	process string
	inc     uint32
}

// A Monitor follows one run.
type Monitor struct {
	checker.Breach
	jobs []job
	byID map[string]int // in jobs
	tags map[string]tag

	term    int64 // the latest that was elected
	masters map[life]master
	follows map[life]int64   // the term of the master that a worker follows
	latest  map[string]int64 // the same by the worker's ID
	reigns  map[int64]*reign

	steps   int // events that are steps of the protocol
	crowded int // jobs of which there were too many ways to follow
}

// master is what one says of itself.
type master struct {
	mode       abstract.Mode
	term       int64
	completing bool // the second half of its recovery
}

// reign is what is known of one term.
type reign struct {
	zxid    int64 // of the transaction that began it
	acted   bool
	jobs    map[string]bool // held when it became Alive
	workers []string        // likewise
	entered map[string]bool // workers that were registered in it
	heard   map[string]bool // workers that followed it
}

// tag is what a client said of a job.
type tag struct {
	supervised bool
	kill       bool
	id         string // its driver, once a client was told it
}

// Observe implements [checker.Monitor].
func (m *Monitor) Observe(e *trace.Event) {
	switch e.Kind {
	case trace.Started:
		if e.Value == "master" {
			m.masters[life{e.Process, e.Inc}] = master{mode: abstract.Standby}
		}
	case trace.Elected:
		m.elected(e)
	case trace.State:
		m.state(e)
	case trace.Registered:
		m.follows[life{e.Process, e.Inc}] = e.Term
		m.latest[e.Subject] = e.Term
		if r := m.reign(e.Term); !r.acted {
			r.heard[e.Subject] = true
		}
	case trace.Call, trace.Return:
		m.client(e)
	case trace.Job:
		if e.Value == "finished" {
			m.job(e.Subject).finished |= 1 << (e.N & 63)
		}
	default:
		m.record(e)
	}
}

// record takes what is told of a job's record.
func (m *Monitor) record(e *trace.Event) {
	switch e.Kind {
	case trace.Intent:
		if id, ok := checker.RecordID(e.Subject, "driver"); ok {
			m.intent(m.job(id), e)
		} else if id, ok := checker.RecordID(e.Subject, "worker"); ok && e.Value == "put" {
			if r := m.reign(e.Term); r.entered != nil {
				r.entered[id] = true
			}
		}
	case trace.Written:
		if id, ok := checker.RecordID(e.Subject, "driver"); ok && e.Zxid != 0 {
			m.written(m.job(id), e)
		}
	case trace.Recovered:
		m.recovered(e)
	case trace.Acked:
		m.acked(e)
	case trace.Accepted:
		m.accepted(e)
	case trace.Obeyed:
		if e.Subject == "launch" {
			m.launched(e)
		}
	default:
	}
}

// elected is the abstract step of that name: from Standby, into a term that is
// later than all before it.
func (m *Monitor) elected(e *trace.Event) {
	m.steps++
	who := life{e.Process, e.Inc}
	at := m.masters[who]
	switch {
	case at.mode > abstract.Standby:
		m.diverged(e, modeName(at), "resign before it is elected again")
	case e.Term <= m.term:
		m.diverged(e, fmt.Sprintf("the term is %d", m.term), fmt.Sprintf("elect into term %d, or a later one if others were elected in silence", m.term+1))
	}
	m.term = max(m.term, e.Term)
	m.masters[who] = master{mode: abstract.Recovering, term: e.Term}
	m.reigns[e.Term] = &reign{zxid: e.Zxid, jobs: map[string]bool{}, entered: map[string]bool{}, heard: map[string]bool{}}
}

func (m *Monitor) reign(term int64) *reign {
	r := m.reigns[term]
	if r == nil {
		r = &reign{jobs: map[string]bool{}, entered: map[string]bool{}, heard: map[string]bool{}}
		m.reigns[term] = r
	}
	return r
}

// state is a step of a master between its modes.
func (m *Monitor) state(e *trace.Event) {
	m.steps++
	who := life{e.Process, e.Inc}
	at := m.masters[who]
	next, ok := at, false
	switch e.Value {
	case "Standby":
		next, ok = master{mode: abstract.Standby}, true
		e.Term = 0
	case "Recovering":
		ok = at.mode == abstract.Recovering && !at.completing
	case "CompletingRecovery":
		next.completing, ok = true, at.mode == abstract.Recovering
	case "Alive":
		next.mode, ok = abstract.Alive, at.mode == abstract.Recovering || at.mode == abstract.Suspended
	case "Suspended":
		next.mode, ok = abstract.Suspended, at.mode == abstract.Alive
	}
	if !ok || next.term != e.Term {
		m.diverged(e, modeName(at), expectedOf(at))
	}
	m.masters[who] = next
	if e.Value == "Alive" {
		m.acts(e)
	}
}

func modeName(at master) string {
	name := [...]string{"it is not up", "it is a standby", "it recovers", "it acts", "it is suspended"}[at.mode]
	if at.term > 0 {
		name += fmt.Sprintf(" in term %d", at.term)
	}
	return name
}

func expectedOf(at master) string {
	return [...]string{"start", "elect", "act, resign", "suspend, resign", "resume, resign"}[at.mode]
}

// acts is the end of a recovery: whoever the store knows was heard of, and what
// it holds of jobs is known.
func (m *Monitor) acts(e *trace.Event) {
	r := m.reign(e.Term)
	if r.acted {
		return
	}
	r.acted = true
	for _, id := range r.workers {
		if !r.heard[id] && !r.entered[id] { // who followed it may have gone on, for its answer to the last check may come late
			m.diverged(e, fmt.Sprintf("worker %s is on record and follows term %d", id, m.latest[id]), "follow, or give it up, before act")
		}
	}
	r.workers, r.entered, r.heard = nil, nil, nil
	for i := range m.jobs {
		later := len(m.jobs[i].writes) > 0 && m.jobs[i].writes[0].term > e.Term // this reign was over when it came
		if j := &m.jobs[i]; !r.jobs[j.id] && len(j.front) > 0 && !later {
			m.keep(j, e, "do without its record", func(w way) bool { return w.rec.Phase == abstract.Unknown }, e.Term)
		}
	}
	r.jobs = nil
}

// client takes what clients ask and are told: which jobs are supervised, and which
// are to end.
func (m *Monitor) client(e *trace.Event) {
	t := m.tags[e.Subject]
	switch {
	case e.Kind == trace.Call && e.Value == "submit":
		t.supervised = e.Q == 1
	case e.Kind == trace.Call && e.Value == "kill":
		t.kill = true
	case e.Value == "submit" && e.Detail != "" && !strings.HasPrefix(e.Detail, "error") && t.id == "":
		t.id = e.Detail
	default:
		return
	}
	m.tags[e.Subject] = t
	if t.id == "" {
		return
	}
	j := m.job(t.id)
	j.wished = j.wished || t.kill
	if e.Kind == trace.Return {
		m.filter(j, e, map[bool]string{true: "be supervised", false: "not be supervised"}[t.supervised],
			func(w *way) bool { return w.supervised == t.supervised })
	}
}

// diverged is a step that the protocol does not have where it stands.
func (m *Monitor) diverged(e *trace.Event, state, expected string) {
	m.Violated(e, "%s: the abstract protocol has no such step here: %s; expected: %s", checker.At(e), state, expected)
}

// Finding implements [checker.Monitor].
func (m *Monitor) Finding() checker.Finding {
	f := m.Judged("%d steps, %d jobs", m.steps, len(m.jobs))
	if m.crowded > 0 && f.Verdict == checker.Pass {
		f.Detail += fmt.Sprintf(", %d not followed to the end: too many ways", m.crowded)
	}
	return f
}
