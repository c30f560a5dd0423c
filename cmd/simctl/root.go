package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/simctl/simctl/cmd/simctl/explore"
	"github.com/simctl/simctl/cmd/simctl/inquire"
	"github.com/simctl/simctl/cmd/simctl/playground"
	"github.com/simctl/simctl/cmd/simctl/serve"
	"github.com/simctl/simctl/cmd/simctl/zookeeper"
	"github.com/simctl/simctl/scenarios/hint"
)

func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:           "simctl",
		Short:         "Simulate, soak and judge a master's failover, from one seed",
		Long:          "simctl runs the real code of a master, its workers and its clients in a simulated world, from one\nseed, or live over a real ZooKeeper, and judges both by the same properties.",
		Example:       "  simctl run failover/kill --seed=42\n  simctl sweep failover/... --seeds=1-1000\n  simctl replay 42",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		},
	}
	root.SetIn(e.Stdin)
	root.SetOut(e.Stdout)
	root.SetErr(e.Stderr)
	parts := inquire.Parts{Out: e.Stdout, Warn: e.Stderr, Args: args, Getenv: e.Getenv}
	own := explore.Parts{Out: e.Stdout, Warn: e.Stderr, IsTTY: e.IsTTY, Args: args, Getenv: e.Getenv}
	root.AddCommand(explore.New(own), explore.NewCoverage(own), newList(e), newRun(e), newSweep(e), newReplay(e), newCheck(e), newDiff(e),
		inquire.NewWhy(parts), inquire.NewInevitable(parts), inquire.NewShrink(parts), serve.New(e.Stdout, args), newLatency(e), newSoak(e), newNode(e),
		playground.New(e.Stdout, e.Stderr, args, once), zookeeper.New(e.Stdout, e.Stderr, args(cobra.NoArgs), once), newBench(e), newVersion(e))
	own.Teach(root)
	root.SetHelpCommand(newHelp(root))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	refuseUnknownShells(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(cmd, err) })
	for _, cmd := range root.Commands() {
		cmd.DisableFlagsInUseLine = true
		once(cmd.Flags())
	}
	return root
}

// newHelp is cobra's help, but for a status when there is no such command.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:               "help [COMMAND]",
		Short:             "Help about a command",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(root, args[0])
			}
			return cmd.Help()
		},
	}
}

// refuseUnknownShells makes `completion` fail where it would print its help.
func refuseUnknownShells(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return fmt.Errorf("completion: %w", unknownCommand(cmd, args[0]))
		}
	}
}

func unknownCommand(root *cobra.Command, name string) error {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return fmt.Errorf("no command %q%s", name, didYouMean(name, names))
}

// flagError adds the nearest flag to the complaint about an unknown one.
func flagError(cmd *cobra.Command, err error) error {
	where := cmd.Name() + ": "
	if !cmd.HasParent() {
		where = ""
	}
	given, unknown := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !unknown {
		return fmt.Errorf("%s%w", where, err)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return fmt.Errorf("%sno flag --%s%s", where, given, didYouMean(given, names))
}

// once makes every flag refuse to be given twice: pflag would let the last
// one win, and a script that says two things means neither.
func once(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() != "stringArray" { // a list, one element each time
			f.Value = &onceValue{Value: f.Value}
		}
	})
}

// A onceValue is a flag's value that is set at most once.
type onceValue struct {
	pflag.Value
	set bool
}

// Set takes the first value and refuses the second.
func (v *onceValue) Set(text string) error {
	if v.set {
		return fmt.Errorf("given twice")
	}
	v.set = true
	return v.Value.Set(text)
}

// didYouMean returns `; did you mean "kill"?`, or nothing if no name is near.
func didYouMean(given string, names []string) string {
	best, least := "", 1+max(2, len(given)/3)
	for _, name := range names {
		d := hint.Distance(given, name)
		if given != "" && strings.HasPrefix(name, given) {
			d = min(d, 1)
		}
		if d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
