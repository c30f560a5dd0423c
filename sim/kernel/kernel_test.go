package kernel

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/model/trace"
)

// handlerFunc is an actor that is one function.
type handlerFunc func(e *Event)

func (f handlerFunc) Handle(e *Event) { f(e) }

// gossip is actors that send numbers to drawn actors after drawn delays.
func gossip(seed uint64, actors int) *Kernel {
	k := New(seed, nil)
	var n uint64
	for i := range actors {
		key := KeyOf("gossip", uint64(i))
		k.AddActor(fmt.Sprintf("a%d", i), handlerFunc(func(e *Event) {
			n++
			to := ActorID(1 + k.Below(key, 2*n, uint64(actors)))
			k.Post(k.Now()+k.Between(key, 2*n+1, 1, 1000), Event{Actor: to, Kind: Message, Sum: e.Sum*31 + n, V: n})
		}))
		k.Post(0, Event{Actor: ActorID(i + 1), Kind: Start, Sum: uint64(i)})
	}
	return k
}

func TestFingerprintIsAFunctionOfTheSeed(t *testing.T) {
	run := func(seed uint64) *Kernel {
		k := gossip(seed, 5)
		k.Run(1_000_000)
		return k
	}
	a, b, c := run(7), run(7), run(8)
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
	require.Equal(t, a.Steps(), b.Steps())
	require.NotEqual(t, a.Fingerprint(), c.Fingerprint())
	require.Equal(t, a.Checkpoints(), b.Checkpoints())
	require.Len(t, a.Checkpoints(), int(a.Steps()/CheckpointEvery))
}

func TestFingerprintIsFoldedFromAllThatAStepIs(t *testing.T) {
	run := func(at int64, e Event, seen ...uint64) uint64 {
		k := New(1, nil)
		for range 2 {
			k.SetIncarnation(k.AddActor("a", handlerFunc(func(*Event) {})), e.Inc)
		}
		k.Post(at, e)
		k.Run(100)
		for _, s := range seen {
			k.Observe(s)
		}
		return k.Fingerprint()
	}
	e := Event{Actor: 1, Inc: 1, Kind: Timer, Sum: 5}
	other := func(change func(e *Event)) Event {
		x := e
		change(&x)
		return x
	}
	sums := []uint64{
		run(1, e), run(2, e), run(1, e, 9), run(1, e, 8),
		run(1, other(func(e *Event) { e.Actor = 2 })), run(1, other(func(e *Event) { e.Inc = 2 })),
		run(1, other(func(e *Event) { e.Kind = Reply })), run(1, other(func(e *Event) { e.Sum = 6 })),
	}
	slices.Sort(sums)
	require.Len(t, slices.Compact(sums), 8)
}

func TestCheckpointsTellWhereTwoRunsPart(t *testing.T) {
	run := func(odd uint64) *Kernel {
		k := New(1, nil)
		k.AddActor("a", handlerFunc(func(e *Event) {
			sum := uint64(0)
			if k.Steps() == odd {
				sum = 1
			}
			k.Post(k.Now()+1, Event{Actor: 1, Kind: Timer, Sum: sum})
		}))
		k.Post(0, Event{Actor: 1, Kind: Timer})
		k.Run(4 * CheckpointEvery)
		return k
	}
	a, b := run(0).Checkpoints(), run(CheckpointEvery+3).Checkpoints()
	require.Len(t, a, 4)
	require.Equal(t, a[0], b[0])
	require.NotEqual(t, a[1], b[1])
	require.NotEqual(t, a[3], b[3])
}

func TestTiesDoNotDependOnWhoWasPostedFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(t, "order")
		seed := rapid.Uint64().Draw(t, "seed")
		run := func(order []int) (done []uint64) {
			k := New(seed, nil)
			for i := range 2 {
				k.AddActor(fmt.Sprint(i), handlerFunc(func(e *Event) { done = append(done, e.A) }))
			}
			k.Post(10, Event{Actor: 1, Kind: Timer, A: 99, Sum: 99})
			for _, i := range order {
				k.Post(5, Event{Actor: ActorID(1 + i%2), Kind: Message, A: uint64(i), Sum: uint64(i)})
			}
			k.Post(5, Event{Actor: 1, Kind: Fault, A: 77, Sum: 77})
			k.Run(10)
			return done
		}
		want := run([]int{0, 1, 2, 3, 4, 5})
		require.Equal(t, want, run(order))
		require.Equal(t, uint64(77), want[0], "faults come first")
		require.Equal(t, uint64(99), want[7])
	})
}

