package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newCheck(e *env) *cobra.Command {
	var json, quiet bool
	var name, expect string
	cmd := &cobra.Command{
		Use:     "check BUNDLE",
		Short:   "Judge a saved run again",
		Long:    "Judge a saved run, simulated or live, by the properties as they are now. Nothing is run, and nothing is written.",
		Example: "  simctl check out/failover-kill-42\n  simctl check out/failover-kill-42 --property=jobs-linearizable",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			known := e.engine.Properties()
			if name != "" {
				if _, err := parseExpectation("violation:"+name, known); err != nil {
					return fmt.Errorf("--property=%s: no such property%s", name, didYouMean(name, namesOf(known)))
				}
			}
			x, err := parseExpectation(expect, known)
			if err != nil {
				return err
			}
			out, err := e.engine.Check(cmd.Context(), args[0], name)
			if err != nil {
				return err
			}
			return e.finish(out, &commonFlags{json: json, quiet: quiet}, x)
		},
	}
	addJSON(cmd, &json)
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no story")
	cmd.Flags().StringVar(&name, "property", "", "judge by this property alone")
	addExpect(cmd, e, &expect)
	complete(cmd, "property", namesOf(e.engine.Properties()))
	return cmd
}

func namesOf(ps []property) []string {
	var names []string
	for _, p := range ps {
		names = append(names, p.Name)
	}
	return names
}
