package kernel

import (
	"fmt"
	"slices"
	"time"
)

// A Do says what an [Override] does.
type Do uint8

// What can be forced.
const (
	Drop   Do = iota + 1 // the delivery is lost
	Delay                // the delivery comes Value nanoseconds later
	Redraw               // whatever is drawn after the step is drawn from the seed Value
)

// An Override forces a single choice of a run. The run is the same up to its
// step, which its number names therefore.
type Override struct {
	Step  uint64 // from 1; a Redraw may have 0: from the beginning
	Do    Do
	Value uint64
}

// force is what an override does to the step that is carried out.
type force struct {
	lost bool
	late int64
}

// String is the force as traces tell it; empty if there is none.
func (f force) String() string {
	switch {
	case f.lost:
		return "lost"
	case f.late > 0:
		return time.Duration(f.late).String() + " late"
	}
	return ""
}

// Lost reports whether an override takes the delivery away: its network must
// not hand it over.
func (e *Event) Lost() bool { return e.force.lost }

// Late is how many nanoseconds later an override wants the delivery to be; 0
// for as it is.
func (e *Event) Late() int64 { return e.force.late }

// Again is the event to be posted once more, without what was forced.
func (e *Event) Again() Event {
	out := *e
	out.force = force{}
	return out
}

// Recall takes a pending event back and says when it was due, even if a pause
// had put it off.
func (k *Kernel) Recall(r Ref) (e Event, at int64, ok bool) { return k.q.recall(r) }

// Force sets what is to be forced, before the first step. Without any, nothing
// of a run changes.
func (k *Kernel) Force(os []Override) {
	k.overrides = slices.Clone(os)
	slices.SortStableFunc(k.overrides, func(a, b Override) int {
		switch {
		case a.Step < b.Step:
			return -1
		case a.Step > b.Step:
			return 1
		}
		return 0
	})
	for len(k.overrides) > 0 && k.overrides[0].Step == 0 {
		k.redraw(k.overrides[0])
		k.overrides = k.overrides[1:]
	}
}

func (k *Kernel) redraw(o Override) {
	if o.Do != Redraw {
		k.refuse("there is no step 0")
		return
	}
	k.seed = o.Value
}

// Refused reports whether something could not be forced; the run ended there.
func (k *Kernel) Refused() bool { return k.refused != nil }

// Forced is asked when the run is over: it is nil if all was forced that was to
// be, and else says what could not be, and why.
func (k *Kernel) Forced() error {
	if k.refused == nil && len(k.overrides) > 0 && k.overrides[0].Step > k.steps {
		return fmt.Errorf("the run has no step %d: it ended with step %d", k.overrides[0].Step, k.steps)
	}
	return k.refused
}

func (k *Kernel) refuse(why string, args ...any) {
	if k.refused == nil {
		k.refused = fmt.Errorf(why, args...)
	}
	k.stopped = true
}

// override applies what is forced upon the step that begins, and reports
// whether it may begin. A step's Redraw is done behind it, which is before the
// next one.
func (k *Kernel) override(e *Event) bool {
	for len(k.overrides) > 0 && k.overrides[0].Step < k.steps {
		k.redraw(k.overrides[0])
		k.overrides = k.overrides[1:]
	}
	for i := 0; i < len(k.overrides) && k.overrides[i].Step == k.steps; {
		o := k.overrides[i]
		if o.Do == Redraw {
			i++
			continue
		}
		if e.Kind != Message {
			k.refuse("step %d is no delivery of a message, but a %s of %s (%s): it can be neither lost nor late",
				k.steps, e.Kind, k.actors[e.Actor].name, e.Name)
			return false
		}
		if e.force.lost = o.Do == Drop; o.Do == Delay {
			e.force.late = int64(o.Value)
		}
		k.fp = mum(k.fp^uint64(o.Do), o.Value^0x9e3779b97f4a7c15)
		k.overrides = slices.Delete(k.overrides, i, i+1)
	}
	return true
}
