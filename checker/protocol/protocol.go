// Package protocol is model/abstract as a system to explore: the specification
// searched by the engine that searches the real code.
package protocol

import (
	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/model/abstract"
)

// A System is the abstract protocol at one size. It is an [explore.System] and
// an [explore.Goal]: wherever it is, some master can act again.
type System struct {
	Protocol abstract.System
}

// Initial implements [explore.System].
func (y *System) Initial() []abstract.State { return y.Protocol.Initial() }

// Actions implements [explore.System].
func (y *System) Actions(s abstract.State, dst []explore.Action) []explore.Action {
	var room [64]abstract.Action
	for _, a := range y.Protocol.Actions(s, room[:0]) {
		dst = append(dst, explore.Action{ID: uint64(a)})
	}
	return dst
}

// Apply implements [explore.System].
func (y *System) Apply(s abstract.State, a explore.Action) abstract.State {
	return y.Protocol.Apply(s, abstract.Action(a.ID))
}

// Digest implements [explore.System].
func (y *System) Digest(s abstract.State) uint64 { return y.Protocol.Digest(s) }

// Check implements [explore.System].
func (y *System) Check(s abstract.State) (property, detail string) { return y.Protocol.Check(s) }

// Describe implements [explore.System].
func (y *System) Describe(s abstract.State, a explore.Action) string {
	return y.Protocol.Describe(s, abstract.Action(a.ID))
}

// Goal implements [explore.Goal]: a master acts.
func (y *System) Goal(s abstract.State) bool { return y.Protocol.Acts(s) }
