package space

import (
	"fmt"
	"strings"
	"time"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/space/inside"
)

// String shows the state to people: what is left of the budgets, what every
// process is and holds, with its timers and what is under way to it, the sessions
// and what the service holds. What belongs to a line is indented below it.
func (w *World) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "left\n  %v of %v\n", time.Duration(w.until-w.now), time.Duration(w.until))
	for _, x := range []struct {
		name string
		n    int
	}{{"crashes", crashes}, {"cuts", cuts}, {"expiries", expiries}, {"drops", drops}, {"late", late}} {
		fmt.Fprintf(&b, "  %s %d\n", x.name, w.left[x.n])
	}
	for _, p := range w.procs {
		w.showProcess(&b, p)
	}
	for _, s := range w.sess {
		w.showSession(&b, s)
	}
	b.WriteString("service\n")
	for line := range strings.Lines(w.tree.String()) {
		b.WriteString("  " + line)
	}
	return b.String()
}

func (w *World) showProcess(b *strings.Builder, p *proc) {
	if p.impl == nil {
		fmt.Fprintf(b, "%s is down\n", p.id)
		return
	}
	fmt.Fprintf(b, "%s incarnation %d %s\n", p.id, p.inc, p.state)
	n := told{w, p}
	for i := range p.timers {
		t := &p.timers[i]
		fmt.Fprintf(b, "  timer %s %s\n", inside.Line(t.call, n), n.in(t))
	}
	for i := range p.ends {
		e := &p.ends[i]
		if len(e.in) == 0 {
			continue
		}
		fmt.Fprintf(b, "  from %s%s\n", w.procs[e.peer].id, heldUp(e.held))
		for _, x := range e.in {
			switch x.kind {
			case message:
				fmt.Fprintf(b, "    %s %s\n", x.msg.Name(), inside.Line(x.msg, n))
			case closed:
				fmt.Fprintf(b, "    closed: %s\n", x.why)
			default:
				b.WriteString("    a connection\n")
			}
		}
	}
	for _, m := range p.mail {
		if m.signal == 0 {
			fmt.Fprintf(b, "  mail: %s ended with %d\n", m.child, m.status)
		} else {
			b.WriteString("  mail: a signal\n")
		}
	}
	b.WriteString("  holds\n")
	for line := range strings.Lines(inside.Text(p.impl, n)) {
		b.WriteString("    " + line)
	}
}

func heldUp(is bool) string {
	if is {
		return " (held up)"
	}
	return ""
}

func (w *World) showSession(b *strings.Builder, s *session) {
	ended := ""
	if s.dead {
		ended = ", ended at the service"
	}
	owner := w.procs[s.owner]
	fmt.Fprintf(b, "session %#x of %s: %s%s\n", s.id, owner.id, [...]string{"joining", "stands", "connection broken", "over"}[s.phase], ended)
	if s.expires > 0 && !s.dead {
		fmt.Fprintf(b, "  expires in %v\n", time.Duration(max(0, s.expires-w.now)))
	}
	n := told{w, owner}
	if len(s.reqs) > 0 {
		fmt.Fprintf(b, "  to the service%s\n", heldUp(s.held[0]))
	}
	for i := range s.reqs {
		r := &s.reqs[i]
		fmt.Fprintf(b, "    %s\n", strings.TrimSpace([...]string{"", "to begin", "", "nobody waits for", "to end"}[r.kind]+inside.Operation(&r.op)))
	}
	if len(s.reps) > 0 {
		fmt.Fprintf(b, "  from the service%s\n", heldUp(s.held[1]))
	}
	for i := range s.reps {
		switch r := &s.reps[i]; r.kind {
		case answers:
			fmt.Fprintf(b, "    answer for %s%s\n", inside.Line(r.calls[0], n), inside.Failed(&r.result))
		case fires:
			fmt.Fprintf(b, "    watch: %s %s\n", r.event.Path, r.event.Type)
		default:
			fmt.Fprintf(b, "    %s\n", [...]string{stands: "it stands", breaks: "its connection broke", expired: "it expired", finished: "it is closed"}[r.kind])
		}
	}
	for i := range s.watches {
		fmt.Fprintf(b, "  watches %s of %s\n", s.watches[i].kind, s.watches[i].path)
	}
}

// told says what people are told for numbers of one process.
type told struct {
	w *World
	p *proc
}

var _ inside.Names = told{}

func (n told) in(t *timer) string {
	return fmt.Sprintf("in %v", time.Duration(max(0, t.at-n.w.now)))
}

// Timer implements inside.Names.
func (n told) Timer(id host.TimerID) string {
	for i := range n.p.timers {
		if t := &n.p.timers[i]; t.id == id {
			return n.in(t)
		}
	}
	return "rang"
}

// Conn implements inside.Names.
func (n told) Conn(c host.ConnID) string {
	if i := n.p.conn(c); i >= 0 {
		return "to " + string(n.w.procs[n.p.ends[i].peer].id)
	}
	return "closed"
}
