package kernel

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestADrawDependsOnNothingButSeedKeyAndNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, n := rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "n")
		purpose, actor := rapid.String().Draw(t, "purpose"), rapid.Uint64().Draw(t, "actor")
		want := New(seed, nil).Draw(KeyOf(purpose, actor), n)
		k := New(seed, nil)
		for range rapid.IntRange(0, 5).Draw(t, "other draws") {
			k.Draw(KeyOf(rapid.String().Draw(t, "other")), rapid.Uint64().Draw(t, "number"))
			k.AddActor("another", nil)
		}
		require.Equal(t, want, k.Draw(KeyOf(purpose, actor), n))
	})
}

func TestKeysDrawDifferentNumbers(t *testing.T) {
	k := New(1, nil)
	seen := map[uint64]bool{}
	for _, key := range []Key{KeyOf("a"), KeyOf("b"), KeyOf("a", 1), KeyOf("a", 2), KeyOf("a", 1, 2), KeyOf("a", 2, 1), KeyOf(""), 0, 1} {
		for n := range uint64(1000) {
			seen[k.Draw(key, n)] = true
		}
	}
	require.Len(t, seen, 9000)
}

func TestDrawsAreRoughlyUniform(t *testing.T) {
	const cells, draws = 64, 64_000
	count := func(f func(n uint64) uint64) (chi int64) {
		var hits [cells]int64
		for n := range uint64(draws) {
			hits[f(n)]++
		}
		for _, h := range hits {
			chi += (h - draws/cells) * (h - draws/cells)
		}
		return chi / (draws / cells)
	}
	// Chi squared with 63 degrees of freedom is below 118 but once in 30,000.
	const limit = 118
	k := New(3, nil)
	key := KeyOf("uniform")
	require.Less(t, count(func(n uint64) uint64 { return k.Below(key, n, cells) }), int64(limit), "by number")
	require.Less(t, count(func(n uint64) uint64 { return k.Below(KeyOf("uniform", n), 0, cells) }), int64(limit), "by key")
	require.Less(t, count(func(n uint64) uint64 { return New(n, nil).Draw(key, 0) % cells }), int64(limit), "by seed")
	require.Less(t, count(func(n uint64) uint64 { return k.Draw(Key(n), 0)&7*8 | k.Draw(Key(n), 1)&7 }), int64(limit), "in pairs")
	require.Greater(t, count(func(n uint64) uint64 { return k.Below(key, n, cells-1) }), int64(limit), "a cell left out is seen")
}

func TestBoundsOfDraws(t *testing.T) {
	k := New(1, nil)
	key := KeyOf("bounds")
	require.Zero(t, k.Below(key, 0, 0))
	require.Equal(t, int64(7), k.Between(key, 0, 7, 7))
	require.Equal(t, int64(7), k.Between(key, 0, 7, 3))
	seen := map[int64]bool{}
	for n := range uint64(200) {
		seen[k.Between(key, n, -2, 2)] = true
	}
	require.Equal(t, map[int64]bool{-2: true, -1: true, 0: true, 1: true, 2: true}, seen)
}
