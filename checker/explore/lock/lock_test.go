package lock_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker/explore"
	"github.com/simctl/simctl/checker/explore/lock"
)

// The numbers of a search written by hand, of TLC and of SPIN. States is what
// TLC calls generated: the initial state and every transition.
func TestTheSmallLockHasTheStatesThatOthersCount(t *testing.T) {
	m := lock.System{Clients: 2, Tokens: 3}
	r, err := explore.Search(t.Context(), m, explore.Options{})
	require.NoError(t, err)
	h := lock.NewHand(m, 17)
	require.True(t, h.Search())
	require.True(t, r.Complete)
	require.Empty(t, r.Findings)
	require.Equal(t, [2]uint64{h.Distinct, h.Transitions}, [2]uint64{r.Distinct, r.Transitions})
	require.Equal(t, uint64(33_903), r.Distinct)
	require.Equal(t, uint64(179_463), r.States)
}

func BenchmarkExplore(b *testing.B) {
	m := lock.System{Clients: 3, Tokens: 3}
	var r explore.Result
	for b.Loop() {
		var err error
		r, err = explore.Search(b.Context(), m, explore.Options{})
		require.NoError(b, err)
	}
	b.ReportMetric(float64(r.Distinct)*float64(b.N)/b.Elapsed().Seconds(), "states/s")
}

func BenchmarkHand(b *testing.B) {
	m := lock.System{Clients: 3, Tokens: 3}
	var h *lock.Hand
	for b.Loop() {
		h = lock.NewHand(m, 21)
		h.Search()
	}
	b.ReportMetric(float64(h.Distinct)*float64(b.N)/b.Elapsed().Seconds(), "states/s")
}
