package hold_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/hold"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// keeper is a process that holds things back for 10 s.
type keeper struct {
	host.Process
	book   *hold.Book
	gone   []string
	counts int
}

func (k *keeper) Start(h host.Host)            { k.book.Start(h) }
func (k *keeper) HoldOver(id string)           { k.gone = append(k.gone, id) }
func (k *keeper) TimeCounts()                  { k.counts++ }
func (k *keeper) Part(i int) any               { return []any{k.book, nil}[i] }
func (k *keeper) Digest(d *host.Digest)        { k.book.Digest(d) }
func (k *keeper) Clone(host.Host) host.Process { return k }

func start() (*hosttest.Host, *keeper) {
	k := &keeper{}
	k.book = hold.New(k, 10*time.Second)
	h := hosttest.New("k", 1)
	h.Start(k)
	return h, k
}

func TestNothingIsOverBeforeTimeCounts(t *testing.T) {
	h, k := start()
	k.book.Hold("a", h.Mono())
	h.Advance(time.Hour)
	require.True(t, k.book.Held("a"))
	k.book.Count()
	h.Advance(9999 * time.Millisecond)
	require.True(t, k.book.Held("a"))
	h.Advance(time.Millisecond)
	require.False(t, k.book.Held("a"))
	require.Equal(t, []string{"a"}, k.gone)
}

func TestTheLengthCountsFromWhatWasSaidOrFromWhenTimeDoes(t *testing.T) {
	h, k := start()
	before := h.Mono()
	h.Advance(5 * time.Second)
	k.book.Count()
	h.Advance(3 * time.Second)
	seen := h.Mono()
	h.Advance(2 * time.Second)
	k.book.Hold("early", before) // time counts since 5 s
	k.book.Hold("late", seen)    // 8 s
	for _, c := range []struct {
		at   time.Duration // behind 10 s
		gone []string
	}{
		{4999 * time.Millisecond, nil},
		{5 * time.Second, []string{"early"}},
		{7999 * time.Millisecond, []string{"early"}},
		{8 * time.Second, []string{"early", "late"}},
	} {
		h.Advance(c.at - (time.Duration(h.Mono()-before) - 10*time.Second))
		require.Equal(t, c.gone, k.gone, "%s behind", c.at)
	}
	h.Advance(time.Hour)
	k.book.Hold("long ago", seen)
	h.Advance(0)
	require.Equal(t, []string{"early", "late", "long ago"}, k.gone)
}

func TestWhatIsDroppedOrClearedIsNotTold(t *testing.T) {
	h, k := start()
	k.book.Count()
	k.book.Hold("a", h.Mono())
	k.book.Hold("b", h.Mono())
	k.book.Drop("a")
	require.False(t, k.book.Held("a"))
	k.book.Clear()
	require.False(t, k.book.Held("b"))
	require.Empty(t, h.Timers())
	k.book.Hold("c", h.Mono())
	h.Advance(time.Hour)
	require.Empty(t, k.gone, "time counts no more")
}

func TestTimeCountsAfterAWhile(t *testing.T) {
	h, k := start()
	k.book.CountAfter(3 * time.Second)
	k.book.Hold("a", h.Mono())
	require.False(t, k.book.Counts())
	h.Advance(3 * time.Second)
	require.True(t, k.book.Counts())
	require.Equal(t, 1, k.counts)
	h.Advance(10 * time.Second)
	require.Equal(t, []string{"a"}, k.gone)
	k.book.Clear()
	k.book.CountAfter(3 * time.Second)
	k.book.Clear()
	h.Advance(time.Hour)
	require.False(t, k.book.Counts())
	require.Equal(t, 1, k.counts)
}

func TestACloneSharesNothing(t *testing.T) {
	h, k := start()
	k.book.Count()
	k.book.Hold("a", h.Mono())
	c := k.book.Clone(h, k)
	var before, after host.Digest
	c.Digest(&before)
	k.book.Drop("a")
	c.Digest(&after)
	require.Equal(t, before.Sum(), after.Sum())
	var now host.Digest
	k.book.Digest(&now)
	require.NotEqual(t, before.Sum(), now.Sum())
}
