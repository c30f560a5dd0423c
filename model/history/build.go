package history

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// Build makes the history of a run from its events. A client's operation
// lasts from its Call to its Return; one without an answer is [Open]. A
// driver's end lasts from the moment an attempt ended to the moment a master
// accepted that report, and is Open if none did. Ends of drivers whose tag no
// event tells are left out: nobody could ask for them.
//
// In a live run an operation begins at the earliest moment its Call may have
// happened and ends at the latest moment of its Return.
//
// The log of transactions narrows what was never answered: a submission that
// got no answer, of a job of which just one driver is known, ended when that
// driver's record was created. Nothing else narrows it, least of all the state
// at the end.
func Build(events []trace.Event) (History, error) {
	var b Builder
	for i := range events {
		b.Observe(&events[i])
	}
	return b.History()
}

// call names one operation of one client.
type call struct {
	lane string
	inc  uint32
	n    int64
}

// end names one way in which one attempt of a driver ended; as the key of a
// start its state is empty.
type end struct {
	driver  string
	attempt int64
	state   string
}

// A Builder makes a history event by event, as [Build] does. The zero Builder
// has seen nothing.
type Builder struct {
	ops    []Op
	calls  map[call]int
	tags   map[string]string // driver to tag
	ends   map[end]int
	starts map[end]start
	stored map[string]start // when each driver's record was created
	runs   map[string]end   // what each process runs
	told   map[string]bool  // drivers that a worker was told to end
	err    error            // the first; what comes after it is not looked at
}

// opsAtFirst is room for the operations of a usual run.
const opsAtFirst = 192

// start is when and where an attempt started.
type start struct {
	process string
	at      int64
	step    uint64
}

// Observe takes the next event of the run.
func (b *Builder) Observe(e *trace.Event) {
	if b.calls == nil {
		b.calls, b.tags = map[call]int{}, map[string]string{}
		b.ops = make([]Op, 0, opsAtFirst)
		b.ends, b.starts, b.stored = map[end]int{}, map[end]start{}, map[string]start{}
		b.runs, b.told = map[string]end{}, map[string]bool{}
	}
	if b.err == nil {
		b.err = b.observe(e)
	}
}

// History returns the history of the events so far, or the first mistake in
// them.
func (b *Builder) History() (History, error) {
	if b.err != nil {
		return nil, b.err
	}
	return b.history(), nil
}

func (b *Builder) observe(e *trace.Event) error {
	switch e.Kind {
	case trace.Call:
		return b.called(e)
	case trace.Return:
		return b.returned(e)
	case trace.GaveUp:
		if _, ok := b.calls[call{e.Process, e.Inc, e.N}]; !ok {
			return fmt.Errorf("step %d: %s gave up operation %d, which it never called", e.Step, e.Process, e.N)
		}
	case trace.Commit:
		b.committed(e)
	case trace.Recovered:
		if id, ok := strings.CutPrefix(e.Subject, "driver/"); ok && e.Detail != "" {
			b.tags[id] = e.Detail
		}
	case trace.Acked:
		if e.Subject == "submit" && e.Detail != "" {
			b.tags[e.Value] = e.Detail
		}
	case trace.Obeyed:
		switch e.Subject {
		case "launch":
			b.started(end{driver: e.Value, attempt: e.N}, e)
		case "kill":
			b.told[e.Value] = true
		}
	case trace.Job:
		b.job(e)
	case trace.KilledOff:
		if k, ok := b.runs[e.Process]; ok {
			b.ended(end{k.driver, k.attempt, "FAILED"}, start{e.Process, e.At, e.Step})
		}
	case trace.Accepted:
		b.accepted(e)
	}
	return nil
}