func TestTheSeedDecidesTies(t *testing.T) {
	firsts := map[uint64]int{}
	for seed := range uint64(200) {
		k := New(seed, nil)
		k.AddActor("a", handlerFunc(func(e *Event) {
			firsts[e.A]++
			k.Stop()
		}))
		k.Post(1, Event{Actor: 1, Kind: Timer, A: 1, Sum: 1})
		k.Post(1, Event{Actor: 1, Kind: Timer, A: 2, Sum: 2})
		k.Run(1)
	}
	require.Greater(t, firsts[1], 60)
	require.Greater(t, firsts[2], 60)
}

func TestPauseDefersAndResumeKeepsEachStreamsOrder(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(100) {
		var got []string
		k := New(seed, nil)
		k.AddActor("a", handlerFunc(func(e *Event) { got = append(got, fmt.Sprint(e.Kind, " ", e.A)) }))
		k.Pause(1)
		require.True(t, k.IsPaused(1))
		for i := range int64(4) {
			k.Post(10*i+1, Event{Actor: 1, Kind: Message, A: uint64(i), Sum: uint64(9 * i)})
			k.Post(10*i+5, Event{Actor: 1, Kind: Timer, A: uint64(i), Sum: uint64(7 * i)})
		}
		k.Run(50)
		require.Empty(t, got)
		require.Zero(t, k.Steps())
		k.Resume(1)
		k.Post(50, Event{Actor: 1, Kind: Message, A: 4, Sum: 3})
		k.Run(50)
		require.Len(t, got, 9)
		require.Equal(t, "message 4", got[8], "what is new comes after what waited")
		for i := range 3 {
			for _, kind := range []string{"message", "timer"} {
				require.Less(t, slices.Index(got, fmt.Sprint(kind, " ", i)), slices.Index(got, fmt.Sprint(kind, " ", i+1)))
			}
		}
		orders[got[0]+got[1]] = true
	}
	require.Len(t, orders, 3, "timers first, messages first, or as they came")
}

func TestATimerStoppedAfterAPauseDoesNotRing(t *testing.T) {
	for seed := range uint64(20) {
		k := New(seed, nil)
		var timer Ref
		rang, stopped := false, false
		k.AddActor("a", handlerFunc(func(e *Event) {
			if e.Kind == Timer {
				rang = true
				return
			}
			stopped = k.Cancel(timer)
			require.NotEqual(t, rang, stopped)
		}))
		k.Post(1, Event{Actor: 1, Kind: Message})
		timer = k.Post(2, Event{Actor: 1, Kind: Timer})
		k.Pause(1)
		k.Run(5)
		_, ok := k.Take(timer)
		require.False(t, ok, "it has come")
		k.Resume(1)
		k.Run(10)
		require.NotEqual(t, rang, stopped)
	}
}

func TestEventsOfADeadIncarnationAreDropped(t *testing.T) {
	got := 0
	k := New(1, nil)
	k.AddActor("a", handlerFunc(func(*Event) { got++ }))
	k.SetIncarnation(1, 1)
	k.Post(1, Event{Actor: 1, Inc: 1, Kind: Timer})
	k.Post(3, Event{Actor: 1, Inc: 1, Kind: Timer})
	k.Post(3, Event{Actor: 1, Inc: 2, Kind: Timer})
	k.Post(3, Event{Actor: 1, Kind: Timer})
	k.Pause(1)
	k.Run(2)
	k.SetIncarnation(1, 2)
	require.False(t, k.IsPaused(1))
	k.Run(5)
	require.Equal(t, 2, got)
	require.Equal(t, uint64(2), k.Steps())
	require.Empty(t, k.Pending())
	require.Len(t, k.q.free, len(k.q.slab), "deferred slots are freed")
}

