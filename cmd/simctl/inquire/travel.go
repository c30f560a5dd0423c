// Package inquire is the commands that ask why a run went as it did, what it
// would have been, and what of it matters: why, shrink, inevitable, and the
// flags of replay that travel in time.
package inquire

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/reports/moment"
	"github.com/simctl/simctl/sim/kernel"
)

// Travel is the flags of replay that stop a run, watch it, or change one choice
// of it. The zero Travel does none of these.
type Travel struct {
	UntilStep uint64 // 0: to the end
	UntilNs   int64  // virtual time; 0: to the end
	Watch     []string
	Overrides []kernel.Override

	until, watch string
	drop, delay  []string
}

// Add adds the flags.
func (f *Travel) Add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.until, "until", "", "stop early and print the state there: step:N or time:12.5s")
	cmd.Flags().StringVar(&f.watch, "watch", "", "print every step and note of these: m1,z2")
	cmd.Flags().StringArrayVar(&f.drop, "drop", nil, "what if the delivery of this step were lost")
	cmd.Flags().StringArrayVar(&f.delay, "delay", nil, "what if the delivery of this step came later: STEP=2s")
}

// Read checks what was given.
func (f *Travel) Read() error {
	if err := f.readUntil(); err != nil {
		return err
	}
	for name := range strings.SplitSeq(f.watch, ",") {
		if name != "" {
			f.Watch = append(f.Watch, name)
		}
	}
	seen := map[uint64]bool{}
	for _, given := range []struct {
		texts []string
		parse func(string) (kernel.Override, error)
	}{{f.drop, simctl.ParseDrop}, {f.delay, simctl.ParseDelay}} {
		for _, text := range given.texts {
			o, err := given.parse(text)
			if err != nil {
				return err
			}
			if seen[o.Step] {
				return fmt.Errorf("step %d is to be lost or late twice", o.Step)
			}
			seen[o.Step] = true
			f.Overrides = append(f.Overrides, o)
		}
	}
	return nil
}

func (f *Travel) readUntil() error {
	bad := fmt.Errorf("--until=%s: want step:N, N from 1, or time:DURATION", f.until)
	word, value, _ := strings.Cut(f.until, ":")
	switch {
	case f.until == "":
	case word == "step":
		n, err := simctl.ParseSeed(value)
		if err != nil || n == 0 {
			return bad
		}
		f.UntilStep = n
	case word == "time":
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return bad
		}
		f.UntilNs = int64(d)
	default:
		return bad
	}
	return nil
}

// Apply sets the options of a run accordingly.
func (f *Travel) Apply(o *simctl.Options) {
	o.UntilStep, o.UntilNs = f.UntilStep, f.UntilNs
	o.Overrides = append(o.Overrides, f.Overrides...)
}

// Tell adds to a run's story what was asked for: the state where it was
// stopped, what was watched, and what was forced. Without any of it the story
// stays as it is.
func (f *Travel) Tell(r *simctl.Result, story string, t *simctl.Target) (string, error) {
	var b strings.Builder
	b.WriteString(story)
	if len(f.Watch) > 0 {
		if no := moment.Strangers(r.Trace, r.Events, f.Watch); len(no) > 0 {
			return "", fmt.Errorf("--watch=%s: the run has no %s", f.watch, strings.Join(no, ", "))
		}
		b.WriteByte('\n')
		if err := moment.Watch(&b, r.Trace, r.Events, f.Watch); err != nil {
			return "", err
		}
	}
	if f.UntilStep > 0 || f.UntilNs > 0 {
		b.WriteByte('\n')
		if err := moment.Tell(&b, r.Events, r.Steps, r.SimulatedNs, r.Pending); err != nil {
			return "", err
		}
	}
	for _, o := range f.Overrides {
		fmt.Fprintf(&b, "\nwhat if: %s\n  step %d: %s\n", simctl.DescribeOverride(o), o.Step, trace.Brief(&r.Trace[o.Step-1]))
	}
	if len(f.Overrides) > 0 && t.Recorded != nil {
		fmt.Fprintf(&b, "  before: %s; now: %s\n", t.Recorded.Verdict, r.Verdict)
	}
	return b.String(), nil
}
