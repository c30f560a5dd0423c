// Package story tells a run in words, for somebody who has never seen the
// system: what was lost, who noticed, who took over, what clients saw, and
// what led to a violation. It reads events and nothing else.
package story

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// A Moment is one line of a run's story.
type Moment struct {
	At   int64  // nanoseconds since the run began
	Step uint64 // the step in which it happened
	Text string
}

// Tell writes the story of a run, a line a moment, each with the time since
// the run began, and then what clients saw of it.
func Tell(w io.Writer, events []trace.Event) error {
	for _, m := range Moments(events) {
		if _, err := fmt.Fprintf(w, "%9s  %s\n", Seconds(m.At), m.Text); err != nil {
			return err
		}
	}
	for _, line := range append(Clients(events), Probes(events)...) {
		if _, err := fmt.Fprintf(w, "%9s  %s\n", "", line); err != nil {
			return err
		}
	}
	return nil
}

// Seconds prints nanoseconds as "12.345s", so that a column of them aligns.
func Seconds(ns int64) string {
	sign := ""
	if ns < 0 {
		sign, ns = "-", -ns
	}
	ms := (ns + 500_000) / 1_000_000
	return fmt.Sprintf("%s%d.%03ds", sign, ms/1000, ms%1000)
}

// Short prints a span of nanoseconds as "4.3s" or "210ms".
func Short(ns int64) string {
	if ns < 1_000_000_000 {
		return fmt.Sprintf("%dms", (ns+500_000)/1_000_000)
	}
	tenths := (ns + 50_000_000) / 100_000_000
	return fmt.Sprintf("%d.%ds", tenths/10, tenths%10)
}

// Moments returns the lines of the story.
func Moments(events []trace.Event) []Moment {
	t := teller{masters: map[string]*master{}, tags: tagsOf(events), refused: map[string]int{}, down: map[string]string{},
		waits: map[string]string{}, open: map[string]bool{}, asked: map[string]string{}}
	for i := range events {
		if k := events[i].Kind; k == trace.ZCall || k == trace.Recipe {
			t.calls++
		}
	}
	t.quiet = t.calls > mostTold
	t.work.foresee(events)
	t.cast(events)
	for i := range events {
		if tell, ok := tellers[events[i].Kind]; ok {
			tell(&t, &events[i])
		}
	}
	return t.out
}

// A teller turns events into moments.
type teller struct {
	out     []Moment
	masters map[string]*master
	active  string // the master that became Alive last, "" before the first
	lostAt  int64  // when its loss began, 0 if it is not lost
	maybe   string // the fault that struck it, if it may yet survive that
	over    bool   // it has been told that its session is over
	gone    string // the master that was lost last
	tags    map[string]string
	refused map[string]int    // refusals told, by worker and master
	down    map[string]string // machines that a fault took down, and how
	waits   map[string]string // machines whose kill or pause has begun and not struck: the fault
	open    map[string]bool   // operations of clients without an answer
	healed  bool
	without bool              // ZooKeeper has been without a quorum
	asked   map[string]string // operations of probes without an answer, in words
	calls   int               // operations and notes of probes
	quiet   bool              // probes did too much to be told one by one
	work    work
}

// master is what the teller knows of one master.
type master struct {
	state           string
	term            int64
	drivers, others int // records it holds, of drivers and of workers
	apps            int
}

func (t *teller) say(e *trace.Event, format string, args ...any) {
	t.out = append(t.out, Moment{At: e.At, Step: e.Step, Text: fmt.Sprintf(format, args...)})
}

// cast says who is there when the run begins.
func (t *teller) cast(events []trace.Event) {
	var names []string
	kinds := map[string]int{}
	for i := range events {
		e := &events[i]
		if e.Kind == trace.Elected || e.Kind == trace.Fault {
			break
		}
		if e.Kind == trace.Started && e.Inc <= 1 && !isDriver(e.Process) {
			if kinds[e.Value] == 0 {
				names = append(names, e.Value)
			}
			kinds[e.Value]++
		}
	}
	for i, n := range names {
		names[i] = count(kinds[n], n)
	}
	if len(names) > 0 {
		t.out = append(t.out, Moment{Text: strings.Join(names, ", ") + " start"})
	}
}

func operation(e *trace.Event) string { return fmt.Sprint(e.Process, e.N) }

func (t *teller) master(name string) *master {
	if t.masters[name] == nil {
		t.masters[name] = &master{}
	}
	return t.masters[name]
}

