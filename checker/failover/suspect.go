package failover

import (
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// suspect is something that may cost a master its reign.
type suspect struct {
	class, text string
	from, to    int64 // to is -1 while it goes on
	own         bool  // it struck the master's process, not its links or servers
}

// latch is what a master told of its latch's session.
type latch struct {
	session int64
	trouble int64 // when it last lost its connection, 0 before
	back    int64 // when it was connected again, -1 while it is not
}

// session notes when a master's latch lost its connection.
func (t *Tracker) session(e *trace.Event) {
	if e.Subject != "latch" {
		return
	}
	if t.latch == nil {
		t.latch = map[string]latch{}
	}
	l, known := t.latch[e.Process]
	if e.N != 0 {
		l.session = e.N
	}
	switch {
	case e.Value == "connected":
		l.back = e.At
	case !known || l.back >= l.trouble:
		l.trouble, l.back = e.At, -1
	}
	t.latch[e.Process] = l
}

// served clears what was over when the active master, connected again, has
// answered for as long as it was away: news of the break may wait that long
// behind a store that blocks.
func (t *Tracker) served(e *trace.Event) {
	if a := t.active; a == nil || a.process != e.Process {
		return
	}
	l, known := t.latch[e.Process]
	if known && l.back >= l.trouble && e.At > l.back+(l.back-l.trouble) {
		t.forget(l.back)
	}
}

// fault notes what may cost a reign. The death of a master's process is told by
// an event of its own, and no session looks at a wall clock.
func (t *Tracker) fault(e *trace.Event) {
	switch {
	case e.Value == "end":
		t.over(e.Subject, e.Detail, e.At)
	case e.Value != "begin" || e.Subject == "clock-jump":
	case e.Subject == "drop" || e.Subject == "duplicate": // messages between our processes keep no session
	case e.Subject == "reset" || e.Subject == "expire" || e.Subject == "zk-leader-loss": // struck once
		t.suspect = append(t.suspect, suspect{e.Subject, e.Detail, e.At, e.At, e.Subject == "expire"})
	default:
		t.suspect = append(t.suspect, suspect{e.Subject, e.Detail, e.At, -1, !isLine(e.Subject)})
	}
}

// isLine reports whether a class of fault strikes what goes over links.
func isLine(class string) bool { return checker.IsLink(class) || class == "lossy" || class == "drain" }

// over ends what is suspected.
func (t *Tracker) over(class, text string, at int64) {
	for i := range t.suspect {
		if s := &t.suspect[i]; s.class == class && s.text == text && s.to < 0 {
			s.to = at
			return
		}
	}
}

// forget drops what was over at a moment when all was well.
func (t *Tracker) forget(at int64) {
	t.suspect = slices.DeleteFunc(t.suspect, func(s suspect) bool { return s.to >= 0 && s.to < at })
}

// rank says how likely s cost the active master its reign at a moment; 0 is not
// at all. What struck the master's process comes before what struck its way to
// the service, and what goes on before what is over.
//
// What struck the way to the service costs a reign only by a connection that
// breaks: so it is no cause if the master tells its sessions, and its latch lost
// no connection since it began.
func (t *Tracker) rank(s *suspect, at int64) int {
	goesOn := s.to < 0 || s.to >= at
	troubled := t.troubled(s)
	switch {
	case s.from > at:
		return 0
	case s.dies() && strikes(s.text, t.active.process, "master"):
		return 0 // its own end would have told it
	case s.own && strikes(s.text, t.active.process, "master"):
		if goesOn {
			return 4
		}
		if troubled {
			return 2
		}
	case troubled && s.class == "zk-leader-loss", troubled && cuts(s.text, t.active.process):
		if goesOn || s.from == s.to {
			return 3
		}
		return 1
	}
	return 0
}

// dies reports whether s ends processes at once.
func (s *suspect) dies() bool { return s.class == "kill" || s.class == "host-loss" }

// cause is how a failover by s is named.
func (s *suspect) cause(process string) string {
	if s.own && !strikes(s.text, process, "master") {
		return "server-loss"
	}
	return s.class
}

// troubled reports whether the latch of the active master lost its connection
// since s began, or tells nothing of its sessions.
func (t *Tracker) troubled(s *suspect) bool {
	l, known := t.latch[t.active.process]
	return !known || l.trouble >= s.from
}

// groups returns the targets of a fault, group by group.
func groups(text string) [][]string {
	out := [][]string{nil}
	for w := range strings.FieldsSeq(text) {
		if w == "|" {
			out = append(out, nil)
		} else if !strings.Contains(w, "=") {
			out[len(out)-1] = append(out[len(out)-1], w)
		}
	}
	return out
}

func strikes(text, process, kind string) bool {
	return checker.Concerns(strings.Join(groups(text)[0], " "), process, kind)
}

// cuts reports whether a fault of links or of servers stands between a master
// and the service: between it and a server, or between two servers.
func cuts(text, process string) bool {
	parts := groups(text)
	at, servers := -1, 0
	for i, g := range parts {
		if checker.Concerns(strings.Join(g, " "), process, "master") {
			at = i
		}
		if slices.ContainsFunc(g, isServer) {
			servers++
		}
	}
	switch {
	case len(parts) == 1:
		return servers > 0
	case at >= 0 && slices.ContainsFunc(parts[at], isServer):
		return servers > 1
	}
	return at >= 0 && servers > 0 || servers > 1
}

// isServer reports whether a target of a fault is a server, or may be.
func isServer(target string) bool {
	switch target {
	case "servers", "any-server", "everyone", "rest":
		return true
	}
	digits, ok := strings.CutPrefix(target, "z")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}