func TestAPanicIsReportedAndTheRunGoesOn(t *testing.T) {
	k := New(1, nil)
	var panics []Panic
	k.OnPanic = func(p Panic) { panics = append(panics, p) }
	done := 0
	k.AddActor("a", handlerFunc(func(e *Event) {
		if e.A == 1 {
			panic("oh no")
		}
		done++
	}))
	for i := range 3 {
		k.Post(int64(i), Event{Actor: 1, Kind: Timer, A: uint64(i)})
	}
	k.Run(10)
	require.Equal(t, 2, done)
	require.Len(t, panics, 1)
	p := panics[0]
	require.Equal(t, Panic{2, 1, "a", "oh no", p.Stack}, p)
	require.Regexp(t, `^github.com/simctl/simctl/sim/kernel\.\S+\(kernel_test.go:\d+\)\n`, p.Stack)
	require.NotContains(t, p.Stack, "0x")
	require.NotContains(t, p.Stack, "(*Kernel).run(")
	require.Equal(t, int64(10), k.Now())
	require.Equal(t, uint64(3), k.Steps())
}

func TestABugIsNotRecoveredFrom(t *testing.T) {
	k := New(1, nil)
	k.OnPanic = func(Panic) { t.Error("reported as a panic") }
	k.AddActor("a", handlerFunc(func(*Event) { panic(Bug("assumption")) }))
	k.Post(1, Event{Actor: 1, Kind: Timer})
	require.PanicsWithValue(t, Bug("assumption"), func() { k.Run(1) })
}

func TestAPanicGoesOnIfNobodyIsToldOfIt(t *testing.T) {
	k := New(1, nil)
	k.AddActor("a", handlerFunc(func(*Event) { panic("oh no") }))
	k.Post(1, Event{Actor: 1, Kind: Timer})
	require.PanicsWithValue(t, "oh no", func() { k.Run(1) })
}

func TestStepsNameTheirCause(t *testing.T) {
	k := New(1, nil)
	var steps []trace.Step
	k.OnStep = func(s *trace.Step) { steps = append(steps, *s) }
	k.AddActor("a", handlerFunc(func(e *Event) {
		if e.A < 2 {
			k.Post(k.Now()+5, Event{Actor: 1, Kind: Message, A: e.A + 1, V: "hello", Name: "m"})
		}
	}))
	k.Post(1, Event{Actor: 1, Kind: Start})
	k.Run(20)
	require.Len(t, steps, 3)
	require.Equal(t, []uint64{0, 1, 2}, []uint64{steps[0].Cause, steps[1].Cause, steps[2].Cause})
	require.Equal(t, trace.Step{N: 2, At: 6, Actor: "a", Kind: "message", What: "m", Detail: "hello", Cause: 1}, steps[1])
}

func TestRunEndsAtItsTimeOrWhenStopped(t *testing.T) {
	k := New(1, nil)
	k.AddActor("a", handlerFunc(func(e *Event) {
		if e.A == 1 {
			k.Stop()
		}
	}))
	k.Post(5, Event{Actor: 1, Kind: Timer, A: 1})
	k.Post(9, Event{Actor: 1, Kind: Timer})
	k.Post(-7, Event{Actor: 1, Kind: Timer})
	k.Run(4)
	require.Equal(t, int64(4), k.Now())
	require.Equal(t, uint64(1), k.Steps(), "what is posted into the past happens now")
	k.Run(20)
	require.Equal(t, int64(5), k.Now())
	at, ok := k.Next()
	require.True(t, ok)
	require.Equal(t, int64(9), at)
	k.Run(20)
	require.Equal(t, int64(20), k.Now())
}

func TestPendingListsWhatWillHappenInOrder(t *testing.T) {
	k := New(1, nil)
	k.AddActor("a", handlerFunc(func(*Event) {}))
	k.Post(5, Event{Actor: 1, Kind: Timer, Name: "late"})
	gone := k.Post(4, Event{Actor: 1, Kind: Timer, Name: "gone"})
	k.Post(3, Event{Actor: 1, Kind: Message, Name: "early"})
	require.True(t, k.Cancel(gone))
	p := k.Pending()
	require.Len(t, p, 2)
	require.Equal(t, []string{"early", "late"}, []string{p[0].Name, p[1].Name})
	require.True(t, k.Cancel(p[0].Ref))
}
