package main

import (
	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios/strategy"
)

func newRun(e *env) *cobra.Command {
	var common commonFlags
	var seedText, expect string
	cmd := &cobra.Command{
		Use:               "run SCENARIO",
		Short:             "Run one scenario from one seed",
		Long:              "Run one scenario from one seed, judge it, and write its bundle. SCENARIO is a name, or a file with the text of one.",
		Example:           "  simctl run failover/kill --seed=42\n  simctl run failover/kill --seed=42 --policy=spark --expect=violation:acked-is-recovered",
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := common.options(cmd)
			if err != nil {
				return err
			}
			seed, err := simctl.ParseSeed(seedText)
			if err != nil {
				return err
			}
			x, err := parseExpectation(expect, e.engine.Properties())
			if err != nil {
				return err
			}
			s, err := single(args[0])
			if err != nil {
				return err
			}
			if !common.json {
				announce(e.Stdout, s.Name, seed, o)
			}
			out, err := e.engine.Run(cmd.Context(), s, seed, o)
			if err != nil {
				return err
			}
			return e.finish(out, &common, x)
		},
	}
	common.add(cmd, e)
	common.addStrategy(cmd, strategy.Alone())
	cmd.Flags().StringVar(&seedText, "seed", "1", "decimal or 0x")
	addExpect(cmd, e, &expect)
	return cmd
}

// finish prints one run and returns its status.
func (e *env) finish(out *outcome, common *commonFlags, x expectation) error {
	if common.json {
		if err := reports.WriteLine(e.Stdout, out.line(common.wall)); err != nil {
			return err
		}
	} else {
		e.printOutcome(out, common.quiet, common.wall)
	}
	return x.status(out).AsError()
}

func addExpect(cmd *cobra.Command, e *env, expect *string) {
	cmd.Flags().StringVar(expect, "expect", "", "violation or violation:PROPERTY: turns status 1 into 0 and 0 into 1")
	values := []string{"violation"}
	for _, p := range e.engine.Properties() {
		values = append(values, "violation:"+p.Name)
	}
	complete(cmd, "expect", values)
}
