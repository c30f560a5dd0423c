// Package seen looks at the events of a run for what its scenario says that it
// must show, and for what is worth having seen.
package seen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/scenarios"
)

// Property is the name of the finding on what a scenario says that each of its
// runs must show, or must be answered.
const Property = "scenario-is-seen"

// Judge judges that of a run under the policy of a preset; false if the
// scenario says nothing of the kind.
func Judge(scenario *scenarios.Scenario, preset string, events []trace.Event) (checker.Finding, bool) {
	f := checker.Finding{Property: Property, Verdict: checker.Pass}
	n := 0
	var missed []string
	miss := func(step uint64, line, why string) {
		if why == "" {
			return
		}
		missed = append(missed, line+": "+why)
		if f.Step == 0 || step < f.Step {
			f.Step = step
		}
	}
	look := sight{scenario, events}
	for _, e := range scenario.Sees {
		if e.Policy != "" && e.Policy != preset {
			continue
		}
		n++
		step, why := look.see(e)
		miss(step, "see "+e.String(), why)
	}
	answers := answersOf(events)
	for i, o := range scenario.ZOps {
		if o.Want == "" {
			continue
		}
		n++
		step, why := answers.check(scenario.ZOps, i)
		miss(step, "op "+o.String(), why)
	}
	f.Detail = fmt.Sprintf("%d of %d lines", n-len(missed), n)
	if len(missed) > 0 {
		f.Verdict = checker.Violation
		f.Detail += "\n" + strings.Join(missed, "\n")
	}
	return f, n > 0
}

// sight looks at the events of a run.
type sight struct {
	scenario *scenarios.Scenario
	events   []trace.Event
}

// within calls each with the events of a while.
func (s sight) within(e scenarios.See, each func(ev *trace.Event)) {
	for i := range s.events {
		ev := &s.events[i]
		if ev.At >= int64(e.From) && (e.To == 0 || ev.At <= int64(e.To)) {
			each(ev)
		}
	}
}

// see returns why a line is not seen, and in which step that shows; "" if it is.
func (s sight) see(e scenarios.See) (step uint64, why string) {
	switch e.What {
	case scenarios.SeeFenced:
		return s.fenced(e)
	case scenarios.SeeAlways:
		return s.always(e)
	case scenarios.SeeHangs, scenarios.SeeServed:
		return s.answered(e)
	case scenarios.SeeLeader:
		return s.leader(e)
	case scenarios.SeeMaster:
		return s.master(e)
	case scenarios.SeeRuns:
		return s.runs(e)
	case scenarios.SeeBalance:
		return s.balance(e)
	case scenarios.SeeService, scenarios.SeeNoService:
		return s.service(e)
	}
	first, rest, _ := strings.Cut(e.Text, " ")
	is := s.work(e)
	switch e.What {
	case scenarios.SeeFailover, scenarios.SeeNoFailover:
		is = func(ev *trace.Event) bool { return ev.Kind == trace.Elected }
	case scenarios.SeeElects:
		id := s.scenario.IDOf(e.Text)
		is = func(ev *trace.Event) bool {
			return ev.Kind == trace.Role && ev.Value != "looking" && ev.Process == e.Who && ev.N == id
		}
	case scenarios.SeeFails:
		is = func(ev *trace.Event) bool {
			return ev.Kind == trace.Failed && ev.Process == e.Who && strings.Contains(ev.Value, e.Text)
		}
	case scenarios.SeeEvent, scenarios.SeeNoEvent:
		is = func(ev *trace.Event) bool {
			return ev.Kind == trace.ZWatch && ev.Process == e.Who && ev.Subject == first && (rest == "" || ev.Value == rest)
		}
	case scenarios.SeeSession, scenarios.SeeNoSession:
		is = func(ev *trace.Event) bool {
			return ev.Kind == trace.Session && ev.Process == e.Who && ev.Value == e.Text
		}
	case scenarios.SeeRecipe, scenarios.SeeNoRecipe:
		is = func(ev *trace.Event) bool {
			return ev.Kind == trace.Recipe && ev.Process == e.Who && ev.Value == first && (rest == "" || ev.Detail == rest)
		}
	}
	var found *trace.Event
	s.within(e, func(ev *trace.Event) {
		if found == nil && is(ev) {
			found = ev
		}
	})
	switch not := e.What.Not(); {
	case not && found != nil:
		return found.Step, fmt.Sprintf("at %s %s", trace.Moment(found.At), trace.Describe(found))
	case !not && found == nil:
		return s.events[len(s.events)-1].Step, "the run does not show it"
	}
	return 0, ""
}

