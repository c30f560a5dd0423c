package kernel

// A Waiting is an event that may come next at this instant.
type Waiting struct {
	Event *Event // valid during the call
	Chain uint64 // what it belongs to; the events of one chain never overtake each other
	at    int    // in the heap
}

// A Chooser picks which of several events of one instant comes first.
type Chooser interface {
	// Choose returns the index of one of them, which are two or more, each of
	// another chain, in the order in which they would come.
	Choose(waiting []Waiting) int
}

// Reorder lets a chooser decide among the events of one instant that belong to
// chains. What belongs to none comes when it would have come. It must be called
// before the kernel runs.
func (k *Kernel) Reorder(c Chooser, chain func(e *Event) (uint64, bool)) {
	k.chooser, k.chain = c, chain
}

// choose brings the event that the chooser picks to the front, if what stands
// there belongs to a chain.
func (k *Kernel) choose() {
	if _, ok := k.chain(k.q.first()); !ok {
		return
	}
	k.waiting = k.waiting[:0]
	k.gather(0, k.q.heap[0].at)
	if len(k.waiting) < 2 {
		if len(k.waiting) == 1 {
			k.q.advance(k.waiting[0].at)
		}
		return
	}
	sortWaiting(k.waiting, k.q.heap)
	k.q.advance(k.waiting[k.chooser.Choose(k.waiting)].at)
}

// gather collects the first event of every chain from the heap below i.
func (k *Kernel) gather(i int, at int64) {
	if i >= len(k.q.heap) || k.q.heap[i].at != at {
		return
	}
	x := &k.q.heap[i]
	if s := &k.q.slab[x.slot]; !s.dead {
		if chain, ok := k.chain(&s.e); ok {
			k.enter(Waiting{&s.e, chain, i})
		}
	}
	for c := 4*i + 1; c <= 4*i+4; c++ {
		k.gather(c, at)
	}
}

// enter adds an event, unless an earlier one of its chain waits.
func (k *Kernel) enter(w Waiting) {
	for i := range k.waiting {
		if k.waiting[i].Chain == w.Chain {
			if k.q.heap[w.at].seq < k.q.heap[k.waiting[i].at].seq {
				k.waiting[i] = w
			}
			return
		}
	}
	k.waiting = append(k.waiting, w)
}

// sortWaiting orders few events as the heap would.
func sortWaiting(ws []Waiting, heap []key) {
	for i := 1; i < len(ws); i++ {
		for j := i; j > 0 && heap[ws[j].at].less(&heap[ws[j-1].at]); j-- {
			ws[j], ws[j-1] = ws[j-1], ws[j]
		}
	}
}

// advance makes the i-th key of the heap the first of its instant.
func (q *queue) advance(i int) {
	h := q.heap
	x := h[i]
	x.tie, x.seq = 0, 0
	for i > 0 {
		p := (i - 1) / 4
		h[i] = h[p]
		i = p
	}
	h[0] = x
}
