package explore

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe" //det:allow the size of a type, not an address
)

// deep is a depth-first search on one core, with or without sleep sets.
//
// An action sleeps in a state if all that begins with it was or will be seen
// from a state before: it commutes with what led from there to here. With each
// state its sleeping actions are kept. A state that is come to again is left
// alone only if every action that slept there sleeps now; those that do not
// any more are taken then (Godefroid, Partial-Order Methods, 5.2).
type deep[S any] struct {
	sys         System[S]
	independent func(s S, a, b Action) bool // nil: no sleep sets
	o           Options
	checks      checks[S]
	table       *table
	sets        sets
	stack       []frame[S] // beyond its length: frames whose lists are used again
	start       int
	actions     []Action
	asleep      []uint64 // where the next state's sleep set is made
	res         Result
	deepest     int  // states that were on the path at most
	cut         bool // a path was longer than MaxDepth
	impure      bool
	g           deepGoals
}

// A frame is one state on the path.
type frame[S any] struct {
	s     S
	id    id // if goals are wanted
	todo  []Action
	next  int      // of todo
	sleep []uint64 // sorted IDs of actions
}

// sets numbers sleep sets: 0 is the empty one.
type sets struct {
	numbers map[string]uint32
	all     [][]uint64
	key     []byte
}

func (t *sets) number(set []uint64) uint32 {
	t.key = t.key[:0]
	for _, x := range set {
		t.key = binary.LittleEndian.AppendUint64(t.key, x)
	}
	n, ok := t.numbers[string(t.key)]
	if !ok {
		n = uint32(len(t.all))
		t.numbers[string(t.key)] = n
		t.all = append(t.all, slices.Clone(set))
	}
	return n
}

func newDeep[S any](sys System[S], o Options) *deep[S] {
	d := &deep[S]{sys: sys, o: o, table: newTable(o.Goals), checks: newChecks[S](o)}
	d.sets.numbers = map[string]uint32{}
	d.sets.number(nil)
	if o.Method == Sleep {
		d.independent = independence(sys)
	}
	return d
}

func (d *deep[S]) run(ctx context.Context) {
	defer d.count()
	for i, s := range d.sys.Initial() {
		d.start = i
		d.visit(s, nil)
		for len(d.stack) > 0 {
			if d.res.Why = d.over(ctx); d.res.Why != "" {
				return
			}
			d.step()
		}
	}
	if d.res.Why = d.over(ctx); d.res.Why == "" && d.cut {
		d.res.Why = fmt.Sprintf("paths of more than %d actions were not asked for; a state that is also reached on a shorter path may not have been expanded", d.o.MaxDepth)
	}
	d.res.Complete = d.res.Why == ""
}

// over says why the search ends here, or "". A path that is too long ends no
// search.
func (d *deep[S]) over(ctx context.Context) string {
	return d.o.over(reasons{
		interrupted: d.res.Transitions%1024 == 0 && ctx.Err() != nil, impure: d.impure, res: &d.res,
		full: func() bool { return d.o.Memory > 0 && d.res.Bytes > d.o.Memory },
	})
}

// step takes the next action of the state on top.
func (d *deep[S]) step() {
	top := len(d.stack) - 1
	f := &d.stack[top]
	if f.next == len(f.todo) {
		var none S
		f.s = none
		d.stack = d.stack[:top]
		return
	}
	a := f.todo[f.next]
	f.next++
	d.asleep = d.asleep[:0]
	if d.independent != nil {
		for _, x := range f.sleep {
			if d.independent(f.s, Action{x}, a) {
				d.asleep = append(d.asleep, x)
			}
		}
		at, _ := slices.BinarySearch(f.sleep, a.ID)
		f.sleep = slices.Insert(f.sleep, at, a.ID)
	}
	if d.o.MaxDepth > 0 && len(d.stack) > d.o.MaxDepth {
		d.cut = true
		d.unfinished()
		return
	}
	d.res.Transitions++
	if d.res.Transitions%65536 == 0 {
		d.count()
		if d.o.Progress != nil {
			d.o.Progress(Progress{d.res.Distinct, d.res.Transitions, uint64(len(d.stack)), len(d.stack), d.res.Bytes})
		}
	}
	if t, ok := d.apply(f.s, a); ok {
		d.visit(t, d.asleep)
	}
}

// apply is Apply, or false if that panics.
func (d *deep[S]) apply(s S, a Action) (t S, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			d.see(Panicked, fmt.Sprint(r))
			d.unfinished()
			ok = false
		}
	}()
	return d.sys.Apply(s, a), true
}

// visit goes to s, in which sleep is asleep.
func (d *deep[S]) visit(s S, sleep []uint64) {
	defer func() {
		if r := recover(); r != nil {
			d.see(Panicked, fmt.Sprint("Digest, Check or Actions: ", r))
			d.unfinished()
		}
	}()
	d.res.States++
	fp := fingerprint(d.sys.Digest(s))
	in := shardOf(fp)
	shard := &d.table.shards[in]
	slot, found := shard.find(fp)
	if !found {
		slot, _ = shard.add(fp, d.sets.number(sleep))
		d.res.Distinct++
	}
	var me id
	if d.o.Goals {
		me = idOf(in, shard.ids[slot])
		d.entered(me)
	}
	if !found {
		d.res.Depth = max(d.res.Depth, len(d.stack))
		if d.o.Goals && d.sys.(Goal[S]).Goal(s) {
			d.g.mark(me)
		}
		d.look(s, in, fp)
		d.expand(s, me, sleep)
		return
	}
	d.compare(s, in, fp)
	kept := d.sets.all[shard.refs[slot]]
	if subset(kept, sleep) {
		return
	}
	f := d.push(s, me)
	for _, x := range kept {
		if _, asleep := slices.BinarySearch(sleep, x); asleep {
			f.sleep = append(f.sleep, x)
		} else {
			f.todo = append(f.todo, Action{x})
		}
	}
	shard.refs[slot] = d.sets.number(f.sleep)
}

