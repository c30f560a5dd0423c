package explore

// An id numbers a state: its shard, and the how manieth it is there.
type id uint32

const idBits = 32 - shardBits

func idOf(shard int, n uint32) id { return id(uint32(shard)<<idBits | n) }

func (i id) shard() int { return int(i >> idBits) }

func (i id) n() uint32 { return uint32(i) & (1<<idBits - 1) }

// An edge is a transition: where from, in the upper half, and where to.
type edge = uint64

func edgeOf(from, to id) edge { return uint64(from)<<32 | uint64(to) }

// id returns the number of a state that is in the table.
func (t *table) id(fp uint64) id {
	in := shardOf(fp)
	slot, _ := t.shards[in].find(fp)
	return idOf(in, t.shards[in].ids[slot])
}

func (w *worker[S]) edge(parent uint16, to id) {
	w.b.edges[w.n] = append(w.b.edges[w.n], edgeOf(w.b.froms[parent], to))
}

// An idSet is a set of states of one shard.
type idSet []uint64

func (s *idSet) add(n uint32) {
	for int(n/64) >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[n/64] |= 1 << (n % 64)
}

func (s idSet) has(n uint32) bool { return int(n/64) < len(s) && s[n/64]>>(n%64)&1 == 1 }

// goals looks for a state from which no goal can be reached: backwards from
// the goals, and from what was not expanded, over every transition there is.
func (b *breadth[S]) goals() {
	for _, f := range []frontier[S]{b.cur, b.nxt} {
		for _, k := range f.blocks {
			b.partial = append(b.partial, k.fps...)
		}
	}
	for _, fp := range b.partial {
		i := b.table.id(fp)
		b.reached[i.shard()].add(i.n())
	}
	backwards(b.table, b.edges, &b.reached)
	b.res.Goals = true
	fp, depth, found := b.stuck()
	if !found {
		return
	}
	f := Finding{Property: Stuck, Detail: "no goal can be reached from here"}
	if _, f.Start, f.Path, found = b.way(fp, depth); !found {
		f = Finding{Property: Impure, Detail: lost}
	}
	b.res.Findings = append(b.res.Findings, f)
}

// stuck returns the state nearest to an initial one that reached does not hold.
func (b *breadth[S]) stuck() (fp uint64, depth int, found bool) {
	for in := range b.table.shards {
		s := &b.table.shards[in]
		for i := range uint32(s.n) {
			if b.reached[in].has(i) {
				continue
			}
			d := len(b.levels) - 1
			for d > 0 && int(i) < b.levels[d-1][in] {
				d--
			}
			if !found || d < depth {
				fp, depth, found = s.nth(i), d, true
			}
			break
		}
	}
	return fp, depth, found
}

// nth returns the fingerprint of the n'th state of a shard with ids.
func (s *shard) nth(n uint32) uint64 {
	for i, x := range s.ids {
		if x == n && s.fps[i] != 0 {
			return s.fps[i]
		}
	}
	return 0
}
