package kernel

// queue orders pending events by (time, tie, insertion). It is a 4-ary heap of
// small keys over a slab of events: no allocation once it has grown, and no
// pointer in the heap.
type queue struct {
	heap []key
	slab []slot
	free []uint32
	seq  uint64
}

type key struct {
	at   int64
	tie  uint64
	seq  uint64
	slot uint32
}

type slot struct {
	e    Event
	gen  uint32
	dead bool // cancelled; its key is still in the heap
	late bool // its time came, but its actor was paused
}

// A Ref names one pending event. The zero Ref names none.
type Ref struct {
	slot uint32 // plus one
	gen  uint32
}

func (a *key) less(b *key) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	if a.tie != b.tie {
		return a.tie < b.tie
	}
	return a.seq < b.seq
}

func (q *queue) push(at int64, tie uint64, e *Event) Ref {
	var s uint32
	if n := len(q.free); n > 0 {
		s = q.free[n-1]
		q.free = q.free[:n-1]
	} else {
		s = uint32(len(q.slab))
		q.slab = append(q.slab, slot{})
	}
	sl := &q.slab[s]
	sl.e, sl.dead, sl.late = *e, false, false
	sl.gen++
	q.insert(at, tie, s)
	return Ref{s + 1, sl.gen}
}

// insert puts the key of a filled slot into the heap.
func (q *queue) insert(at int64, tie uint64, s uint32) {
	q.seq++
	x := key{at, tie, q.seq, s}
	q.heap = append(q.heap, x)
	h := q.heap
	i := len(h) - 1
	for i > 0 {
		p := (i - 1) / 4
		if !x.less(&h[p]) {
			break
		}
		h[i] = h[p]
		i = p
	}
	h[i] = x
}

// cancel reports whether r was pending.
func (q *queue) cancel(r Ref) bool {
	sl := q.pending(r)
	if sl == nil {
		return false
	}
	sl.dead, sl.e = true, Event{}
	return true
}

// take is cancel that hands the event back, unless it is late.
func (q *queue) take(r Ref) (e Event, ok bool) {
	sl := q.pending(r)
	if sl == nil || sl.late {
		return Event{}, false
	}
	e = sl.e
	sl.dead, sl.e = true, Event{}
	return e, true
}

// recall is take of whatever is pending, late or not, and says when it was due.
// What a pause still keeps out of the heap is due at 0.
func (q *queue) recall(r Ref) (e Event, at int64, ok bool) {
	sl := q.pending(r)
	if sl == nil {
		return Event{}, 0, false
	}
	for i := range q.heap {
		if q.heap[i].slot == r.slot-1 {
			at = q.heap[i].at
		}
	}
	e = sl.e
	sl.dead, sl.e = true, Event{}
	return e, at, true
}

// pending returns the slot of r, and nil if it is not pending.
func (q *queue) pending(r Ref) *slot {
	if r.slot == 0 {
		return nil
	}
	sl := &q.slab[r.slot-1]
	if sl.gen != r.gen || sl.dead {
		return nil
	}
	return sl
}

// next returns the time of the first pending event that is not cancelled.
func (q *queue) next() (at int64, ok bool) {
	for len(q.heap) > 0 {
		if x := q.heap[0]; !q.slab[x.slot].dead {
			return x.at, true
		}
		q.release(q.drop())
	}
	return 0, false
}

// first is the event that pop would take off.
func (q *queue) first() *Event { return &q.slab[q.heap[0].slot].e }

// park takes the first event's key off, and keeps its slot.
func (q *queue) park() uint32 {
	s := q.drop()
	q.slab[s].late = true
	return s
}

// pop takes the first event off; call it only after next said there is one.
func (q *queue) pop(e *Event) {
	*e = *q.first()
	q.release(q.drop())
}

// release frees a slot whose key is not in the heap.
func (q *queue) release(s uint32) {
	q.slab[s].e = Event{}
	q.slab[s].dead = true
	q.free = append(q.free, s)
}

// drop removes the heap's root and returns its slot.
func (q *queue) drop() uint32 {
	s := q.heap[0].slot
	n := len(q.heap) - 1
	y := q.heap[n]
	q.heap = q.heap[:n]
	if n > 0 {
		h := q.heap // without y, which comes into the hole
		i := 0
		for {
			c := 4*i + 1
			if c >= n {
				break
			}
			m := least(h, c)
			if !h[m].less(&y) {
				break
			}
			h[i] = h[m]
			i = m
		}
		h[i] = y
	}
	return s
}

// least returns the index of the first of up to four siblings that begin at c.
func least(h []key, c int) int {
	if c+4 > len(h) {
		m := c
		for j := c + 1; j < len(h); j++ {
			if h[j].less(&h[m]) {
				m = j
			}
		}
		return m
	}
	a, b := c, c+2
	if h[c+1].less(&h[c]) {
		a = c + 1
	}
	if h[c+3].less(&h[c+2]) {
		b = c + 3
	}
	if h[b].less(&h[a]) {
		return b
	}
	return a
}

// Uint packs the name into one number, 0 for the zero Ref.
func (r Ref) Uint() uint64 { return uint64(r.slot)<<32 | uint64(r.gen) }

// RefOf is the inverse of [Ref.Uint].
func RefOf(x uint64) Ref { return Ref{uint32(x >> 32), uint32(x)} }
