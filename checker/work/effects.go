package work

import (
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var effectsOnce = checker.Property{
	Name: "effects-exactly-once", Kind: checker.Safety,
	Says: "A job that adds to an account changes it once however often it is run again, and has changed it when it is finished; " +
		"and no earlier attempt of a driver changes an account after a later one.",
	Source: "invariant I3; D-03, D-04, D-10: a driver that runs twice, or again after its end",
	New: func() checker.Monitor {
		return &effects{
			Breach: checker.Breach{Property: "effects-exactly-once"}, jobs: map[string]job{},
			first: map[string]trace.Event{}, balance: map[string]int64{}, latest: map[string]trace.Event{},
		}
	},
}

// effects follows the accounts. A job's account has the name of its tag.
type effects struct {
	checker.Breach
	jobs    map[string]job         // by tag
	first   map[string]trace.Event // the change of each account
	balance map[string]int64
	latest  map[string]trace.Event // the change by the highest attempt of each driver
	changes int
	again   int // deposits whose key was known
}

func (m *effects) Observe(e *trace.Event) {
	if j, ok := jobOf(e); ok {
		m.jobs[e.Subject] = j
	}
	switch {
	case e.Kind == trace.Effect:
		m.effect(e)
	case e.Kind == trace.App && e.Value == "finished":
		if j := m.jobs[e.Subject]; j.kind != "ledger" && j.kind != "ledger-plain" {
			return
		}
		if _, changed := m.first[e.Subject]; !changed {
			m.Violated(e, "%s, and its account was never changed", checker.At(e))
		}
	}
}

func (m *effects) effect(e *trace.Event) {
	account := e.Subject
	if e.N == 0 {
		m.again++
	} else {
		m.changes++
		m.balance[account] += e.N
		if before, changed := m.first[account]; changed {
			m.Violated(e, "%s, after %s", checker.At(e), checker.At(&before))
		} else {
			m.first[account] = *e
		}
		m.attempt(e)
	}
	if e.M != m.balance[account] {
		m.Violated(e, "%s, but what was added makes %d", checker.At(e), m.balance[account])
	}
}

// attempt judges that attempts change accounts in their order.
func (m *effects) attempt(e *trace.Event) {
	if e.Detail == "" {
		return // client mode: there is one
	}
	before, known := m.latest[e.Detail]
	switch {
	case !known || e.P >= before.P:
		m.latest[e.Detail] = *e
	default:
		m.Violated(e, "%s, after %s", checker.At(e), checker.At(&before))
	}
}

func (m *effects) Finding() checker.Finding {
	return m.Judged("%d accounts changed, %d deposits came again and changed nothing", m.changes, m.again)
}
