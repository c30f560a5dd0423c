package abstract

import (
	"fmt"
	"strings"
)

// Text is a state for people, in lines.
func (y *System) Text(s State) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("coordination")
	line("  term %d", s.Term)
	line("  latch of %s", numbered("m", s.Owner))
	line("masters")
	modes := [...]string{"Down", "Standby", "Recovering", "Alive", "Suspended"}
	for i, m := range s.Masters[:y.Masters] {
		line("  m%d %s, term %d", i+1, modes[m.Mode], m.Reign)
	}
	if y.Workers > 0 {
		line("workers")
	}
	for i, w := range s.Workers[:y.Workers] {
		line("  w%d %s, %s, %s, %s, highest term %d", i+1, either(w.Up, "up", "down"), either(w.Cut, "cut off", "reachable"),
			either(w.Lease, "lease", "no lease"), either(w.Fresh > 0, "in the store and not told", either(w.Entry, "in the store", "not in the store")), w.Seen)
	}
	for i := range y.Jobs {
		y.job(line, i, &s.Jobs[i])
	}
	line("faults left")
	line("  %d crashes, %d expiries, %d cuts", s.Left.Crashes, s.Left.Expiries, s.Left.Cuts)
	if s.Late || s.Stale {
		line("broken")
	}
	if s.Late {
		line("  a write of an older term was accepted")
	}
	if s.Stale {
		line("  a worker obeyed an older term than it had seen")
	}
	return b.String()
}

func (y *System) job(line func(format string, args ...any), i int, j *Job) {
	line("job %d, %s", i+1, either(j.Supervised, "supervised", "not supervised"))
	line("  record %v, attempt %d on %s, %s, written in term %d", j.Phase, j.Attempt, numbered("w", j.Worker), either(j.Kill, "to be killed", "not to be killed"), j.By)
	line("  client %s; %s", either(j.Acked, "knows that it was submitted", "has no answer yet"),
		either(j.KillAcked, "knows that it is to be killed", either(j.Wished, "wants it killed", "does not want it killed")))
	progress := [...]string{"not started", "runs", "has finished", "has failed", "was killed", "expired with its lease", "is gone with its worker"}
	for a, r := range j.Runs[:y.Attempts] {
		var terms []string
		for t := range 8 {
			if r.Sent>>t&1 == 1 {
				terms = append(terms, fmt.Sprint(t))
			}
		}
		line("  attempt %d on %s %s%s", a+1, numbered("w", r.Worker), progress[r.Progress],
			either(len(terms) > 0, ", launches of terms "+strings.Join(terms, " ")+" under way", ""))
	}
}

// numbered is the name of one that counts from 1, and 0 is nobody.
func numbered(kind string, n uint8) string {
	if n == 0 {
		return "nobody"
	}
	return fmt.Sprint(kind, n)
}

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}
