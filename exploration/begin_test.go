package exploration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
)

// restless is a system without an initial state.
type restless struct{ explore.System[int] }

func (restless) Initial() []int { panic("the processes do not settle") }

// empty has none to begin with, and says so.
type empty struct{ explore.System[int] }

func (empty) Initial() []int { return nil }

func TestASystemThatDoesNotSettleIsAnError(t *testing.T) {
	require.EqualError(t, begins[int](restless{}), "the system does not come to its initial state: the processes do not settle")
	require.NoError(t, begins[int](empty{}))
}
