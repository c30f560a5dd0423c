package inquire

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/cmd/simctl/exit"
	"github.com/simctl/simctl/inquiry"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/reports/why"
)

// Schemas of what the commands print with --json.
const (
	WhySchema = "simctl/why/v1"
)

// A whyLine is what `why --json` prints.
type whyLine struct {
	Schema   string     `json:"schema"`
	Scenario string     `json:"scenario"`
	Seed     uint64     `json:"seed"`
	Property string     `json:"property"`
	Step     uint64     `json:"step"`
	Detail   string     `json:"detail"`
	Lines    []why.Line `json:"lines"`
	Slice    []uint64   `json:"slice"` // every step of it
	Cut      bool       `json:"cut"`   // there is more behind it
	Tries    int        `json:"tries"`
	Deciding []uint64   `json:"deciding"`
}

// Parts are what the commands have from the program: where they print, its
// check of arguments, and its environment.
type Parts struct {
	Out    io.Writer
	Warn   io.Writer // prose
	Args   func(cobra.PositionalArgs) cobra.PositionalArgs
	Getenv func(string) string
}

// NewWhy returns the command why.
func NewWhy(p Parts) *cobra.Command {
	var property string
	var tries, most int
	var json bool
	cmd := &cobra.Command{
		Use:   "why BUNDLE|SCENARIO:SEED",
		Short: "Say which steps a violation comes of, and which of them decide",
		Long: "Run again, and go back from the violation to the steps it comes of: who sent what was delivered, who set the timer\n" +
			"that rang, which role a process was in, who wrote what was read, which fault was in force. Then run without each\n" +
			"fault and delivery of these, one at a time: those without which the property holds, or is\n" +
			"violated in another way, are marked.",
		Example: "  simctl why out/defect-D-03-late-write-1\n  simctl why out/failover-kill-42 --property=acked-is-recovered --json",
		Args:    p.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := simctl.ParseTarget(args[0])
			if err != nil {
				return err
			}
			b, err := inquiry.Why(cmd.Context(), t, property, tries)
			if err != nil {
				return fmt.Errorf("why: %w", err)
			}
			if !json {
				err = b.Slice.Tell(p.Out, b.Trials, most)
			} else {
				err = reports.WriteLine(p.Out, whyLineOf(t, b))
			}
			if err != nil {
				return err
			}
			return exit.Violated
		},
	}
	f := cmd.Flags()
	f.StringVar(&property, "property", "", "the violated property that is meant (default the first)")
	f.IntVar(&tries, "tries", 100, "at most so many runs without one step; 0 for none")
	f.IntVar(&most, "lines", 80, "tell the last so many steps")
	f.BoolVar(&json, "json", false, "one JSON object on standard output")
	return cmd
}

func whyLineOf(t *simctl.Target, b *inquiry.Because) whyLine {
	f := b.Slice.Finding
	l := whyLine{
		Schema: WhySchema, Scenario: t.Scenario.Name, Seed: t.Seed, Property: f.Property, Step: f.Step, Detail: f.Detail,
		Lines: b.Slice.Lines(b.Trials, 1<<30), Slice: b.Slice.Steps(), Cut: b.Slice.Cut, Tries: len(b.Trials), Deciding: []uint64{},
	}
	for _, x := range b.Trials {
		if x.Held {
			l.Deciding = append(l.Deciding, x.Step)
		}
	}
	return l
}
