package simctl

import (
	"context"
	"fmt"
	"iter"

	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
)

// A Latency is what a latency run leaves: every failover it saw.
type Latency struct {
	Summary *Summary
	Samples []reports.LatencySample
}

// MeasureLatency runs every seed on every scenario and gathers the failovers.
func MeasureLatency(ctx context.Context, list []scenarios.Scenario, seeds iter.Seq[uint64], o SweepOptions, each func(*Result)) (*Latency, error) {
	l := &Latency{}
	s, err := Sweep(ctx, list, seeds, o, func(r *Result) {
		l.Samples = append(l.Samples, samples(r, false)...)
		if each != nil {
			each(r)
		}
	})
	l.Summary = s
	return l, err
}

func samples(r *Result, live bool) []reports.LatencySample {
	var out []reports.LatencySample
	for _, f := range r.Failovers {
		out = append(out, reports.LatencySample{
			Cause: f.Cause, Detect: f.Detect, Elect: f.Elect, Recover: f.Recover, Total: f.Total, Live: live,
		})
	}
	return out
}

// Overlay adds the failovers of a live run's bundle.
func (l *Latency) Overlay(dir string) error {
	b, r, err := Check(dir)
	if err != nil {
		return err
	}
	if b.Run.Kind != reports.SoakBundle {
		return fmt.Errorf("overlay %s: it is a %s bundle, want a soak's", dir, b.Run.Kind)
	}
	live := samples(r, true)
	if len(live) == 0 {
		return fmt.Errorf("overlay %s: it holds no failover", dir)
	}
	l.Samples = append(l.Samples, live...)
	return nil
}

// Write draws the distributions into a directory and returns the files.
func (l *Latency) Write(dir, title string) ([]string, error) {
	return reports.WriteLatency(dir, l.Samples, reports.LatencyOptions{Title: title})
}
