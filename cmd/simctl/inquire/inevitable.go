package inquire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/inquiry"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/reports/knee"
)

// InevitableSchema is that of what `inevitable --json` prints.
const InevitableSchema = "simctl/inevitable/v1"

// An inevitableLine is what `inevitable --json` prints.
type inevitableLine struct {
	Schema   string `json:"schema"`
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	Policy   string `json:"policy"`
	*knee.Curve
	Files []string `json:"files"`
}

// NewInevitable returns the command inevitable.
func NewInevitable(p Parts) *cobra.Command {
	o := inquiry.Odds{}
	var asJSON bool
	var dir string
	cmd := &cobra.Command{
		Use:   "inevitable BUNDLE|SCENARIO:SEED",
		Short: "Find the moment at which a violation became likely",
		Long: "Run again up to a step and draw everything behind it anew, many times: the share of the redraws that violate the\n" +
			"property is how sure the violation was by then. That over the steps is a curve; its knee is bisected to a single\n" +
			"step, and named. What had not begun of the faults begins at another moment (--faults=redraw), stays as it was\n" +
			"(keep: the luck of messages alone is redrawn) or does not happen (none: is what happened by then enough?).\n" +
			"What the seed drew before the run began is not drawn anew: machines, the jobs of clients and when they ask, clocks.",
		Example: "  simctl inevitable out/defect-D-03-late-write-1\n  simctl inevitable out/failover-kill-42 --property=acked-is-recovered --redraws=200 -o out/knee",
		Args:    p.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := simctl.ParseTarget(args[0])
			if err != nil {
				return err
			}
			if o.Redraws < 1 || o.Grid < 2 || o.More < 0 {
				return fmt.Errorf("inevitable: want --redraws from 1, --grid from 2 and --more from 0")
			}
			c, err := inquiry.Inevitable(cmd.Context(), t, o)
			if err != nil {
				return fmt.Errorf("inevitable: %w", err)
			}
			line := inevitableLine{InevitableSchema, t.Scenario.Name, t.Seed, t.Options.Policy.String(), c, []string{}}
			if err := line.write(dir); err != nil {
				return fmt.Errorf("inevitable: %w", err)
			}
			if asJSON {
				return reports.WriteLine(p.Out, line)
			}
			if err := c.Tell(p.Out); err != nil {
				return err
			}
			for _, f := range line.Files {
				fmt.Fprintf(p.Out, "  written    %s\n", f)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Property, "property", "", "the violated property that is meant (default the first)")
	f.StringVar(&o.Faults, "faults", inquiry.RedrawFaults, "faults that had not begun: redraw, keep or none")
	f.IntVar(&o.Redraws, "redraws", 40, "runs a point")
	f.IntVar(&o.Grid, "grid", 17, "points to begin with")
	f.IntVar(&o.More, "more", 24, "points at most where it matters")
	f.IntVar(&o.Jobs, "jobs", 0, "runs at once (default one a core)")
	f.StringVarP(&dir, "out", "o", "", "directory for inevitable.png, .txt and .json (default none)")
	f.BoolVar(&asJSON, "json", false, "one JSON object on standard output")
	return cmd
}

// write writes the plot, the table and the data, if a directory is given.
func (l *inevitableLine) write(dir string) error {
	if dir == "" {
		return nil
	}
	png, err := l.PNG()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := l.Tell(&text); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"inevitable.png", "inevitable.txt", "inevitable.json"} {
		l.Files = append(l.Files, filepath.Join(dir, name))
	}
	data, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		return err
	}
	for i, content := range [][]byte{png, text.Bytes(), append(data, '\n')} {
		if err := reports.WriteFile(l.Files[i], content); err != nil {
			return err
		}
	}
	return nil
}
