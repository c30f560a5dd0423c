package reports

import "github.com/simctl/simctl/reports/timeline"

// Timeline makes the page of a bundle: timeline.html, one file that needs
// nothing else, of at most [timeline.MaxBytes].
func Timeline(b *Bundle) ([]byte, error) {
	return timeline.Page(b.timeline())
}

// Compare makes a page with the run b laid over the run a: lanes, sessions,
// terms and operations of both, and where they part.
func Compare(a, b *Bundle) ([]byte, error) {
	in := a.timeline()
	in.Other = b.timeline()
	return timeline.Page(in)
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
