package exploration

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/checker/explore"
)

// restless is a system without an initial state.
type restless struct{ explore.System[int] }

func (restless) Initial() []int { panic("the processes do not settle") }

// empty has none to begin with, and says so.
type empty struct{ explore.System[int] }

func (empty) Initial() []int { return nil }

// fragile counts, and cannot count to three.
type fragile struct{ explore.System[int] }

func (fragile) Initial() []int { return []int{0} }
func (fragile) Actions(s int, dst []explore.Action) []explore.Action {
	return append(dst, explore.Action{ID: 1})
}
func (fragile) Digest(s int) uint64                     { return uint64(s) }
func (fragile) Check(int) (property, detail string)     { return "", "" }
func (fragile) Describe(s int, _ explore.Action) string { return fmt.Sprint("from ", s) }
func (fragile) Apply(s int, _ explore.Action) int {
	if s == 2 {
		panic("three is too many")
	}
	return s + 1
}

// What panics outside a process is a finding as well, with a bundle.
func TestAPanicOfTheWorldIsAFinding(t *testing.T) {
	m := bind[int](fragile{}, nil)
	r, err := m.search(context.Background(), explore.Options{})
	require.NoError(t, err)
	l, err := m.line(&Search{System: "fragile"}, &r, 0)
	require.NoError(t, err)
	require.Equal(t, checker.Violation, l.Verdict)
	f := l.Findings[0]
	require.Equal(t, []string{"from 0", "from 1", "from 2"}, f.Story)
	b, err := m.bundle(&Search{System: "fragile"}, &f)
	require.NoError(t, err)
	require.Len(t, b.Steps, 3)
	one := explore.Action{ID: 1}
	p, err := m.walk(0, []explore.Action{one, one, one})
	require.NoError(t, err)
	require.Equal(t, []string{explore.Panicked, "three is too many"}, []string{p.Property, p.Detail})
	_, err = m.walk(0, []explore.Action{one, one, one, one})
	require.ErrorContains(t, err, "action 3 panics: three is too many")
}

func TestASystemThatDoesNotSettleIsAnError(t *testing.T) {
	require.EqualError(t, begins[int](restless{}), "the system does not come to its initial state: the processes do not settle")
	require.NoError(t, begins[int](empty{}))
}
