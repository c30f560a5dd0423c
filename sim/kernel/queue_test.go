package kernel

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// naive is the queue as a sorted slice.
type naive []naiveItem

type naiveItem struct {
	at   int64
	tie  uint64
	seq  int
	ref  Ref
	late bool
}

func (q naive) sort() {
	slices.SortFunc(q, func(a, b naiveItem) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.tie, b.tie), cmp.Compare(a.seq, b.seq))
	})
}

func TestQueueIsASortedSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var twin, parked naive
		seq := 0
		var refs []Ref
		remove := func(from *naive, r Ref) bool {
			i := slices.IndexFunc(*from, func(x naiveItem) bool { return x.ref == r })
			if i >= 0 {
				*from = slices.Delete(*from, i, i+1)
			}
			return i >= 0
		}
		push := func(t *rapid.T) {
			seq++
			at, tie := rapid.Int64Range(0, 20).Draw(t, "at"), rapid.Uint64Range(0, 3).Draw(t, "tie")
			r := q.push(at, tie, &Event{A: uint64(seq)})
			twin = append(twin, naiveItem{at, tie, seq, r, false})
			twin.sort()
			refs = append(refs, r)
		}
		first := func(t *rapid.T) bool {
			at, ok := q.next()
			require.Equal(t, len(twin) > 0, ok)
			if ok {
				require.Equal(t, twin[0].at, at)
			}
			return ok
		}
		t.Repeat(map[string]func(*rapid.T){
			"push":       push,
			"push again": push,
			"pop": func(t *rapid.T) {
				if first(t) {
					var e Event
					q.pop(&e)
					require.Equal(t, uint64(twin[0].seq), e.A)
					require.False(t, q.cancel(twin[0].ref))
					twin = twin[1:]
				}
			},
			"park": func(t *rapid.T) {
				if first(t) {
					require.Equal(t, twin[0].ref.slot-1, q.park())
					twin[0].late = true
					parked = append(parked, twin[0])
					twin = twin[1:]
				}
			},
			"unpark": func(*rapid.T) {
				for _, x := range parked {
					seq++
					q.insert(0, 0, x.ref.slot-1)
					q.slab[x.ref.slot-1].e.A = uint64(seq)
					x.at, x.tie, x.seq = 0, 0, seq
					twin = append(twin, x)
				}
				parked = nil
				twin.sort()
			},
			"cancel": func(t *rapid.T) {
				if len(refs) > 0 {
					r := rapid.SampledFrom(refs).Draw(t, "ref")
					waits := slices.ContainsFunc(parked, func(x naiveItem) bool { return x.ref == r })
					if !waits { // the kernel cancels those too, but its heap must drop them
						require.Equal(t, remove(&twin, r), q.cancel(r))
					}
				}
			},
			"take": func(t *rapid.T) {
				if len(refs) > 0 {
					r := rapid.SampledFrom(refs).Draw(t, "ref")
					i := slices.IndexFunc(twin, func(x naiveItem) bool { return x.ref == r && !x.late })
					e, ok := q.take(r)
					require.Equal(t, i >= 0, ok)
					if ok {
						require.Equal(t, uint64(twin[i].seq), e.A)
						remove(&twin, r)
					}
				}
			},
			"": func(t *rapid.T) {
				require.Equal(t, len(q.slab), len(q.heap)+len(q.free)+len(parked), "slots are lost")
			},
		})
		for first(t) {
			var e Event
			q.pop(&e)
			require.Equal(t, uint64(twin[0].seq), e.A)
			twin = twin[1:]
		}
	})
}

func TestRefsPackIntoNumbersAndNoneIsZero(t *testing.T) {
	var q queue
	require.Zero(t, Ref{}.Uint())
	require.False(t, q.cancel(Ref{}))
	r := q.push(1, 1, &Event{})
	require.NotZero(t, r.Uint())
	require.True(t, q.cancel(RefOf(r.Uint())))
	require.False(t, q.cancel(r))
	_, ok := q.next()
	require.False(t, ok)
	again := q.push(1, 1, &Event{})
	require.NotEqual(t, r, again, "a slot that is used again has another ref")
	require.False(t, q.cancel(r))
}
