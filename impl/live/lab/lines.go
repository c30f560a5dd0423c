package lab

import (
	"cmp"
	"time"

	"github.com/simctl/simctl/impl/live/lab/link"
	"github.com/simctl/simctl/scenarios"
)

// links acts on, or undoes, a fault of every link between two groups.
func (s *soak) links(f scenarios.Fault, begin bool) {
	if f.Class == scenarios.Drop || f.Class == scenarios.Duplicate {
		s.trap(f, begin)
		return
	}
	var reset []*link.Proxy
	for i, from := range f.Groups {
		for j, to := range f.Groups {
			for _, a := range from {
				for _, b := range to {
					switch {
					case i == j || f.Class == scenarios.OneWay && i != 0:
					case f.Class == scenarios.ResetConn && i < j && begin:
						reset = append(reset, s.mesh.Between(a, b)...)
					case f.Class == scenarios.Stall && i < j:
						s.stall(a, b, begin)
					case f.Class != scenarios.Stall && f.Class != scenarios.ResetConn:
						s.way(f, a, b, begin)
					}
				}
			}
		}
	}
	link.ResetAll(reset)
}

// way acts on what goes from a to b.
func (s *soak) way(f scenarios.Fault, a, b string, begin bool) {
	sign := 1
	if !begin {
		sign = -1
	}
	switch by := f.Extra * time.Duration(sign); f.Class {
	case scenarios.Partition, scenarios.OneWay:
		if begin {
			s.mesh.Cut(a, b)
		} else {
			s.mesh.Heal(a, b)
		}
	case scenarios.Slow:
		s.mesh.Slow(a, b, by)
	case scenarios.Drain:
		s.mesh.Drain(a, b, by)
	case scenarios.Lossy:
		s.mesh.Lossy(a, b, sign*cmp.Or(f.N, 100))
	default:
	}
}

// stall acts on the connections between a and b, in both directions.
func (s *soak) stall(a, b string, begin bool) {
	if begin {
		s.mesh.Stall(a, b)
	} else {
		s.mesh.Unstall(a, b)
	}
}

// trap sets a trap for messages from the first group to the second, or takes it
// away.
func (s *soak) trap(f scenarios.Fault, begin bool) {
	key := f.String()
	act := s.mesh.Unset
	if begin {
		s.play.traps[key] = link.NewTrap(f.What, f.N, f.Class == scenarios.Duplicate, f.Extra)
		act = s.mesh.Set
	}
	for _, a := range f.Groups[0] {
		for _, b := range f.Groups[1] {
			act(a, b, s.play.traps[key])
		}
	}
	if !begin {
		delete(s.play.traps, key)
	}
}
