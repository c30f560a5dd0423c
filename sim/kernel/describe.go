package kernel

import (
	"fmt"
	"slices"

	"github.com/simctl/simctl/model/trace"
)

func (k *Kernel) describe(e *Event) trace.Step { return k.tell(e, k.steps, k.now) }

// Coming is [Kernel.Pending] as steps of a trace: without numbers, and those
// that pauses have put off first.
func (k *Kernel) Coming() []trace.Step {
	var out []trace.Step
	for _, a := range k.actors {
		for _, s := range a.deferred {
			if sl := &k.q.slab[s]; !sl.dead {
				out = append(out, k.tell(&sl.e, 0, k.now))
			}
		}
	}
	for _, p := range k.Pending() {
		out = append(out, k.tell(&k.q.slab[p.Ref.slot-1].e, 0, p.At))
	}
	return out
}

func (k *Kernel) tell(e *Event, n uint64, at int64) trace.Step {
	return trace.Step{
		N: n, At: at, Actor: k.actors[e.Actor].name, Inc: e.Inc, Kind: e.Kind.String(),
		What: e.Name, Detail: e.detail(), Sum: e.Sum, Cause: e.cause, Via: e.via, Forced: e.force.String(),
	}
}

// detail prints the payload for people.
func (e *Event) detail() string {
	switch {
	case e.Kind == Message:
		return fmt.Sprintf("%+v", e.V)
	case !e.Call.IsZero():
		return e.Call.String()
	case e.V != nil:
		return fmt.Sprint(e.V)
	}
	return ""
}

// A Pending is one event that has not happened yet, as people and explorers
// see it.
type Pending struct {
	Ref   Ref
	At    int64
	Actor ActorID
	Kind  Kind
	Name  string
	Sum   uint64
}

// Pending lists what has not happened yet, first things first.
func (k *Kernel) Pending() []Pending {
	keys := slices.Clone(k.q.heap)
	slices.SortFunc(keys, func(a, b key) int {
		if a.less(&b) {
			return -1
		}
		return 1
	})
	var out []Pending
	for _, x := range keys {
		if s := &k.q.slab[x.slot]; !s.dead {
			out = append(out, Pending{Ref{x.slot + 1, s.gen}, x.at, s.e.Actor, s.e.Kind, s.e.Name, s.e.Sum})
		}
	}
	return out
}
