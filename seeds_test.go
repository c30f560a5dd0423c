package simctl_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl"
)

func TestSeedListsParseAndPrint(t *testing.T) {
	tests := []struct {
		text  string
		want  []uint64
		print string
	}{
		{"7", []uint64{7}, "7"},
		{"1-3,9", []uint64{1, 2, 3, 9}, "1-3,9"},
		{"0x10,0", []uint64{16, 0}, "16,0"},
		{"5-5", []uint64{5}, "5"},
		{"18446744073709551614-18446744073709551615", []uint64{math.MaxUint64 - 1, math.MaxUint64}, "18446744073709551614-"},
	}
	for _, tt := range tests {
		l, err := simctl.ParseSeeds(tt.text, nil)
		require.NoError(t, err, tt.text)
		require.Equal(t, tt.want, slices.Collect(l.All()), tt.text)
		require.Equal(t, tt.print, l.String())
	}
	for _, bad := range []string{"", "a", "1,", ",1", "-1", "3-1", "1--2", "0x", "1.5", "+1", " 1", "18446744073709551616"} {
		_, err := simctl.ParseSeeds(bad, nil)
		require.Error(t, err, "%q", bad)
	}
	_, err := simctl.ParseSeeds("-", strings.NewReader("# none\n\n"))
	require.ErrorContains(t, err, "no seeds")
}

func TestEndlessSeedsHaveNoCount(t *testing.T) {
	endless, err := simctl.ParseSeeds("3,1-", nil)
	require.NoError(t, err)
	require.True(t, endless.Endless())
	require.Zero(t, endless.Count())
	some, err := simctl.ParseSeeds("1-10,4", nil)
	require.NoError(t, err)
	require.False(t, some.Endless())
	require.Equal(t, uint64(11), some.Count())
}
