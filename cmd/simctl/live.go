package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/reports"
)

// Soak implements engine. The bundle is written whatever the verdict.
func (lib) Soak(ctx context.Context, o soakOptions, each func(reports.SoakFault)) (*soakOutcome, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("soak: find this program: %w", err)
	}
	so := o.SoakOptions
	so.Binary, so.Embedded = self, o.Service == "embedded"
	if o.Service != "debian" && !so.Embedded {
		so.ZK = strings.Split(o.Service, ",")
	}
	r, err := simctl.Soak(ctx, so, each)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("soak-%d", r.Seed)
	if o.Scenario != nil {
		name = "soak-" + r.Name()
	}
	dir := filepath.Join(o.Out, name)
	if err := r.Save(dir); err != nil {
		return nil, err
	}
	story, err := r.Story()
	return &soakOutcome{SoakLine: r.Line(dir), Story: story}, err
}

// Node implements engine.
func (lib) Node(ctx context.Context, o nodeOptions) (int, error) {
	return simctl.Node(ctx, o)
}

func addrs(texts []string) []host.Addr {
	var out []host.Addr
	for _, t := range texts {
		out = append(out, host.Addr(t))
	}
	return out
}
