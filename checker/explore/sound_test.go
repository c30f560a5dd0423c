package explore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/checker/explore/lock"
)

// counter is a register that goes up and down and a monitor that remembers
// whether it was ever full; when it is empty after that, a property is
// violated. It can leave any part of itself out of its digest, and misbehave.
type counter struct {
	noValue, noMonitor bool // not in the digest
	noParity           bool // nor this, which only decides what is enabled
	shares             bool // "down" changes the state it is applied to
	twice              bool // two actions have one ID
	panics             bool // "up" from 2 does
	flips              *uint64
}

type count struct {
	value  uint8
	parity uint8
	full   bool
	shared *uint8
}

func (c counter) Initial() []count { return []count{{shared: new(uint8)}} }

func (c counter) Actions(s count, dst []explore.Action) []explore.Action {
	if s.value < 3 {
		dst = append(dst, explore.Action{ID: 1})
	}
	if s.value > 0 && s.parity == 0 {
		dst = append(dst, explore.Action{ID: 2})
	}
	if c.twice {
		dst = append(dst, explore.Action{ID: 2})
	}
	return append(dst, explore.Action{ID: 3})
}

func (c counter) Apply(s count, a explore.Action) count {
	switch a.ID {
	case 1:
		if c.panics && s.value == 2 {
			panic("three is too many")
		}
		s.value++
		s.full = s.full || s.value == 3
	case 2:
		if c.shares {
			*s.shared++
		}
		if s.value > 0 {
			s.value--
		}
	default:
		s.parity = 1 - s.parity
	}
	return s
}

func (c counter) Digest(s count) uint64 {
	d := uint64(s.value)<<8 | uint64(s.parity)<<1
	if s.full {
		d |= 1
	}
	switch {
	case c.noValue:
		d &= 0xff
	case c.noMonitor:
		d &^= 1
	case c.noParity:
		d &^= 2
	}
	if c.flips != nil {
		*c.flips++
		d |= *c.flips << 16
	}
	return d | uint64(*s.shared)<<32
}

func (c counter) Check(s count) (property, detail string) {
	if s.full && s.value == 0 {
		return "never-emptied", "it was full and is empty"
	}
	return "", ""
}

func (counter) Describe(_ count, a explore.Action) string {
	return [...]string{"", "up", "down", "flip"}[a.ID]
}

func TestAWholeDigestShowsWhatThereIs(t *testing.T) {
	r := search(t, counter{}, explore.Options{SelfCheck: 1, KeepGoing: true})
	require.True(t, r.Complete)
	require.Equal(t, uint64(14), r.Distinct)
	require.Equal(t, "never-emptied", verdict(r))
	require.Equal(t, "up up up down down down", story(counter{}, r.Findings[0]))
}

func story[S any](sys explore.System[S], f explore.Finding) string {
	return strings.Join(explore.Story(sys, f), " ")
}

// What a digest forgets, its actions or its monitors, hides violations. A
// comparison of the states that are taken for one another finds it.
func TestADigestThatForgetsIsFoundOut(t *testing.T) {
	for name, c := range map[string]struct {
		sys    counter
		hidden bool // without comparisons the search finds nothing
		detail string
	}{
		"a field":              {counter{noValue: true}, true, `leads to a state from`},
		"what enables actions": {counter{noParity: true}, false, `after up: "down" leads to a state from the first that the second does not lead to`},
		"the monitor's memory": {counter{noMonitor: true}, true, `one violates "", the other "never-emptied"`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []explore.Method{explore.Breadth, explore.Depth} {
				blind := search(t, c.sys, explore.Options{Method: method, SelfCheck: -1})
				require.Equal(t, c.hidden, blind.Complete, "%s", method)
				r := search(t, c.sys, explore.Options{Method: method, SelfCheck: 1, KeepGoing: true})
				require.False(t, r.Complete)
				require.Contains(t, verdict(r), explore.Unsound)
				f := r.Findings[len(r.Findings)-1]
				if method == explore.Breadth {
					require.Contains(t, f.Detail, c.detail)
					require.NotEqual(t, f.Path, f.Twin)
					one, other := explore.Replay(c.sys, f.Start, f.Path), explore.Replay(c.sys, f.TwinStart, f.Twin)
					require.Equal(t, c.sys.Digest(one[len(f.Path)]), c.sys.Digest(other[len(f.Twin)]))
				}
			}
		})
	}
}

// fork takes two ways to one digest: what can be done behind them is not the
// same. Nothing is left to search when that is seen.
type fork struct{}

func (fork) Initial() []int { return []int{0} }

func (fork) Actions(s int, dst []explore.Action) []explore.Action {
	switch s {
	case 0:
		return append(dst, explore.Action{ID: 1}, explore.Action{ID: 2})
	case 2:
		return append(dst, explore.Action{ID: 0})
	}
	return dst
}

