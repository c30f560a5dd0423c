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
	so := simctl.SoakOptions{
		Binary: self, For: o.For, Masters: o.Masters, Workers: o.Workers, Clients: o.Clients, Seed: o.Seed, Policy: o.Policy,
		Timers: o.Timers, Conf: o.Conf,
	}
	so.Embedded = o.ZK == "embedded"
	if o.ZK != "debian" && !so.Embedded {
		so.ZK = strings.Split(o.ZK, ",")
	}
	r, err := simctl.Soak(ctx, so, each)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(o.Out, "soak-"+fmt.Sprint(r.Seed))
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
