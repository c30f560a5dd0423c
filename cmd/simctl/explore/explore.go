// Package explore is the command explore, and what the other commands do with the
// bundles of explorations: replay, shrink, why and list know them too.
package explore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/cmd/simctl/exit"
	"github.com/simctl/simctl/exploration"
	"github.com/simctl/simctl/reports"
)

// Parts are what the commands have from the program: where they print, whether
// that is a terminal, its check of arguments, and its environment.
type Parts struct {
	Out    io.Writer
	Warn   io.Writer // progress and prose
	IsTTY  func(stream any) bool
	Args   func(cobra.PositionalArgs) cobra.PositionalArgs
	Getenv func(string) string
}

// flags are those of explore.
type flags struct {
	search      exploration.Search
	out, memory string
	seen        string // file
	atMost      time.Duration
	json, quiet bool
	bounds      map[string]*string
}

// New returns the command explore.
func New(p Parts) *cobra.Command {
	f := flags{bounds: map[string]*string{}}
	var names []string
	for _, s := range exploration.Systems() {
		names = append(names, s.Name)
	}
	cmd := &cobra.Command{
		Use:   "explore SYSTEM",
		Short: "Visit every state that can be reached, up to bounds",
		Long: "Take every order of what may happen in a system, up to its bounds, and hold every state against its properties.\n" +
			"The systems are " + strings.Join(names, ", ") + ": simctl list systems. What was left out or bounded is told with\n" +
			"the verdict: complete means within these. A counterexample is written as a bundle, which replay takes again.",
		Example:   "  simctl explore abstract --masters=2 --crashes=1 --expiries=1\n  simctl explore abstract --without=NoFence --json",
		Args:      p.Args(cobra.ExactArgs(1)),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.search.System, f.search.Bounds = args[0], map[string]string{}
			for _, name := range slices.Sorted(maps.Keys(f.bounds)) {
				if cmd.Flags().Changed(name) {
					f.search.Bounds[name] = *f.bounds[name]
				}
			}
			return p.explore(cmd.Context(), &f)
		},
	}
	f.add(cmd, p)
	return cmd
}

func (f *flags) add(cmd *cobra.Command, p Parts) {
	fs := cmd.Flags()
	for _, b := range exploration.BoundsOf() {
		f.bounds[b.Name] = fs.String(b.Name, "", b.Says+" (each system has its own default)")
	}
	fs.StringVar(&f.search.Policy, "policy", "", "of systems of real code: hardened (default), spark, or either with switches: spark,term-fencing=on")
	fs.StringVar(&f.search.Strategy, "strategy", "bfs", "bfs finds what is shortest, on all cores; dfs; sleep: dfs that takes of actions that commute one order")
	fs.BoolVar(&f.search.NoSymmetry, "no-symmetry", false, "tell interchangeable workers and clients apart")
	fs.StringArrayVar(&f.search.Properties, "property", nil, "of systems of real code: judge this property alone; may be given again (default all that can be)")
	fs.BoolVar(&f.search.KeepGoing, "all", false, "go on after a violation, to the first of every property")
	fs.BoolVar(&f.search.Goals, "goals", false, "hold that from every state one can be reached in which the system does what it is for; needs --no-symmetry")
	fs.StringVar(&f.search.Resume, "resume", "", "keep the search in this directory, and go on with one that is there")
	fs.Uint64Var(&f.search.MaxStates, "max-states", 0, "end when so many states were found (default without end)")
	fs.StringVar(&f.memory, "memory", "2G", "end when the table and the states that wait are bigger: 500M, 2G")
	fs.IntVar(&f.search.Jobs, "jobs", 0, "cores (default all); what is found does not depend on it")
	fs.DurationVar(&f.atMost, "for", 0, "search for at most this long (default without end)")
	fs.StringVar(&f.seen, "seen", "", "write the abstract states, and the ways between them, that the search went through to this file, for simctl coverage")
	fs.BoolVar(&f.json, "json", false, "one JSON object on standard output")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	def := p.Getenv("SIMCTL_OUT")
	if def == "" {
		def = "out"
	}
	fs.StringVarP(&f.out, "out", "o", def, "directory for counterexamples")
}

