package liveness

import (
	"fmt"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var workerRejoins = checker.Property{
	Name: "worker-rejoins", Kind: checker.Liveness,
	Says:   "Within a bound after the faults are over every healthy worker is registered with the active master, and none has given up and ended.",
	Source: "invariant I8; defect D-09: a worker that asks its old master alone; D-38, D-43: one that is refused and exits",
	New: func() checker.Monitor {
		return &watch{property: "worker-rejoins", goal: &rejoined{known: map[string]bool{}, ended: map[string]bool{}}, lasting: true}
	},
}

// rejoined wants every worker of the core to follow the active master, which
// knows it: because it acknowledged its registration, or because it recovered
// it and the worker answered, and it has not removed it since.
type rejoined struct {
	term  int64           // of the latest reign
	known map[string]bool // the workers of that reign
	ended map[string]bool // processes that ended by themselves
}

func (g *rejoined) observe(e *trace.Event) {
	switch e.Kind {
	case trace.Exited:
		g.ended[e.Process] = true
	case trace.Started:
		delete(g.ended, e.Process)
	case trace.Elected:
		if e.Term > g.term {
			g.term = e.Term
			clear(g.known)
		}
	case trace.Recovered:
		if id, ok := checker.RecordID(e.Subject, "worker"); ok && e.Term == g.term {
			g.known[id] = !strings.EqualFold(e.Value, "DEAD") && !strings.EqualFold(e.Value, "UNKNOWN")
		}
	case trace.Acked:
		if e.Subject == "register" && e.Term == g.term {
			g.known[e.Value] = true
		}
	case trace.Intent:
		if id, ok := checker.RecordID(e.Subject, "worker"); ok && e.Value == "delete" && e.Term == g.term {
			delete(g.known, id)
		}
	}
}

func (g *rejoined) missing(w *watch, _ int64) string {
	active := w.roster.Active()
	if len(w.roster.Masters()) == 0 { // a run of ZooKeeper alone
		return ""
	}
	if len(active) == 0 {
		return "no master is Alive to register with: " + states(w)
	}
	for _, p := range w.roster.Workers() {
		switch {
		case !w.inCore(p.Name):
			continue
		case g.ended[p.Name]:
			return fmt.Sprintf("worker %s has ended by itself, and nobody starts it again", p.Name)
		case !p.Runs():
			continue
		}
		followed := false
		for _, m := range active {
			followed = followed || p.Follows == m.Term && (m.Term != g.term || g.known[p.Worker])
		}
		if !followed {
			return fmt.Sprintf("worker %s follows term %d, and %s does not count it in term %d",
				p.Name, p.Follows, active[0].Name, active[0].Term)
		}
	}
	return ""
}
