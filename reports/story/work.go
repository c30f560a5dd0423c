package story

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// manyApplications is from how many registrations on an application's usual life
// is not told any more.
const manyApplications = 13

// work is what the teller knows of applications.
type work struct {
	kinds  map[string]string // what each job computes, by tag: "pi stages=2 tasks=8"
	apps   map[string]string // tags of applications, by ID
	procs  map[string]string // processes, in words
	lost   map[string]bool   // executors whose lost tasks have been told
	ended  map[string]bool   // applications that are over, by tag
	starts int               // registrations in all
}

// foresee reads what the whole run tells of its applications.
func (w *work) foresee(events []trace.Event) {
	*w = work{
		kinds: map[string]string{}, apps: map[string]string{}, procs: map[string]string{}, lost: map[string]bool{}, ended: map[string]bool{},
	}
	for i := range events {
		switch e := &events[i]; {
		case e.Kind == trace.Call && e.Value == "submit" && e.Detail != "", e.Kind == trace.App && e.Value == "begun":
			w.kinds[e.Subject] = e.Detail
		case e.Kind == trace.App && e.Value == "registered":
			w.apps[e.Detail] = e.Subject
			w.procs[e.Process] = "the driver of application " + e.Subject + " on " + root(e.Process)
			w.starts++
		}
	}
	for i := range events {
		if e := &events[i]; e.Kind == trace.Executor && e.Value == "started" {
			w.procs[e.Process] = w.executorName(e.Subject) + " on " + root(e.Process)
		}
	}
}

// root is the machine of a process.
func root(process string) string {
	name, _, _ := strings.Cut(process, "/")
	return name
}

// executorName names "app-1/3" by its application's tag.
func (w *work) executorName(subject string) string {
	id, n, _ := strings.Cut(subject, "/")
	tag := w.apps[id]
	if tag == "" {
		tag = id
	}
	return "executor " + n + " of application " + tag
}

func (w *work) usual() bool { return w.starts < manyApplications }

// application tells the life of an application.
func (t *teller) application(e *trace.Event) {
	w := &t.work
	switch e.Value {
	case "registered":
		if w.usual() {
			t.say(e, "application %s%s is registered as %s; its driver runs on %s%s", e.Subject, w.computes(e.Subject), e.Detail, root(e.Process), attempt(e.M))
		}
	case "removed":
		w.ended[e.Subject] = true
		t.say(e, "application %s is told that it is over, while its driver on %s runs: %s", e.Subject, root(e.Process), e.Detail)
	case "failed":
		w.ended[e.Subject] = true
		t.say(e, "application %s fails: %s", e.Subject, e.Detail)
	case "finished":
		w.ended[e.Subject] = true
		if w.usual() {
			t.say(e, "application %s is finished%s", e.Subject, w.result(e))
		}
	}
}

func attempt(n int64) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(", in its attempt %d", n)
}

// computes says what a job is, in words.
func (w *work) computes(tag string) string {
	switch kind, _, _ := strings.Cut(w.kinds[tag], " "); kind {
	case "pi":
		return ", which computes pi,"
	case "ledger", "ledger-plain":
		return ", which adds to an account,"
	}
	return ""
}

// result says what was computed, as far as it is known what that means.
func (w *work) result(e *trace.Event) string {
	words := strings.Fields(w.kinds[e.Subject])
	if len(words) == 0 || words[0] != "pi" {
		return ""
	}
	side := int64(100)
	for _, x := range words[1:] {
		var n int64
		if _, err := fmt.Sscanf(x, "stages=%d", &n); err == nil {
			side *= n
		}
		if _, err := fmt.Sscanf(x, "tasks=%d", &n); err == nil {
			side *= n
		}
	}
	fourth := 4 * e.N * 10_000 / (side * side)
	return fmt.Sprintf(": pi is about %d.%04d", fourth/10_000, fourth%10_000)
}

// executor tells of executors that do not end as they should.
func (t *teller) executor(e *trace.Event) {
	who := t.work.executorName(e.Subject) + " on " + root(e.Process)
	id, _, _ := strings.Cut(e.Subject, "/")
	over := t.work.ended[t.work.apps[id]]
	switch {
	case e.Value == "orphaned" && !over:
		t.say(e, "%s ends itself: its driver or its worker is gone", who)
	case e.Value == "refused":
		t.say(e, "%s ends: its driver does not want it", who)
	case e.Value == "killed" && !over:
		t.say(e, "%s is ended by its worker", who)
	}
}

// task tells of the first task that is lost with an executor.
func (t *teller) task(e *trace.Event) {
	if e.Value != "lost" || t.work.lost[e.Detail] {
		return
	}
	t.work.lost[e.Detail] = true
	_, n, _ := strings.Cut(e.Detail, "/")
	t.say(e, "application %s loses what executor %s had in hand: others do it again", e.Subject, n)
}

// effect tells of every deposit.
func (t *teller) effect(e *trace.Event) {
	switch {
	case e.N == 0:
		t.say(e, "the deposit of %s comes again, with the key of the first: the account holds %d as before%s", e.Subject, e.M, attempt(e.P))
	case t.work.usual() || e.M != e.N:
		t.say(e, "%d are added to the account of %s: it holds %d%s", e.N, e.Subject, e.M, attempt(e.P))
	}
}

// worked says in a line what applications did; nothing if there were none.
func worked(events []trace.Event) []string {
	tags := map[string]bool{}
	ended := map[string]int{}
	tasks := map[string]int{}
	for i := range events {
		switch e := &events[i]; e.Kind {
		case trace.App:
			tags[e.Subject] = true
			ended[e.Value]++
		case trace.Task:
			tasks[e.Value]++
		default:
		}
	}
	if len(tags) == 0 {
		return nil
	}
	text := fmt.Sprintf("%s: %d finished, %d failed, %d were ended by a master; %s", count(len(tags), "application"),
		ended["finished"], ended["failed"], ended["removed"], count(tasks["done"], "task")+" done")
	if n := tasks["lost"]; n > 0 {
		text += fmt.Sprintf(", %d lost with their executors and done again", n)
	}
	return []string{text}
}
