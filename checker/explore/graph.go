package explore

import "slices"

// A graph is all transitions, state by state.
type graph struct {
	base [shards]int // of the states' places
	ends []int       // of each place's list in next
	next []id
}

// newGraph returns what the states of t lead to; back: what leads to them.
func newGraph(t *table, lists [][]edge, back bool) *graph {
	g, n := &graph{}, 0
	for i := range g.base {
		g.base[i] = n
		n += t.shards[i].n
	}
	ways := func(e edge) (from, to id) {
		if back {
			return id(e), id(e >> 32)
		}
		return id(e >> 32), id(e)
	}
	g.ends = make([]int, n+1)
	for _, list := range lists {
		for _, e := range list {
			from, _ := ways(e)
			g.ends[g.at(from)+1]++
		}
	}
	for i := range n {
		g.ends[i+1] += g.ends[i]
	}
	g.next = make([]id, g.ends[n])
	fill := slices.Clone(g.ends[:n])
	for _, list := range lists {
		for _, e := range list {
			from, to := ways(e)
			g.next[fill[g.at(from)]] = to
			fill[g.at(from)]++
		}
	}
	return g
}

// at is a state's place among all.
func (g *graph) at(x id) int { return g.base[x.shard()] + int(x.n()) }

// of lists where x leads to.
func (g *graph) of(x id) []id { return g.next[g.ends[g.at(x)]:g.ends[g.at(x)+1]] }

// backwards adds to reached all that leads there.
func backwards(t *table, lists [][]edge, reached *[shards]idSet) {
	g := newGraph(t, lists, true)
	var todo []id
	for in := range reached {
		for i := range t.shards[in].n {
			if reached[in].has(uint32(i)) {
				todo = append(todo, idOf(in, uint32(i)))
			}
		}
	}
	for len(todo) > 0 {
		x := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, p := range g.of(x) {
			if !reached[p.shard()].has(p.n()) {
				reached[p.shard()].add(p.n())
				todo = append(todo, p)
			}
		}
	}
}
