package explore_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/checker/explore"
)

// A machine is a random system: parts with a place each, and variables that
// all of them read and write.
type machine struct {
	steps []rule
	bad   uint8 // a place of the first part that must not be together with the same of the second
	goal  uint8 // a place of the first part
	start []world
}

// A world is where the parts are, and the variables.
type world struct{ place, value [3]uint8 }

// A rule takes a part from one place to another if a variable has a value, and
// sets one. Variables beyond the last are neither read nor written.
type rule struct {
	part, from, to        int
	read, is, write, give int
}

func (m machine) Initial() []world { return m.start }

func (m machine) Actions(s world, dst []explore.Action) []explore.Action {
	for i, r := range m.steps {
		if int(s.place[r.part]) == r.from && (r.read > 2 || int(s.value[r.read]) == r.is) {
			dst = append(dst, explore.Action{ID: uint64(i)})
		}
	}
	return dst
}

func (m machine) Apply(s world, a explore.Action) world {
	r := m.steps[a.ID]
	s.place[r.part] = uint8(r.to)
	if r.write <= 2 {
		s.value[r.write] = uint8(r.give)
	}
	return s
}

func (m machine) Digest(s world) uint64 {
	var d uint64
	for i := range s.place {
		d = d<<16 | uint64(s.place[i])<<8 | uint64(s.value[i])
	}
	return d
}

func (m machine) Check(s world) (property, detail string) {
	if s.place[0] == m.bad && s.place[1] == m.bad {
		return "apart", fmt.Sprint(s)
	}
	return "", ""
}

func (m machine) Describe(_ world, a explore.Action) string { return fmt.Sprint(m.steps[a.ID]) }

func (m machine) Goal(s world) bool { return s.place[0] == m.goal }

func (m machine) Independent(x, y explore.Action) bool {
	a, b := m.steps[x.ID], m.steps[y.ID]
	clash := func(v, w int) bool { return v <= 2 && v == w }
	return a.part != b.part && !clash(a.write, b.read) && !clash(a.read, b.write) && !clash(a.write, b.write)
}

func drawMachine(t *rapid.T) machine {
	places := rapid.IntRange(2, 4).Draw(t, "places")
	place, value := rapid.IntRange(0, places-1), rapid.IntRange(0, 1)
	var m machine
	rules := rapid.Custom(func(t *rapid.T) rule {
		return rule{
			rapid.IntRange(0, 2).Draw(t, "part"), place.Draw(t, "from"), place.Draw(t, "to"),
			rapid.IntRange(0, 5).Draw(t, "read"), value.Draw(t, "is"), rapid.IntRange(0, 5).Draw(t, "write"), value.Draw(t, "give"),
		}
	})
	m.steps = rapid.SliceOfN(rules, 1, 14).Draw(t, "rules")
	m.bad, m.goal = uint8(place.Draw(t, "bad")), uint8(place.Draw(t, "goal"))
	m.start = []world{{}}
	if rapid.Bool().Draw(t, "two beginnings") {
		m.start = append(m.start, world{place: [3]uint8{uint8(places - 1), 0, 0}})
	}
	return m
}

// A reference is what a search that nobody would doubt sees.
type reference struct {
	depth       map[world]int
	transitions uint64
	levels      []uint64
	bad, stuck  int              // the distance of the nearest, or -1
	way         []explore.Action // to the nearest bad one: the first there is
}

func naive(m machine) reference {
	r := reference{depth: map[world]int{}, bad: -1, stuck: -1}
	after, way := map[world][]world{}, map[world][]explore.Action{}
	var queue []world
	for _, s := range m.start {
		if _, ok := r.depth[s]; !ok {
			r.depth[s] = 0
			queue = append(queue, s)
		}
	}
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		d := r.depth[s]
		for len(r.levels) <= d {
			r.levels = append(r.levels, 0)
		}
		r.levels[d]++
		if p, _ := m.Check(s); p != "" && r.bad < 0 {
			r.bad, r.way = d, way[s]
		}
		for _, a := range m.Actions(s, nil) {
			t := m.Apply(s, a)
			r.transitions++
			after[s] = append(after[s], t)
			if _, ok := r.depth[t]; !ok {
				r.depth[t] = d + 1
				way[t] = append(slices.Clip(way[s]), a)
				queue = append(queue, t)
			}
		}
	}
	can := map[world]bool{}
	for range queue {
		for s := range r.depth {
			can[s] = can[s] || m.Goal(s) || slices.ContainsFunc(after[s], func(t world) bool { return can[t] })
		}
	}
	for s, d := range r.depth {
		if !can[s] && (r.stuck < 0 || d < r.stuck) {
			r.stuck = d
		}
	}
	return r
}

// mini runs f on one machine.
func mini(t *rapid.T, m machine, o explore.Options) explore.Result {
	r, err := explore.Search(t.Context(), m, o)
	require.NoError(t, err)
	require.True(t, r.Complete, r.Why)
	for _, f := range r.Findings {
		states := explore.Replay(m, f.Start, f.Path)
		p, _ := m.Check(states[len(states)-1])
		require.True(t, p == f.Property || f.Property == explore.Stuck, "the path of %v leads to %v", f, states)
	}
	return r
}

func TestRandomSystemsAreSeenAsANaiveSearchSeesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMachine(t)
		want := naive(m)
		var names []string
		shortest := map[string]int{"apart": want.bad, explore.Stuck: want.stuck}
		for _, name := range slices.Sorted(maps.Keys(shortest)) {
			if shortest[name] >= 0 {
				names = append(names, name)
			}
		}
		r := mini(t, m, explore.Options{KeepGoing: true, Goals: true, SelfCheck: 4})
		require.Equal(t, want.levels, r.Levels)
		require.Equal(t, [2]uint64{uint64(len(want.depth)), want.transitions}, [2]uint64{r.Distinct, r.Transitions})
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.Property)
			require.Len(t, f.Path, shortest[f.Property], f.Property)
			if f.Property == "apart" {
				require.Equal(t, want.way, f.Path)
			}
		}
		require.ElementsMatch(t, names, got)
		require.Equal(t, r, mini(t, m, explore.Options{KeepGoing: true, Goals: true, SelfCheck: 4, Cores: 2}))
		for _, method := range []explore.Method{explore.Depth, explore.Sleep} {
			d := mini(t, m, explore.Options{KeepGoing: true, Method: method, SelfCheck: 1})
			require.Equal(t, uint64(len(want.depth)), d.Distinct, "%s", method)
			require.Equal(t, want.bad >= 0, len(d.Findings) > 0, "%s", method)
			require.LessOrEqual(t, d.Transitions, want.transitions)
		}
		deep := mini(t, m, explore.Options{KeepGoing: true, Goals: true, Method: explore.Depth})
		at := slices.IndexFunc(deep.Findings, func(f explore.Finding) bool { return f.Property == explore.Stuck })
		require.Equal(t, want.stuck >= 0, at >= 0)
		if at >= 0 {
			require.Len(t, deep.Findings[at].Path, want.stuck, "the nearest is told, however it was found")
		}
	})
}
