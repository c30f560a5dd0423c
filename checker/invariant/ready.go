package invariant

import (
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var readyServes = checker.Property{
	Name: "ready-means-serving", Kind: checker.Safety, Optional: true,
	Says:   "A master that tells probes that it is ready is Alive.",
	Source: "defect D-31: ready while it recovers, or for ever, and every submission is refused",
	New:    func() checker.Monitor { return &ready{Breach: checker.Breach{Property: "ready-means-serving"}} },
}

// ready counts the masters that became Alive, and finds those that were ready
// before.
type ready struct {
	checker.Breach
	alive    int
	required bool
}

func (m *ready) Observe(e *trace.Event) {
	switch {
	case e.Kind == trace.Require:
		m.required = m.required || e.Subject == m.Property
	case e.Kind == trace.Ready && e.Value != "Alive":
		m.Violated(e, "%s", checker.At(e))
	case e.Kind == trace.State && e.Value == "Alive":
		m.alive++
	}
}

// Hears implements checker.Listener.
func (m *ready) Hears(e *trace.Event) bool {
	return e.Kind == trace.Require || e.Kind == trace.Ready
}

// Clone implements checker.Explorable.
func (m *ready) Clone() checker.Explorable { c := *m; return &c }

// Digest implements checker.Explorable.
func (m *ready) Digest(d checker.Sink) { digestOptional(d, m.required, &m.Breach) }

// Broken implements checker.Explorable: only where the property is required.
func (m *ready) Broken() string { return brokenIf(m.required, &m.Breach) }

// digestOptional writes whether a property is required, and was violated before
// it is.
func digestOptional(d checker.Sink, required bool, b *checker.Breach) {
	d.Bool(required)
	d.Bool(b.Broken() != "")
}

// brokenIf is how a property was violated where a scenario requires it.
func brokenIf(required bool, b *checker.Breach) string {
	if required {
		return b.Broken()
	}
	return ""
}

func (m *ready) Finding() checker.Finding {
	f := m.Judged("%d times a master became Alive, and none was ready before", m.alive)
	return optional(f, m.required)
}

// optional is a finding that is a violation only where a scenario requires the
// property; it tells what was seen in any case.
func optional(f checker.Finding, required bool) checker.Finding {
	if !required {
		f.Verdict, f.Step = checker.Pass, 0
		f.Detail += "; not required here"
	}
	return f
}
