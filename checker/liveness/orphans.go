package liveness

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var noOrphans = checker.Property{
	Name: "no-orphans", Kind: checker.Liveness,
	Says: "Within a bound after the faults are over, or after it became unknown if that is later, no driver or executor runs on a worker " +
		"of which the active master does not know, or whose kill it acknowledged, and no worker has more in use than that master counts.",
	Source: "invariant I7; defects D-16, D-01, D-03: what a worker reports of jobs that nobody knows runs on, and its cores count as free",
	New: func() checker.Monitor {
		return &watch{property: "no-orphans", lasting: true, goal: &orphans{
			masters: map[holder]*known{}, runs: map[string]*child{}, own: map[string]trace.Event{}, since: map[string]int64{},
		}}
	},
}

// orphans wants everything that runs on a worker to be known to an active
// master: the driver is on record there, not over, and in no later attempt; so is
// the application of the executor; and the worker uses no more than is counted.
// While no master is Alive nobody can know anything: that is another property.
type orphans struct {
	roster  checker.Roster
	active  []*checker.Process // the Alive masters
	masters map[holder]*known
	runs    map[string]*child      // by process
	own     map[string]trace.Event // the workers' last words on their use
	since   map[string]int64       // when what is unknown now became so, by process
	healed  bool
}

// holder is one incarnation of a master.
type holder struct {
	process string
	inc     uint32
}

// known is what a master told in its reign of what it knows.
type known struct {
	drivers map[string]record
	apps    map[string]record
	counts  map[string]trace.Event // its view of each worker's use
}

// record is one driver or application on record.
type record struct {
	over    bool
	killed  bool  // of a driver: its kill was acknowledged in this reign
	attempt int64 // of a driver: the latest that was told
}

// child is a process that a worker runs.
type child struct {
	driver  string // its ID, once it is known
	attempt int64
	app     string // of an executor
}

func (g *orphans) observe(e *trace.Event) {
	p := g.roster.Observe(e)
	master := p != nil && p.Kind == "master"
	if master {
		g.active = g.roster.Active()
	}
	everything, id := false, ""
	switch e.Kind {
	case trace.Started, trace.Exited, trace.KilledOff, trace.HostLost:
		g.lived(e)
	case trace.Job, trace.Executor:
		g.ran(e)
	case trace.Obeyed:
		if e.Subject == "launch" {
			g.launched(e)
			id = e.Value
		}
	case trace.Usage:
		if w := g.roster.Of(e.Process); w != nil && w.Kind == "worker" {
			g.own[e.Process] = *e
		} else {
			g.of(e).counts[e.Subject] = *e
			g.lookAtWorkers(e.At)
		}
	case trace.Elected: // a reign begins with nothing
		delete(g.masters, holder{e.Process, e.Inc})
		everything = true
	case trace.Recovered, trace.Acked, trace.Accepted, trace.Intent:
		id = g.of(e).observe(e)
	case trace.Healed:
		g.healed, everything = true, true
	case trace.State, trace.Paused, trace.Resumed, trace.Registered:
	default:
		return
	}
	switch {
	case everything || master:
		g.look(e.At)
	case id != "":
		g.lookAtRuns(e.At, id)
	default:
		g.lookAt(e.Process, e.At)
	}
}

func (g *orphans) of(e *trace.Event) *known {
	at := holder{e.Process, e.Inc}
	k := g.masters[at]
	if k == nil {
		k = &known{drivers: map[string]record{}, apps: map[string]record{}, counts: map[string]trace.Event{}}
		g.masters[at] = k
	}
	return k
}

// lived is the beginning or the end of a process.
func (g *orphans) lived(e *trace.Event) {
	switch {
	case e.Kind != trace.Started:
		delete(g.runs, e.Process)
		delete(g.own, e.Process)
	case strings.HasPrefix(e.Process, "w") && (e.Value == "driver" || e.Value == "executor"):
		g.runs[e.Process] = &child{}
	}
}

// ran is what a driver or executor tells of itself.
func (g *orphans) ran(e *trace.Event) {
	c := g.runs[e.Process]
	switch {
	case c == nil:
	case e.Value != "started" && e.Value != "registered":
		delete(g.runs, e.Process) // its end is its own affair from here on
	case e.Kind == trace.Job:
		c.driver, c.attempt = e.Subject, e.N
	default:
		c.app, _, _ = strings.Cut(e.Subject, "/")
	}
}

