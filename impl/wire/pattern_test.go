package wire_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/wire"
)

func TestIDPatterns(t *testing.T) {
	for _, tt := range []struct {
		pattern wire.IDPattern
		bad     string // in the error of Check for a word and a number; empty for none
		unique  string // the same of CheckUnique
		made    string // from "t4" and 12
	}{
		{"driver-%s-%04d", "", "", "driver-t4-0012"},
		{"d%s.%d", "", "", "dt4.12"},
		{"50%%-%s-%d", "", "", "50%-t4-12"},
		{"job-%s", "", "must use all 2", "job-t4"},
		{"job-%s-%s", "", "end in a number", "job-t4-12"},
		{"constant", "", "must use all 2", "constant"},
		{"a%s%d", "", "nothing stands between", "at412"},
		{"a%s7%d", "", "a digit stands behind", "at4712"},
		{"%s-%d-tail", "", "end in a number", "t4-12-tail"},
		{"%d-%s", "argument 1 is a word", "", ""},
		{"%s-%d-%d", "3 arguments, and there are 2", "", ""},
		{"%s %d", "no spaces", "", ""},
		{"a/%s", "slashes", "", ""},
		{"", "is not empty", "", ""},
		{"%x-%d", "want %s, %d or %04d", "", ""},
		{"%s-%4d", "want %s, %d or %04d", "", ""},
		{"%s-%099d", "want %s, %d or %04d", "", ""},
		{"%s-%", "want %s, %d or %04d", "", ""},
	} {
		t.Run(string(tt.pattern), func(t *testing.T) {
			if tt.bad != "" {
				require.ErrorContains(t, tt.pattern.Check(1, 1), tt.bad)
				require.Error(t, tt.pattern.CheckUnique(1, 1))
				return
			}
			require.NoError(t, tt.pattern.Check(1, 1))
			require.Equal(t, tt.made, tt.pattern.Make([]string{"t4"}, 12))
			if tt.unique != "" {
				require.ErrorContains(t, tt.pattern.CheckUnique(1, 1), tt.unique)
				return
			}
			require.NoError(t, tt.pattern.CheckUnique(1, 1))
			numbers, ok := tt.pattern.Numbers(tt.made)
			require.True(t, ok)
			require.Equal(t, []int64{4, 12}, numbers)
		})
	}
	_, ok := wire.DriverIDs.Numbers("driver-t4-0012x")
	require.False(t, ok)
	_, ok = wire.DriverIDs.Numbers("drover-t4-0012")
	require.False(t, ok)
}

// What CheckUnique accepts gives every term and number an ID of its own.
func TestUniquePatternsAreTakenApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z0-9-]{0,3}`)
		p := wire.IDPattern(text.Draw(t, "head") + "%s" + text.Draw(t, "between") + rapid.SampledFrom([]string{"%d", "%02d", "%06d"}).Draw(t, "number"))
		if p.CheckUnique(1, 1) != nil {
			t.Skip("not unique")
		}
		term, n := rapid.Int64Range(0, 1e6).Draw(t, "term"), rapid.Int64Range(0, 1e6).Draw(t, "n")
		numbers, ok := p.Numbers(p.Make([]string{fmt.Sprintf("t%d", term)}, n))
		require.True(t, ok)
		require.Equal(t, []int64{term, n}, numbers)
	})
}
