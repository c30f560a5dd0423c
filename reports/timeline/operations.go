package timeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/history"
	"github.com/simctl/simctl/model/trace"
)

// operations are what was asked and answered, by machine: the histories that
// porcupine judges, and what probes asked of znodes. Those of machines without
// a lane get lanes of their own.
func (b *builder) operations() (map[string][]bar, []lane) {
	var names []string
	bars := map[string][]bar{}
	add := func(name string, x bar) {
		if bars[name] == nil {
			names = append(names, name)
		}
		bars[name] = append(bars[name], x)
	}
	h := historyOf(b.in)
	bad := illegal(h, b.in.Findings)
	for i := range h {
		add(machineOf(h[i].Lane), b.operation(&h[i], i == bad))
	}
	if bad < 0 {
		b.registrations(add)
	}
	b.znodes(add)
	slices.SortStableFunc(names, naturally)
	var lanes []lane
	for _, name := range names {
		if b.byName[name] != nil {
			continue
		}
		l := lane{Group: asked, Name: name}
		for _, r := range pack(bars[name]) {
			l.Rows = append(l.Rows, row{"bar", r})
		}
		lanes = append(lanes, l)
	}
	return bars, lanes
}

// registrations adds the history of the one worker, or application, that no
// order explains, if there is one: what masters wrote of it, and knew.
func (b *builder) registrations(add func(string, bar)) {
	apps := history.Applications()
	for _, r := range []*history.Registrations{{}, &apps} {
		for i := range b.in.Events {
			r.Observe(&b.in.Events[i])
		}
		h := r.History()
		bad := illegal(h, b.in.Findings)
		for i := range h {
			if bad >= 0 && h[i].Key == h[bad].Key {
				add(machineOf(h[i].Lane), b.operation(&h[i], i == bad))
			}
		}
	}
}

func (b *builder) operation(op *history.Op, bad bool) bar {
	x := bar{From: op.Call, To: op.Return, Class: "op " + string(op.Kind), Key: op.Key, Bad: bad, Step: op.CallStep}
	answer := op.Answer
	if op.Kind == history.Finish {
		answer = op.Arg
	}
	x.Label = string(op.Kind) + " " + op.Key
	switch {
	case op.Return == history.Open:
		x.To, x.Open, x.Class = b.end, true, x.Class+" open"
		x.Label += ": no answer"
	case op.Kind == history.Submit && !strings.HasPrefix(answer, "error"):
		x.Label += ": ok"
	case answer != "":
		x.Label += ": " + answer
	}
	if strings.HasPrefix(answer, "error") {
		x.Class += " error"
	}
	x.Title = op.String()
	if bad {
		x.Title = "first illegal operation: " + x.Title
	}
	return x
}

// illegal is the operation of which porcupine, or the search for a plain
// contradiction before it, said that no order explains it: the one that
// returned in the finding's step. It is -1 if there is none.
func illegal(h history.History, findings []checker.Finding) int {
	for _, f := range findings {
		if f.Property != "jobs-linearizable" || f.Verdict != checker.Violation {
			continue
		}
		for i := range h {
			if f.Step > 0 && h[i].ReturnStep == f.Step && strings.Contains(f.Detail, h[i].Key) {
				return i
			}
		}
	}
	return -1
}

// znodes adds what probes asked of ZooKeeper.
func (b *builder) znodes(add func(string, bar)) {
	asked := map[string]bar{}
	for i := range b.in.Events {
		e := &b.in.Events[i]
		id := fmt.Sprint(e.Process, "#", e.Inc, " ", e.N)
		switch e.Kind {
		case trace.ZCall:
			asked[id] = bar{From: e.At, To: open, Class: "op znode", Label: e.Subject, Key: pathOf(e.Subject), Step: e.Step, Title: trace.Describe(e), End: e.Process}
		case trace.ZReturn:
			if x, ok := asked[id]; ok {
				delete(asked, id)
				x.To, x.Title = e.At, x.Title+"; "+trace.Describe(e)
				x.Bad = b.illegalZnode(e)
				if e.Value != "ok" {
					x.Class, x.Label = x.Class+" error", x.Label+": "+e.Value
				}
				if x.Bad {
					x.Title = "first illegal operation: " + x.Title
				}
				b.addZnode(add, x)
			}
		}
	}
	rest := make([]bar, 0, len(asked))
	for _, x := range asked { //det:allow sorted below
		x.To, x.Open, x.Class, x.Label = b.end, true, x.Class+" open", x.Label+": no answer"
		rest = append(rest, x)
	}
	slices.SortFunc(rest, func(a, b bar) int {
		return strings.Compare(fmt.Sprintf("%020d%s%s", a.From, a.End, a.Label), fmt.Sprintf("%020d%s%s", b.From, b.End, b.Label))
	})
	for _, x := range rest {
		b.addZnode(add, x)
	}
}

func (b *builder) addZnode(add func(string, bar), x bar) {
	name := x.End
	x.End = ""
	add(name, x)
}

func (b *builder) illegalZnode(e *trace.Event) bool {
	for _, f := range b.in.Findings {
		if f.Property == "znodes-linearizable" && f.Verdict == checker.Violation && f.Step > 0 && f.Step == e.Step {
			return true
		}
	}
	return false
}

// pathOf is the znode that an operation is about.
func pathOf(words string) string {
	for w := range strings.FieldsSeq(words) {
		if strings.HasPrefix(w, "/") {
			return w
		}
	}
	return ""
}
