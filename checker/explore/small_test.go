package explore_test

import (
	"fmt"

	"github.com/simctl/simctl/checker/explore"
)

// peterson is mutual exclusion of two by Peterson; broken, both may look before
// either says that it wants in.
type peterson struct{ broken bool }

// pair is where the two are, 0 to 3, whether each wants in, and whose turn it is.
type pair struct {
	pc, want [2]uint8
	turn     uint8
}

func (peterson) Initial() []pair { return []pair{{}} }

func (p peterson) Actions(s pair, dst []explore.Action) []explore.Action {
	for i := range uint8(2) {
		if s.pc[i] != 2 || s.want[1-i] == 0 || s.turn == i {
			dst = append(dst, explore.Action{ID: uint64(i)})
		}
	}
	return dst
}

func (p peterson) Apply(s pair, a explore.Action) pair {
	i := a.ID
	switch s.pc[i] {
	case 0:
		if !p.broken {
			s.want[i] = 1
		}
	case 1:
		s.turn = 1 - uint8(i)
	case 2:
		s.want[i] = 1
	case 3:
		s.want[i] = 0
	}
	s.pc[i] = (s.pc[i] + 1) % 4
	return s
}

func (peterson) Digest(s pair) uint64 {
	return 1 + uint64(s.pc[0]) | uint64(s.pc[1])<<8 | uint64(s.want[0])<<16 | uint64(s.want[1])<<24 | uint64(s.turn)<<32
}

func (peterson) Check(s pair) (property, detail string) {
	if s.pc == [2]uint8{3, 3} {
		return "one-inside", "both are"
	}
	return "", ""
}

func (peterson) Describe(s pair, a explore.Action) string {
	return fmt.Sprintf("%d: %s", a.ID, [...]string{"wants in", "yields", "enters", "leaves"}[s.pc[a.ID]])
}
