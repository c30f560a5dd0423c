// Package twin compares two runs that ought to be the same, and names the first
// step in which they are not. It knows no world: runs are handed in.
package twin

import (
	"fmt"
	"runtime"
	"runtime/debug" //det:allow Elsewhere sets and restores what nothing may depend on
	"sort"

	"github.com/simctl/simctl/model/trace"
)

// A Run is what is compared of a run.
type Run struct {
	Fingerprint uint64
	Checkpoints []uint64 // the fingerprints after every Every steps
	Steps       uint64
	Trace       []trace.Step  // of a window of its steps
	Events      []trace.Event // all of them, or those up to the window's end
}

// A Window is the steps that a run is to keep: from First to Last.
type Window struct{ First, Last uint64 }

// Same reports whether two runs did the same.
func Same(a, b *Run) bool { return a.Fingerprint == b.Fingerprint && a.Steps == b.Steps }

// Suspect is the window in which two runs differ for the first time, found by
// bisection over their checkpoints, which are every so many steps: once two runs
// differ, all their checkpoints do.
func Suspect(a, b *Run, every uint64) Window {
	n := min(len(a.Checkpoints), len(b.Checkpoints))
	lo := sort.Search(n, func(i int) bool { return a.Checkpoints[i] != b.Checkpoints[i] })
	return Window{uint64(lo)*every + 1, uint64(lo+1) * every}
}

// tries is how many further pairs of runs are looked at for the difference: what
// depends on more than the seed need not show each time.
const tries = 8

// Differ names the first step in which two runs differ, or the first event if
// their steps are the same. It makes runs again, in pairs that keep the steps of
// the window alone; each pair may differ in a window of its own, and the earliest
// is searched.
func Differ(a, b *Run, every uint64, again func(w Window) (*Run, error)) string {
	w := Suspect(a, b, every)
	head := fmt.Sprintf("fingerprints %016x and %016x, different since steps %d to %d", a.Fingerprint, b.Fingerprint, w.First, w.Last)
	for range tries {
		x, err := again(w)
		if err != nil {
			return head + ": " + err.Error()
		}
		y, err := again(w)
		if err != nil {
			return head + ": " + err.Error()
		}
		if now := Suspect(x, y, every); !Same(x, y) && now.First < w.First {
			w = now
			continue
		}
		if d := trace.Diff(x.Trace, y.Trace); d != nil {
			return d.String()
		}
		if text := events(x.Events, y.Events, w.Last); text != "" {
			return text
		}
	}
	return fmt.Sprintf("%s; %d more pairs of runs did not differ there", head, tries)
}

// events names the first event up to a step in which two runs differ.
func events(a, b []trace.Event, last uint64) string {
	for i := range max(len(a), len(b)) {
		x, y := at(a, i), at(b, i)
		switch {
		case x.Step > last && y.Step > last:
			return ""
		case x != y:
			return fmt.Sprintf("first difference in what step %d tells\n  a: %s\n  b: %s", max(x.Step, y.Step), side(&x), side(&y))
		}
	}
	return ""
}

func at(list []trace.Event, i int) trace.Event {
	if i < len(list) {
		return list[i]
	}
	return trace.Event{}
}

func side(e *trace.Event) string {
	if e.Kind == "" {
		return "nothing more"
	}
	return e.String()
}

// Elsewhere calls f under another GOMAXPROCS and another GOGC than anybody
// chooses, and puts both back. What depends on when threads or the collector run
// has another chance to show.
func Elsewhere(f func()) {
	//det:allow set and put back: nothing may depend on it
	procs, gc := runtime.GOMAXPROCS(Procs), debug.SetGCPercent(GC)
	defer func() {
		runtime.GOMAXPROCS(procs) //det:allow put back
		debug.SetGCPercent(gc)
	}()
	f()
}

// The settings of [Elsewhere].
const (
	Procs = 3
	GC    = 37
)
