package explore

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// breadth is a breadth-first search, level by level, block by block.
//
// A block is expanded in two phases. In the first the workers take pieces of
// it and sort those successors that the table does not know into buckets, one
// for each shard of the table; the table only is read. In the second they take
// shards and enter the buckets in the order of the pieces. So every state is
// found by the first action of the first state that leads to it, whatever the
// number of workers and whoever was faster, and of all shortest paths the one
// is told that is first by the order of actions.
type breadth[S any] struct {
	sys      System[S]
	o        Options
	checks   checks[S]
	table    *table
	store    *store[S]
	workers  []*worker[S]
	cur, nxt frontier[S]
	depth    int // of cur
	pieces   [pieces]piece[S]
	news     [shards][]uint32 // what the second phase added: piece<<posBits | pos
	fresh    []bool           // of what all pieces led to, what was added
	froms    []id             // of the block's states, if goals are wanted
	edges    [][]edge         // by worker, if goals are wanted
	reached  [shards]idSet    // ids of states with Goal
	levels   [][shards]int    // how many states each shard held when a level began
	partial  []uint64         // states that were not or not wholly expanded
	saved    uint64           // states in the last checkpoint
	spill    bool             // new states wait as fingerprints
	unsound  bool             // a self-check failed: go no further
	res      Result
}

// pieces is into how many parts a block is divided among workers.
const pieces = 16

// A piece is a part of a block, and what it leads to that the table did not
// know: states that are new, or found twice in one block.
type piece[S any] struct {
	leads   []lead[S]
	buckets [shards][]arrow // to each of leads, by shard
}

type lead[S any] struct {
	fp    uint64
	state S
}

// An arrow is the nth action of the parent'th state of the block, which leads
// to the pos'th lead of its piece.
type arrow struct {
	fp          uint64
	pos         uint32
	parent, nth uint16
}

const posBits = 27

// A successor is what an action leads to.
type successor[S any] struct {
	arrow
	state S
}

// A candidate is a violation that was seen while a block was expanded.
type candidate struct {
	parent, nth      int // nth -1: the state itself
	property, detail string
	twin             uint64 // of Unsound: the state that was there first
}

func newBreadth[S any](sys System[S], o Options) *breadth[S] {
	b := &breadth[S]{sys: sys, o: o, table: newTable(o.Goals), store: newStore(sys)}
	b.checks = newChecks[S](o)
	if o.Goals {
		b.froms = make([]id, b.store.length)
	}
	for range max(o.Cores, 1) {
		b.workers = append(b.workers, newWorker(b))
	}
	b.edges = make([][]edge, len(b.workers))
	return b
}

// begin enters the initial states.
func (b *breadth[S]) begin() {
	w := b.workers[0]
	for i, s := range b.sys.Initial() {
		b.res.States++
		fp, ok := w.digest(s, i)
		if ok && w.add(fp, 0, &s, i, -1) {
			b.push(fp, s)
		}
	}
	b.res.Distinct = b.table.len()
	b.collect(nil)
}

// run goes on until the search is over.
func (b *breadth[S]) run(ctx context.Context) error {
	for b.res.Why == "" {
		if b.cur.n == 0 && !b.level() {
			if b.res.Complete = !b.unsound; b.unsound {
				b.res.Why = notPure
			}
			return nil
		}
		if b.res.Why = b.over(ctx); b.res.Why != "" {
			return nil
		}
		if b.o.Checkpoint != "" && b.res.Distinct-b.saved >= b.interval() {
			if err := b.save(); err != nil {
				return err
			}
		}
		b.expand(b.cur.blocks[0])
		if b.o.Progress != nil {
			b.o.Progress(b.progress())
		}
	}
	return nil
}

func (b *breadth[S]) interval() uint64 { return cmp.Or(b.o.Interval, 10_000_000) }

func (b *breadth[S]) progress() Progress {
	return Progress{b.res.Distinct, b.res.Transitions, uint64(b.cur.n + b.nxt.n), b.depth, b.bytes()}
}

// level turns to the states that the last level led to, and reports whether
// there are any.
func (b *breadth[S]) level() bool {
	if b.nxt.n == 0 {
		return false
	}
	b.cur, b.nxt = b.nxt, frontier[S]{blocks: b.cur.blocks[:0]}
	b.depth = len(b.res.Levels)
	b.res.Depth = b.depth
	b.res.Levels = append(b.res.Levels, uint64(b.cur.n))
	var counts [shards]int
	for i := range counts {
		counts[i] = b.table.shards[i].n
	}
	b.levels = append(b.levels, counts)
	return true
}

// over says why the search ends here, or "".
func (b *breadth[S]) over(ctx context.Context) string {
	return b.o.over(reasons{
		interrupted: ctx.Err() != nil, impure: b.unsound, res: &b.res, deep: b.o.MaxDepth > 0 && b.depth >= b.o.MaxDepth, full: b.full,
	})
}

// full reports whether the memory bound is passed although all states that
// wait were turned into fingerprints.
func (b *breadth[S]) full() bool {
	if b.o.Memory == 0 || b.held() <= b.o.Memory {
		return false
	}
	b.cur.shed(b.store)
	b.nxt.shed(b.store)
	return b.held() > b.o.Memory
}

