package liveness

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var runnableRuns = checker.Property{
	Name: "runnable-runs", Kind: checker.Liveness,
	Says: "Within a bound after the faults are over every acknowledged job that fits on a worker has run or is running, " +
		"and every application that a worker has room for has an executor.",
	Source: "invariant I6; defects D-02, D-22: a launch that is lost, or a queued driver that is dropped",
	New: func() checker.Monitor {
		return &watch{property: "runnable-runs", goal: &runnable{
			drivers: map[string]*runner{}, needs: map[string]trace.Event{}, tags: map[string]string{},
			sizes: map[string]trace.Event{}, apps: newRunnableApps(),
		}}
	},
}

// runnable wants every acknowledged driver started, unless it was killed, has
// ended, or fits on no worker of the core. A supervised driver whose worker is
// gone must start again; any other then has ended.
type runnable struct {
	drivers map[string]*runner
	needs   map[string]trace.Event // the call of each submission, by tag
	tags    map[string]string      // tags of drivers
	sizes   map[string]trace.Event // the workers' own last word on their size
	roster  checker.Roster
	apps    runnableApps
}

// runner is what was seen of one driver.
type runner struct {
	acked   bool
	over    bool   // ended, killed, or removed
	started string // the machine on which it started last; empty if it did not
	puts    int    // writes of its record
	put     trace.Event
	harmed  bool // a worker came to harm since its record was written again
}

func (g *runnable) driver(id string) *runner {
	d, ok := g.drivers[id]
	if !ok {
		d = &runner{}
		g.drivers[id] = d
	}
	return d
}

func (g *runnable) observe(e *trace.Event) {
	g.roster.Observe(e)
	g.apps.observe(e)
	switch e.Kind {
	case trace.Call:
		if e.Value == "submit" {
			g.needs[e.Subject] = *e
		}
	case trace.Return:
		g.returned(e)
	case trace.Acked:
		d := g.driver(e.Value)
		d.acked = d.acked || e.Subject == "submit"
		d.over = d.over || e.Subject == "kill"
	case trace.Obeyed:
		if e.Subject == "launch" {
			g.driver(e.Value).started = checker.Machine(e.Process)
		}
	case trace.Job:
		g.driver(e.Subject).over = g.driver(e.Subject).over || e.Value == "finished" || e.Value == "killed"
	case trace.Accepted:
		g.driver(e.Subject).over = g.driver(e.Subject).over || final(e.Value)
	case trace.Recovered:
		if id, ok := checker.RecordID(e.Subject, "driver"); ok {
			g.driver(id).over = g.driver(id).over || final(e.Value)
		}
	case trace.Intent:
		g.wrote(e)
	case trace.Usage:
		if p := g.roster.Of(e.Process); p != nil && p.Kind == "worker" {
			g.sizes[e.Process] = *e
		}
	case trace.Exited, trace.KilledOff, trace.HostLost:
		g.lost(e.Process)
	case trace.Fault, trace.Paused:
		if e.Kind == trace.Paused || e.Value == "begin" && checker.IsLink(e.Subject) {
			g.harm()
		}
	}
}

func final(state string) bool {
	return state == "FINISHED" || state == "FAILED" || state == "KILLED" || state == "ERROR"
}

func (g *runnable) returned(e *trace.Event) {
	switch {
	case e.Value == "submit" && !strings.HasPrefix(e.Detail, "error"):
		g.tags[e.Detail] = e.Subject
	case e.Value == "status" && final(e.Detail):
		for id, tag := range g.tags { //det:allow each is set alike
			if tag == e.Subject {
				g.driver(id).over = true
			}
		}
	}
}

func (g *runnable) wrote(e *trace.Event) {
	id, ok := checker.RecordID(e.Subject, "driver")
	if !ok {
		return
	}
	d := g.driver(id)
	switch {
	case e.Value == "delete":
		d.over = true
	case d.puts == 0 || d.put.Process != e.Process || d.put.Inc != e.Inc || d.put.N != e.N:
		d.puts, d.put = d.puts+1, *e
	}
}

// lost is the end of a process. A driver's own end is told by others.
func (g *runnable) lost(process string) {
	p := g.roster.Of(process)
	if p == nil || p.Kind != "worker" {
		return
	}
	g.harm()
	for id, d := range g.drivers { //det:allow each is judged alone
		if d.started != process {
			continue
		}
		if g.needs[g.tags[id]].Q > 0 {
			d.started = ""
		} else {
			d.over = true
		}
	}
}

// harm notes for every driver that had been given to a worker that the master
// may have taken that worker for lost.
func (g *runnable) harm() {
	for _, d := range g.drivers { //det:allow each is set alike
		d.harmed = d.harmed || d.puts > 1
	}
}

func (g *runnable) missing(w *watch, now int64) string {
	for _, id := range slices.Sorted(maps.Keys(g.drivers)) {
		d, need := g.drivers[id], g.needs[g.tags[id]]
		switch {
		case !d.acked || d.over || d.started != "":
		case d.harmed && need.Q == 0:
		case !g.fits(w, &need):
		case !g.room(w, &need) && g.apps.stuck(w, g.sizes):
		default:
			return fmt.Sprintf("driver %s was acknowledged and neither runs nor has ended", id)
		}
	}
	return g.apps.missing(w, now, g.sizes)
}

// room reports whether some worker of the core has room for it now, as far as
// that is known.
func (g *runnable) room(w *watch, need *trace.Event) bool {
	for _, p := range w.roster.Workers() {
		size, known := g.sizes[p.Name]
		if p.Runs() && w.inCore(p.Name) && !g.apps.retired[p.Name] && (!known || need.M <= size.M-size.N && need.P <= size.Q-size.P) {
			return true
		}
	}
	return false
}

// fits reports whether some running worker of the core, which was not told to
// take no more work, is large enough.
func (g *runnable) fits(w *watch, need *trace.Event) bool {
	told := false
	for _, p := range w.roster.Workers() {
		if !p.Runs() || !w.inCore(p.Name) {
			continue
		}
		size, known := g.sizes[p.Name]
		if !g.apps.retired[p.Name] && (!known || need.M <= size.M && need.P <= size.Q) {
			return true
		}
		told = true
	}
	return !told && need.M == 0 && need.P == 0 && len(w.roster.Workers()) > 0
}