// ended maps what a driver says of its end to the state that is reported.
var ended = map[string]string{"finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}

// job takes what a driver says of itself. One that a signal ended is KILLED if
// its worker was told to end it, and else FAILED.
func (b *Builder) job(e *trace.Event) {
	k := end{driver: e.Subject, attempt: e.N}
	state, over := ended[e.Value]
	if !over {
		b.runs[e.Process] = k
		b.started(k, e)
		return
	}
	from := start{e.Process, e.At, e.Step}
	delete(b.runs, e.Process)
	b.ended(end{e.Subject, e.N, state}, from)
	if state == "KILLED" && !b.told[e.Subject] {
		b.ended(end{e.Subject, e.N, "FAILED"}, from)
	}
}

func (b *Builder) called(e *trace.Event) error {
	k := call{e.Process, e.Inc, e.N}
	if _, twice := b.calls[k]; twice {
		return fmt.Errorf("step %d: %s called operation %d twice", e.Step, e.Process, e.N)
	}
	kind := Kind(e.Value)
	if kind != Submit && kind != KillOp && kind != Status {
		return fmt.Errorf("step %d: %s called an operation of kind %q", e.Step, e.Process, e.Value)
	}
	b.calls[k] = len(b.ops)
	b.ops = append(b.ops, Op{
		Lane: e.Process, N: e.N, Kind: kind, Key: e.Subject,
		Call: e.At, Return: Open, CallStep: e.Step,
	})
	return nil
}

func (b *Builder) returned(e *trace.Event) error {
	i, ok := b.calls[call{e.Process, e.Inc, e.N}]
	if !ok {
		return fmt.Errorf("step %d: %s was answered operation %d, which it never called", e.Step, e.Process, e.N)
	}
	op := &b.ops[i]
	if op.Return != Open {
		return fmt.Errorf("step %d: %s was answered operation %d twice", e.Step, e.Process, e.N)
	}
	op.Return, op.ReturnStep, op.Answer = e.Latest(), e.Step, e.Detail
	if op.Kind == Submit && !strings.HasPrefix(e.Detail, "error") {
		b.tags[e.Detail] = op.Key
	}
	return nil
}

func (b *Builder) started(k end, e *trace.Event) {
	if _, again := b.starts[k]; !again {
		b.starts[k] = start{e.Process, e.At, e.Step}
	}
}

// ended notes the first time that an attempt ended in a state: a supervised
// driver may end several times in one attempt.
func (b *Builder) ended(k end, from start) {
	if _, again := b.ends[k]; again {
		return
	}
	b.ends[k] = len(b.ops)
	b.ops = append(b.ops, Op{
		Lane: orElse(from.process, k.driver), N: k.attempt, Kind: Finish, Key: k.driver,
		Call: from.at, Return: Open, Arg: k.state, Answer: k.driver, CallStep: from.step,
	})
}

// accepted closes the end that a master accepted. One that no driver told, as
// when its process was killed, is as old as the attempt's start at most.
func (b *Builder) accepted(e *trace.Event) {
	if !terminal(e.Value) {
		return
	}
	k := end{e.Subject, e.N, e.Value}
	if _, told := b.ends[k]; !told {
		from, seen := b.starts[end{driver: k.driver, attempt: k.attempt}]
		if !seen {
			from = start{e.Process, e.At, e.Step}
		}
		b.ended(k, from)
	}
	if op := &b.ops[b.ends[k]]; op.Return == Open {
		op.Return, op.ReturnStep = e.Latest(), e.Step
	}
}

// committed notes the creation of drivers' records.
func (b *Builder) committed(e *trace.Event) {
	if e.Term == 0 || !strings.Contains(e.Subject, "/driver_") {
		return
	}
	ops := strings.Fields(e.Value)
	for i, path := range strings.Fields(e.Subject) {
		id, ok := strings.CutPrefix(path[strings.LastIndexByte(path, '/')+1:], "driver_")
		if !ok || i >= len(ops) || ops[i] != "create" {
			continue
		}
		if _, again := b.stored[id]; !again {
			b.stored[id] = start{e.Process, e.Latest(), e.Step}
		}
	}
}

// only returns the one driver of each tag that has just one.
func (b *Builder) only() map[string]string {
	one := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(b.tags)) {
		tag := b.tags[id]
		if _, two := one[tag]; two {
			id = ""
		}
		one[tag] = id
	}
	return one
}

// narrow closes a submission without an answer that the log shows.
func (b *Builder) narrow(op *Op, one map[string]string) {
	if op.Kind != Submit || op.Return != Open {
		return
	}
	id := one[op.Key]
	if made, ok := b.stored[id]; ok && id != "" && made.at >= op.Call {
		op.Return, op.ReturnStep, op.Answer, op.Narrowed = made.at, made.step, id, true
	}
}

// otherwise reports whether op is an end of which a master said that it was
// another: a signal's FAILED that was taken for KILLED.
func (b *Builder) otherwise(op *Op) bool {
	i, both := b.ends[end{op.Key, op.N, "KILLED"}]
	return op.Arg == "FAILED" && op.Return == Open && both && b.ops[i].Return != Open
}

// history puts tags for drivers, and the operations in order.
func (b *Builder) history() History {
	h := make(History, 0, len(b.ops))
	one := b.only()
	for _, op := range b.ops {
		b.narrow(&op, one)
		if op.Kind == Finish {
			if b.otherwise(&op) {
				continue
			}
			tag, ok := b.tags[op.Key]
			if !ok {
				continue
			}
			op.Key = tag
		}
		h = append(h, op)
	}
	h.sort()
	return h
}

func (h History) sort() {
	slices.SortStableFunc(h, func(a, b Op) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.N, b.N))
	})
}

// Keys returns the keys of the history, sorted.
func (h History) Keys() []string {
	var keys []string
	for i := range h {
		keys = append(keys, h[i].Key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Split returns the history of each key, in the order of [History.Keys].
func (h History) Split() []History {
	keys := h.Keys()
	at := make(map[string]int, len(keys))
	for i, k := range keys {
		at[k] = i
	}
	parts := make([]History, len(keys))
	for _, op := range h {
		parts[at[op.Key]] = append(parts[at[op.Key]], op)
	}
	return parts
}

// Acked returns how many operations of clients were answered other than with
// an error.
func (h History) Acked() int {
	n := 0
	for i := range h {
		if op := &h[i]; op.Kind != Finish && op.Return != Open && !op.Narrowed && !strings.HasPrefix(op.Answer, "error") {
			n++
		}
	}
	return n
}

// Write writes the history as lines of JSON.
func Write(w io.Writer, h History) error { return trace.WriteLines(w, h) }

// Read reads what [Write] wrote. Name is the file's, for errors.
func Read(name string, r io.Reader) (History, error) {
	h, err := trace.ReadLines[Op](name, r)
	return h, err
}

// String shows the operation on one line: who, what, when and the answer.
func (o *Op) String() string {
	what := o.Lane + " " + string(o.Kind) + " " + o.Key
	if o.Arg != "" {
		what += " " + o.Arg
	}
	if o.Return == Open {
		return fmt.Sprintf("%s from %s, never answered", what, trace.Moment(o.Call))
	}
	what += fmt.Sprintf(" from %s to %s", trace.Moment(o.Call), trace.Moment(o.Return))
	if o.Answer != "" {
		what += ": " + o.Answer
	}
	return what
}

func terminal(state string) bool {
	return state == "FINISHED" || state == "FAILED" || state == "KILLED" || state == "ERROR"
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
