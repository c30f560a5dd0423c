package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl/cmd/simctl/zookeeper"
	"github.com/simctl/simctl/reports"
)

func newBench(e *env) *cobra.Command {
	var json bool
	var o benchOptions
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Measure the kernel, the world and the judges",
		Long:    "Measure the kernel, the world and the judges against a bare loop of the same run: the ratio travels between\nmachines, the figure does not.",
		Example: "  simctl bench\n  simctl bench --for=5s --json",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.For <= 0 {
				return fmt.Errorf("bench: --for=%s: want more than nothing", o.For)
			}
			if !json {
				fmt.Fprintf(e.Stdout, "%-24s %14s %-10s %s\n", "benchmark", "value", "unit", "to the bare loop")
			}
			var printing error
			err := e.engine.Bench(cmd.Context(), o, func(r benchRow) {
				r.Schema = "simctl/bench/v1"
				if printing == nil {
					printing = e.printBench(r, json)
				}
			})
			if err != nil {
				return err
			}
			return printing
		},
	}
	cmd.AddCommand(zookeeper.NewBench(e.Stdout, args(cobra.NoArgs), once))
	addJSON(cmd, &json)
	cmd.Flags().DurationVar(&o.For, "for", 2*time.Second, "wall time of each benchmark")
	return cmd
}

func (e *env) printBench(r benchRow, json bool) error {
	if json {
		return reports.WriteLine(e.Stdout, r)
	}
	ratio := ""
	if r.Ratio > 0 {
		ratio = fmt.Sprintf("%.4f", r.Ratio)
	}
	value := fmt.Sprintf("%.3g", r.Value)
	if r.Value >= 100 {
		value = reports.Thousands(uint64(r.Value))
	}
	_, err := fmt.Fprintf(e.Stdout, "%-24s %14s %-10s %s\n", r.Name, value, r.Unit, ratio)
	if r.Note != "" && err == nil {
		_, err = fmt.Fprintf(e.Stdout, "    %s\n", r.Note)
	}
	return err
}