// fenced looks whether what was written under a lock was written in the order
// of its owners. Whoever stood still may hear late of a write that was in order:
// a later owner has read it by then.
func (s sight) fenced(e scenarios.See) (step uint64, why string) {
	last, written := int64(0), false
	read := map[string]bool{} // what owners wrote over
	s.within(e, func(ev *trace.Event) {
		if ev.Kind != trace.Recipe || ev.Subject != "lock "+e.Text || ev.Value != "wrote" || why != "" {
			return
		}
		written = true
		read[ev.Detail] = true
		if ev.Zxid < last && !read[fmt.Sprintf("over %d", ev.Zxid)] {
			step, why = ev.Step, fmt.Sprintf("%s wrote at %s with the place %#x, after the owner of %#x", ev.Process, trace.Moment(ev.At), ev.Zxid, last)
		}
		last = max(last, ev.Zxid)
	})
	if !written {
		return s.events[len(s.events)-1].Step, "nobody wrote anything under the lock"
	}
	return step, why
}

// always looks whether a recipe told one thing of a kind, and no other.
func (s sight) always(e scenarios.See) (step uint64, why string) {
	name, value, _ := strings.Cut(e.Text, " ")
	told := false
	s.within(e, func(ev *trace.Event) {
		if ev.Kind != trace.Recipe || ev.Process != e.Who || ev.Value != name || why != "" {
			return
		}
		if told = true; ev.Detail != value {
			step, why = ev.Step, fmt.Sprintf("it told %s %s at %s", name, ev.Detail, trace.Moment(ev.At))
		}
	})
	if !told {
		return s.events[len(s.events)-1].Step, "it never told a " + name
	}
	return step, why
}

// leader looks who leads and serves at an instant: of two that believe so, the
// one of the later epoch.
func (s sight) leader(e scenarios.See) (step uint64, why string) {
	epochs := map[string]int64{}
	for i := range s.events {
		ev := &s.events[i]
		if ev.At > int64(e.At) {
			break
		}
		step = ev.Step
		switch ev.Kind {
		case trace.Serving:
			if ev.Value == "leading" {
				epochs[ev.Process] = ev.Term
			}
		case trace.Role, trace.Exited, trace.KilledOff, trace.HostLost:
			delete(epochs, ev.Process)
		default:
		}
	}
	leader, epoch := "none", int64(-1)
	for name, at := range epochs { //det:allow epochs differ
		if at > epoch {
			leader, epoch = name, at
		}
	}
	if leader != e.Text {
		return step, "the leader is " + leader
	}
	return 0, ""
}

// service looks whether writes were answered that were asked for in a while.
func (s sight) service(e scenarios.See) (step uint64, why string) {
	type call struct {
		process string
		inc     uint32
		n       int64
	}
	asked, got := map[call]bool{}, map[string]bool{}
	var probes []string
	s.within(e, func(ev *trace.Event) {
		at := call{ev.Process, ev.Inc, ev.N}
		switch {
		case ev.Kind == trace.ZCall && isWrite(ev.Subject):
			asked[at] = true
			if !slices.Contains(probes, ev.Process) {
				probes = append(probes, ev.Process)
			}
		case ev.Kind == trace.ZReturn && asked[at] && ev.Value == "ok":
			if e.What == scenarios.SeeNoService && why == "" {
				step, why = ev.Step, fmt.Sprintf("%s was answered %s at %s", ev.Process, ev.Subject, trace.Moment(ev.At))
			}
			got[ev.Process] = true
		}
	})
	switch last := s.events[len(s.events)-1].Step; {
	case len(probes) == 0:
		return last, "no probe asked for a write then"
	case e.What == scenarios.SeeService:
		for _, p := range probes {
			if !got[p] {
				return last, "no write of " + p + " was answered"
			}
		}
	}
	return step, why
}

