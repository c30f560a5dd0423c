package lock

import "github.com/simctl/simctl/checker/explore"

// A Hand is what is searched by hand: the same protocol without an interface,
// states by value, 64 bits a state in a table of a fixed size, no paths, no
// checks of itself, one core. It is what a search cannot be much faster than.
type Hand struct {
	m     System
	table []uint64
	// Distinct states and Transitions that Search saw.
	Distinct, Transitions uint64
}

// NewHand returns a search with a table of 1<<slotBits.
func NewHand(m System, slotBits int) *Hand {
	return &Hand{m: m, table: make([]uint64, 1<<slotBits)}
}

func (h *Hand) add(s *State) bool {
	fp := hash(s) | 1
	mask := uint64(len(h.table) - 1)
	for i := fp >> 20 & mask; ; i = (i + 1) & mask {
		switch h.table[i] {
		case fp:
			return false
		case 0:
			h.table[i] = fp
			return true
		}
	}
}

// Search visits every state and reports whether the property holds in all.
func (h *Hand) Search() (ok bool) {
	ok = true
	cur, nxt := []State{{}}, []State(nil)
	h.add(&cur[0])
	h.Distinct++
	for len(cur) > 0 {
		nxt = nxt[:0]
		for i := range cur {
			nxt = h.successors(&cur[i], nxt)
		}
		for i := range nxt {
			if p, _ := h.m.Check(nxt[i]); p != "" {
				ok = false
			}
		}
		h.Distinct += uint64(len(nxt))
		cur, nxt = nxt, cur
	}
	return ok
}

func (h *Hand) successors(s *State, nxt []State) []State {
	for i := range h.m.Clients {
		for k := range kinds {
			if !h.m.enabled(s, i, k) {
				continue
			}
			h.Transitions++
			t := h.m.Apply(*s, explore.Action{ID: uint64(i<<4 | k)})
			if h.add(&t) {
				nxt = append(nxt, t)
			}
		}
	}
	return nxt
}
