package lock

// A Hand is the search that one would write by hand for this protocol and no
// other: no interface, guards and effects in one place, 64 bits a state in a
// table of a fixed size, no paths, no checks of itself, one core. It is what a
// search cannot be much faster than. It ignores Sorted and Reused.
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
	var made []State
	for len(cur) > 0 {
		nxt = nxt[:0]
		for i := range cur {
			made = h.m.next(&cur[i], made[:0])
			h.Transitions += uint64(len(made))
			for j := range made {
				if h.add(&made[j]) {
					nxt = append(nxt, made[j])
				}
			}
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

// next appends all that s leads to.
func (m System) next(s *State, out []State) []State {
	for i := range m.Clients {
		out = m.requests(s, i, out)
		out = m.replies(s, i, out)
		out = m.failures(s, i, out)
	}
	return out
}

func one(s *State, out []State) ([]State, *State) {
	out = append(out, *s)
	return out, &out[len(out)-1]
}

func (m System) requests(s *State, i int, out []State) []State {
	pc, req := s[role+i], s[request+i]
	var t *State
	if pc == idle && req == 0 && s[reply+i] == 0 {
		out, t = one(s, out)
		t[request+i], t[role+i] = 1, waiting
	}
	if req == 1 && s[owner] == 0 && s[epoch] < m.Tokens {
		out, t = one(s, out)
		t[epoch]++
		t[owner], t[request+i], t[reply+i] = byte(i+1), 0, t[epoch]
	}
	if pc == leader && req == 0 {
		out, t = one(s, out)
		t[request+i], t[role+i], t[token+i] = 2, idle, 0
	}
	if req == 2 {
		out, t = one(s, out)
		t[request+i] = 0
		if t[owner] == byte(i+1) {
			t[owner] = 0
		}
	}
	return out
}

func (m System) replies(s *State, i int, out []State) []State {
	pc, rep, expiry := s[role+i], s[reply+i], m.Tokens+1
	var t *State
	if rep > 0 && rep < expiry {
		if pc == waiting {
			out, t = one(s, out)
			t[role+i], t[token+i], t[reply+i] = leader, rep, 0
		}
		if pc == idle || pc == crashed {
			out, t = one(s, out)
			t[reply+i] = 0
		}
	}
	if rep == expiry && pc != crashed {
		out, t = one(s, out)
		t[reply+i], t[role+i], t[token+i], t[request+i] = 0, idle, 0, 0
	}
	if pc == leader && s[write+i] == 0 {
		out, t = one(s, out)
		t[write+i] = s[token+i]
	}
	if s[write+i] != 0 {
		out, t = one(s, out)
		t[stored], t[write+i] = max(t[stored], t[write+i]), 0
	}
	return out
}

func (m System) failures(s *State, i int, out []State) []State {
	var t *State
	if s[owner] == byte(i+1) {
		out, t = one(s, out)
		t[owner], t[reply+i] = 0, m.Tokens+1
	}
	out, t = one(s, out)
	if s[role+i] == crashed {
		t[role+i], t[reply+i] = idle, 0
	} else {
		t[role+i], t[token+i] = crashed, 0
	}
	return out
}
