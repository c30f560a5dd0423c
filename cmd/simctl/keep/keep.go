// Package keep keeps what a sweep finds in its directory: bundles, and a journal
// by which a sweep that was killed goes on where it stopped.
package keep

import (
	"context"
	"path/filepath"

	"github.com/simctl/simctl"
	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/reports"
	"github.com/simctl/simctl/reports/journal"
)

// mostBundles is how many bundles a sweep writes at most: a policy that fails
// in every run would fill the disk with the same story.
const mostBundles = 20

// A Keeper keeps what one sweep finds.
type Keeper struct {
	Dir string
	// Asked is what the sweep was asked for, if a journal is to be kept; else nil.
	Asked []string
	// Each takes every run, those of the journal first: the line that is printed of
	// it, and how two runs of the seed differed. It returns false to end the sweep.
	Each func(line reports.RunLine, differs string) bool

	journal *journal.Journal // nil: none is kept
	kept    int              // bundles
	ended   bool             // Each wants no more
	failed  error
}

// Open begins the journal, or goes on with it. Ended says that what it holds is
// all that was wanted.
func (k *Keeper) Open(o *simctl.SweepOptions) (ended bool, err error) {
	o.Stop = k.stop
	if k.Asked == nil {
		return false, nil
	}
	k.journal, o.Past, err = journal.Open(k.Dir, journal.Sweep{Program: journal.Program(), Arguments: k.Asked})
	for i := range o.Past {
		l := &o.Past[i]
		if l.Run.Bundle != "" {
			k.kept++
		}
		k.ended = k.ended || !k.Each(l.Run, l.Differs)
	}
	return k.ended, err
}

// stop takes one run and reports whether the sweep is to end.
func (k *Keeper) stop(r *simctl.Result) bool {
	dir := ""
	if r.Verdict == checker.Violation && k.kept < mostBundles {
		dir = filepath.Join(k.Dir, r.Name())
		k.kept++
		k.failed = saveAgain(r, dir)
	}
	line := r.JournalLine(dir)
	if k.failed == nil && k.journal != nil {
		k.failed = k.journal.Append(line)
	}
	return k.failed != nil || !k.Each(line.Run, r.Nondeterminism)
}

// Close ends the journal, for good unless the sweep was interrupted or failed, and
// returns what went wrong.
func (k *Keeper) Close(ctx context.Context, failed error) error {
	if k.journal == nil {
		return k.failed
	}
	if err := k.journal.Close(failed == nil && k.failed == nil && ctx.Err() == nil); k.failed == nil {
		k.failed = err
	}
	return k.failed
}

// saveAgain makes a run of a sweep once more, this time with its trace, and
// writes the bundle. It takes milliseconds, and is finished even when the
// sweep was interrupted.
func saveAgain(r *simctl.Result, dir string) error {
	o := r.Options
	o.Steps = true
	again, err := simctl.Twice(context.Background(), r.Scenario, r.Seed, o)
	if err != nil {
		return err
	}
	again.Strategy = r.Strategy
	return again.Save(dir)
}
