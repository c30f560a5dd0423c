package invariant

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var accountingMatches = checker.Property{
	Name: "accounting-matches", Kind: checker.Safety,
	Says: "The cores and memory that a master counts as used are never negative and never more than there are, " +
		"a worker never uses more than it has, and when all is quiet both say the same.",
	Source: "invariant I5; defects D-05, D-23",
	New: func() checker.Monitor {
		return &accounting{
			Breach: checker.Breach{Property: "accounting-matches"},
			views:  map[view]trace.Event{}, own: map[string]trace.Event{}, settle: int64(Settle),
		}
	},
}

// Settle is how long a worker's use must have stood still at the end of the
// run for it to be compared with the master's view, unless a trace.Bound for
// accounting-matches says another time. A report of a change takes a round
// trip and a write of the store; this is far more than that on a healed
// network.
const Settle = time.Second

type accounting struct {
	checker.Breach
	roster checker.Roster
	views  map[view]trace.Event   // the masters' last word on each worker
	own    map[string]trace.Event // the workers' own last word, by process
	core   []string
	settle int64
	notes  int
	end    string // what was compared at the end
}

// view is one worker as one incarnation of a master sees it.
type view struct {
	master string
	inc    uint32
	worker string
}

func (m *accounting) Observe(e *trace.Event) {
	p := m.roster.Observe(e)
	switch e.Kind {
	case trace.Started:
		if p != nil {
			delete(m.own, p.Name)
		}
	case trace.Elected: // a reign begins with nothing in use
		maps.DeleteFunc(m.views, func(v view, _ trace.Event) bool { return v.master == e.Process })
	case trace.Intent: // and with no worker that it removes
		if id, ok := checker.RecordID(e.Subject, "worker"); ok && e.Value == "delete" {
			delete(m.views, view{e.Process, e.Inc, id})
		}
	case trace.Usage:
		m.usage(e)
	case trace.Healed:
		m.core = strings.Fields(e.Detail)
	case trace.Bound:
		if e.Subject == m.Property {
			m.settle = e.N
		}
	case trace.Ended:
		m.compare(e)
	}
}

func (m *accounting) usage(e *trace.Event) {
	m.notes++
	if p := m.roster.Of(e.Process); p != nil && p.Kind == "worker" {
		m.own[e.Process] = *e
		if e.N > e.M || e.P > e.Q {
			m.Violated(e, "the worker uses more than it has: %s", checker.At(e))
		}
		return
	}
	m.views[view{e.Process, e.Inc, e.Subject}] = *e
	if e.N < 0 || e.P < 0 {
		m.Violated(e, "less than nothing is used: %s", checker.At(e))
	}
	if e.N > e.M || e.P > e.Q {
		m.Violated(e, "more is used than there is: %s", checker.At(e))
	}
}

// compare holds the last active master's view against the workers' own, for
// the workers of the healed core that stand still.
func (m *accounting) compare(e *trace.Event) {
	active := m.roster.Active()
	if m.core == nil || len(active) != 1 {
		m.end = fmt.Sprintf("the end was not compared: %d active masters", len(active))
		return
	}
	same, moving := 0, 0
	for _, w := range m.roster.Workers() {
		if !slices.Contains(m.core, w.Name) || !w.Runs() || w.Worker == "" {
			continue
		}
		own, seen := m.own[w.Name], m.views[view{active[0].Name, active[0].Inc, w.Worker}]
		switch {
		case e.At-own.Latest() < m.settle || e.At-seen.Latest() < m.settle:
			moving++
		case own.N != seen.N || own.P != seen.P:
			m.Violated(e, "at the end %s counts %d cores and %d MiB in use on %s, which itself counts %d and %d",
				active[0].Name, seen.N, seen.P, w.Worker, own.N, own.P)
		default:
			same++
		}
	}
	m.end = fmt.Sprintf("at the end %d workers agree, %d were still changing", same, moving)
}

// Hears implements checker.Listener.
func (m *accounting) Hears(e *trace.Event) bool {
	return m.roster.Hears(e) || e.Kind == trace.Usage || e.Kind == trace.Ended
}

// Clone implements checker.Explorable.
func (m *accounting) Clone() checker.Explorable {
	c := *m
	c.roster, c.views, c.own, c.core = m.roster.Clone(), maps.Clone(m.views), maps.Clone(m.own), slices.Clone(m.core)
	return &c
}

// Digest implements checker.Explorable. The views are compared when the run has
// ended, and a path of an exploration never does.
func (m *accounting) Digest(d checker.Sink) { m.roster.DigestKinds(d) }

func (m *accounting) Finding() checker.Finding {
	seen := fmt.Sprintf("%d notes of use", m.notes)
	if m.end != "" {
		seen += "; " + m.end
	}
	return m.Judged("%s", seen)
}
