package story

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// since tells how long ago the loss of the active master was.
func (t *teller) since(e *trace.Event) string {
	if t.lostAt == 0 {
		return ""
	}
	return ", " + Short(e.At-t.lostAt) + " after the loss of " + t.gone
}

func (t *teller) started(e *trace.Event) {
	if e.Inc > 1 && e.Value != "driver" && e.Value != "client" {
		t.say(e, "%s starts again", e.Process)
	}
	if e.Value == "master" {
		*t.master(e.Process) = master{}
	}
}

func (t *teller) exited(e *trace.Event) {
	if isDriver(e.Process) {
		return
	}
	t.lose(e, e.Process)
	switch {
	case e.N == 0:
		t.say(e, "%s ends by itself", e.Process)
	default:
		t.say(e, "%s ends by itself with status %d", e.Process, e.N)
	}
}

// isDriver tells a driver's process from a machine's: drivers are children,
// and their names hold the name of their parent and more.
func isDriver(process string) bool { return strings.ContainsAny(process, "/#") }

// lose notes that the active master's reign is over, if it is that one. The
// fault that struck it before is when that began.
func (t *teller) lose(e *trace.Event, process string) {
	if process == t.active {
		t.maybe = ""
	}
	if process == t.active && t.lostAt == 0 {
		t.lostAt, t.gone = max(e.At, 1), process
	}
}

func (t *teller) sessionOver(e *trace.Event) {
	if t.masters[e.Process] == nil {
		return
	}
	how := "ZooKeeper expires the session of %s%s: its claim to lead is gone"
	if e.Value == "closed" {
		how = "%s says goodbye to ZooKeeper and gives up its claim to lead%s"
	}
	// With a session for the latch and one for the store, one line is enough.
	if (e.Process == t.active || e.Process == t.gone) && !t.over {
		t.lose(e, e.Process)
		t.over = true
		since := t.since(e)
		if e.At-t.lostAt < 1_000_000 {
			since = ""
		}
		t.say(e, how, e.Process, since)
	}
}

func (t *teller) elected(e *trace.Event) {
	t.say(e, "%s is elected: term %d begins%s", e.Process, e.Term, t.since(e))
}

func (t *teller) recovered(e *trace.Event) {
	switch m := t.master(e.Process); {
	case strings.HasPrefix(e.Subject, "driver/"):
		m.drivers++
	case strings.HasPrefix(e.Subject, "app/"):
		m.apps++
	default:
		m.others++
	}
}

func (t *teller) state(e *trace.Event) {
	m := t.master(e.Process)
	before := *m
	m.state, m.term = e.Value, e.Term
	switch {
	case e.Value == "Alive" && before.state == "Suspended" && before.term == e.Term:
		t.say(e, "%s can write again: it goes on as the active master of term %d", e.Process, e.Term)
		t.takeOver(e)
	case e.Value == "Alive":
		t.alive(e, m)
	case e.Value == "Suspended":
		t.lose(e, e.Process)
		t.say(e, "%s cannot write to ZooKeeper any more: it stops acting and waits (Suspended)", e.Process)
	case e.Value == "Standby" && before.state != "" && before.state != "Standby":
		t.lose(e, e.Process)
		t.say(e, "%s gives up term %d and is a standby again", e.Process, before.term)
	case e.Value == "Recovering":
		m.drivers, m.others, m.apps = 0, 0, 0
	}
}

func (t *teller) alive(e *trace.Event, m *master) {
	text := fmt.Sprintf("%s is Alive in term %d: it is the active master", e.Process, e.Term)
	if m.drivers+m.others+m.apps > 0 {
		apps := ""
		if m.apps > 0 {
			apps = ", " + count(m.apps, "application")
		}
		text = fmt.Sprintf("%s is Alive in term %d: it knows %s%s and %s again", e.Process, e.Term,
			count(m.drivers, "job"), apps, count(m.others, "worker"))
	}
	if old := t.masters[t.active]; t.active != e.Process && old != nil && old.state == "Alive" && t.down[t.active] == "" && t.lostAt == 0 {
		text += ", while " + t.active + " believes the same"
	}
	text += t.since(e)
	if n := len(t.open); n > 0 && t.lostAt != 0 {
		text += "; " + count(n, "request") + " of clients waited for that"
	}
	t.say(e, "%s", text)
	t.takeOver(e)
}

func (t *teller) takeOver(e *trace.Event) {
	t.active, t.lostAt, t.maybe, t.over, t.gone = e.Process, 0, "", false, ""
}

// refusal tells the first refusal of one master's commands by one worker.
func (t *teller) refusal(e *trace.Event) {
	key := fmt.Sprint(e.Process, e.Term)
	t.refused[key]++
	if t.refused[key] == 1 {
		what := e.Subject
		if e.Value != "" && (what == "launch" || what == "kill") {
			what += " of " + t.job(e.Value)
		}
		t.say(e, "%s refuses a command of the older term %d: %s", e.Process, e.Term, what)
	}
}

func (t *teller) obeyed(e *trace.Event) {
	if e.Subject == "launch" && e.N > 1 {
		t.say(e, "%s runs %s again (attempt %d)", e.Process, t.job(e.Value), e.N)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Clients says in a few lines what clients saw of the run; nothing if none
// asked for anything.
func Clients(events []trace.Event) []string {
	type key struct {
		process string
		n       int64
	}
	calls := map[key]*trace.Event{}
	var asked, answered, gaveUp, refused int
	var longest *trace.Event
	var wait int64
	ended := map[string]int{}
	for i := range events {
		e := &events[i]
		k := key{e.Process, e.N}
		switch e.Kind {
		case trace.Call:
			asked++
			calls[k] = e
		case trace.GaveUp:
			gaveUp++
		case trace.Return:
			if strings.HasPrefix(e.Detail, "error") {
				refused++
			} else {
				answered++
			}
			if c := calls[k]; c != nil && e.At-c.At > wait {
				longest, wait = c, e.At-c.At
			}
		case trace.Job:
			ended[e.Value]++
		}
	}
	if asked == 0 {
		return nil
	}
	text := fmt.Sprintf("clients asked %d times and were answered %d times", asked, answered)
	for _, more := range []struct {
		n    int
		what string
	}{{refused, "refused"}, {gaveUp, "given up"}, {asked - answered - refused - gaveUp, "still open"}} {
		if more.n > 0 {
			text += fmt.Sprintf(", %d %s", more.n, more.what)
		}
	}
	lines := []string{text}
	if longest != nil {
		lines = append(lines, fmt.Sprintf("the longest wait was %s: %s asked to %s job %s at %s",
			Short(wait), longest.Process, verb(longest.Value), longest.Subject, Seconds(longest.At)))
	}
	if n := ended["started"]; n > 0 {
		lines = append(lines, fmt.Sprintf("jobs ran %d times: %d finished, %d failed, %d were killed",
			n, ended["finished"], ended["failed"], ended["killed"]))
	}
	return append(lines, worked(events)...)
}

func verb(op string) string {
	if i := slices.Index([]string{"submit", "kill", "status"}, op); i == 2 {
		return "see the status of"
	}
	return op
}
