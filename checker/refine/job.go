package refine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/abstract"
	"github.com/simctl/simctl/model/trace"
)

// mostWays is how many ways of one job are followed. Real runs have a handful.
const mostWays = 256

// job is what may be so of one job.
type job struct {
	id       string
	writes   []write
	front    []*way // after the last write, as far as is known
	finished uint64 // attempts whose process said so, a bit each
	wished   bool   // a client wants it killed
	ran      []ran
}

// write is one that a master announced. Its content is each way's guess.
type write struct {
	term, n int64
	zxid    int64 // 0 as long as it was not answered
}

// ran is an attempt that a worker obeyed.
type ran struct {
	attempt int64
	by      life
}

// A way is one abstract state that a job may be in, and how it came to it: the
// write that made it, and the way before that. Ways never change.
type way struct {
	before     *way
	write      int // in writes, -1 before the first
	rec        abstract.Record
	supervised bool
	dropped    bool // its record was removed behind its end
}

func (m *Monitor) job(id string) *job {
	i, ok := m.byID[id]
	if !ok {
		i = len(m.jobs)
		m.byID[id] = i
		// As in every initial state, it is supervised or not.
		m.jobs = append(m.jobs, job{id: id, front: []*way{{write: -1, supervised: true}, {write: -1}}})
	}
	return &m.jobs[i]
}

// committed reports whether the write that made w is known to be.
func (j *job) committed(w *way) bool { return w.write < 0 || j.writes[w.write].zxid != 0 }

func (j *job) term(w *way) int64 {
	if w.write < 0 {
		return 0
	}
	return j.writes[w.write].term
}

// bases lists every way that a master of term may know: writes of its own follow
// each other, and of an older term's unanswered ones any first few may have been
// committed.
func (j *job) bases(term int64) []*way {
	if !slices.ContainsFunc(j.front, func(w *way) bool { return !j.settled(w, term) }) {
		return j.front
	}
	var out []*way
	for _, w := range j.front {
		for ; !slices.Contains(out, w); w = w.before {
			out = append(out, w)
			if j.settled(w, term) {
				break
			}
		}
	}
	return out
}

// settled reports whether a master of term that knows w's write knows no less.
func (j *job) settled(w *way, term int64) bool { return j.committed(w) || j.term(w) >= term }

// intent is a write whose content is not told: any decision that the record allows.
func (m *Monitor) intent(j *job, e *trace.Event) {
	m.steps++
	if e.Term < m.term {
		return // it cannot be committed any more; if it is, written will see it
	}
	j.writes = append(j.writes, write{term: e.Term, n: e.N})
	last := len(j.writes) - 1
	var next []*way
	for _, b := range j.bases(e.Term) {
		switch {
		case b.dropped:
		case e.Value != "delete":
			next = m.decisions(j, b, last, next)
		case b.rec.Phase.Final():
			next = append(next, &way{b, last, b.rec, b.supervised, true})
		}
	}
	m.replace(j, e, next, "be written so")
}

// decisions appends what one write may make of b.
func (m *Monitor) decisions(j *job, b *way, last int, next []*way) []*way {
	from := len(next)
	for _, d := range abstract.Decisions() {
		rec, ok := b.rec.After(d, 0, b.supervised)
		switch {
		case !ok, d == abstract.Kill && !j.wished, d == abstract.Finish && j.finished>>(b.rec.Attempt&63)&1 == 0:
			continue
		case slices.ContainsFunc(next[from:], func(w *way) bool { return w.rec == rec }):
			continue
		}
		next = append(next, &way{b, last, rec, b.supervised, false})
	}
	return next
}

// written is the answer to a write: it is committed, so no later one can have been
// made without it.
func (m *Monitor) written(j *job, e *trace.Event) {
	i := slices.IndexFunc(j.writes, func(w write) bool { return w.term == e.Term && w.n == e.N })
	if i < 0 {
		m.diverged(e, fmt.Sprintf("the term was %d when it was sent", m.term), "a write of that term")
		return
	}
	j.writes[i].zxid = e.Zxid
	m.filter(j, e, "hold that write", func(w *way) bool {
		for ; w != nil && w.write > i; w = w.before {
		}
		return w != nil && w.write == i
	})
}

// keep leaves the ways in which a master of term may hold what ok says.
func (m *Monitor) keep(j *job, e *trace.Event, what string, ok func(way) bool, term int64) {
	var next []*way
	for _, b := range j.bases(term) {
		w := *b
		if w.dropped {
			w.rec.Phase = abstract.Unknown
		}
		if ok(w) {
			next = append(next, b)
		}
	}
	m.replace(j, e, next, what)
}

// past leaves the ways that once held what ok says, by a write of that decision's
// transaction and of no later term than the event's. A store that does not keep
// when a record was written gives it the beginning of the reign that read it.
func (m *Monitor) past(j *job, e *trace.Event, what string, ok func(r abstract.Record) bool) {
	m.steps++
	unknown := e.Zxid == 0 || e.Zxid == m.reign(e.Term).zxid
	m.filter(j, e, what, func(w *way) bool {
		for ; w.write >= 0; w = w.before {
			by := &j.writes[w.write]
			if by.term <= e.Term && (unknown || by.zxid == 0 || by.zxid == e.Zxid) && !w.dropped && ok(w.rec) {
				return true
			}
		}
		return false
	})
}

