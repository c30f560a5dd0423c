// Package foot is what an action in an explored world touched, by which it is known
// to commute with another.
package foot

// A Foot is what one action touched. Sets of processes have a bit for each.
type Foot struct {
	Called   uint64 // processes that were called, or dialled
	Pushed   uint64 // processes that something was put under way to, over a connection
	Sessions uint64 // processes of whose sessions something changed
	Read     bool   // the service's tree was read
	Written  bool   // it was changed, or might have been
	Told     bool   // judges were told something
	All      bool   // what it touched is not known: faults, timers, starts and ends of processes
}

// Apart reports whether two actions that are both enabled in a state and touch
// this there commute. What is put behind what another takes from the front, or
// under way to a process that is called, makes no difference to either.
func Apart(a, b *Foot) bool {
	switch {
	case a.All || b.All, a.Told && b.Told:
		return false
	case a.Called&b.Called != 0, a.Pushed&b.Pushed != 0, a.Sessions&b.Sessions != 0:
		return false
	}
	return !(a.Written && (b.Read || b.Written) || b.Written && a.Read)
}

// A Memory is what actions touch in states, and where the one led that was tried
// last. It belongs to one goroutine. The zero Memory is empty.
type Memory[S comparable] struct {
	feet  map[[2]uint64]Foot // by digest and action
	from  S
	last  uint64 // action
	to    S
	tried bool
}

// enough is how many are remembered at most; then all are forgotten.
const enough = 1 << 17

// Of returns what an action touches in a state, of which it has the digest: it is
// tried, if that is not known.
func (m *Memory[S]) Of(from S, sum, action uint64, try func() (S, Foot)) Foot {
	key := [2]uint64{sum, action}
	f, known := m.feet[key]
	if !known {
		m.to, f = try()
		m.from, m.last, m.tried = from, action, true
		if m.feet == nil || len(m.feet) >= enough {
			m.feet = map[[2]uint64]Foot{}
		}
		m.feet[key] = f
	}
	return f
}

// Take returns where an action leads that was tried last, once.
func (m *Memory[S]) Take(from S, action uint64) (to S, ok bool) {
	if !m.tried || m.from != from || m.last != action {
		return to, false
	}
	to, m.to, m.tried = m.to, to, false
	return to, true
}
