package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/reports"
)

func newDiff(e *env) *cobra.Command {
	var json bool
	var out string
	cmd := &cobra.Command{
		Use:     "diff A B",
		Short:   "Find the first step in which two saved runs differ",
		Long:    "Find the first step in which two saved runs differ. The status is 0 if there is none and 1 if there is.",
		Example: "  simctl diff out/failover-kill-42 out/failover-kill-42b\n  simctl diff out/failover-kill-42 failover/kill:43 -o out/both",
		Args:    args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := e.engine.Diff(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			if out != "" {
				if out, err = simctl.Overlay(cmd.Context(), args[0], args[1], out); err != nil {
					return err
				}
			}
			same := d.Step == 0
			switch {
			case json:
				err = reports.WriteLine(e.Stdout, diffLine{Schema: "simctl/diff/v1", Same: same, Step: d.Step, A: d.A, B: d.B})
			case same:
				_, err = fmt.Fprintln(e.Stdout, "the runs are the same, step by step")
			default:
				_, err = fmt.Fprintf(e.Stdout, "the runs differ first in step %d\n  %s: %s\n  %s: %s\n",
					d.Step, args[0], orEnded(d.A), args[1], orEnded(d.B))
			}
			if out != "" && !json && err == nil {
				_, err = fmt.Fprintf(e.Stdout, "one laid over the other: %s\n", out)
			}
			if err != nil || same {
				return err
			}
			return violated
		},
	}
	addJSON(cmd, &json)
	cmd.Flags().StringVarP(&out, "out", "o", "", "write timeline.html to this directory: B laid over A")
	return cmd
}

func orEnded(step string) string {
	if step == "" {
		return "has ended"
	}
	return step
}
