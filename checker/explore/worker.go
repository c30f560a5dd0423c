package explore

import (
	"fmt"
	"sync"        //det:allow what the workers do is the same whoever is faster: see breadth
	"sync/atomic" //det:allow as above
)

// A worker expands states. What it sees waits in it until the others are done.
type worker[S any] struct {
	b           *breadth[S]
	n           int // which of the workers
	sys         System[S]
	terminal    Terminal[S] // sys, if it is one
	goal        Goal[S]     // sys, if it is one and goals are wanted
	actions     []Action
	made        []successor[S]
	seen        []candidate
	trail       trail[S]
	transitions uint64
	compared    uint64
	touched     uint64
}

// together is how many states are expanded before the table is asked about
// what they lead to: the reads of memory overlap.
const together = 16

func newWorker[S any](b *breadth[S]) *worker[S] {
	w := &worker[S]{b: b, n: len(b.workers), sys: b.sys}
	if f, ok := b.sys.(Forked[S]); ok && w.n > 0 {
		w.sys = f.Fork()
	}
	w.trail = trail[S]{sys: w.sys, table: b.table}
	w.terminal, _ = w.sys.(Terminal[S])
	if b.o.Goals {
		w.goal, _ = w.sys.(Goal[S])
	}
	return w
}

// each calls do for 0 to n-1 from all workers. A block of few states is not
// worth waking the others for.
func (b *breadth[S]) each(n, states int, do func(w *worker[S], i int)) {
	if len(b.workers) == 1 || states < 2*pieces {
		for i := range n {
			do(b.workers[0], i)
		}
		return
	}
	var next atomic.Int64
	var all sync.WaitGroup
	work := func(w *worker[S]) {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(w, i)
		}
	}
	for _, w := range b.workers[1:] {
		all.Add(1)
		go func() { defer all.Done(); work(w) }() //det:allow whoever takes a piece, the result is the same
	}
	work(b.workers[0])
	all.Wait()
}

// expand is the first phase for the n'th piece of a block: states lo to hi.
func (w *worker[S]) expand(k *block[S], n, lo, hi int) {
	p := &w.b.pieces[n]
	if w.b.store.pointers {
		clear(p.leads)
	}
	p.leads = p.leads[:0]
	for i := range p.buckets {
		p.buckets[i] = p.buckets[i][:0]
	}
	if w.goal != nil {
		for i := lo; i < hi; i++ {
			w.b.froms[i] = w.b.table.id(k.fps[i])
		}
	}
	for ; lo < hi; lo += together {
		w.made = w.made[:0]
		for i := lo; i < min(lo+together, hi); i++ {
			if s, ok := w.state(k, i); ok {
				w.successors(s, i)
			}
		}
		w.transitions += uint64(len(w.made))
		for i := range w.made {
			w.touched += w.b.table.touch(w.made[i].fp)
		}
		w.sort(p)
	}
	if w.b.store.pointers {
		clear(w.made[:cap(w.made)])
	}
}

// state returns the i'th state of a block.
func (w *worker[S]) state(k *block[S], i int) (s S, ok bool) {
	if k.states != nil {
		return k.states[i], true
	}
	if s, ok = w.trail.to(k.fps[i], w.b.depth); !ok {
		w.see(i, -1, Impure, lost)
	}
	return s, ok
}

// sort puts what the table does not know into buckets.
func (w *worker[S]) sort(p *piece[S]) {
	for i := range w.made {
		m := &w.made[i]
		in := shardOf(m.fp)
		shard := &w.b.table.shards[in]
		slot, found := shard.find(m.fp)
		if !found {
			m.pos = uint32(len(p.leads))
			p.leads = append(p.leads, lead[S]{m.fp, m.state})
			p.buckets[in] = append(p.buckets[in], m.arrow)
			continue
		}
		w.again(m.arrow, &m.state, in)
		if w.goal != nil {
			w.edge(m.parent, idOf(in, shard.ids[slot]))
		}
	}
}

// successors appends all that s, the parent'th state of the block, leads to.
func (w *worker[S]) successors(s S, parent int) {
	if !w.enabled(s, parent) {
		return
	}
	for nth := 0; nth < len(w.actions); nth++ {
		nth = w.apply(s, parent, nth)
	}
}

// mostActions is how many actions a state may have.
const mostActions = 1 << 16

