package simctl

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports"
)

// Diff finds the first step in which two runs differ. Each side is a target
// as of [ParseTarget]; a bundle's side is its recorded trace.
func Diff(ctx context.Context, a, b string) (*trace.Difference, error) {
	x, err := stepsOf(ctx, a)
	if err != nil {
		return nil, err
	}
	y, err := stepsOf(ctx, b)
	if err != nil {
		return nil, err
	}
	return trace.Diff(x, y), nil
}

func stepsOf(ctx context.Context, text string) ([]trace.Step, error) {
	t, err := ParseTarget(text)
	if err != nil {
		return nil, err
	}
	if t.Dir != "" {
		b, err := reports.ReadBundle(t.Dir)
		if err != nil {
			return nil, err
		}
		return b.Steps, nil
	}
	t.Options.Steps = true
	r, err := Run(ctx, t.Scenario, t.Seed, t.Options)
	if err != nil {
		return nil, err
	}
	return r.Trace, nil
}

// Overlay writes dir/timeline.html with the run b laid over the run a, and
// returns where that is. Each side is as of [Diff].
func Overlay(ctx context.Context, a, b, dir string) (string, error) {
	x, err := bundleOf(ctx, a)
	if err != nil {
		return "", err
	}
	y, err := bundleOf(ctx, b)
	if err != nil {
		return "", err
	}
	html, err := reports.Compare(x, y)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("overlay: %w", err)
	}
	path := filepath.Join(dir, "timeline.html")
	return path, reports.WriteFile(path, html)
}

// bundleOf reads a bundle, or makes the run.
func bundleOf(ctx context.Context, text string) (*reports.Bundle, error) {
	t, err := ParseTarget(text)
	if err != nil {
		return nil, err
	}
	if t.Dir != "" {
		return reports.ReadBundle(t.Dir)
	}
	t.Options.Steps = true
	r, err := Run(ctx, t.Scenario, t.Seed, t.Options)
	if err != nil {
		return nil, err
	}
	return r.Bundle()
}
