package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnEarlierIncarnationIsKnownByItsNumber(t *testing.T) {
	for _, c := range []struct {
		a, b WorkerID
		want bool
	}{
		{"worker-w1-1", "worker-w1-2", true},
		{"worker-w1-9", "worker-w1-10", true},
		{"worker-w1-2", "worker-w1-1", false},
		{"worker-w1-1", "worker-w1-1", false},
		{"worker-w1-1", "worker-w2-2", false},
		{"worker", "worker-w1-2", false},
		{"worker-1700000000-w1", "worker-1700000001-w1", false},
		{"worker-w1-x", "worker-w1-2", false},
	} {
		require.Equal(t, c.want, c.a.Precedes(c.b), "%s before %s", c.a, c.b)
	}
}
