package explore

import "slices"

// deepGoals is what a depth-first search keeps for its goals.
type deepGoals struct {
	edges   []edge
	reached [shards]idSet // ids of states with Goal, and of those that were not wholly expanded
	initial []id          // of the initial states
	starts  []int         // which of all initial states they are
}

func (g *deepGoals) mark(x id) { g.reached[x.shard()].add(x.n()) }

// entered is told that the state number to was come to: from the one on top, or as
// an initial one.
func (d *deep[S]) entered(to id) {
	if top := len(d.stack) - 1; top >= 0 {
		d.g.edges = append(d.g.edges, edgeOf(d.stack[top].id, to))
	} else {
		d.g.initial, d.g.starts = append(d.g.initial, to), append(d.g.starts, d.start)
	}
}

// unfinished is told that the state on top is not wholly expanded: nobody knows
// what it leads to.
func (d *deep[S]) unfinished() {
	if top := len(d.stack) - 1; top >= 0 && d.o.Goals {
		d.g.mark(d.stack[top].id)
	}
}

// goals looks for a state from which no goal can be reached, and the nearest of
// all, as breadth does.
func (d *deep[S]) goals() {
	for i := range d.stack {
		d.g.mark(d.stack[i].id)
	}
	lists := [][]edge{d.g.edges}
	backwards(d.table, lists, &d.g.reached)
	d.res.Goals = true
	fps, start, found := d.stuck(newGraph(d.table, lists, false))
	if !found {
		return
	}
	f := Finding{Property: Stuck, Detail: "no goal can be reached from here", Start: start}
	p := pathfinder[S]{sys: d.sys, table: d.table, state: d.sys.Initial()[start]}
	for _, fp := range fps {
		if !p.step(fp) {
			f, p.path = Finding{Property: Impure, Detail: lost}, nil
			break
		}
	}
	f.Path = p.path
	d.res.Findings = append(d.res.Findings, f)
}

// stuck returns the states on the shortest way to one that reached does not hold,
// the initial one left out, whose index is start.
func (d *deep[S]) stuck(g *graph) (fps []uint64, start int, found bool) {
	before := make([]id, len(g.ends)-1) // the state before plus 1; 0: not seen
	todo := slices.Clone(d.g.initial)
	for _, x := range todo {
		before[g.at(x)] = x + 1
	}
	for i := 0; i < len(todo); i++ {
		x := todo[i]
		if !d.g.reached[x.shard()].has(x.n()) {
			for before[g.at(x)] != x+1 {
				fps = append(fps, d.table.shards[x.shard()].nth(x.n()))
				x = before[g.at(x)] - 1
			}
			slices.Reverse(fps)
			return fps, d.g.starts[slices.Index(d.g.initial, x)], true
		}
		for _, to := range g.of(x) {
			if before[g.at(to)] == 0 {
				before[g.at(to)] = x + 1
				todo = append(todo, to)
			}
		}
	}
	return nil, 0, false
}