func (p Parts) explore(ctx context.Context, f *flags) error {
	var err error
	if f.search.Memory, err = sizeOf(f.memory); err != nil {
		return fmt.Errorf("explore: --memory=%s: %w", f.memory, err)
	}
	if f.search.Jobs < 0 || f.atMost < 0 {
		return errors.New("explore: --jobs and --for are not negative")
	}
	within := ctx
	if f.atMost > 0 {
		var stop context.CancelFunc
		within, stop = context.WithTimeout(ctx, f.atMost)
		defer stop()
	}
	defer p.bound(f.search.Memory)()
	show := meter{w: p.Warn, terminal: p.IsTTY(p.Warn), began: time.Now(), what: "explore " + f.search.System}
	if !f.quiet {
		f.search.Progress = show.tell
	}
	if f.seen != "" {
		f.search.Seen = &exploration.Seen{}
	}
	line, err := exploration.Run(within, f.search)
	show.end()
	if err != nil {
		return fmt.Errorf("explore: %w", err)
	}
	if ctx.Err() == nil && within.Err() != nil && line.Why != "" {
		line.Why = f.atMost.String() + " are over"
	}
	if err := exploration.Save(f.out, f.search, line); err != nil {
		return err
	}
	if f.seen != "" {
		if err := write(f.seen, line.Header(), f.search.Seen.All()); err != nil {
			return err
		}
	}
	if f.json {
		err = reports.WriteLine(p.Out, line)
	} else {
		err = Tell(p.Out, line)
	}
	if err != nil {
		return err
	}
	return exit.Worse(status(line.Verdict), exit.Interruption(ctx)).AsError()
}

// bound has garbage collected before the process is bigger than the search may be, unless
// GOMEMLIMIT says otherwise, and returns what takes that back. A search that may be small
// takes this much all the same: the program itself, and what is remembered of steps.
func (p Parts) bound(memory uint64) func() {
	const least = 256 << 20
	if p.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	was := debug.SetMemoryLimit(int64(min(max(memory, least), math.MaxInt64)))
	return func() { debug.SetMemoryLimit(was) }
}

func status(v checker.Verdict) exit.Status {
	switch v {
	case checker.Pass:
		return exit.Held
	case checker.Violation:
		return exit.Violated
	}
	return exit.Inconclusive
}

// sizeOf reads a size: a number and K, M or G.
func sizeOf(text string) (uint64, error) {
	var n uint64
	var unit string
	if _, err := fmt.Sscanf(text+" ", "%d%s", &n, &unit); err != nil && n == 0 {
		return 0, errors.New("want a number of bytes and K, M or G, as 500M")
	}
	shift := map[string]int{"": 0, "K": 10, "M": 20, "G": 30}
	by, known := shift[strings.TrimSuffix(unit, "B")]
	if !known || n > 1<<63>>by {
		return 0, errors.New("want a number of bytes and K, M or G, as 500M")
	}
	return n << by, nil
}

// meter shows how far a search is.
type meter struct {
	w        io.Writer
	terminal bool
	what     string
	began    time.Time
	last     time.Time
	states   uint64 // at last
	shown    bool
}

// tell is called by the search every now and then.
func (m *meter) tell(p explore.Progress) {
	now := time.Now()
	pause := 30 * time.Second
	if m.terminal {
		pause = time.Second / 2
	}
	since := m.last
	if since.IsZero() {
		since = m.began
	}
	gone := now.Sub(since)
	if gone < pause {
		return
	}
	rate := uint64(float64(p.Distinct-m.states) / gone.Seconds())
	text := fmt.Sprintf("%s  %s states  %s a second  %s to expand  depth %d  %d MiB",
		m.what, reports.Thousands(p.Distinct), reports.Thousands(rate), reports.Thousands(p.Frontier), p.Depth, p.Bytes>>20)
	if m.terminal {
		fmt.Fprintf(m.w, "\r\x1b[K%s", text)
		m.shown = true
	} else {
		fmt.Fprintln(m.w, text)
	}
	m.last, m.states = now, p.Distinct
}

// end takes the line away.
func (m *meter) end() {
	if m.shown {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}
