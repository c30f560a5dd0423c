package story

import (
	"fmt"
	"io"
	"strings"

	"github.com/simctl/simctl/model/trace"
)

// mostTold is how many operations of probes are told one by one.
const mostTold = 60

// serving tells a new leader of the ensemble.
func (t *teller) serving(e *trace.Event) {
	if e.Value == "leading" {
		t.say(e, "%s leads the ZooKeeper ensemble: epoch %d begins", e.Process, e.Term)
	}
}

// failed tells why a server gave up: once, though it may try again and again.
func (t *teller) failed(e *trace.Event) {
	if e.Process == "" || e.Process[0] != 'z' || t.refused[e.Process+e.Value] > 0 {
		return
	}
	t.refused[e.Process+e.Value]++
	t.say(e, "%s refuses to run: %s", e.Process, e.Value)
}

// zcall keeps an operation until it is answered.
func (t *teller) zcall(e *trace.Event) { t.asked[zkey(e)] = e.Subject }

func zkey(e *trace.Event) string { return fmt.Sprint(e.Process, "#", e.Inc, " ", e.N) }

func (t *teller) zreturn(e *trace.Event) {
	words := t.asked[zkey(e)]
	delete(t.asked, zkey(e))
	if t.quiet || words == "" {
		return
	}
	t.say(e, "%s: %s → %s", e.Process, words, got(e))
}

// got is an answer in a few words.
func got(e *trace.Event) string {
	if e.Value != "ok" {
		return strings.ReplaceAll(e.Value, "-", " ")
	}
	for w := range strings.FieldsSeq(e.Detail) {
		for _, name := range []string{"data=", "names=", "path="} {
			if v, ok := strings.CutPrefix(w, name); ok {
				if v == "" {
					return "none"
				}
				return v
			}
		}
	}
	return "ok"
}

func (t *teller) zwatch(e *trace.Event) {
	if !t.quiet {
		t.say(e, "%s is told by its watch: %s %s", e.Process, e.Subject, strings.ReplaceAll(e.Value, "-", " "))
	}
}

func (t *teller) recipe(e *trace.Event) {
	if !t.quiet {
		t.say(e, "%s, %s: %s", e.Process, e.Subject, strings.TrimSpace(e.Value+" "+e.Detail))
	}
}

// probeSession tells the sessions of probes; masters' are part of their reigns.
func (t *teller) probeSession(e *trace.Event) {
	if e.Process == "" || e.Process[0] != 'p' || t.quiet {
		return
	}
	t.say(e, "%s: its session is %s", e.Process, e.Value)
}

// Probes says in a line or two what probes saw of the run; nothing if there
// were none.
func Probes(events []trace.Event) []string {
	var asked, answered, failed int
	calls := map[string]*trace.Event{}
	var longest *trace.Event
	var wait int64
	for i := range events {
		switch e := &events[i]; e.Kind {
		case trace.ZCall:
			asked++
			calls[zkey(e)] = e
		case trace.ZReturn:
			if e.Value == "connection-loss" || e.Value == "expired" || e.Value == "closed" {
				failed++
			} else {
				answered++
			}
			if c := calls[zkey(e)]; c != nil && e.At-c.At > wait {
				longest, wait = c, e.At-c.At
			}
		default:
		}
	}
	if asked == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("probes asked ZooKeeper %d times: %d answered, %d lost with their connection or session", asked, answered, failed)}
	if longest != nil {
		lines = append(lines, fmt.Sprintf("the longest wait was %s: %s asked to %s at %s", Short(wait), longest.Process, longest.Subject, Seconds(longest.At)))
	}
	return lines
}

// Votes writes down every election of a run, vote by vote: each vote as a
// server hears it, what that server then votes itself, and what it became. A
// vote is a pair of the server voted for and the last transaction which that
// one has logged, within its epoch.
func Votes(w io.Writer, events []trace.Event) error {
	b := ballot{w: w, own: map[string]string{}, of: map[int64]string{}, name: map[int64]string{}}
	for i := range events {
		b.take(&events[i])
	}
	return b.err
}

// ballot is the table that Votes writes.
type ballot struct {
	w    io.Writer
	own  map[string]string // each server's latest vote
	of   map[int64]string  // the latest vote for each server
	name map[int64]string  // of servers, by the number they vote with
	err  error
	rows int
}

func (b *ballot) take(e *trace.Event) {
	switch {
	case e.Kind == trace.Role && e.Value == "looking":
		b.row(e, "", "looks for a leader")
		delete(b.own, e.Process)
	case e.Kind == trace.Role && e.Value == "leading":
		b.row(e, "", "is elected by itself")
	case e.Kind == trace.Role:
		b.own[e.Process] = b.of[e.N]
		b.row(e, "", "elects "+b.server(e.N))
	case e.Kind == trace.Serving:
		b.row(e, "", map[bool]string{true: "leads and serves", false: "follows and serves"}[e.Value == "leading"])
	case e.Kind == trace.Vote && e.N == 0:
		if b.own[e.Process] == "" {
			b.name[e.M] = e.Process // the first is for itself
		}
		b.own[e.Process], b.of[e.M] = vote(e), vote(e)
		b.row(e, "", "votes")
	case e.Kind == trace.Vote && e.Value == "refused":
		b.row(e, b.server(e.N), "does not lead")
	case e.Kind == trace.Vote:
		b.row(e, b.server(e.N), fmt.Sprintf("%s %s", e.Value, vote(e)))
	}
}

func (b *ballot) server(id int64) string {
	if n := b.name[id]; n != "" {
		return n
	}
	return fmt.Sprintf("server %d", id)
}

func vote(e *trace.Event) string { return fmt.Sprintf("(%d,%d)", e.M, e.Zxid&(1<<32-1)) }

func (b *ballot) row(e *trace.Event, from, what string) {
	if b.rows == 0 {
		b.line("time", "server", "hears", "", "its vote")
	}
	b.rows++
	b.line(fmt.Sprintf("%.1fms", float64(e.At/100_000)/10), e.Process, from, what, b.own[e.Process])
}

func (b *ballot) line(at, who, from, what, own string) {
	if b.err == nil {
		text := fmt.Sprintf("%12s  %-7s %-7s %-22s %s", at, who, from, what, own)
		_, b.err = fmt.Fprintln(b.w, strings.TrimRight(text, " "))
	}
}
