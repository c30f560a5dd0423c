package simctl

import (
	"context"
	"strings"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/impl/conf"
	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/scenarios"
)

// A Regression is one run, as data that stands in a test: what `simctl shrink`
// writes of a failure.
type Regression struct {
	World    string // the text of a scenario
	Seed     uint64
	Policy   string            // as --policy takes it; empty: hardened
	Grain    string            // of ZooKeeper; empty: the default
	ZKClient string            // empty: go-zookeeper
	Conf     map[string]string // goes before the scenario's own
	Property string            // what must hold; empty: everything
}

// Run makes the run.
func (g Regression) Run(ctx context.Context) (*Result, error) {
	s, err := scenarios.Parse("world", []byte(strings.TrimSpace(g.World)+"\n"))
	if err != nil {
		return nil, err
	}
	o := Options{Policy: policy.Hardened, Grain: g.Grain, ZKClient: g.ZKClient}
	if g.Policy != "" {
		if o.Policy, err = policy.Parse(g.Policy); err != nil {
			return nil, err
		}
	}
	if o.Conf, err = conf.Of(g.Conf); err != nil {
		return nil, err
	}
	return Run(ctx, s, g.Seed, o)
}

// Hold makes the run and fails t if the property is violated.
func (g Regression) Hold(t TB) {
	t.Helper()
	r, err := g.Run(context.Background())
	if err != nil {
		t.Fatalf("run: %v", err)
		return
	}
	var bad []checker.Finding
	for _, f := range r.Violations() {
		if g.Property == "" || g.Property == f.Property {
			bad = append(bad, f)
		}
	}
	if len(bad) > 0 {
		t.Fatalf("%s", describe(bad))
	}
}
