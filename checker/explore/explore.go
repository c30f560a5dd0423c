// Package explore visits every state of a system that can be reached, and
// holds each against the system's properties: not "not found" but "not there",
// within the bounds that the system has and the search was given.
//
// A system is anything with initial states, enabled actions and a digest. The
// package knows nothing of clusters: the real code, the abstract protocol and
// the small systems of the tests are searched by the same code.
package explore

// An Action is one step that a state offers. Only the system reads it.
type Action struct {
	// ID says what the step is: equal for the same step in two states, and
	// unique among the enabled actions of one.
	ID uint64
}

// A System is what is explored. Its methods are pure: the same arguments give
// the same results, in any order of calls, and arguments stay as they are.
// With more than one core they are called from several goroutines at once,
// unless the system is [Forked].
type System[S any] interface {
	// Initial returns the states that the system may begin in, in a fixed
	// order. At least one.
	Initial() []S
	// Actions appends the enabled actions of s to dst, in a fixed order, and
	// returns it.
	Actions(s S, dst []Action) []Action
	// Apply returns the state after a, one of s's enabled actions. s stays as
	// it is. A panic is a finding.
	Apply(s S, a Action) S
	// Digest folds everything of s that matters for what it can do and for
	// what its properties will say, the state of their monitors included.
	// States of one digest are explored once. A system that is reduced by
	// symmetry gives states that differ only in names the same digest, and
	// says so ([Symmetric]).
	Digest(s S) uint64
	// Check returns the name of the first property that s violates and how,
	// or "". It is asked once for every distinct state, and by self-checks.
	Check(s S) (property, detail string)
	// Describe returns one line for people that says what a does in s.
	Describe(s S, a Action) string
}

// Independent is a System that knows which actions commute.
type Independent interface {
	// Independent reports whether a and b, whenever both are enabled, can be
	// taken in either order with the same outcome, and neither ever enables or
	// disables the other. It is symmetric. False is always right.
	Independent(a, b Action) bool
}

// IndependentIn is a System that knows which actions commute in a state, where
// it depends on the state what an action does.
type IndependentIn[S any] interface {
	// IndependentIn reports whether a and b, both enabled in s, can be taken
	// there in either order with the same outcome, and neither disables the
	// other. It is symmetric, and holds as well after any action that is
	// independent of both in s. False is always right.
	IndependentIn(s S, a, b Action) bool
}

// independence returns how sys says which actions commute, nil if it does not.
func independence[S any](sys System[S]) func(s S, a, b Action) bool {
	if in, is := sys.(IndependentIn[S]); is {
		return in.IndependentIn
	}
	if ind, is := sys.(Independent); is {
		return func(_ S, a, b Action) bool { return ind.Independent(a, b) }
	}
	return nil
}

// Goal is a System that has to be able to reach some state from wherever it is.
type Goal[S any] interface {
	// Goal reports whether s is such a state. From every reachable state
	// some state with Goal must be reachable.
	Goal(s S) bool
}

// Terminal is a System that must not stand still.
type Terminal[S any] interface {
	// Terminal reports whether s may have no enabled action. A state that has
	// none and is not Terminal is a [Deadlock].
	Terminal(s S) bool
}

// Symmetric is a System whose digest may be the same for states that differ in
// names only.
type Symmetric interface {
	// Symmetric reports whether it is. Goals and sleep sets are refused then:
	// what is the same up to names is not the same action or future.
	Symmetric() bool
}

// Sized is a System whose states have parts elsewhere in memory.
type Sized[S any] interface {
	// Size estimates the bytes that s refers to, for the memory bound. Without
	// it that counts as 16 KiB, if S refers to other memory at all.
	Size(s S) int
}

// Forked is a System with scratch space of its own.
type Forked[S any] interface {
	// Fork returns the same system for the use of another goroutine.
	Fork() System[S]
}

// Names of findings that are not properties of the system.
const (
	// Deadlock is a state without enabled actions that is not [Terminal].
	Deadlock = "deadlock"
	// Panicked is an action that panicked when it was applied, or a state that
	// could not be digested or checked.
	Panicked = "panic"
	// Unsound is a digest that is the same for states that are not: see
	// [Options.SelfCheck]. Nothing that the search says can be relied on.
	Unsound = "digest-tells-states-apart"
	// Impure is a step whose outcome depends on more than the state and the
	// action, or that changes the state it is applied to, or shares its ID.
	Impure = "steps-are-pure"
	// Dependent is a pair of actions that are said to be independent and are
	// not. Searches with sleep sets look for them.
	Dependent = "independent-actions-commute"
	// Stuck is a state from which no state with [Goal] can be reached.
	Stuck = "goal-stays-reachable"
)

// Replay applies path to the initial state with the given index, and returns
// every state on the way, the initial one included.
func Replay[S any](sys System[S], start int, path []Action) []S {
	states := []S{sys.Initial()[start]}
	for _, a := range path {
		states = append(states, sys.Apply(states[len(states)-1], a))
	}
	return states
}

// Story describes every step of a finding, one line each. Of a panic the last
// action is the one that panicked, and is described without being applied.
func Story[S any](sys System[S], f Finding) []string {
	var lines []string
	s := sys.Initial()[f.Start]
	for i, a := range f.Path {
		lines = append(lines, sys.Describe(s, a))
		if i < len(f.Path)-1 {
			s = sys.Apply(s, a)
		}
	}
	return lines
}
