package lease_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/lease"
)

// holder is a process with a lease of 10 s.
type holder struct {
	host.Process
	lease *lease.Lease
	ended int
}

func (p *holder) Start(h host.Host)            { p.lease.Start(h) }
func (p *holder) LeaseOver()                   { p.ended++ }
func (p *holder) Part(i int) any               { return []any{p.lease, nil}[i] }
func (p *holder) Digest(d *host.Digest)        { p.lease.Digest(d) }
func (p *holder) sum() uint64                  { var d host.Digest; p.Digest(&d); return d.Sum() }
func (p *holder) Clone(host.Host) host.Process { return p }

func start() (*hosttest.Host, *holder) {
	p := &holder{}
	p.lease = lease.New(p, 10*time.Second)
	h := hosttest.New("p", 1)
	h.Start(p)
	return h, p
}

func TestALeaseCountsFromItsBeginningOnceItIsConfirmed(t *testing.T) {
	h, p := start()
	n := p.lease.Begin()
	require.False(t, p.lease.Holds())
	h.Advance(9 * time.Second)
	require.True(t, p.lease.Confirm(n))
	require.True(t, p.lease.Holds())
	h.Advance(999 * time.Millisecond)
	require.True(t, p.lease.Holds())
	h.Advance(time.Millisecond)
	require.False(t, p.lease.Holds())
	require.Equal(t, 1, p.ended)
}

func TestALeaseConfirmedTooLateDoesNotCount(t *testing.T) {
	h, p := start()
	n := p.lease.Begin()
	h.Advance(10 * time.Second)
	require.False(t, p.lease.Confirm(n))
	require.False(t, p.lease.Holds())
	require.Zero(t, p.ended, "it never counted")
}

func TestALaterLeaseReplacesAnEarlierOneAndNeverTheOtherWayRound(t *testing.T) {
	h, p := start()
	first := p.lease.Begin()
	h.Advance(4 * time.Second)
	second := p.lease.Begin()
	require.Equal(t, second, p.lease.Last())
	require.True(t, p.lease.Confirm(second))
	require.False(t, p.lease.Confirm(first))
	require.False(t, p.lease.Confirm(second), "twice")
	h.Advance(9 * time.Second)
	require.True(t, p.lease.Holds())
	h.Advance(time.Second)
	require.Equal(t, 1, p.ended)
	require.Empty(t, h.Timers())
}

func TestForgetAndStop(t *testing.T) {
	h, p := start()
	first := p.lease.Begin()
	require.True(t, p.lease.Confirm(first))
	second := p.lease.Begin()
	p.lease.Forget()
	require.False(t, p.lease.Confirm(second))
	require.True(t, p.lease.Holds())
	p.lease.Stop()
	require.False(t, p.lease.Holds())
	require.Empty(t, h.Timers())
	require.Equal(t, int64(3), p.lease.Begin(), "numbers are never reused")
	require.Zero(t, p.ended)
}

func TestACloneSharesNothingAndTheDigestSeesEverything(t *testing.T) {
	h, p := start()
	seen := map[uint64]bool{}
	step := func(f func()) {
		c := p.lease.Clone(h, p)
		var d host.Digest
		c.Digest(&d)
		require.Equal(t, p.sum(), d.Sum())
		f()
		var after host.Digest
		c.Digest(&after)
		require.Equal(t, d.Sum(), after.Sum(), "the clone did not move")
		require.False(t, seen[p.sum()])
		seen[p.sum()] = true
	}
	step(func() { p.lease.Begin() })
	step(func() { p.lease.Begin() })
	step(func() { p.lease.Confirm(1) })
	step(func() { p.lease.Confirm(2) })
	step(func() { p.lease.Begin() })
	step(p.lease.Stop)
}

func TestAProcessThatStoodStillAsksTheClock(t *testing.T) {
	h, p := start()
	require.True(t, p.lease.Confirm(p.lease.Begin()))
	h.Advance(4 * time.Second)
	late := p.lease.Begin()
	h.Stand(5999 * time.Millisecond)
	p.lease.Expire()
	require.True(t, p.lease.Holds())
	h.Stand(time.Millisecond)
	require.False(t, p.lease.Holds(), "its timer has not rung")
	require.Zero(t, p.ended)
	p.lease.Expire()
	require.Equal(t, 1, p.ended)
	require.True(t, p.lease.Confirm(late), "4 s of it are left")
	h.Stand(4 * time.Second)
	early := p.lease.Begin()
	h.Stand(10 * time.Second)
	require.False(t, p.lease.Confirm(early))
	require.Equal(t, 2, p.ended, "who confirms one is told that the other is over")
	h.Advance(0)
	require.Equal(t, 2, p.ended, "no timer tells it again")
	require.Empty(t, h.Timers())
}