// held is what the memory bound is about.
func (b *breadth[S]) held() uint64 { return b.table.bytes() + b.store.bytes() }

// expand takes the first block of the level: every action of its states.
func (b *breadth[S]) expand(k *block[S]) {
	size := (len(k.fps) + pieces - 1) / pieces
	b.each(pieces, len(k.fps), func(w *worker[S], i int) {
		w.expand(k, i, min(i*size, len(k.fps)), min((i+1)*size, len(k.fps)))
	})
	b.each(shards, len(k.fps), func(w *worker[S], i int) { w.enter(k, i) })
	b.spill = b.o.Memory > 0 && b.held() > b.o.Memory/4*3
	b.gather()
	for _, w := range b.workers {
		b.res.Transitions += w.transitions
		b.res.States += w.transitions
		b.res.SelfChecks += w.compared
		w.transitions, w.compared = 0, 0
	}
	b.res.Distinct = b.table.len()
	b.res.Bytes = max(b.res.Bytes, b.bytes())
	b.collect(k)
	b.cur.blocks = b.cur.blocks[1:]
	b.cur.n -= len(k.fps)
	b.store.release(k)
}

// gather adds what is new to the next level, in the order in which it was led
// to.
func (b *breadth[S]) gather() {
	var base [pieces]int
	n := 0
	for i := range b.pieces {
		base[i] = n
		n += len(b.pieces[i].leads)
	}
	b.fresh = slices.Grow(b.fresh[:0], n)[:n]
	clear(b.fresh)
	for in := range b.news {
		for _, at := range b.news[in] {
			b.fresh[base[at>>posBits]+int(at&(1<<posBits-1))] = true
		}
		b.news[in] = b.news[in][:0]
	}
	for i := range b.pieces {
		leads := b.pieces[i].leads
		for j, fresh := range b.fresh[base[i] : base[i]+len(leads)] {
			if fresh {
				b.push(leads[j].fp, leads[j].state)
			}
		}
	}
}

// push adds a new state to the next level.
func (b *breadth[S]) push(fp uint64, s S) {
	b.nxt.push(b.store, fp, s, b.spill)
}

// bytes is what the search holds now.
func (b *breadth[S]) bytes() uint64 {
	n := b.held()
	for i := range b.pieces {
		n += uint64(cap(b.pieces[i].leads)) * (b.store.each + 8)
		for j := range b.pieces[i].buckets {
			n += 16 * uint64(cap(b.pieces[i].buckets[j]))
		}
	}
	for i := range b.news {
		n += 4 * uint64(cap(b.news[i]))
	}
	n += uint64(cap(b.fresh))
	for _, e := range b.edges {
		n += 8 * uint64(cap(e))
	}
	return n
}

// collect turns what the workers saw in a block, or in the initial states,
// into findings: the first of each property, in the order of the block.
func (b *breadth[S]) collect(k *block[S]) {
	var all []candidate
	for _, w := range b.workers {
		all = append(all, w.seen...)
		w.seen = w.seen[:0]
	}
	slices.SortFunc(all, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(x.parent, y.parent), cmp.Compare(x.nth, y.nth), cmp.Compare(x.property, y.property), cmp.Compare(x.detail, y.detail))
	})
	for _, c := range all {
		if c.property == Unsound || c.property == Impure {
			b.unsound = true
		}
		if k != nil && c.property == Panicked {
			b.partial = append(b.partial, k.fps[c.parent])
		}
		if len(b.res.Findings) > 0 && !b.o.KeepGoing {
			continue
		}
		if slices.ContainsFunc(b.res.Findings, func(f Finding) bool { return f.Property == c.property }) {
			continue
		}
		b.res.Findings = append(b.res.Findings, b.finding(k, c))
	}
}

// finding says how to get to what a candidate saw.
func (b *breadth[S]) finding(k *block[S], c candidate) Finding {
	f := Finding{Property: c.property, Detail: c.detail}
	if k == nil {
		f.Start = int(c.parent)
	} else {
		s, start, path, ok := b.way(k.fps[c.parent], b.depth)
		if !ok {
			return Finding{Property: Impure, Detail: lost + "; there " + c.property + ": " + c.detail}
		}
		f.Start, f.Path = start, path
		if c.nth >= 0 {
			f.Path = append(f.Path, b.sys.Actions(s, nil)[c.nth])
		}
	}
	if c.property == Unsound {
		for depth := range b.depth + 2 {
			if p := (pathfinder[S]{sys: b.sys, table: b.table}); p.find(c.twin, depth) {
				f.TwinStart, f.Twin = p.start, p.path
				f.Detail += "; the other state is behind: " + strings.Join(Story(b.sys, Finding{Start: p.start, Path: p.path}), ", ")
				break
			}
		}
	}
	return f
}

// way returns the state with fp at the given depth and a path to it. A system
// that does not lead there again is not pure.
func (b *breadth[S]) way(fp uint64, depth int) (s S, start int, path []Action, ok bool) {
	p := pathfinder[S]{sys: b.sys, table: b.table}
	if !p.find(fp, depth) {
		b.unsound = true
		return s, 0, nil, false
	}
	return p.state, p.start, p.path, true
}

// lost is what is said of a state that way does not find.
const lost = "a state that was reached could not be reached again by its path: Initial, Actions, Apply or Digest do not give the same results twice"
