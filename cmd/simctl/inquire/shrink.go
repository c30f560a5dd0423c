package inquire

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/cmd/simctl/exit"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/reproducer"
)

// NewShrink returns the command shrink.
func NewShrink(p Parts) *cobra.Command {
	var s subject
	var o reproducer.Options
	cmd := &cobra.Command{
		Use:   "shrink BUNDLE|SCENARIO:SEED|SCENARIO:SEEDS",
		Short: "Make a failing run minimal, and say what each fault is needed for",
		Long: "Make a failing run smaller for as long as the same property is violated in the same way: faults, operations,\n" +
			"machines, times, weaker faults, and ties. What is left is written as a bundle, with story.md: what happened, why\n" +
			"it is wrong, the run without each fault, and a test in Go. SCENARIO may be a file. Of SEEDS, as 1-100, the first that fails\n" +
			"is taken.",
		Example: "  simctl shrink out/failover-kill-42\n  simctl shrink defect/D-03-late-write:1 --policy=spark\n" +
			"  simctl shrink failover/3x3x3:1 --policy=spark --property=acked-is-recovered",
		Args: p.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Runs < 0 || o.For < 0 || o.Jobs < 0 {
				return fmt.Errorf("shrink: --runs, --for and --jobs are not negative")
			}
			arg, seeds := ranged(args[0])
			t, err := s.target(cmd, arg)
			if err == nil && seeds != nil {
				err = reproducer.FirstFailing(cmd.Context(), t, seeds, o.Property)
			}
			if err == nil {
				err = p.shrink(cmd, t, &s, o)
			}
			if errors.Is(err, reproducer.ErrNoFailure) {
				fmt.Fprintf(p.Warn, "simctl: shrink: %v\n", err)
				return exit.Inconclusive
			}
			return err
		},
	}
	s.add(cmd, p)
	f := cmd.Flags()
	f.StringVar(&o.Property, "property", "", "the violated property to keep (default the first)")
	f.IntVar(&o.Runs, "runs", 0, "try at most this many runs (default 20000)")
	f.DurationVar(&o.For, "for", 0, "search for at most this long (default without end); the result then depends on the machine")
	f.IntVar(&o.Jobs, "jobs", 0, "runs at once (default one a core); the result does not depend on it")
	return cmd
}

func (p Parts) shrink(cmd *cobra.Command, t *simctl.Target, s *subject, o reproducer.Options) error {
	told := simctl.NewStopwatch()
	if !s.quiet && !s.json {
		fmt.Fprintf(p.Out, "shrink of %s  seed=%d  policy=%s\n", t.Scenario.Name, t.Seed, t.Options.Policy)
		o.Progress = func(tried int) {
			if told.Elapsed() > 30*time.Second {
				told = simctl.NewStopwatch()
				fmt.Fprintf(p.Warn, "shrink: %d runs tried\n", tried)
			}
		}
	}
	out, err := reproducer.Shrink(cmd.Context(), t, o)
	if err != nil {
		return err
	}
	dir := filepath.Join(s.out, out.Name())
	if err := out.Save(dir); err != nil {
		return err
	}
	if s.json {
		err = reports.WriteLine(p.Out, out.Line(dir))
	} else {
		_, err = fmt.Fprintf(p.Out, "\n%s\n  bundle     %s\n  story      %s\n  reproduce  simctl replay %s\n", out.Summary(), dir, filepath.Join(dir, "story.md"), dir)
	}
	switch {
	case err != nil:
		return err
	case cmd.Context().Err() != nil:
		return exit.Interrupted
	case !out.Report.Minimal:
		return exit.Inconclusive
	}
	return nil
}
