package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
)

// sparse says the same of every number but 0.
type sparse struct{}

func (sparse) Timer(t host.TimerID) uint64 { return min(uint64(t), 1) }
func (sparse) Conn(c host.ConnID) uint64   { return min(uint64(c), 1) * 2 }

// What a host's numbers stand for is written wherever they are: alone, in
// lists, in structs and as keys; other numbers are written as they are.
func TestADigestWritesNamesForNumbers(t *testing.T) {
	type both struct {
		T host.TimerID
		C host.ConnID
		N uint64
	}
	of := func(n host.Names, t host.TimerID, c host.ConnID, x uint64) uint64 {
		d := host.NewDigest(n)
		d.Timer(t)
		d.Conn(c)
		d.Any(t)
		d.Any(c)
		d.Any([]host.TimerID{t})
		d.Any(both{t, c, x})
		host.DigestMap(&d, map[host.ConnID]host.TimerID{c: t})
		return d.Sum()
	}
	require.Equal(t, of(sparse{}, 3, 5, 7), of(sparse{}, 4, 6, 7))
	for _, other := range []uint64{of(sparse{}, 0, 5, 7), of(sparse{}, 3, 0, 7), of(sparse{}, 3, 5, 8), of(nil, 3, 5, 7)} {
		require.NotEqual(t, of(sparse{}, 3, 5, 7), other)
	}
	require.NotEqual(t, of(nil, 3, 5, 7), of(nil, 4, 5, 7))
	require.NotEqual(t, of(nil, 3, 5, 7), of(nil, 3, 6, 7))
}
