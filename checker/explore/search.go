package explore

import (
	"context"
	"fmt"
	"slices"
)

// Search explores sys until nothing is left, a property is violated, a bound
// is reached or ctx ends; Result.Why says which. The error is for options that
// do not fit the system.
func Search[S any](ctx context.Context, sys System[S], o Options) (Result, error) {
	if o.Method != Breadth {
		return Result{}, fmt.Errorf("explore: method %s does not fit this system", o.Method)
	}
	b := &breadth[S]{sys: sys, o: o, parent: map[uint64]uint64{}}
	b.run(ctx)
	return b.res, nil
}

// breadth is a breadth-first search.
type breadth[S any] struct {
	sys      System[S]
	o        Options
	parent   map[uint64]uint64
	cur, nxt []S
	res      Result
}

func (b *breadth[S]) run(ctx context.Context) {
	for _, s := range b.sys.Initial() {
		b.res.States++
		b.add(s, 0)
	}
	var actions []Action
	for b.level(); len(b.cur) > 0; b.level() {
		for _, s := range b.cur {
			if b.res.Why = b.over(ctx); b.res.Why != "" {
				return
			}
			from := b.sys.Digest(s)
			actions = b.sys.Actions(s, actions[:0])
			for _, a := range actions {
				b.res.States++
				b.res.Transitions++
				b.add(b.sys.Apply(s, a), from)
			}
		}
	}
	b.res.Complete = true
}

// over says why the search ends here, or "".
func (b *breadth[S]) over(ctx context.Context) string {
	switch {
	case ctx.Err() != nil:
		return "interrupted"
	case len(b.res.Findings) > 0 && !b.o.KeepGoing:
		return "a property is violated"
	case b.o.MaxStates > 0 && b.res.Distinct >= b.o.MaxStates:
		return fmt.Sprintf("%d states", b.res.Distinct)
	case b.o.MaxDepth > 0 && b.res.Depth >= b.o.MaxDepth:
		return fmt.Sprintf("depth %d", b.res.Depth)
	}
	return ""
}

func (b *breadth[S]) level() {
	b.cur, b.nxt = b.nxt, b.cur[:0]
	if len(b.cur) > 0 {
		b.res.Depth = len(b.res.Levels)
		b.res.Levels = append(b.res.Levels, uint64(len(b.cur)))
	}
}

func (b *breadth[S]) add(s S, from uint64) {
	fp := b.sys.Digest(s)
	if _, ok := b.parent[fp]; ok {
		return
	}
	b.parent[fp] = from
	b.res.Distinct++
	b.nxt = append(b.nxt, s)
	property, detail := b.sys.Check(s)
	if property == "" || slices.ContainsFunc(b.res.Findings, func(f Finding) bool { return f.Property == property }) {
		return
	}
	start, path := b.path(fp)
	b.res.Findings = append(b.res.Findings, Finding{Property: property, Detail: detail, Start: start, Path: path})
}

// path leads from an initial state to the one with digest fp.
func (b *breadth[S]) path(fp uint64) (start int, path []Action) {
	chain := []uint64{fp}
	for b.parent[fp] != 0 {
		fp = b.parent[fp]
		chain = append(chain, fp)
	}
	slices.Reverse(chain)
	initial := b.sys.Initial()
	start = slices.IndexFunc(initial, func(s S) bool { return b.sys.Digest(s) == chain[0] })
	s := initial[start]
	for _, want := range chain[1:] {
		for _, a := range b.sys.Actions(s, nil) {
			if t := b.sys.Apply(s, a); b.sys.Digest(t) == want {
				s, path = t, append(path, a)
				break
			}
		}
	}
	return start, path
}
