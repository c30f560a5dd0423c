package explore

import "slices"

// A pathfinder makes a state again from its fingerprint, and the path to it: up by
// the table's references to parents, and down by the actions that lead from each
// to the next.
type pathfinder[S any] struct {
	sys   System[S]
	table *table
	state S // what find found
	start int
	path  []Action
}

// find makes the state with fp whose distance from an initial state is depth.
// A reference is half a fingerprint: where it fits several states, those are
// the parent that are reached in depth-1 actions and have an action to fp.
func (p *pathfinder[S]) find(fp uint64, depth int) bool {
	if depth == 0 {
		initial := p.sys.Initial()
		p.start = slices.IndexFunc(initial, func(s S) bool { return fingerprint(p.sys.Digest(s)) == fp })
		if p.start < 0 {
			return false
		}
		p.state, p.path = initial[p.start], p.path[:0]
		return true
	}
	shard := &p.table.shards[shardOf(fp)]
	slot, found := shard.find(fp)
	if !found {
		return false
	}
	for _, parent := range p.table.candidates(shard.refs[slot], nil) {
		if p.find(parent, depth-1) && p.step(fp) {
			return true
		}
	}
	return false
}

// step takes the first action from p.state that leads to fp.
func (p *pathfinder[S]) step(fp uint64) bool {
	for _, a := range p.sys.Actions(p.state, nil) {
		if t, ok := leads(p.sys, p.state, a, fp); ok {
			p.state, p.path = t, append(p.path, a)
			return true
		}
	}
	return false
}
