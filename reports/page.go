package reports

import "github.com/simctl/simctl/reports/timeline"

// page makes timeline.html: one file that needs nothing else.
func page(b *Bundle) ([]byte, error) {
	return timeline.Page(b.timeline())
}

func (b *Bundle) timeline() *timeline.Input {
	r := &b.Run
	return &timeline.Input{
		Name: r.Name, Policy: r.Policy, Grain: r.Grain, Seed: r.Seed, Fingerprint: r.Fingerprint, Verdict: r.Verdict,
		Live: r.Kind == SoakBundle, Partial: r.Partial, Length: r.SimulatedNs, StepCount: r.Steps,
		Scenario: string(r.Scenario), Schedule: string(r.Schedule),
		Steps: b.Steps, Events: b.Events, History: b.History, Findings: b.Findings,
	}
}

// Compare makes a page with the run b laid over the run a, see
// [timeline.Page]: lanes, sessions, terms and operations of both, and where
// they part.
func Compare(a, b *Bundle) ([]byte, error) {
	in := a.timeline()
	in.Other = b.timeline()
	return timeline.Page(in)
}
