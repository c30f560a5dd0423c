package liveness

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

// runnableApps wants an executor for every application that is registered and
// not over, if a worker of the core has room for one: it must not wait for the
// whole of the bound. A decommissioned worker has none.
type runnableApps struct {
	apps    map[string]*waitingApp // by ID
	execs   map[string]string      // the application of each running executor's process
	needs   map[string]need        // of an executor, by tag
	retired map[string]bool        // workers that take no more work, until they start again
}

// waitingApp is what was seen of one application.
type waitingApp struct {
	tag    string
	driver string // its driver's process
	since  int64  // when it was registered, or lost an executor
	over   bool
}

// need is what an executor takes of a worker.
type need struct{ cores, memory int64 }

func newRunnableApps() runnableApps {
	return runnableApps{
		apps: map[string]*waitingApp{}, execs: map[string]string{}, needs: map[string]need{}, retired: map[string]bool{},
	}
}

func (g *runnableApps) app(id string) *waitingApp {
	if g.apps[id] == nil {
		g.apps[id] = &waitingApp{}
	}
	return g.apps[id]
}

func (g *runnableApps) observe(e *trace.Event) {
	switch e.Kind {
	case trace.Call:
		if e.Value == "submit" {
			g.needs[e.Subject] = need{asked(e.Detail, "ecores"), asked(e.Detail, "ememory")}
		}
	case trace.App:
		g.told(e)
	case trace.Acked:
		if e.Subject == "unregister" {
			g.app(e.Value).over = true
		}
	case trace.Recovered:
		if id, ok := checker.RecordID(e.Subject, "app"); ok && final(e.Value) {
			g.app(id).over = true
		}
	case trace.Executor:
		if e.Value == "started" || e.Value == "registered" {
			g.execs[e.Process], _, _ = strings.Cut(e.Subject, "/")
		}
	case trace.Started:
		delete(g.retired, e.Process)
	case trace.Fault:
		g.fault(e)
	case trace.Exited, trace.KilledOff, trace.HostLost:
		g.ended(e)
	}
}

// fault notes the workers that an operator tells to take no more work.
func (g *runnableApps) fault(e *trace.Event) {
	if e.Value != "begin" || e.Subject != "decommission" {
		return
	}
	_, names, _ := strings.Cut(e.Detail, e.Subject)
	for name := range strings.FieldsSeq(names) {
		g.retired[name] = true
	}
}

// asked reads one number of what a submission tells of its job; 1 if it does
// not.
func asked(detail, key string) int64 {
	for w := range strings.FieldsSeq(detail) {
		if v, ok := strings.CutPrefix(w, key+"="); ok {
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				return n
			}
		}
	}
	return 1
}

func (g *runnableApps) told(e *trace.Event) {
	switch e.Value {
	case "begun":
		g.needs[e.Subject] = need{asked(e.Detail, "ecores"), asked(e.Detail, "ememory")}
	case "registered":
		for _, old := range g.apps { //det:allow each is set alike
			old.over = old.over || old.driver == e.Process
		}
		a := g.app(e.Detail)
		a.over = false
		a.tag, a.driver, a.since = e.Subject, e.Process, e.At
	case "finished", "failed", "removed":
		for _, a := range g.apps { //det:allow each is set alike
			a.over = a.over || a.driver == e.Process
		}
	}
}

func (g *runnableApps) ended(e *trace.Event) {
	if id, ok := g.execs[e.Process]; ok {
		delete(g.execs, e.Process)
		g.app(id).since = e.At
	}
	for _, a := range g.apps { //det:allow each is set alike
		a.over = a.over || a.driver == e.Process
	}
}

// missing names an application that waits for its first executor, or the next
// one. Sizes are the workers' own last words on their use.
func (g *runnableApps) missing(w *watch, now int64, sizes map[string]trace.Event) string {
	served := g.served()
	for _, id := range slices.Sorted(maps.Keys(g.apps)) {
		a := g.apps[id]
		if a.driver == "" || a.over || served[id] || now-max(a.since, w.healedAt) < w.bound.N {
			continue
		}
		if p, size := g.room(w, a, sizes); p != "" {
			return fmt.Sprintf("application %s has no executor, though %s has %d cores and %d MiB free", id, p, size.M-size.N, size.Q-size.P)
		}
	}
	return ""
}

// served tells which applications have an executor.
func (g *runnableApps) served() map[string]bool {
	served := map[string]bool{}
	for _, id := range g.execs {
		served[id] = true
	}
	return served
}

// room finds a worker of the core with room for an executor.
func (g *runnableApps) room(w *watch, a *waitingApp, sizes map[string]trace.Event) (string, trace.Event) {
	n := g.needs[a.tag]
	for _, p := range w.roster.Workers() {
		size, known := sizes[p.Name]
		if p.Runs() && w.inCore(p.Name) && !g.retired[p.Name] && known && size.M-size.N >= max(1, n.cores) && size.Q-size.P >= n.memory {
			return p.Name, size
		}
	}
	return "", trace.Event{}
}

// stuck reports whether drivers of applications hold, on workers of the core, what
// their own executors wait for. No master ends such a driver: who waits behind it
// waits for ever.
func (g *runnableApps) stuck(w *watch, sizes map[string]trace.Event) bool {
	served := g.served()
	for id, a := range g.apps { //det:allow any of them
		if a.driver == "" || a.over || served[id] || !w.inCore(checker.Machine(a.driver)) || !strings.Contains(a.driver, "/") {
			continue
		}
		if on := w.roster.Of(checker.Machine(a.driver)); on == nil || on.Kind != "worker" {
			continue
		}
		if p, _ := g.room(w, a, sizes); p == "" {
			return true
		}
	}
	return false
}