// enabled fills w.actions.
func (w *worker[S]) enabled(s S, parent int) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			w.see(parent, -1, Panicked, fmt.Sprint("Actions: ", r))
			ok = false
		}
	}()
	w.actions = w.sys.Actions(s, w.actions[:0])
	if len(w.actions) > mostActions {
		panic(fmt.Sprintf("%d are enabled; there is room for %d", len(w.actions), mostActions))
	}
	if len(w.actions) == 0 && w.terminal != nil && !w.terminal.Terminal(s) {
		w.see(parent, -1, Deadlock, "no action is enabled")
	}
	return true
}

// apply applies the actions from nth on, up to the last or the first that
// panics, and returns which it applied last.
func (w *worker[S]) apply(s S, parent, nth int) (last int) {
	last = nth
	defer func() {
		if r := recover(); r != nil {
			w.transitions++
			w.see(parent, last, Panicked, fmt.Sprint(r))
		}
	}()
	for ; last < len(w.actions); last++ {
		t := w.sys.Apply(s, w.actions[last])
		w.made = append(w.made, successor[S]{arrow{fp: fingerprint(w.sys.Digest(t)), parent: uint16(parent), nth: uint16(last)}, t})
	}
	return last
}

// digest is the fingerprint of the i'th initial state, or false if that panics.
func (w *worker[S]) digest(s S, i int) (fp uint64, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			w.see(i, -1, Panicked, fmt.Sprint("Digest: ", r))
			ok = false
		}
	}()
	return fingerprint(w.sys.Digest(s)), true
}

// enter is the second phase for one shard.
func (w *worker[S]) enter(k *block[S], in int) {
	shard := &w.b.table.shards[in]
	for n := range w.b.pieces {
		p := &w.b.pieces[n]
		for i, m := range p.buckets[in] {
			if i%together == 0 {
				for _, next := range p.buckets[in][i:min(i+together, len(p.buckets[in]))] {
					w.touched += w.b.table.touch(next.fp)
				}
			}
			s := &p.leads[m.pos].state
			if w.add(m.fp, refOf(k.fps[m.parent]), s, int(m.parent), int(m.nth)) {
				w.b.news[in] = append(w.b.news[in], uint32(n)<<posBits|m.pos)
			} else {
				w.again(m, s, in)
			}
			if w.goal != nil {
				slot, _ := shard.find(m.fp)
				w.edge(m.parent, idOf(in, shard.ids[slot]))
			}
		}
	}
}

// add enters a state and looks at it, if it is new.
func (w *worker[S]) add(fp uint64, ref uint32, s *S, parent, nth int) bool {
	in := shardOf(fp)
	slot, added := w.b.table.shards[in].add(fp, ref)
	if !added {
		return false
	}
	w.look(*s, parent, nth)
	if w.goal != nil && w.isGoal(*s, parent, nth) {
		w.b.reached[in].add(w.b.table.shards[in].ids[slot])
	}
	if w.b.checks.picks(fp) && w.b.checks.keep(in, w.b.table.shards[in].n, fp, *s) {
		if why := impure(w.sys, *s); why != "" {
			w.see(parent, nth, Impure, why)
		}
	}
	return true
}

// look holds a new state against the properties.
func (w *worker[S]) look(s S, parent, nth int) {
	defer func() {
		if r := recover(); r != nil {
			w.see(parent, nth, Panicked, fmt.Sprint("Check: ", r))
		}
	}()
	if property, detail := w.sys.Check(s); property != "" {
		w.see(parent, nth, property, detail)
	}
}

// isGoal is Goal; a state that it panics for counts as one, for the panic is
// told.
func (w *worker[S]) isGoal(s S, parent, nth int) (is bool) {
	defer func() {
		if r := recover(); r != nil {
			w.see(parent, nth, Panicked, fmt.Sprint("Goal: ", r))
			is = true
		}
	}()
	return w.goal.Goal(s)
}

// again compares a state with the one of its fingerprint that was there before
// it, if that is kept. Of farOne comparisons one looks further than one step.
func (w *worker[S]) again(m arrow, s *S, in int) {
	if !w.b.checks.picks(m.fp) {
		return
	}
	first, ok := w.b.checks.samples[in][m.fp]
	if !ok {
		return
	}
	pairs := 1
	if w.b.checks.every == 1 || (m.fp^uint64(m.parent)^uint64(m.nth))%farOne == 0 {
		pairs = farPairs
	}
	w.compared++
	if why := differ(w.sys, first, *s, pairs); why != "" {
		w.seen = append(w.seen, candidate{int(m.parent), int(m.nth), Unsound, why, m.fp})
	}
}

func (w *worker[S]) see(parent, nth int, property, detail string) {
	w.seen = append(w.seen, candidate{parent: parent, nth: nth, property: property, detail: detail})
}
