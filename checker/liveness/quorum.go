package liveness

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var quorumServes = checker.Property{
	Name: "quorum-serves", Kind: checker.Liveness,
	Says:   "Within a bound after the faults are over one server leads an established epoch and a majority serves in it, and it stays so.",
	Source: "ZAB's progress: a majority that is up and connected elects, synchronises and broadcasts",
	New: func() checker.Monitor {
		g := &ensemble{servers: map[string]*member{}}
		return &quorum{watch{property: "quorum-serves", goal: g, lasting: true}, g}
	},
}

// quorum passes runs whose servers tell nothing of themselves.
type quorum struct {
	watch
	goal *ensemble
}

func (q *quorum) Finding() checker.Finding {
	if len(q.goal.servers) == 0 && !q.told {
		return checker.Finding{Property: q.property, Verdict: checker.Pass, Detail: "not judged: no server of an ensemble told of itself"}
	}
	return q.watch.Finding()
}

// ensemble wants a majority of its members to serve in one leader's epoch.
type ensemble struct {
	servers map[string]*member
	size    int
}

// member is what a server is to its ensemble.
type member struct {
	role   string
	epoch  int64
	serves bool
}

func (g *ensemble) observe(e *trace.Event) {
	switch e.Kind {
	case trace.Role:
		*g.member(e.Process) = member{role: e.Value, epoch: e.Term}
	case trace.Restored:
		g.member(e.Process)
	case trace.Serving:
		*g.member(e.Process) = member{e.Value, e.Term, true}
		g.size = max(g.size, int(e.N))
	case trace.Started, trace.Exited, trace.KilledOff, trace.HostLost:
		if m := g.servers[e.Process]; m != nil {
			*m = member{role: "down"}
		}
	}
}

func (g *ensemble) member(name string) *member {
	m := g.servers[name]
	if m == nil {
		m = &member{}
		g.servers[name] = m
	}
	return m
}

func (g *ensemble) missing(w *watch, _ int64) string {
	best := 0
	names := slices.Sorted(maps.Keys(g.servers))
	for _, leader := range names {
		l, n := g.servers[leader], 0
		for _, name := range names {
			if m := g.servers[name]; m.serves && m.epoch == l.epoch && !w.paused(name) {
				n++
			}
		}
		if l.serves && l.role == "leading" {
			best = max(best, n)
		}
	}
	if best > 0 && 2*best > g.size {
		return ""
	}
	return "no majority serves: " + g.roles(w)
}

func (g *ensemble) roles(w *watch) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(g.servers)) {
		m := g.servers[name]
		text := name + " " + m.role
		if m.serves {
			text += fmt.Sprintf(" epoch %d", m.epoch)
		}
		if w.paused(name) {
			text += " paused"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// paused reports whether a process stands still.
func (w *watch) paused(process string) bool {
	p := w.roster.Of(process)
	return p != nil && p.Paused
}
