package explore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
)

func search[S any](t *testing.T, sys explore.System[S], o explore.Options) explore.Result {
	t.Helper()
	r, err := explore.Search(t.Context(), sys, o)
	require.NoError(t, err)
	return r
}

func TestMutualExclusionIsExploredWhole(t *testing.T) {
	r := search(t, peterson{}, explore.Options{})
	require.True(t, r.Complete)
	require.Empty(t, r.Findings)
	require.Equal(t, []uint64{1, 2, 3, 4, 5, 4, 1}, r.Levels)
	require.Equal(t, [2]uint64{20, 34}, [2]uint64{r.Distinct, r.Transitions})
}

func TestTheShortestCounterexampleIsReturned(t *testing.T) {
	r := search(t, peterson{broken: true}, explore.Options{})
	require.False(t, r.Complete)
	require.Len(t, r.Findings, 1)
	require.Equal(t, []string{"0: wants in", "0: yields", "1: wants in", "1: yields", "1: enters", "0: enters"}, explore.Story(peterson{broken: true}, r.Findings[0]))
}