func (fork) Apply(_ int, a explore.Action) int { return int(a.ID) }

func (fork) Digest(s int) uint64 { return uint64(min(s, 1)) }

func (fork) Check(int) (property, detail string) { return "", "" }

func (fork) Describe(_ int, a explore.Action) string { return fmt.Sprint("to ", a.ID) }

func TestASearchThatWasMisledIsNotComplete(t *testing.T) {
	for _, method := range []explore.Method{explore.Breadth, explore.Depth} {
		r := search(t, fork{}, explore.Options{Method: method, SelfCheck: 1})
		require.False(t, r.Complete)
		require.NotEmpty(t, r.Why)
		require.Equal(t, []explore.Action{{ID: 2}}, r.Findings[0].Path)
		if method == explore.Breadth {
			require.Equal(t, `"to 0" leads to a state from the second that the first does not lead to; the other state is behind: to 1`, r.Findings[0].Detail)
		}
	}
}

func TestASystemThatIsNotPureIsFoundOut(t *testing.T) {
	for detail, sys := range map[string]counter{
		`"down" changes the state it is applied to`:        {shares: true},
		`two enabled actions have the ID 2, one is "down"`: {twice: true},
		`does not lead to the same state each time`:        {flips: new(uint64)},
	} {
		r := search(t, sys, explore.Options{SelfCheck: 1, MaxStates: 1000})
		require.False(t, r.Complete)
		require.Equal(t, explore.Impure, r.Findings[0].Property)
		if sys.flips == nil {
			require.Contains(t, r.Findings[0].Detail, detail)
		}
	}
}

func TestAPanicIsAFinding(t *testing.T) {
	for _, method := range []explore.Method{explore.Breadth, explore.Depth} {
		r := search(t, counter{panics: true}, explore.Options{Method: method, KeepGoing: true})
		require.Len(t, r.Findings, 1)
		require.Equal(t, explore.Panicked, r.Findings[0].Property)
		require.Equal(t, "three is too many", r.Findings[0].Detail)
		require.Equal(t, uint64(6), r.Distinct, "it goes on with what does not panic")
		if method == explore.Breadth {
			require.Equal(t, "up up up", story(counter{panics: true}, r.Findings[0]))
		}
	}
}

// hasty says that all actions of two clients commute.
type hasty struct{ lock.System }

func (hasty) Independent(a, b explore.Action) bool { return a.ID>>4 != b.ID>>4 }

func TestActionsThatDoNotCommuteAreFoundOut(t *testing.T) {
	r := search(t, hasty{lock.System{Clients: 2, Tokens: 2}}, explore.Options{Method: explore.Sleep, SelfCheck: 1})
	require.False(t, r.Complete)
	require.Equal(t, explore.Dependent, verdict(r))
	require.Equal(t, `of "client 1 is granted the lock" and "client 2 is granted the lock" one disables the other`, r.Findings[0].Detail)
}