// launched is a driver's attempt that a master of a term had started.
func (g *orphans) launched(e *trace.Event) {
	for _, m := range g.roster.Masters() {
		if k := g.masters[holder{m.Name, m.Inc}]; k != nil && m.Term == e.Term && e.N > k.drivers[e.Value].attempt {
			k.drivers[e.Value] = record{attempt: e.N}
		}
	}
}

// observe notes what a master tells of its records, and returns the ID of the one
// that it was about. One that it writes it knows; whether that is over its other
// words tell.
func (k *known) observe(e *trace.Event) string {
	subject, value := e.Subject, e.Value
	switch e.Kind {
	case trace.Acked:
		subject, value = map[string]string{"submit": "driver/", "kill": "driver/", "app": "app/", "unregister": "app/"}[e.Subject]+e.Value, e.Subject
	case trace.Accepted:
		subject = "driver/" + e.Subject
	}
	records := k.drivers
	id, is := checker.RecordID(subject, "driver")
	if !is {
		if id, is = checker.RecordID(subject, "app"); !is {
			return ""
		}
		records = k.apps
	}
	r := records[id]
	switch {
	case e.Kind == trace.Recovered:
		r.attempt = e.N
	case e.Kind == trace.Accepted && e.N < r.attempt:
		return ""
	}
	r.killed = r.killed || e.Kind == trace.Acked && e.Subject == "kill"
	r.over = r.over || final(value) || value == "delete" || value == "unregister"
	records[id] = r
	return id
}

// look notes since when what is unknown now is.
func (g *orphans) look(now int64) {
	g.lookAtRuns(now, "")
	g.lookAtWorkers(now)
}

// lookAtRuns looks at the processes of one job or application, or of all.
func (g *orphans) lookAtRuns(now int64, id string) {
	for name, c := range g.runs { //det:allow each is judged alone
		if id == "" || c.driver == id || c.app == id {
			g.lookAt(name, now)
		}
	}
}

func (g *orphans) lookAtWorkers(now int64) {
	for name := range g.own { //det:allow each is judged alone
		g.lookAt(name, now)
	}
}

// lookAt notes since when a driver, an executor or a worker's use is unknown, if
// it is and the faults are over.
func (g *orphans) lookAt(name string, now int64) {
	unknown := false
	switch {
	case !g.healed || len(g.active) == 0:
	case g.runs[name] != nil:
		c := g.runs[name]
		unknown = !g.anyKnows(func(k *known) bool { return k.has(c) })
	case g.own[name].Kind != "":
		own, w := g.own[name], g.roster.Of(name)
		unknown = w.Runs() && !g.anyKnows(func(k *known) bool {
			count := k.counts[w.Worker]
			return own.N <= count.N && own.P <= count.P
		})
	}
	_, was := g.since[name]
	switch {
	case unknown && !was:
		g.since[name] = now
	case !unknown && was:
		delete(g.since, name)
	}
}

func (g *orphans) anyKnows(knows func(k *known) bool) bool {
	return slices.ContainsFunc(g.active, func(m *checker.Process) bool {
		k := g.masters[holder{m.Name, m.Inc}]
		return k != nil && knows(k)
	})
}

// has reports whether a master knows of a process. Of one that has not told yet
// what it runs it need not.
func (k *known) has(c *child) bool {
	switch {
	case c.driver != "":
		r, on := k.drivers[c.driver]
		return on && !r.over && !r.killed && c.attempt >= r.attempt
	case c.app != "":
		r, on := k.apps[c.app]
		return on && !r.over
	}
	return true
}

func (g *orphans) missing(w *watch, now int64) string {
	for _, name := range slices.Sorted(maps.Keys(g.since)) {
		since := g.since[name]
		if now-since <= w.bound.N && now >= w.deadline {
			continue
		}
		if c := g.runs[name]; c != nil {
			what := "driver " + c.driver
			if c.app != "" {
				what = "an executor of application " + c.app
			}
			if g.anyKnows(func(k *known) bool { return k.drivers[c.driver].killed }) {
				return fmt.Sprintf("%s runs %s, whose kill was acknowledged, since %s", name, what, trace.Moment(since))
			}
			return fmt.Sprintf("%s runs %s, of which no active master knows since %s", name, what, trace.Moment(since))
		}
		own := g.own[name]
		return fmt.Sprintf("worker %s (%s) has %d cores and %d MiB in use, more than any active master counts since %s",
			name, own.Subject, own.N, own.P, trace.Moment(since))
	}
	return ""
}
