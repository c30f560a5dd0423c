package explore

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl/cmd/simctl/exit"
	"github.com/simctl/simctl/exploration"
	"github.com/simctl/simctl/reports"
)

// Teach has the other commands know explorations: replay, shrink and why their
// bundles, list the systems.
func (p Parts) Teach(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		run := cmd.RunE
		switch cmd.Name() {
		case "replay":
			cmd.RunE = p.unless(run, p.replay)
		case "shrink":
			cmd.RunE = p.unless(run, p.shrink)
		case "why":
			cmd.RunE = p.unless(run, p.why)
		case "list":
			cmd.Use = "list [scenarios|properties|policies|faults|conf|systems]"
			cmd.Short = "List scenarios, properties, policies, faults, configuration names and systems to explore"
			cmd.ValidArgs = append(cmd.ValidArgs, "systems")
			cmd.RunE = p.list(run)
		}
	}
}

// unless runs a command as it was unless its argument is a bundle of an exploration.
func (p Parts) unless(was, own func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			if run, err := reports.ReadRun(args[0]); err == nil && run.Kind == reports.ExploreBundle {
				return own(cmd, args)
			}
		}
		return was(cmd, args)
	}
}

func (p Parts) replay(cmd *cobra.Command, args []string) error {
	a, err := exploration.Replay(args[0])
	if err != nil {
		return err
	}
	if json, err := cmd.Flags().GetBool("json"); err == nil && json {
		err = reports.WriteLine(p.Out, a.Line)
		if err != nil {
			return err
		}
	} else if err := Tell(p.Out, a.Line); err != nil {
		return err
	}
	if a.Differs != "" {
		fmt.Fprintf(p.Warn, "simctl: replay: %s: %s\n", args[0], a.Differs)
		return exit.Nondeterministic
	}
	return status(a.Line.Verdict).AsError()
}

// shrink has nothing to do where a search was breadth-first.
func (p Parts) shrink(_ *cobra.Command, args []string) error {
	return fmt.Errorf("shrink: %s: nothing to do: the path of an exploration by bfs is the shortest there is; explore with --strategy=bfs", args[0])
}

// why tells every action of the path, for each is needed.
func (p Parts) why(cmd *cobra.Command, args []string) error {
	a, err := exploration.Replay(args[0])
	if err != nil {
		return err
	}
	if len(a.Line.Findings) == 0 {
		return fmt.Errorf("why: %s: nothing is violated any more", args[0])
	}
	if json, err := cmd.Flags().GetBool("json"); err == nil && json {
		if err := reports.WriteLine(p.Out, a.Line); err != nil {
			return err
		}
		return exit.Violated
	}
	f := &a.Line.Findings[0]
	fmt.Fprintf(p.Out, "%s: %s\nno shorter path leads there if it was found by bfs: each of its actions is a cause\n", f.Property, f.Detail)
	for i, text := range f.Story {
		fmt.Fprintf(p.Out, "  %3d  %s\n", i+1, text)
	}
	return exit.Violated
}

// A systemLine is one line of `list systems --json`.
type systemLine struct {
	Schema string            `json:"schema"`
	Kind   string            `json:"kind"`
	Name   string            `json:"name"`
	Doc    string            `json:"doc"`
	Bounds map[string]string `json:"bounds"`
	Rules  []string          `json:"rules"`
}

// list is the command list, which knows systems too.
func (p Parts) list(was func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 || args[0] != "systems" {
			if err := was(cmd, args); err != nil || len(args) > 0 {
				return err
			}
		}
		json, err := cmd.Flags().GetBool("json")
		if err != nil {
			return err
		}
		if len(args) == 0 && !json {
			fmt.Fprintf(p.Out, "\nsystems\n")
		}
		for _, s := range exploration.Systems() {
			if !json {
				fmt.Fprintf(p.Out, "  %-12s  %s\n", s.Name, s.Doc)
				continue
			}
			l := systemLine{"simctl/list/v1", "system", s.Name, s.Doc, map[string]string{}, s.Rules}
			for _, b := range s.Bounds {
				l.Bounds[b.Name] = b.Default
			}
			if err := reports.WriteLine(p.Out, l); err != nil {
				return err
			}
		}
		return nil
	}
}
