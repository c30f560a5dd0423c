package history

import (
	"cmp"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// Registrations makes the history of every worker's registrations from the
// events of a run, each worker's under its ID, or with [Applications] that of
// every application's. The zero value has seen nothing of workers.
//
// A write lasts from its Intent to the transaction that carried it out, or to
// the acknowledgement that showed it, whichever is first. One that neither
// shows is [Open], and if the run tells its transactions at all it is left out:
// it never happened. What a master knows is read between its election and the
// moment when it is Alive, once a reign.
type Registrations struct {
	kind    string // of the records: "app"; "": "worker"
	ops     []Op
	open    map[write]int // the latest write of each record in each reign
	reigns  map[reign]int64
	held    map[reign]map[string]bool
	judged  map[reign]bool
	known   []string // every one that was ever registered, in that order
	logged  bool     // the run tells its transactions
	started bool
}

// Applications are the registrations of applications.
func Applications() Registrations { return Registrations{kind: "app"} }

// reign is one master's time in one term.
type reign struct {
	master string
	term   int64
}

// write names what a reign does to a record.
type write struct {
	reign
	id   string
	kind Kind
}

// Observe takes the next event of the run.
func (r *Registrations) Observe(e *trace.Event) {
	if !r.started {
		r.started = true
		r.open, r.reigns = map[write]int{}, map[reign]int64{}
		r.held, r.judged = map[reign]map[string]bool{}, map[reign]bool{}
	}
	at := reign{e.Process, e.Term}
	switch e.Kind {
	case trace.Elected:
		r.reigns[at] = e.At
	case trace.Intent:
		if id, ok := r.subject(e.Subject); ok {
			r.intended(write{at, id, kindOf(e.Value)}, e)
		}
	case trace.Commit:
		r.committed(at, e)
	case trace.Written:
		if id, ok := r.subject(e.Subject); ok && e.Zxid != 0 {
			r.close(write{at, id, kindOf(e.Value)}, e)
		}
	case trace.Acked:
		if e.Subject == cmp.Or(r.kind, "register") {
			r.acked(write{at, e.Value, Register}, e)
		}
	case trace.Recovered:
		if id, ok := r.subject(e.Subject); ok {
			if r.held[at] == nil {
				r.held[at] = map[string]bool{}
			}
			r.held[at][id] = e.Value != "DEAD"
		}
	case trace.State:
		if e.Value == "Alive" {
			r.alive(at, e)
		}
	}
}

// History returns the history so far.
func (r *Registrations) History() History {
	var h History
	for _, op := range r.ops {
		if op.Return != Open || !r.logged {
			h = append(h, op)
		}
	}
	h.sort()
	return h
}

// subject is the ID in the key of a record that is one of them.
func (r *Registrations) subject(key string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(key, cmp.Or(r.kind, "worker"))
	if !ok || len(rest) < 2 || rest[0] != '/' && rest[0] != '_' {
		return "", false
	}
	return rest[1:], true
}

func kindOf(value string) Kind {
	if value == "delete" {
		return Remove
	}
	return Register
}

func (r *Registrations) add(op Op) int {
	if op.Kind == Register && !r.isKnown(op.Key) {
		r.known = append(r.known, op.Key)
	}
	r.ops = append(r.ops, op)
	return len(r.ops) - 1
}

func (r *Registrations) isKnown(id string) bool {
	for _, k := range r.known {
		if k == id {
			return true
		}
	}
	return false
}

func (r *Registrations) intended(w write, e *trace.Event) {
	r.open[w] = r.add(Op{Lane: w.master, N: e.N, Kind: w.kind, Key: w.id, Call: e.At, Return: Open, CallStep: e.Step})
}

// committed closes the writes that a transaction carried out.
func (r *Registrations) committed(at reign, e *trace.Event) {
	r.logged = true
	if e.Term == 0 {
		return
	}
	path, paths, _ := strings.Cut(e.Subject, " ")
	op, ops, _ := strings.Cut(e.Value, " ")
	for path != "" && op != "" {
		if id, ok := r.subject(path[strings.LastIndexByte(path, '/')+1:]); ok && op != "check" {
			r.close(write{at, id, kindOf(op)}, e)
		}
		path, paths, _ = strings.Cut(paths, " ")
		op, ops, _ = strings.Cut(ops, " ")
	}
}

func (r *Registrations) close(w write, e *trace.Event) {
	i, ok := r.open[w]
	if !ok {
		return
	}
	if op := &r.ops[i]; op.Return == Open {
		op.Return, op.ReturnStep = e.Latest(), e.Step
	}
}

// acked is an acknowledgement: of a write of this reign, of what it found, or
// of a registration that told no write.
func (r *Registrations) acked(w write, e *trace.Event) {
	if _, wrote := r.open[w]; wrote {
		r.close(w, e)
		return
	}
	op := Op{
		Lane: w.master, Kind: Register, Key: w.id, Call: r.reigns[w.reign], Return: e.Latest(),
		CallStep: e.Step, ReturnStep: e.Step,
	}
	if r.held[w.reign][w.id] {
		op.Kind, op.Answer = Known, "known"
	}
	r.add(op)
}

// alive reads what a master knows of every one, once a reign.
func (r *Registrations) alive(at reign, e *trace.Event) {
	began, elected := r.reigns[at]
	if !elected || r.judged[at] {
		return
	}
	r.judged[at] = true
	for _, id := range r.known {
		answer := "unknown"
		if r.held[at][id] {
			answer = "known"
		}
		r.add(Op{
			Lane: at.master, N: at.term, Kind: Known, Key: id, Call: began, Return: e.Latest(),
			Answer: answer, CallStep: e.Step, ReturnStep: e.Step,
		})
	}
}