func (m *Monitor) filter(j *job, e *trace.Event, what string, ok func(*way) bool) {
	if slices.ContainsFunc(j.front, func(w *way) bool { return !ok(w) }) {
		var next []*way
		for _, w := range j.front {
			if ok(w) {
				next = append(next, w)
			}
		}
		m.replace(j, e, next, what)
	}
}

// replace makes next the ways of j. If there is none, the run diverged here; it
// goes on as if e had not been.
func (m *Monitor) replace(j *job, e *trace.Event, next []*way, what string) {
	switch {
	case len(j.front) == 0: // too many before
	case len(next) == 0:
		m.diverged(e, "to "+what+", and job "+j.id+" "+j.tell(), j.expected())
		j.front = nil
	case len(next) > mostWays:
		m.crowded++
		j.front = nil
	default:
		j.front = next
	}
}

// tell is what may be so of j.
func (j *job) tell() string {
	var out []string
	for _, w := range j.front {
		text := "is " + w.rec.Phase.String()
		if w.rec.Attempt > 0 {
			text += fmt.Sprintf(" (attempt %d)", w.rec.Attempt)
		}
		if w.rec.Kill && !w.rec.Phase.Final() {
			text += " and is to be killed"
		}
		if w.dropped {
			text = "was forgotten behind its end"
		}
		if w.supervised {
			text += ", supervised"
		}
		out = append(out, text)
	}
	return few(out, "; or ")
}

// expected is the decisions that the protocol allows for j.
func (j *job) expected() string {
	var out []string
	for _, d := range abstract.Decisions() {
		if slices.ContainsFunc(j.front, func(w *way) bool {
			_, ok := w.rec.After(d, 0, w.supervised)
			return ok && !w.dropped && (d != abstract.Kill || j.wished)
		}) {
			out = append(out, d.String())
		}
	}
	if len(out) == 0 {
		return "no write"
	}
	return strings.Join(out, ", ")
}

// few joins the first of many.
func few(list []string, by string) string {
	if len(list) > 4 {
		list = append(slices.Clone(list[:4]), fmt.Sprintf("%d more", len(list)-4))
	}
	return strings.Join(list, by)
}

// recovered is a record that a new master holds.
func (m *Monitor) recovered(e *trace.Event) {
	if id, ok := checker.RecordID(e.Subject, "worker"); ok && (e.Value == "ALIVE" || e.Value == "DECOMMISSIONED") {
		r := m.reign(e.Term)
		r.workers = append(r.workers, id)
	}
	id, ok := checker.RecordID(e.Subject, "driver")
	if !ok {
		return
	}
	m.steps++
	j := m.job(id)
	if r := m.reign(e.Term); r.jobs != nil {
		r.jobs[id] = true
	}
	if e.Value == "UNDECODABLE" {
		return
	}
	m.keep(j, e, "be recovered so", func(w way) bool {
		return w.rec.Phase.String() == e.Value && int64(w.rec.Attempt) == e.N
	}, e.Term)
}

// acked is an answer to a client or worker: of what is on record.
func (m *Monitor) acked(e *trace.Event) {
	switch e.Subject {
	case "submit":
		m.past(m.job(e.Value), e, "be acknowledged", func(abstract.Record) bool { return true })
	case "kill":
		m.past(m.job(e.Value), e, "have its kill acknowledged", func(r abstract.Record) bool { return r.Kill || r.Phase == abstract.Killed })
	case "report":
		m.past(m.job(e.Value), e, "have its end acknowledged", func(r abstract.Record) bool { return r.Phase.Final() || r.Phase == abstract.Relaunching })
	}
}

// accepted is a report that a master took: that an attempt runs, or how it ended.
func (m *Monitor) accepted(e *trace.Event) {
	m.past(m.job(e.Subject), e, "take that report", func(r abstract.Record) bool {
		return r.Phase.String() == e.Value && int64(r.Attempt) == e.N
	})
}

// launched is the abstract step start: of an attempt that is on record, by one
// worker, once, and under the term that this follows.
func (m *Monitor) launched(e *trace.Event) {
	j, who := m.job(e.Value), life{e.Process, e.Inc}
	m.past(j, e, "be launched", func(r abstract.Record) bool { return r.Phase == abstract.Running && int64(r.Attempt) == e.N })
	for _, r := range j.ran {
		if r.attempt == e.N {
			m.diverged(e, fmt.Sprintf("attempt %d of job %s was started at %s", e.N, j.id, r.by.process), "no start of it")
		}
	}
	j.ran = append(j.ran, ran{e.N, who})
	if follows := m.follows[who]; follows != e.Term {
		m.diverged(e, fmt.Sprintf("%s follows term %d", e.Process, follows), fmt.Sprintf("follow term %d before launch", e.Term))
	}
}
