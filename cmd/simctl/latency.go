package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl/cmd/simctl/progress"
	"github.com/simctl/simctl/reports"

	"github.com/simctl/simctl/cmd/simctl/exit"
)

func newLatency(e *env) *cobra.Command {
	var common commonFlags
	var seedText, overlay string
	var jobs int
	cmd := &cobra.Command{
		Use:               "latency [SCENARIO...]",
		Short:             "Draw the distributions of failover latency",
		Long:              "Run many seeds and draw how long failovers take, by cause of loss and phase: plots (PNG, SVG) and a table\n(Markdown) in the directory of -o.\nOf zk/leader-lost it draws how long ZooKeeper's own failovers take, beside what was measured on real servers.",
		Example:           "  simctl latency failover/kill --seeds=1-500 -o out/latency\n  simctl latency failover/... --overlay=out/soak",
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := common.options(cmd)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				args = []string{"failover/..."}
			}
			ss, err := lookup(args)
			if err != nil {
				return err
			}
			seeds, err := sweepSeeds(seedText, false, e)
			if err != nil {
				return err
			}
			bar := progress.New(e.Stderr, e.IsTTY(e.Stderr), "latency", seeds.Count()*uint64(len(ss)), common.json || common.quiet)
			worst := held
			lo := latencyOptions{sweepOptions: sweepOptions{runOptions: o, Jobs: jobs}, Overlay: overlay}
			report, err := e.engine.Latency(cmd.Context(), ss, seeds.All(), lo, func(out *outcome) {
				bar.Ran((expectation{}).status(out) == violated)
				worst = exit.Worse(worst, (expectation{}).status(out))
			})
			bar.End()
			if err != nil {
				return err
			}
			return e.finishLatency(report, worst, common.json)
		},
	}
	common.add(cmd, e)
	flags := cmd.Flags()
	flags.StringVar(&seedText, "seeds", "", "as 1-3,9; - reads them from standard input (default 1-100)")
	flags.IntVar(&jobs, "jobs", 0, "runs at once (default one a core)")
	flags.StringVar(&overlay, "overlay", "", "bundle of a soak to draw over the simulated distributions")
	return cmd
}

// finishLatency prints the report. Without a single failover nothing was
// measured, which is inconclusive.
func (e *env) finishLatency(r *reports.LatencyLine, worst status, json bool) error {
	r.Schema = reports.LatencySchema
	var err error
	if json {
		err = reports.WriteLine(e.Stdout, *r)
	} else if len(r.Rows) > 0 {
		if r.Table != "" {
			_, err = io.WriteString(e.Stdout, r.Table)
		} else {
			err = reports.LatencyTable(e.Stdout, r.Rows)
		}
		for _, file := range r.Files {
			fmt.Fprintf(e.Stdout, "wrote %s\n", file)
		}
	}
	if err != nil {
		return err
	}
	if len(r.Rows) == 0 {
		fmt.Fprintln(e.Stderr, "simctl: no failover was seen: there is nothing to draw")
		worst = exit.Worse(worst, inconclusive)
	}
	return worst.AsError()
}
