package link

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A middlebox that forgets a connection tells one end at once and the other one
// when it likes.
func TestOneEndIsToldOfAResetLater(t *testing.T) {
	for _, way := range []Way{Forward, Backward} {
		p, near, far := link(t)
		say(t, near, "a")
		hear(t, far, "a")
		first, second := near, far
		if way == Backward {
			first, second = far, near
		}
		begin := time.Now()
		ResetEnds([]End{{p, way}}, 300*time.Millisecond)
		require.NoError(t, first.SetReadDeadline(time.Now().Add(20*time.Second)))
		_, err := first.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		require.NoError(t, second.SetReadDeadline(time.Now().Add(20*time.Second)))
		_, err = second.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		require.GreaterOrEqual(t, time.Since(begin), 300*time.Millisecond)
	}
}
