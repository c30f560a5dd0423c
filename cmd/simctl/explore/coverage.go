package explore

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/cmd/simctl/exit"
	"github.com/simctl/simctl/cmd/simctl/progress"
	"github.com/simctl/simctl/exploration"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/scenarios"
	"github.com/simctl/simctl/scenarios/strategy"
)

// mostMissing is how many of the states and ways that no run reached are told.
const mostMissing = 40

// NewCoverage returns the command coverage.
func NewCoverage(p Parts) *cobra.Command {
	var c exploration.Cover
	var seeds, out, how string
	var json, quiet bool
	cmd := &cobra.Command{
		Use:   "coverage FILE [SCENARIO...]",
		Short: "Hold random runs against the abstract states that exploration found",
		Long: "FILE is what simctl explore SYSTEM --seen=FILE wrote. Run every seed on every scenario, or else on a world as big as\n" +
			"the one that was explored under random faults, and say how many of the abstract states, and of the ways from one to\n" +
			"another, these runs went through, and which they missed. With --strategy=guided runs go where missing ways begin.",
		Example: "  simctl explore failover --cuts=0 --seen=found.ndjson\n  simctl coverage found.ndjson --seeds=1-1000 -o missing.ndjson\n" +
			"  simctl sweep swarm --strategy=guided --targets=missing.ndjson",
		Args: p.Args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, found, err := readSeen(args[0])
			if err != nil {
				return err
			}
			if c.Found = found; c.Jobs < 0 || c.For < 0 {
				return fmt.Errorf("coverage: --jobs and --for are not negative")
			}
			list, err := simctl.ParseSeeds(seeds, nil)
			if err == nil {
				c.Strategy, err = strategy.Parse(how)
			}
			if err == nil {
				c.Scenarios, err = worlds(args[1:], h.Bounds)
			}
			if err != nil {
				return fmt.Errorf("coverage: %w", err)
			}
			c.Seeds = list.All()
			bar := progress.New(p.Warn, p.IsTTY(p.Warn), "coverage", list.Count()*uint64(len(c.Scenarios)), json || quiet)
			c.Each = func() { bar.Ran(false) }
			began := time.Now()
			covered, err := c.Run(cmd.Context())
			bar.End()
			if err != nil {
				return fmt.Errorf("coverage: %w", err)
			}
			if out != "" {
				if err := write(out, h, covered.Missing); err != nil {
					return err
				}
			}
			if json {
				err = reports.WriteLine(p.Out, covered)
			} else {
				err = tellCovered(p.Out, &h, covered, time.Since(began))
			}
			if err == nil {
				err = exit.Interruption(cmd.Context()).AsError()
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&seeds, "seeds", "1-200", "as 1-3,9")
	f.StringVar(&c.Policy, "policy", "", "hardened (default), spark, or either with switches")
	f.StringVar(&how, "strategy", string(strategy.Random), "how seeds become runs: random, swarm, pct, pos, guided, mix")
	f.IntVar(&c.Jobs, "jobs", 0, "runs at once (default one a core)")
	f.DurationVar(&c.For, "for", 0, "begin no run after this much wall time")
	f.BoolVar(&json, "json", false, "one JSON object on standard output")
	f.BoolVarP(&quiet, "quiet", "q", false, "no progress")
	f.StringVarP(&out, "out", "o", "", "write what is missing to this file, for sweep --targets")
	return cmd
}

// worlds are the scenarios of names, or the world that was explored.
func worlds(names []string, bounds map[string]string) (list []scenarios.Scenario, err error) {
	if len(names) == 0 {
		s, err := exploration.World(bounds)
		return []scenarios.Scenario{s}, err
	}
	for _, name := range names {
		some, err := scenarios.Lookup(name)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	return list, nil
}

func readSeen(name string) (h exploration.Header, all []exploration.Abstract, err error) {
	f, err := os.Open(name)
	if err != nil {
		return h, nil, fmt.Errorf("coverage: %w", err)
	}
	defer f.Close()
	if h, all, err = exploration.ReadSeen(name, f); err != nil {
		err = fmt.Errorf("coverage: %w", err)
	}
	return h, all, err
}

func write(name string, h exploration.Header, all []exploration.Abstract) error {
	var b bytes.Buffer
	if err := exploration.WriteSeen(&b, h, all); err != nil {
		return err
	}
	return reports.WriteFile(name, b.Bytes())
}

func tellCovered(w io.Writer, h *exploration.Header, c *exploration.Covered, took time.Duration) error {
	var b strings.Builder
	whole := ""
	if !h.Complete {
		whole = ", which was not complete"
	}
	both := exploration.Share{Reached: c.States.Reached + c.Ways.Reached, Of: c.States.Of + c.Ways.Of}
	fmt.Fprintf(&b, "%s random runs reached %s of the %s abstract states and ways that exploration of %s found%s\n",
		reports.Thousands(c.Runs), percent(both), reports.Thousands(both.Of), h.System, whole)
	fmt.Fprintf(&b, "  states   %d of %d, %s\n  ways     %d of %d, %s\n  beyond   %s that are not within its bounds\n  took     %s\n",
		c.States.Reached, c.States.Of, percent(c.States), c.Ways.Reached, c.Ways.Of, percent(c.Ways), reports.Thousands(c.Beyond), took.Round(time.Second/10))
	if len(c.Missing) > 0 {
		b.WriteString("missing\n")
	}
	for i, a := range c.Missing {
		if i == mostMissing {
			fmt.Fprintf(&b, "  and %d more: -o writes all\n", len(c.Missing)-i)
			break
		}
		fmt.Fprintf(&b, "  %s\n", a.Words)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func percent(s exploration.Share) string {
	m := s.PerMille()
	return fmt.Sprintf("%d.%d %%", m/10, m%10)
}