var tellers = map[trace.Kind]func(t *teller, e *trace.Event){
	trace.Fault:          (*teller).fault,
	trace.Started:        (*teller).started,
	trace.Exited:         (*teller).exited,
	trace.KilledOff:      (*teller).killed,
	trace.Paused:         (*teller).paused,
	trace.HostLost:       func(t *teller, e *trace.Event) { t.lose(e, e.Process) },
	trace.SessionExpired: (*teller).sessionOver,
	trace.Elected:        (*teller).elected,
	trace.State:          (*teller).state,
	trace.Recovered:      (*teller).recovered,
	trace.Refused:        (*teller).refusal,
	trace.Obeyed:         (*teller).obeyed,
	trace.Call:           func(t *teller, e *trace.Event) { t.open[operation(e)] = true },
	trace.Return:         func(t *teller, e *trace.Event) { delete(t.open, operation(e)) },
	trace.GaveUp:         func(t *teller, e *trace.Event) { delete(t.open, operation(e)) },
	trace.Serving:        (*teller).serving,
	trace.Failed:         (*teller).failed,
	trace.ZCall:          (*teller).zcall,
	trace.ZReturn:        (*teller).zreturn,
	trace.ZWatch:         (*teller).zwatch,
	trace.Recipe:         (*teller).recipe,
	trace.Session:        (*teller).probeSession,
	trace.App:            (*teller).application,
	trace.Executor:       (*teller).executor,
	trace.Task:           (*teller).task,
	trace.Effect:         (*teller).effect,
	trace.Panicked: func(t *teller, e *trace.Event) {
		first, _, _ := strings.Cut(e.Detail, "\n")
		t.say(e, "%s panics: %s", e.Process, first)
	},
	trace.ServiceDown: func(t *teller, e *trace.Event) {
		t.without = true
		t.say(e, "ZooKeeper has no quorum: nobody can be elected, nothing can be written")
	},
	trace.ServiceUp: func(t *teller, e *trace.Event) {
		switch {
		case t.without:
			t.say(e, "ZooKeeper has a quorum again")
		case e.At > 0:
			t.say(e, "ZooKeeper has a quorum")
		}
	},
	trace.Healed: func(t *teller, e *trace.Event) {
		t.healed = true
		t.say(e, "the faults end; what is healed from here on must work: %s", e.Detail)
	},
	trace.Ended: func(t *teller, e *trace.Event) { t.say(e, "the run ends") },
}

func (t *teller) fault(e *trace.Event) {
	groups := Targets(e.Detail)
	all := slices.Concat(groups...)
	hit := t.active != "" && slices.Contains(all, t.active)
	switch e.Value {
	case "begin":
		if t.lostAt == 0 && !between(e) && t.endangers(e.Subject, groups) {
			t.lostAt, t.maybe, t.gone = max(e.At, 1), e.Detail, t.active
		}
		t.say(e, "%s", t.faultBegins(e, groups, hit))
		for _, m := range all {
			t.down[m] = e.Subject
			if between(e) {
				t.waits[m] = e.Detail
			}
		}
	case "end":
		for _, m := range all {
			delete(t.down, m)
		}
		if t.maybe != "" && t.maybe == e.Detail {
			t.lostAt, t.maybe, t.gone = 0, "", ""
		}
		if text := t.faultEnds(e.Subject, groups); text != "" && !t.healed {
			t.say(e, "%s", text)
		}
	}
}

// between reports whether a kill or a pause waits for outputs of its target: it
// strikes later than it begins.
func between(e *trace.Event) bool {
	return (e.Subject == "kill" || e.Subject == "pause") && strings.Contains(e.Detail, " outputs=")
}

// killed tells a kill that struck later than its fault began.
func (t *teller) killed(e *trace.Event) {
	t.strikes(e, "is killed: its connections are reset at once")
	t.lose(e, e.Process)
}

// paused is killed for a pause.
func (t *teller) paused(e *trace.Event) {
	if f := t.waits[e.Process]; f != "" && e.Process == t.active && t.lostAt == 0 {
		t.lostAt, t.maybe, t.gone = max(e.At, 1), f, t.active
	}
	t.strikes(e, "stands still and does not know it")
}

func (t *teller) strikes(e *trace.Event, what string) {
	if t.waits[e.Process] == "" {
		return
	}
	delete(t.waits, e.Process)
	who := e.Process
	if who == t.active {
		who = "the active master " + who
	}
	t.say(e, "%s %s", who, what)
}

// endangers reports whether a fault can cost the active master its reign: it
// strikes the master itself, or what lies between it and ZooKeeper.
func (t *teller) endangers(class string, groups [][]string) bool {
	own := slices.IndexFunc(groups, func(g []string) bool { return slices.Contains(g, t.active) })
	if t.active == "" || own < 0 {
		return false
	}
	switch class {
	case "stop", "kill", "host-loss", "pause", "expire":
		return true
	case "partition", "one-way", "stall":
		for i, g := range groups {
			if i != own && slices.ContainsFunc(g, func(m string) bool { return m[0] == 'z' }) {
				return true
			}
		}
	}
	return false
}

// tagsOf maps driver IDs to the tags that clients gave their jobs.
func tagsOf(events []trace.Event) map[string]string {
	tags := map[string]string{}
	for i := range events {
		e := &events[i]
		switch {
		case e.Kind == trace.Return && e.Value == "submit" && !strings.HasPrefix(e.Detail, "error"):
			tags[e.Detail] = e.Subject
		case e.Kind == trace.Recovered && strings.HasPrefix(e.Subject, "driver/") && e.Detail != "":
			tags[strings.TrimPrefix(e.Subject, "driver/")] = e.Detail
		}
	}
	return tags
}

// job names a driver by its job's tag, if it is known.
func (t *teller) job(driver string) string {
	if tag := t.tags[driver]; tag != "" {
		return "job " + tag
	}
	return "driver " + driver
}