func TestBoundsEndASearchAndAreNamed(t *testing.T) {
	sys := lock.System{Clients: 2, Tokens: 3}
	for why, o := range map[string]explore.Options{
		"1000 states and no more were asked for":            {MaxStates: 1000},
		"depth 7 and no more was asked for":                 {MaxDepth: 7},
		"300000 bytes of memory and no more were asked for": {Memory: 300_000},
	} {
		r := search(t, sys, o)
		require.False(t, r.Complete)
		require.Equal(t, why, r.Why)
		o.Cores = 2
		require.Equal(t, r, search(t, sys, o))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := explore.Search(ctx, sys, explore.Options{})
	require.NoError(t, err)
	require.Equal(t, "interrupted", r.Why)
}

// With less memory states wait as fingerprints and are made again: the result
// is the same.
func TestStatesThatDoNotFitAreMadeAgain(t *testing.T) {
	sys := lock.System{Clients: 2, Tokens: 2, Reused: true}
	want := search(t, sys, explore.Options{KeepGoing: true})
	tight := search(t, sys, explore.Options{KeepGoing: true, Memory: 300_000, Cores: 2})
	require.True(t, tight.Complete)
	require.Less(t, tight.Bytes, want.Bytes)
	tight.Bytes, tight.SelfChecks = want.Bytes, want.SelfChecks
	require.Equal(t, want, tight)
}

// tally counts what is applied.
type tally struct {
	lock.System
	applied *int
}

func (c tally) Apply(s lock.State, a explore.Action) lock.State {
	*c.applied++
	return c.System.Apply(s, a)
}

// Size implements explore.Sized: states are big, and blocks short.
func (tally) Size(lock.State) int { return 16 << 10 }

// What is made again is made in the frontier's order: not every state from the
// beginning, but every action of a state on the way about once.
func TestStatesThatAreMadeAgainShareTheirWay(t *testing.T) {
	applied := 0
	r := search(t, tally{lock.System{Clients: 2, Tokens: 2}, &applied}, explore.Options{SelfCheck: -1})
	require.True(t, r.Complete)
	require.Equal(t, int(r.Transitions), applied)
	applied = 0
	tight := search(t, tally{lock.System{Clients: 2, Tokens: 2}, &applied}, explore.Options{Memory: 10_000_000, SelfCheck: -1})
	require.Equal(t, r.Transitions, tight.Transitions)
	require.Equal(t, 81_329, applied, "35 thousand more; each by a way of its own would be 10 times that")
}

// The search ends every few blocks, by turns when it is asked to and in the
// middle of what it does, as a process that is killed: another goes on from the
// file, and in the end the result is that of a search that nobody ended.
func TestAKilledSearchGoesOn(t *testing.T) {
	sys := philosophers{table{n: 9}}
	o := explore.Options{KeepGoing: true, Goals: true, SelfCheck: -1}
	want := search(t, sys, o)
	o.Checkpoint, o.Interval, o.Label = filepath.Join(t.TempDir(), "kept"), 100, "nine"
	for runs := 0; ; runs++ {
		r, killed := endedEarly(t, sys, o, runs%2 == 0)
		if killed {
			continue
		}
		if r.Complete {
			require.Greater(t, runs, 10)
			r.Bytes = want.Bytes
			require.Equal(t, want, r)
			require.NoFileExists(t, o.Checkpoint)
			return
		}
		require.Equal(t, "interrupted", r.Why)
	}
}

// endedEarly searches and ends behind the fifth block.
func endedEarly(t *testing.T, sys philosophers, o explore.Options, kill bool) (r explore.Result, killed bool) {
	ctx, end := context.WithCancel(t.Context())
	defer end()
	defer func() { killed = recover() != nil }()
	blocks := 0
	o.Progress = func(explore.Progress) {
		if blocks++; blocks == 5 {
			if kill {
				panic("killed")
			}
			end()
		}
	}
	r, err := explore.Search(ctx, sys, o)
	require.NoError(t, err)
	return r, false
}

// philosophers are a table whose states count as large, so that a search has
// many blocks.
type philosophers struct{ table }

func (philosophers) Size(meals) int { return 1 << 20 }

func TestACheckpointOfAnotherSearchIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kept")
	o := explore.Options{Checkpoint: file, MaxStates: 100, Label: "one"}
	search(t, lock.System{Clients: 2, Tokens: 2}, o)
	o.Label = "two"
	_, err := explore.Search(t.Context(), lock.System{Clients: 2, Tokens: 2}, o)
	require.EqualError(t, err, fmt.Sprintf("explore: %s is a checkpoint of another search, \"one\"; this one is \"two\"", file))
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, whole[:len(whole)/2], 0o644))
	o.Label = "one"
	_, err = explore.Search(t.Context(), lock.System{Clients: 2, Tokens: 2}, o)
	require.ErrorContains(t, err, "unexpected EOF")
}

func TestOptionsThatDoNotFitAreRefused(t *testing.T) {
	sorted := lock.System{Clients: 2, Tokens: 2, Sorted: true}
	for want, o := range map[string]explore.Options{
		"explore: there is no method 7": {Method: 7},
		"explore: sleep sets do not go with symmetry: an action has another name in a state that is the same up to names": {Method: explore.Sleep},
		"explore: the system has no goals":                 {Goals: true},
		"explore: checkpoints are kept breadth-first only": {Checkpoint: "x", Method: explore.Depth},
	} {
		_, err := explore.Search(t.Context(), sorted, o)
		require.EqualError(t, err, want)
	}
	_, err := explore.Search(t.Context(), philosophers{table{n: 3}}, explore.Options{Goals: true, Method: explore.Sleep})
	require.ErrorContains(t, err, "goals do not go with sleep sets")
}

// scratch is a lock that applies actions in a state of its own, as a system
// does that saves allocations.
type scratch struct {
	lock.System
	room  *lock.State
	forks *int
}

func (s scratch) Apply(from lock.State, a explore.Action) lock.State {
	*s.room = from
	*s.room = s.System.Apply(*s.room, a)
	return *s.room
}

func (s scratch) Fork() explore.System[lock.State] {
	*s.forks++
	return scratch{s.System, new(lock.State), s.forks}
}

func TestEachWorkerHasAForkOfItsOwn(t *testing.T) {
	small := lock.System{Clients: 2, Tokens: 2}
	sys := scratch{small, new(lock.State), new(int)}
	require.Equal(t, search(t, small, explore.Options{}), search(t, sys, explore.Options{Cores: 3}))
	require.Equal(t, 2, *sys.forks)
}
