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

func (peterson) Independent(a, b explore.Action) bool { return false }

// ring is an election on a ring (Chang and Roberts): each sends its name on,
// and passes on those greater than its own. n is at most 8. Its first letters
// are on their way when it begins.
type ring struct {
	n     int
	equal bool // all have the same name: each elects itself
}

// letters are those on their way to each node, the first in the lowest 4 bits.
type letters struct {
	to      [8]uint32
	leaders uint8
}

func (r ring) name(i int) uint32 {
	if r.equal {
		return 1
	}
	return uint32(r.n - i)
}

func (r ring) Initial() []letters {
	var s letters
	for i := range r.n {
		s.send((i+1)%r.n, r.name(i))
	}
	return []letters{s}
}

func (s *letters) send(to int, name uint32) {
	at := 0
	for s.to[to]>>at != 0 {
		at += 4
	}
	s.to[to] |= name << at
}

func (r ring) Actions(s letters, dst []explore.Action) []explore.Action {
	for i := range r.n {
		if s.to[i] != 0 {
			dst = append(dst, explore.Action{ID: uint64(i)})
		}
	}
	return dst
}

func (r ring) Apply(s letters, a explore.Action) letters {
	i := int(a.ID)
	name := s.to[i] & 15
	s.to[i] >>= 4
	switch {
	case name > r.name(i):
		s.send((i+1)%r.n, name)
	case name == r.name(i):
		s.leaders++
	}
	return s
}

func (r ring) Digest(s letters) uint64 {
	d := uint64(s.leaders)
	for _, q := range s.to {
		d = d*0x9e3779b97f4a7c15 + uint64(q)
		d ^= d >> 29
	}
	return d
}

func (r ring) Check(s letters) (property, detail string) {
	if s.leaders > 1 {
		return "one-leader", fmt.Sprint(s.leaders)
	}
	return "", ""
}

func (r ring) Describe(s letters, a explore.Action) string {
	return fmt.Sprintf("%d hears of %d", a.ID, s.to[a.ID]&15)
}

// Terminal: every letter has arrived and somebody leads.
func (r ring) Terminal(s letters) bool { return s.leaders == 1 }

func (r ring) Goal(s letters) bool { return s.leaders == 1 }

// Independent: one appends to the next one's letters, which takes the first. To
// take is not to enable it, nor to send to a node one that has a letter; but a
// letter to one without is.
func (r ring) Independent(a, b explore.Action) bool {
	n := uint64(r.n)
	return a.ID != b.ID && (a.ID+1)%n != b.ID && (b.ID+1)%n != a.ID && !r.equal
}

// table seats n philosophers, each of whom takes the fork on the left and then
// the one on the right; polite, the last takes them the other way round.
type table struct {
	n      int
	polite bool
}

// meals is how many forks each holds, two bits each: 0, 1, 2.
type meals uint32

func (t table) Initial() []meals { return []meals{0} }

func (s meals) forks(i int) int { return int(s >> (2 * i) & 3) }

// free reports whether a fork lies on the table. The k'th lies left of the k'th.
func (t table) free(s meals, k int) bool {
	for _, i := range []int{k, (k + t.n - 1) % t.n} {
		held := s.forks(i)
		if held == 2 || held == 1 && t.fork(i, 0) == k {
			return false
		}
	}
	return true
}

// fork is the one that i takes first or second.
func (t table) fork(i, nth int) int {
	if t.polite && i == t.n-1 {
		nth = 1 - nth
	}
	return (i + nth) % t.n
}

func (t table) Actions(s meals, dst []explore.Action) []explore.Action {
	for i := range t.n {
		if held := s.forks(i); held == 2 || t.free(s, t.fork(i, held)) {
			dst = append(dst, explore.Action{ID: uint64(i<<2 | held)})
		}
	}
	return dst
}

func (t table) Apply(s meals, a explore.Action) meals {
	i, held := int(a.ID>>2), a.ID&3
	s &^= 3 << (2 * i)
	return s | meals((held+1)%3)<<(2*i)
}

func (t table) Digest(s meals) uint64 { return uint64(s) }

func (t table) Check(s meals) (property, detail string) { return "", "" }

func (t table) Describe(s meals, a explore.Action) string {
	return fmt.Sprintf("%d %s", a.ID>>2, [...]string{"takes one", "takes the other", "lays both down"}[a.ID&3])
}

func (t table) Terminal(meals) bool { return false }

func (t table) Goal(s meals) bool { return s == 0 }

// Independent: they have no fork in common.
func (t table) Independent(a, b explore.Action) bool {
	i, j := int(a.ID>>2), int(b.ID>>2)
	return i != j && (i+1)%t.n != j && (j+1)%t.n != i
}
