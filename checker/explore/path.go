package explore

import "slices"

// A pathfinder makes states again from their fingerprints: up by the table's
// references to parents, and down by the actions that lead from each to the
// next.
type pathfinder[S any] struct {
	sys   System[S]
	table *table
	cache map[uint64]S // states made before, all at the depth they are asked for at; may be nil
	state S            // what find found
	start int
	path  []Action // not with a cache
}

// find makes the state with fp whose distance from an initial state is depth.
// A reference is half a fingerprint: where it fits several states, those are
// the parent that are reached in depth-1 actions and have an action to fp.
func (p *pathfinder[S]) find(fp uint64, depth int) bool {
	if s, ok := p.cache[fp]; ok {
		p.state = s
		return true
	}
	if depth == 0 {
		initial := p.sys.Initial()
		p.start = slices.IndexFunc(initial, func(s S) bool { return fingerprint(p.sys.Digest(s)) == fp })
		if p.start < 0 {
			return false
		}
		p.state, p.path = initial[p.start], p.path[:0]
		p.keep(fp)
		return true
	}
	shard := &p.table.shards[shardOf(fp)]
	slot, found := shard.find(fp)
	if !found {
		return false
	}
	for _, parent := range p.table.candidates(shard.refs[slot], nil) {
		if p.find(parent, depth-1) && p.step(fp) {
			p.keep(fp)
			return true
		}
	}
	return false
}

func (p *pathfinder[S]) keep(fp uint64) {
	if p.cache != nil {
		p.cache[fp] = p.state
	}
}

// step takes the first action from p.state that leads to fp.
func (p *pathfinder[S]) step(fp uint64) bool {
	for _, a := range p.sys.Actions(p.state, nil) {
		if t, ok := p.leads(a, fp); ok {
			p.state, p.path = t, append(p.path, a)
			return true
		}
	}
	return false
}

// leads applies a and reports whether that gives fp; a panic does not.
func (p *pathfinder[S]) leads(a Action, fp uint64) (t S, ok bool) {
	defer func() { ok = recover() == nil && ok }()
	t = p.sys.Apply(p.state, a)
	return t, fingerprint(p.sys.Digest(t)) == fp
}
