package explore

import "slices"

// A trail makes states of a frontier again from their fingerprints, one after
// another. A frontier is in the order of its states' parents, so that the way to
// one state begins as that to the one before it: only what differs is applied, and
// in all every action of a state that leads to the frontier about once.
type trail[S any] struct {
	sys   System[S]
	table *table
	way   []stand[S] // to the state made last, by depth; beyond its length: lists that are used again
}

// A stand is one state on the way.
type stand[S any] struct {
	fp      uint64
	s       S
	actions []Action // once they were asked for
	next    int      // of actions: the one after that which led on last
}

// to makes the state with fp whose distance from an initial state is depth. A
// reference is half a fingerprint: where it fits several states, those are the
// parent that are reached in depth-1 actions and have an action to fp.
func (t *trail[S]) to(fp uint64, depth int) (s S, ok bool) {
	if depth < len(t.way) && t.way[depth].fp == fp {
		return t.way[depth].s, true
	}
	if depth == 0 {
		initial := t.sys.Initial()
		i := slices.IndexFunc(initial, func(s S) bool { return fingerprint(t.sys.Digest(s)) == fp })
		if i < 0 {
			return s, false
		}
		return t.stand(0, fp, initial[i]), true
	}
	shard := &t.table.shards[shardOf(fp)]
	slot, found := shard.find(fp)
	if !found {
		return s, false
	}
	for _, parent := range t.table.candidates(shard.refs[slot], nil) {
		if _, ok = t.to(parent, depth-1); ok {
			if s, ok = t.step(fp, depth); ok {
				return s, true
			}
		}
	}
	return s, false
}

// step takes the action from the state at depth-1 that leads to fp. Those that led
// to states before it come last.
func (t *trail[S]) step(fp uint64, depth int) (s S, ok bool) {
	from := &t.way[depth-1]
	if len(from.actions) == 0 {
		from.actions = t.sys.Actions(from.s, from.actions)
	}
	for range from.actions {
		a := from.actions[from.next%len(from.actions)]
		from.next++
		if s, ok := leads(t.sys, from.s, a, fp); ok {
			return t.stand(depth, fp, s), true
		}
	}
	return s, false
}

// stand puts a state on the way at depth, behind which there is nothing then.
func (t *trail[S]) stand(depth int, fp uint64, s S) S {
	if depth < cap(t.way) {
		t.way = t.way[:depth+1]
	} else {
		t.way = append(t.way[:depth], stand[S]{})
	}
	at := &t.way[depth]
	at.fp, at.s, at.actions, at.next = fp, s, at.actions[:0], 0
	return s
}

// leads applies a and reports whether that gives fp; a panic does not.
func leads[S any](sys System[S], s S, a Action, fp uint64) (t S, ok bool) {
	defer func() { ok = recover() == nil && ok }()
	t = sys.Apply(s, a)
	return t, fingerprint(sys.Digest(t)) == fp
}
