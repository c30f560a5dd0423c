// Package lines is what a scenario's faults do to the links between machines.
package lines

import (
	"cmp"
	"time"

	"github.com/simctl/simctl/impl/live/lab/link"
	"github.com/simctl/simctl/scenarios"
)

// Faults are those that go on now. The zero Faults are none.
type Faults struct {
	Mesh  *link.Mesh            // the links that they act on
	traps map[string]*link.Trap // that are set, by their faults
}

// Act begins, or undoes, a fault of every link between its groups.
func (l *Faults) Act(f scenarios.Fault, begin bool) {
	if f.Class == scenarios.Drop || f.Class == scenarios.Duplicate {
		l.trap(f, begin)
		return
	}
	var reset []link.End
	for i, from := range f.Groups {
		for j, to := range f.Groups {
			for _, a := range from {
				for _, b := range to {
					switch {
					case i == j || f.Class == scenarios.OneWay && i != 0:
					case f.Class == scenarios.ResetConn && i < j && begin:
						reset = append(reset, l.Mesh.Ends(a, b)...)
					case f.Class == scenarios.Stall && i < j:
						l.stall(a, b, begin)
					case f.Class != scenarios.Stall && f.Class != scenarios.ResetConn:
						l.way(f, a, b, begin)
					}
				}
			}
		}
	}
	link.ResetEnds(reset, f.Extra)
}

// way acts on what goes from a to b.
func (l *Faults) way(f scenarios.Fault, a, b string, begin bool) {
	sign := 1
	if !begin {
		sign = -1
	}
	switch by := f.Extra * time.Duration(sign); f.Class {
	case scenarios.Partition, scenarios.OneWay:
		if begin {
			l.Mesh.Cut(a, b)
		} else {
			l.Mesh.Heal(a, b)
		}
	case scenarios.Slow:
		l.Mesh.Slow(a, b, by)
	case scenarios.Drain:
		l.Mesh.Drain(a, b, by)
	case scenarios.Lossy:
		l.Mesh.Lossy(a, b, sign*cmp.Or(f.N, 100))
	default:
	}
}

// stall acts on the connections between a and b, in both directions.
func (l *Faults) stall(a, b string, begin bool) {
	if begin {
		l.Mesh.Stall(a, b)
	} else {
		l.Mesh.Unstall(a, b)
	}
}

// trap sets a trap for messages from the first group to the second, or takes it
// away.
func (l *Faults) trap(f scenarios.Fault, begin bool) {
	key := f.String()
	act := l.Mesh.Unset
	if begin {
		if l.traps == nil {
			l.traps = map[string]*link.Trap{}
		}
		l.traps[key] = link.NewTrap(f.What, f.N, f.Class == scenarios.Duplicate, f.Extra)
		act = l.Mesh.Set
	}
	for _, a := range f.Groups[0] {
		for _, b := range f.Groups[1] {
			act(a, b, l.traps[key])
		}
	}
	if !begin {
		delete(l.traps, key)
	}
}
