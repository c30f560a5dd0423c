package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/cmd/simctl/inquire"
	"github.com/simctl/simctl/scenarios/strategy"
)

// mainJob is the scenario that a bare seed means.
const mainJob = "failover/3x3x3"

func newReplay(e *env) *cobra.Command {
	var common commonFlags
	var expect string
	var travel inquire.Travel
	cmd := &cobra.Command{
		Use:   "replay SEED|SCENARIO:SEED|BUNDLE",
		Short: "Run again, exactly, and compare",
		Long: "Run twice what was run and compare step by step. A bare seed means " + mainJob + ". A bundle is run on its\n" +
			"recorded schedule, whatever has become of the generators since.",
		Example: "  simctl replay 42\n  simctl replay failover/kill:42\n  simctl replay out/failover-kill-42 --until=step:1187\n" +
			"  simctl replay out/failover-kill-42 --drop=1187 --watch=m1,w2",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := common.options(cmd)
			if err != nil {
				return err
			}
			o.Travel = &travel
			if err := travel.Read(); err != nil {
				return fmt.Errorf("replay: %w", err)
			}
			x, err := parseExpectation(expect, e.engine.Properties())
			if err != nil {
				return err
			}
			t, err := parseTarget(args[0])
			if err != nil {
				return err
			}
			if t.Bundle != "" && o.Given {
				return fmt.Errorf("replay: %s holds its own policy, grain, timers, configuration, strategy and encoding; leave out those flags", t.Bundle)
			}
			if !common.json {
				announceTarget(e, t, o)
			}
			out, err := e.engine.Replay(cmd.Context(), t, o)
			if err != nil {
				return err
			}
			return e.finish(out, &common, x)
		},
	}
	common.add(cmd, e)
	travel.Add(cmd)
	common.addStrategy(cmd, strategy.Alone())
	addExpect(cmd, e, &expect)
	return cmd
}

func announceTarget(e *env, t target, o runOptions) {
	if t.Bundle != "" {
		fmt.Fprintf(e.Stdout, "replay of %s\n", t.Bundle)
		return
	}
	announce(e.Stdout, t.Scenario.Name, t.Seed, o)
}

// parseTarget reads what replay is given: a directory that exists is a
// bundle, whatever its name looks like.
func parseTarget(text string) (target, error) {
	if info, err := os.Stat(text); err == nil {
		if !info.IsDir() {
			return target{}, fmt.Errorf("replay: %s is a file; a bundle is a directory", text)
		}
		return target{Bundle: text}, nil
	}
	if seed, err := simctl.ParseSeed(text); err == nil {
		s, err := single(mainJob)
		return target{Scenario: s, Seed: seed}, err
	}
	name, seedText, ok := cutLast(text, ":")
	if !ok {
		return target{}, fmt.Errorf("replay: %s is no bundle, and neither SEED nor SCENARIO:SEED", text)
	}
	seed, err := simctl.ParseSeed(seedText)
	if err != nil {
		return target{}, err
	}
	s, err := single(name)
	return target{Scenario: s, Seed: seed}, err
}

// cutLast is strings.Cut at the last separator.
func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}
