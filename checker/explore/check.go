package explore

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// checks keeps some states whole, picked by their fingerprints, to compare
// them with others of the same fingerprint.
type checks[S any] struct {
	every   uint64 // one in how many; 0: none
	most    int    // states that a shard keeps at once, whatever it holds; -1: every one that is picked
	samples [shards]map[uint64]S
}

const (
	// Of the first states one in usualChecks is kept, until each shard of the
	// table has firstSamples; then one in laterChecks.
	usualChecks  = 256
	firstSamples = 8
	laterChecks  = 4096
	// shardSamples is how many states a shard keeps at most.
	shardSamples = 128
	// farPairs is how many pairs of states a comparison looks at that goes
	// further than one step: one in farOne does.
	farPairs = 32
	farOne   = 16
)

func newChecks[S any](o Options) checks[S] {
	c := checks[S]{every: usualChecks, most: firstSamples}
	if o.SelfCheck != 0 {
		c.every, c.most = uint64(max(o.SelfCheck, 0)), -1
	}
	for i := range c.samples {
		c.samples[i] = map[uint64]S{}
	}
	return c
}

// picks reports whether states with this fingerprint may be compared.
func (c *checks[S]) picks(fp uint64) bool {
	return c.every > 0 && (c.every == 1 || fingerprint(fp^0x5e1fc4ec)%c.every == 0)
}

// keep reports whether it keeps the n'th state of a shard, which picks picked.
func (c *checks[S]) keep(in, n int, fp uint64, s S) bool {
	if c.most >= 0 && len(c.samples[in]) >= min(c.most+n/laterChecks, shardSamples) {
		return false
	}
	c.samples[in][fp] = s
	return true
}

// A couple is two states with one digest, and how to get there from the two
// that a comparison began with.
type couple[S any] struct {
	x, y  S
	after []string
}

// differ returns how x and y, whose digests are equal, can be told apart by
// what they do and what is said of them, or "". It goes on from both in step
// as long as it has looked at fewer pairs.
func differ[S any](sys System[S], x, y S, pairs int) (why string) {
	defer func() {
		if recover() != nil {
			why = "" // whichever panics is found when it is expanded itself
		}
	}()
	queue, seen := []couple[S]{{x: x, y: y}}, map[uint64]bool{}
	for i := 0; i < len(queue) && i < pairs; i++ {
		c := queue[i]
		if what := saidOf(sys, c.x, c.y); what != "" {
			return sentence(c.after, what)
		}
		xs, ys := next(sys, c.x), next(sys, c.y)
		if what := onlyIn(sys, xs, ys, c); what != "" {
			return sentence(c.after, what)
		}
		for j := range xs {
			if !seen[xs[j].fp] && len(queue) < pairs {
				seen[xs[j].fp] = true
				queue = append(queue, couple[S]{xs[j].state, ys[j].state, append(slices.Clip(c.after), sys.Describe(c.x, xs[j].action))})
			}
		}
	}
	return ""
}

func sentence(after []string, what string) string {
	if len(after) == 0 {
		return what
	}
	return "after " + strings.Join(after, ", ") + ": " + what
}

// saidOf returns what is said of one of two states alone.
func saidOf[S any](sys System[S], x, y S) string {
	px, _ := sys.Check(x)
	py, _ := sys.Check(y)
	if px != py {
		return fmt.Sprintf("one violates %q, the other %q", px, py)
	}
	if t, ok := sys.(Terminal[S]); ok && t.Terminal(x) != t.Terminal(y) {
		return "one may stand still, the other not"
	}
	if g, ok := sys.(Goal[S]); ok && g.Goal(x) != g.Goal(y) {
		return "one is a goal, the other not"
	}
	return ""
}

// A branch is one action and where it leads.
type branch[S any] struct {
	fp     uint64
	action Action
	state  S
}

// next returns all that s leads to, by fingerprint.
func next[S any](sys System[S], s S) []branch[S] {
	var all []branch[S]
	for _, a := range sys.Actions(s, nil) {
		t := sys.Apply(s, a)
		all = append(all, branch[S]{fingerprint(sys.Digest(t)), a, t})
	}
	slices.SortStableFunc(all, func(p, q branch[S]) int { return cmp.Compare(p.fp, q.fp) })
	return all
}

// onlyIn returns what one state can do and the other not.
func onlyIn[S any](sys System[S], xs, ys []branch[S], c couple[S]) string {
	for i := range max(len(xs), len(ys)) {
		switch {
		case i == len(ys) || i < len(xs) && xs[i].fp < ys[i].fp:
			return fmt.Sprintf("%q leads to a state from the first that the second does not lead to", sys.Describe(c.x, xs[i].action))
		case i == len(xs) || xs[i].fp > ys[i].fp:
			return fmt.Sprintf("%q leads to a state from the second that the first does not lead to", sys.Describe(c.y, ys[i].action))
		}
	}
	return ""
}

// impure returns what s or its actions do that a search cannot bear, or "".
func impure[S any](sys System[S], s S) (why string) {
	defer func() {
		if recover() != nil {
			why = "" // found when s is expanded
		}
	}()
	before := sys.Digest(s)
	actions := sys.Actions(s, nil)
	ids := map[uint64]bool{}
	for _, a := range actions {
		if ids[a.ID] {
			return fmt.Sprintf("two enabled actions have the ID %d, one is %q", a.ID, sys.Describe(s, a))
		}
		ids[a.ID] = true
		first := sys.Digest(sys.Apply(s, a))
		if sys.Digest(s) != before {
			return fmt.Sprintf("%q changes the state it is applied to", sys.Describe(s, a))
		}
		if sys.Digest(sys.Apply(s, a)) != first {
			return fmt.Sprintf("%q does not lead to the same state each time", sys.Describe(s, a))
		}
	}
	if !slices.Equal(actions, sys.Actions(s, nil)) {
		return "other actions are enabled when it is asked again"
	}
	return ""
}
