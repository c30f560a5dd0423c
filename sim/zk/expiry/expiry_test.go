package expiry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/zk/expiry"
)

// A clock is a host of which only the time is asked.
type clock struct {
	host.Host
	now time.Duration
}

func (c *clock) Mono() host.Mono { return host.Mono(c.now) }

func TestSessionsExpireAtTheEndOfATick(t *testing.T) {
	const ms = time.Millisecond
	h := &clock{now: 10*time.Second + 300*ms}
	l := expiry.New(h, time.Second)
	require.Equal(t, 700*ms, l.Wait(h))
	l.Track(h, 7, 2000, 1) // until 12.3 s, hence 13 s
	l.Track(h, 8, 2000, 1)
	l.Track(h, 9, 1000, 1)
	h.now = 11*time.Second + 100*ms
	require.True(t, l.Touch(h, 8, 2000, 2, false)) // until 13.1 s, hence 14 s
	require.EqualValues(t, 1, l.Sessions[8].Owner)
	require.True(t, l.Touch(h, 8, 2000, 2, true))
	require.EqualValues(t, 2, l.Sessions[8].Owner)
	c := l.Clone()
	for _, want := range [][]int64{nil, {9}, {7}, {8}} {
		require.ElementsMatch(t, want, l.Expired(), "bucket %d", l.Bucket-1)
	}
	require.False(t, l.Touch(h, 8, 2000, 2, true), "it is closing")
	require.False(t, l.Touch(h, 5, 2000, 2, true), "there is none")
	require.True(t, c.Touch(h, 8, 2000, 2, true), "a clone goes on by itself")
	var a, b host.Digest
	l.Digest(&a)
	c.Digest(&b)
	require.NotEqual(t, a.Sum(), b.Sum())
}
