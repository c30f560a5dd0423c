package space

import (
	"fmt"
	"strings"
	"time"
)

// String shows the state to people: what every process is, what is under way,
// what the service holds, and what is left of the budgets.
func (w *World) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v of %v have passed\n", time.Duration(w.now), time.Duration(w.until))
	fmt.Fprintf(&b, "left: crashes=%d cuts=%d expiries=%d drops=%d late=%d\n", w.left[crashes], w.left[cuts], w.left[expiries], w.left[drops], w.left[late])
	for _, p := range w.procs {
		w.showProcess(&b, p)
	}
	for _, s := range w.sess {
		fmt.Fprintf(&b, "session %#x of %s: %s", s.id, w.procs[s.owner].id, [...]string{"joining", "stands", "connection broken", "over"}[s.phase])
		if s.dead {
			b.WriteString(", ended at the service")
		}
		fmt.Fprintf(&b, "; %d requests, %d replies under way, %d watches\n", len(s.reqs), len(s.reps), len(s.watches))
	}
	b.WriteString(w.tree.String())
	return b.String()
}

func (w *World) showProcess(b *strings.Builder, p *proc) {
	if p.impl == nil {
		fmt.Fprintf(b, "%s is down\n", p.id)
		return
	}
	fmt.Fprintf(b, "%s (incarnation %d) %s\n", p.id, p.inc, p.state)
	for i := range p.timers {
		t := &p.timers[i]
		fmt.Fprintf(b, "  in %v: %s\n", time.Duration(max(0, t.at-w.now)), t.call)
	}
	for i := range p.ends {
		e := &p.ends[i]
		if len(e.in) == 0 {
			continue
		}
		fmt.Fprintf(b, "  from %s:", w.procs[e.peer].id)
		for _, x := range e.in {
			switch x.kind {
			case message:
				b.WriteString(" " + x.msg.Name())
			case closed:
				b.WriteString(" closed")
			default:
				b.WriteString(" connection")
			}
		}
		if e.held {
			b.WriteString(" (held up)")
		}
		b.WriteByte('\n')
	}
}