// look holds a new state against the properties.
func (d *deep[S]) look(s S, in int, fp uint64) {
	if property, detail := d.sys.Check(s); property != "" {
		d.see(property, detail)
	}
	if !d.checks.picks(fp) || !d.checks.keep(in, d.table.shards[in].n, fp, s) {
		return
	}
	if why := impure(d.sys, s); why != "" {
		d.see(Impure, why)
	}
	if d.independent == nil {
		return
	}
	if why := dependent(d.sys, d.independent, s); why != "" {
		d.see(Dependent, why)
	}
}

// compare holds a state that was come to again against the one that was first.
func (d *deep[S]) compare(s S, in int, fp uint64) {
	if !d.checks.picks(fp) {
		return
	}
	if first, ok := d.checks.samples[in][fp]; ok {
		pairs := 1
		if d.res.SelfChecks%farOne == 0 || d.checks.every == 1 {
			pairs = farPairs
		}
		d.res.SelfChecks++
		if why := differ(d.sys, first, s, pairs); why != "" {
			d.see(Unsound, why)
		}
	}
}

// expand goes on with every action of s that is awake.
func (d *deep[S]) expand(s S, me id, sleep []uint64) {
	d.actions = d.sys.Actions(s, d.actions[:0])
	if t, ok := d.sys.(Terminal[S]); ok && len(d.actions) == 0 && !t.Terminal(s) {
		d.see(Deadlock, "no action is enabled")
	}
	f := d.push(s, me)
	f.sleep = append(f.sleep, sleep...)
	for _, a := range d.actions {
		if _, asleep := slices.BinarySearch(sleep, a.ID); !asleep {
			f.todo = append(f.todo, a)
		}
	}
}

// push makes s, number me, the state on top, with nothing to do and nothing asleep yet.
func (d *deep[S]) push(s S, me id) *frame[S] {
	top := len(d.stack)
	if top < cap(d.stack) {
		d.stack = d.stack[:top+1]
	} else {
		d.stack = append(d.stack, frame[S]{})
	}
	f := &d.stack[top]
	f.s, f.id, f.todo, f.next, f.sleep = s, me, f.todo[:0], 0, f.sleep[:0]
	d.deepest = max(d.deepest, len(d.stack))
	return f
}

// count brings Bytes up to date: the table, the sets and the longest path.
func (d *deep[S]) count() {
	var f frame[S]
	n := d.table.bytes() + uint64(d.deepest)*(uint64(unsafe.Sizeof(f))+128)
	for _, set := range d.sets.all {
		n += uint64(16*len(set)) + 64
	}
	d.res.Bytes = max(d.res.Bytes, n+8*uint64(cap(d.g.edges)))
}

// see enters a finding, the first of its property, with the path as it is.
func (d *deep[S]) see(property, detail string) {
	d.impure = d.impure || property == Unsound || property == Impure || property == Dependent
	if len(d.res.Findings) > 0 && !d.o.KeepGoing || slices.ContainsFunc(d.res.Findings, func(f Finding) bool { return f.Property == property }) {
		return
	}
	var path []Action
	for _, f := range d.stack {
		path = append(path, f.todo[f.next-1])
	}
	d.res.Findings = append(d.res.Findings, Finding{Property: property, Detail: detail, Start: d.start, Path: path})
}

// subset reports whether all of a is in b; both are sorted.
func subset(a, b []uint64) bool {
	for _, x := range a {
		if _, ok := slices.BinarySearch(b, x); !ok {
			return false
		}
	}
	return true
}

// dependent returns two actions of s that are said to be independent and are
// not, or "".
func dependent[S any](sys System[S], independent func(s S, a, b Action) bool, s S) (why string) {
	defer func() {
		if recover() != nil {
			why = "" // found when s is expanded
		}
	}()
	actions := sys.Actions(s, nil)
	always, _ := sys.(Independent)
	for i, a := range actions {
		after := sys.Apply(s, a)
		enabled := sys.Actions(after, nil)
		for _, c := range enabled {
			if always != nil && always.Independent(a, c) && !slices.Contains(actions, c) {
				return fmt.Sprintf("%q enables %q", sys.Describe(s, a), sys.Describe(after, c))
			}
		}
		for _, c := range actions[i+1:] {
			if !independent(s, a, c) {
				continue
			}
			other := sys.Apply(s, c)
			if !slices.Contains(enabled, c) || !slices.Contains(sys.Actions(other, nil), a) {
				return fmt.Sprintf("of %q and %q one disables the other", sys.Describe(s, a), sys.Describe(s, c))
			}
			if sys.Digest(sys.Apply(after, c)) != sys.Digest(sys.Apply(other, a)) {
				return fmt.Sprintf("%q and %q lead elsewhere in the other order", sys.Describe(s, a), sys.Describe(s, c))
			}
		}
	}
	return ""
}