// isWrite reports whether an operation, told in words, is one that needs a
// quorum.
func isWrite(words string) bool {
	kind, _, _ := strings.Cut(words, " ")
	return kind == "create" || kind == "set" || kind == "delete" || kind == "multi"
}

// answers are the operations of probes and what they were answered.
type answers struct {
	calls   []*trace.Event
	returns map[answerKey]*trace.Event
}

type answerKey struct {
	process string
	inc     uint32
	n       int64
}

func answersOf(events []trace.Event) answers {
	a := answers{returns: map[answerKey]*trace.Event{}}
	for i := range events {
		switch ev := &events[i]; ev.Kind {
		case trace.ZCall:
			a.calls = append(a.calls, ev)
		case trace.ZReturn:
			a.returns[answerKey{ev.Process, ev.Inc, ev.N}] = ev
		default:
		}
	}
	return a
}

// check compares the answer of one operation with what the scenario wants.
// Operations of a probe in the same words are told apart by their order.
func (a answers) check(ops []scenarios.ZOp, i int) (step uint64, why string) {
	o := &ops[i]
	nth := 0
	for j := range i {
		if ops[j].Probe == o.Probe && ops[j].Words() == o.Words() {
			nth++
		}
	}
	for _, c := range a.calls {
		if c.Process != o.Probe || c.Subject != o.Words() {
			continue
		}
		if nth > 0 {
			nth--
			continue
		}
		got := "nothing"
		ret := a.returns[answerKey{c.Process, c.Inc, c.N}]
		if ret != nil {
			got = answer(o.Kind, ret)
		}
		if got == o.Want {
			return 0, ""
		}
		if ret == nil {
			return c.Step, "asked at " + trace.Moment(c.At) + " and not answered"
		}
		return ret.Step, fmt.Sprintf("answered %s at %s", got, trace.Moment(ret.At))
	}
	return 1, "never asked"
}

// answer is an answer in the words of scenarios.
func answer(kind scenarios.ZKind, ret *trace.Event) string {
	switch {
	case kind == scenarios.ZExists && ret.Value == "no-node":
		return "no"
	case ret.Value != "ok":
		return "error " + ret.Value
	case kind == scenarios.ZExists:
		return "yes"
	case kind == scenarios.ZGet:
		return strings.Trim(field(ret.Detail, "data"), `"`)
	case kind == scenarios.ZChildren:
		if names := field(ret.Detail, "names"); names != "" {
			return strings.ReplaceAll(names, ",", " ")
		}
		return "none"
	}
	return "ok"
}

// field returns the value of NAME=VALUE among words.
func field(words, name string) string {
	for w := range strings.FieldsSeq(words) {
		if v, ok := strings.CutPrefix(w, name+"="); ok {
			return v
		}
	}
	return ""
}

// answered looks whether what a client asked in a while was answered in it.
func (s sight) answered(e scenarios.See) (step uint64, why string) {
	var calls, open []*trace.Event
	s.within(e, func(ev *trace.Event) {
		switch {
		case ev.Process != e.Who:
		case ev.Kind == trace.Call:
			calls, open = append(calls, ev), append(open, ev)
		case ev.Kind == trace.Return:
			open = slices.DeleteFunc(open, func(c *trace.Event) bool { return c.N == ev.N })
			if e.What == scenarios.SeeHangs && slices.ContainsFunc(calls, func(c *trace.Event) bool { return c.N == ev.N }) && why == "" {
				step, why = ev.Step, fmt.Sprintf("at %s %s", trace.Moment(ev.At), trace.Describe(ev))
			}
		}
	})
	switch {
	case len(calls) == 0:
		return s.events[len(s.events)-1].Step, e.Who + " asked nothing then"
	case e.What == scenarios.SeeServed && len(open) > 0:
		return open[0].Step, fmt.Sprintf("at %s %s, and it was not answered", trace.Moment(open[0].At), trace.Describe(open[0]))
	}
	return step, why
}
