package simctl

import (
	"context"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/scenarios"
)

// A Pool makes many runs of which one property is asked, and uses their memory
// again. It serves several goroutines at a time.
type Pool struct{ free arenas }

// NewPool returns a pool for so many runs at a time.
func NewPool(jobs int) *Pool { return &Pool{make(arenas, jobs)} }

// Ask makes a run and judges it by one property alone. A run of which the
// property is one of safety, and known where it is violated, ends there. See is
// shown the result; its events are gone once that has returned.
func (p *Pool) Ask(ctx context.Context, s scenarios.Scenario, seed uint64, o Options, property string, see func(*Result)) error {
	a := p.free.take()
	defer p.free.put(a)
	o.only = property
	for _, known := range Properties() {
		o.early = o.early || known.Name == property && known.Kind == checker.Safety && !judgedAtEnd(property)
	}
	r, err := runIn(ctx, a, s, seed, o)
	if err == nil {
		see(r)
	}
	return err
}

// judgedAtEnd reports whether a judge of safety searches the whole history.
func judgedAtEnd(property string) bool {
	return property == "jobs-linearizable" || property == "znodes-linearizable"
}
