// Package suite is every property that a run is judged by.
package suite

import (
	"slices"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/ensemble"
	"github.com/simctl/simctl/checker/invariant"
	"github.com/simctl/simctl/checker/linear"
	"github.com/simctl/simctl/checker/liveness"
	"github.com/simctl/simctl/checker/refine"
	"github.com/simctl/simctl/checker/stored"
	"github.com/simctl/simctl/checker/work"
	"github.com/simctl/simctl/model/trace"
)

// Properties lists every property, safety first, in a fixed order.
func Properties() []checker.Property {
	return slices.Concat(invariant.Properties(), ensemble.Properties(), work.Properties(), linear.Properties(), refine.Properties(), stored.Properties(), liveness.Properties())
}

// Judge holds the events of a whole run against every property.
func Judge(properties []checker.Property, run []trace.Event) []checker.Finding {
	findings := make([]checker.Finding, 0, len(properties))
	for _, p := range properties {
		m := p.New()
		for i := range run {
			m.Observe(&run[i])
		}
		findings = append(findings, m.Finding())
	}
	return findings
}
