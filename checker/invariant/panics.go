package invariant

import (
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var noPanics = checker.Property{
	Name: "no-panics", Kind: checker.Safety,
	Says:   "No process of the cluster panics.",
	Source: "a process that ends by a panic loses what it had not stored",
	New:    func() checker.Monitor { return &panics{Breach: checker.Breach{Property: "no-panics"}} },
}

type panics struct{ checker.Breach }

func (p *panics) Observe(e *trace.Event) {
	if e.Kind == trace.Panicked {
		p.Violated(e, "%s", checker.At(e))
	}
}

// Hears implements checker.Listener.
func (p *panics) Hears(e *trace.Event) bool {
	return e.Kind == trace.Panicked
}

// Clone implements checker.Explorable.
func (p *panics) Clone() checker.Explorable { c := *p; return &c }

// Digest implements checker.Explorable: no past matters.
func (p *panics) Digest(checker.Sink) {}

func (p *panics) Finding() checker.Finding { return p.Judged("no panic") }
